"""One measInfo of a PM file: its names and period, and its rows on their way to arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain
from typing import cast

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from detector.domain.counters import CommaList, CounterBatch
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.pm_row import ABSENT, Prefix, ReadCounts, Row, Text, is_null, is_true, is_value, position, read_row
from detector.sources.pm_stream import local_name
from detector.sources.timestamps import LONGEST_S, duration_s, timestamp_s

MAX_ROWS = 5000
"""Rows of one batch. Chosen: small beside the memory of a file."""
MAX_VALUES = 100_000
"""Values of one batch. Chosen: it keeps the memory of a wide block as low as that of a narrow one."""


class Rejected(ValueError):
    """This block or row cannot be trusted; the text gives the reason."""


@dataclass(kw_only=True)
class Header:
    """A measInfo's own children, before its first measValue: names by list, names by p, and the period as written."""

    listed: tuple[str, ...]
    typed: tuple[str, ...]
    positions: tuple[str, ...]
    written: tuple[str, ...]
    """The same as they stand in the file, by which most rows are recognised without a look at each value."""
    duration: str
    end: str
    line: int | None

    @classmethod
    def of(cls, info: etree._Element, counts: ReadCounts) -> "Header":
        listed: list[str] = []
        typed: dict[int, tuple[str, str]] = {}
        duration = end = ""
        for child in info:
            tag = local_name(child)
            if tag == "measType":
                typed[len(typed)] = child.get("p") or str(len(typed) + 1), (child.text or "").strip()
            elif tag == "measTypes":
                listed += (child.text or "").split()
                counts.meas_types += 1
            elif tag == "granPeriod":
                duration, end = child.get("duration") or "", child.get("endTime") or ""
                counts.granularities.add(duration)
        counts.meas_info += 1
        counts.meas_type += len(typed)
        written = [p for p, _ in typed.values()] or [str(i + 1) for i in range(len(listed))]
        names = tuple(name for _, name in typed.values())
        positions = tuple(map(position, written))
        return cls(
            listed=tuple(listed),
            typed=names,
            positions=positions,
            written=tuple(written),
            duration=duration,
            end=end,
            line=cast("int | None", info.sourceline),
        )

    def period(self, zone: tzinfo) -> tuple[Window, bool]:
        """(the period, whether its end named an offset); Rejected if duration or end cannot be read."""
        try:
            length = duration_s(self.duration)
            end, own = timestamp_s(self.end, zone)
        except ValueError as error:
            raise Rejected(f"granPeriod: {error}") from error
        if length > LONGEST_S or end < length:
            raise Rejected(f"granPeriod: {length} s before {self.end[:40]} is no period of counters")
        return Window(end - length, end), own


class Block:
    """Collects the rows of one measInfo and gives them as batches of at most MAX_ROWS.

    A row whose values cannot be put to their names for sure is a finding `row_rejected` and is left out whole.
    Raises Rejected if the names or the period of the block itself cannot be right.
    """

    def __init__(
        self, header: Header, file: str, managed: str, zone: tzinfo, findings: Findings, counts: ReadCounts
    ) -> None:
        self._file, self._findings, self._counts, self._prefix = file, findings, counts, Prefix(managed)
        self.names = header.listed + header.typed
        if not self.names:
            raise Rejected("it names no measurement types (TS 32.435: measTypes or measType)")
        if len(set(header.positions)) != len(header.positions):
            raise Rejected("two measurement types have the same p (TS 32.435: it tells them apart)")
        self.period, own = header.period(zone)
        if not own:
            findings.add("time_without_offset", file, f"line {header.line}: endTime {header.end[:40]}, taken as {zone}")
        first = len(header.listed) if header.typed else 0
        self._column = {p: first + i for i, p in enumerate(header.positions)}
        self._list = len(header.listed) or len(self.names)
        self._regular = () if header.typed and header.listed else header.written
        self._regular_suspect = (*self._regular, None)
        self._max_rows = max(1, min(MAX_ROWS, MAX_VALUES // len(self.names)))
        self._clear()

    def _clear(self) -> None:
        self._objects: list[str] = []
        self._suspect: list[bool] = []
        self._rows: list[list[Text]] = []
        self._by_list: set[int] = set()
        self._lists: dict[str, CommaList] = {}

    def add(self, element: etree._Element) -> CounterBatch | None:
        """Takes one measValue in; a full batch comes back now and then."""
        texts: list[Text] = [child.text for child in element]
        key = tuple([child.get("p") for child in element])
        suspect = False
        if key == self._regular_suspect and local_name(element[-1]) == "suspect":
            suspect = is_true(str(texts.pop()))
            self._counts.suspect += 1
            self._counts.suspect_true += suspect
            self._counts.r += len(texts)
        elif key and key == self._regular:
            self._counts.r += len(texts)
        else:
            row = read_row(element)
            self._counts.add_row(row)
            try:
                texts = self._in_order(row)
            except Rejected as error:
                self._reject(str(error), element.get("measObjLdn") or "", [text for _, text in row.rs])
                return None
            suspect = bool(row.suspect)
            if row.results is not None:
                self._by_list.add(len(self._rows))
        self._rows.append(texts)
        self._objects.append(self._prefix.full(element.get("measObjLdn") or ""))
        self._suspect.append(suspect)
        return self.flush() if len(self._rows) >= self._max_rows else None

    def _in_order(self, row: Row) -> list[Text]:
        """The row's texts in the order of the block's names, ABSENT where it has none."""
        texts: list[Text] = [ABSENT] * len(self.names)
        if row.results is not None:
            values = row.results.split()
            if len(values) != self._list:
                raise Rejected(
                    f"{self._list} names, {len(values)} values (TS 32.435: measResults, one for each of measTypes)"
                )
            texts[: self._list] = values
        seen: set[str] = set()
        for p, text in row.rs:
            if p not in self._column or p in seen:
                why = "stands twice" if p in seen else "is not among its types"
                raise Rejected(f"p {p[:20]!r} {why} (TS 32.435: r, one for a measType)")
            seen.add(p)
            texts[self._column[p]] = text
        return texts

    def _reject(self, why: str, ldn: str, texts: Sequence[Text]) -> None:
        self._counts.add_texts(texts)
        self._findings.add("row_rejected", self._file, f"measValue {ldn[:80]!r}: {why}")

    def flush(self) -> CounterBatch | None:
        """What is still held, as a batch; None if nothing is."""
        counters, values = self._numbers() if self._rows else (self.names, np.empty((0, 0)))
        batch = (
            CounterBatch(
                file=self._file,
                start=self.period.start,
                duration_s=self.period.seconds,
                objects=tuple(self._objects),
                counters=counters,
                values=values,
                suspect=np.array(self._suspect, bool),
                managed_element=self._prefix.managed,
                lists=self._lists,
            )
            if self._objects
            else None
        )
        self._clear()
        return batch

    def _numbers(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        try:
            values = np.array(self._rows, dtype=np.float64)
        except ValueError:  # a histogram, NIL or text among them
            return self._column_wise()
        plain = len(set(self.names)) == len(self.names) and bool(np.isfinite(values).all()) and self._are_plain_texts()
        return (self.names, values) if plain else self._column_wise()

    def _are_plain_texts(self) -> bool:
        """Whether no text has a sign that Python takes for a part of a number and XML Schema does not: 1_000."""
        try:
            text = " ".join(chain.from_iterable(self._rows))  # type: ignore[arg-type]
        except TypeError:  # a value that its row does not have
            return False
        return "_" not in text and text.isascii()

    def _column_wise(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The slow path: NIL, histograms and text, counter by counter."""
        self._reject_ambiguous_lists()
        by_r = [i for i in range(len(self._rows)) if i not in self._by_list]
        columns: dict[str, NDArray[np.float64]] = {}
        self._lists = {}
        for name, texts in zip(self.names, zip(*self._rows, strict=True), strict=False):
            self._counts.add_texts([texts[i] for i in by_r])
            for sub, column in self._column_values(name, texts):
                if sub in columns:
                    self._findings.add("duplicate_counter", self._file, f"{sub} stands twice in a block; the first is kept")
                columns.setdefault(sub, column)
        return tuple(columns), np.column_stack(list(columns.values())) if columns else np.empty((0, 0))

    def _reject_ambiguous_lists(self) -> None:
        """In a positional list a word that is no number makes every position uncertain."""
        for i in sorted(self._by_list, reverse=True):
            odd = next((t for t in self._rows[i] if isinstance(t, str) and not is_value(t)), None)
            if odd is not None:
                self._reject(f"{odd[:40]!r} in its list is no number", self._objects[i], [])
                del self._rows[i], self._objects[i], self._suspect[i]
                self._by_list = {j - (j > i) for j in self._by_list if j != i}

    def _column_values(self, name: str, texts: Sequence[Text]) -> Iterator[tuple[str, NDArray[np.float64]]]:
        if not any(isinstance(t, str) and "," in t for t in texts):
            yield name, np.array([self._number(name, t) for t in texts])
            return
        commas = np.array([isinstance(t, str) and "," in t for t in texts])
        self._lists[name] = CommaList(str(texts[int(np.argmax(commas))])[:40], commas)
        cells: list[Sequence[Text]] = [t.split(",") if isinstance(t, str) else [t] for t in texts]
        for i in range(max(map(len, cells))):
            yield f"{name}.{i}", np.array([self._number(name, c[i]) if i < len(c) else np.nan for c in cells])

    def _number(self, name: str, text: Text) -> float:
        if isinstance(text, float) or is_null(text):
            return np.nan
        if not is_value(str(text)):
            self._findings.add("not_a_number", self._file, f"{name} = {str(text).strip()[:40]!r}")
            return np.nan
        return float(str(text))
