"""PM files: 3GPP TS 32.435 (measCollecFile) and TS 28.532 / 28.550 (measDataFile), any namespace, packed or not."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from pathlib import Path

from lxml import etree

from detector.domain.counters import CounterBatch
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window, utc
from detector.sources.completeness import ROOTS
from detector.sources.pm_block import Block, Header, Rejected
from detector.sources.pm_row import ReadCounts, read_row
from detector.sources.pm_stream import drop, elements, local_name
from detector.sources.timestamps import timestamp_s

_TAGS = ("fileHeader", "managedElement", "measEntity", "measValue", "measInfo", "measData", "fileFooter")


def read_pm_xml(
    path: Path,
    findings: Findings,
    *,
    name: str = "",
    zone: tzinfo = UTC,
    window: Window | None = None,
    counts: ReadCounts | None = None,
) -> Iterator[CounterBatch]:
    """Rows of a PM file, block by block in bounded batches: memory stays flat whatever the file's size.

    Blocks whose period starts outside `window` are passed over. `zone` is taken for times without an offset. `counts`
    is filled with the elements read, before judgement. A block or row that cannot be trusted is a finding
    (`block_rejected`, `row_rejected`) and the rest is kept. Raises Permanent (file, line, reason) for a file that cannot
    be read to its end: batches given before are then void.
    """
    return _Reading(name or path.name, findings, zone, window, counts or ReadCounts()).batches(path)


class _Reading:
    """One pass over one file: its position, and what it has seen of the header."""

    def __init__(self, name: str, findings: Findings, zone: tzinfo, window: Window | None, counts: ReadCounts) -> None:
        self._name, self._findings, self._zone, self._window, self._counts = name, findings, zone, window, counts
        self._dn_prefix = self._managed = ""
        self._begin: int | None = None
        self._first: int | None = None
        self._last: int | None = None
        self._info: etree._Element | None = None
        self._block: Block | None = None

    def batches(self, path: Path) -> Iterator[CounterBatch]:
        for element in elements(path, self._name, _TAGS, ROOTS):
            tag = local_name(element)
            if tag == "measValue":
                batch = self._value(element)
                drop(element)
            else:
                batch = self._end_info(element) if tag == "measInfo" else None
                self._other(tag, element)
            if batch is not None:
                yield batch

    def _value(self, element: etree._Element) -> CounterBatch | None:
        info = element.getparent()
        if info is not self._info and info is not None:
            self._begin_info(info)
        self._counts.meas_value += 1
        if self._block is not None:
            return self._block.add(element)
        row = read_row(element)
        self._counts.add_row(row)
        self._counts.add_texts([text for _, text in row.rs])
        return None

    def _begin_info(self, info: etree._Element) -> None:
        self._info, self._block = info, None
        header = Header.of(info, self._counts)
        managed = ",".join(dn for dn in (self._dn_prefix, self._managed) if dn)
        try:
            block = Block(header, self._name, managed, self._zone, self._findings, self._counts)
        except Rejected as error:
            name = (info.get("measInfoId") or "")[:60]
            self._findings.add("block_rejected", self._name, f"line {header.line}: measInfo {name!r}: {error}")
            return
        self._first = min(block.period.start, self._first if self._first is not None else block.period.start)
        self._last = max(block.period.end, self._last if self._last is not None else block.period.end)
        if self._window is None or self._window.contains(block.period.start):
            self._block = block

    def _end_info(self, info: etree._Element) -> CounterBatch | None:
        if info is not self._info:
            Header.of(info, self._counts)
        batch = self._block.flush() if self._block is not None and info is self._info else None
        self._info = self._block = None
        return batch

    def _other(self, tag: str, element: etree._Element) -> None:
        if tag == "fileHeader":
            self._dn_prefix = (element.get("dnPrefix") or "").strip()
            self._begin = self._time(element, "beginTime")
        elif tag == "fileFooter":
            self._compare(self._time(element, "endTime"))
        elif tag in ("managedElement", "measEntity"):
            self._managed = (element.get("localDn") or "").strip()
            return
        elif tag == "measData":
            parent = element.getparent()
            if parent is None or local_name(parent) not in ROOTS:
                return  # the header's and footer's own measData carries their time: they read it at their end
            self._managed = ""
        drop(element)

    def _time(self, element: etree._Element, attribute: str) -> int | None:
        """beginTime or endTime below the header or footer, None if not stated; Permanent if it is no time at all."""
        for child in element:
            text = child.get(attribute)
            if text is not None:
                try:
                    at, own = timestamp_s(text, self._zone)
                except ValueError as error:
                    where = f"{self._name}, line {child.sourceline}"
                    raise Permanent(f"{attribute}: {error}", where=where, mend="is it an unfilled template?") from error
                if not own:
                    self._findings.add("time_without_offset", self._name, f"{attribute} {text[:40]}, taken as {self._zone}")
                return at
        return None

    def _compare(self, end: int | None) -> None:
        """The periods are the granPeriods' own; a header or footer that does not enclose them is worth a word."""
        if self._begin is not None and self._first is not None and self._first < self._begin:
            what = f"first period begins {utc(self._first).isoformat()}, header says {utc(self._begin).isoformat()}"
            self._findings.add("header_disagrees", self._name, what)
        if end is not None and self._last is not None and self._last > end:
            what = f"last period ends {utc(self._last).isoformat()}, footer says {utc(end).isoformat()}"
            self._findings.add("header_disagrees", self._name, what)
