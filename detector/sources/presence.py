"""Attachments: who was behind which cell, hour by hour, under pseudonyms."""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.domain.errors import Permanent
from detector.domain.exposure import Presence, join_presence
from detector.domain.finding import Findings
from detector.domain.window import DAY_S
from detector.sources.budget import FileBudget, spending
from detector.sources.file_names import shown_name
from detector.sources.identity import Pseudonymiser
from detector.sources.read_errors import is_environmental, unexpected

REQUIRED = ("subscriber_id", "cell_id", "start", "duration_s", "seconds")
OPTIONAL = ("attempts", "failures")
HELD_FILES = 3
"""Files of attachments kept in memory. Chosen: the newest hour, the one before and one that is late."""
LONGEST_S = DAY_S
"""Longest row of presence. Chosen: a row is of an hour; of more than a day it locates nobody."""


@dataclass(frozen=True)
class AttachmentFile:
    """A file below attachments/; `arrived_at` if it arrived as a whole, else each hour arrives by itself."""

    path: Path
    name: str
    arrived_at: float | None = None
    budget: FileBudget | None = None
    cut_off: bool = False
    """Its format shows that something is missing at its end."""


@dataclass(frozen=True, eq=False)
class _Attachments:
    """A file's rows in order of their period's end (s)."""

    rows: Presence
    end: NDArray[np.int64]


class AttachmentFiles:
    """Reads what arrived in a span of time; the last few files stay in memory."""

    def __init__(self, names: Pseudonymiser) -> None:
        self._names = names
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}
        self._held: OrderedDict[tuple[str, int], _Attachments] = OrderedDict()
        self.hindered: list[AttachmentFile] = []
        """Files that could not be read for a reason outside them, since the caller emptied it."""

    def arrived(
        self, files: Iterable[AttachmentFile], after: float, now: float, delay_s: int, zone: tzinfo, findings: Findings
    ) -> Presence:
        """Rows that arrived in (after, now]; a file that cannot be read is a finding `file_rejected`."""
        parts: list[Presence] = []
        for file in files:
            try:
                with spending(file.name, file.budget) if file.budget is not None else nullcontext():
                    part = self._part(file, after, now, delay_s, zone, findings)
            except Permanent as error:
                self._reject(file, error, findings)
                continue
            except Exception as error:  # noqa: BLE001  a reader's own mistake costs this file, never the others
                self._reject(file, unexpected(error, file.name, private=True), findings)
                continue
            if part is not None and len(part):
                parts.append(part)
        return join_presence(parts)

    def _reject(self, file: AttachmentFile, error: Permanent, findings: Findings) -> None:
        """Records the reason; one that its disk or a lack of memory kept from being read comes again."""
        if is_environmental(error):
            self.hindered.append(file)
            findings.add("file_unreadable", shown_name(file.name), f"{error}: tried again")
        else:
            findings.add("file_incomplete" if file.cut_off else "file_rejected", shown_name(file.name), str(error))

    def _part(
        self, file: AttachmentFile, after: float, now: float, delay_s: int, zone: tzinfo, findings: Findings
    ) -> Presence | None:
        if file.arrived_at is not None:
            return self._load(file, zone, findings).rows if after < file.arrived_at <= now else None
        first, last = self._span(file, zone)
        if last + delay_s <= after or first + delay_s > now:
            return None
        held = self._load(file, zone, findings)
        low, high = np.searchsorted(held.end + delay_s, [after, now], side="right")
        return _compact(held.rows, np.arange(low, high))

    def _span(self, file: AttachmentFile, zone: tzinfo) -> tuple[int, int]:
        """(first, last) end of a period in the file, found without loading it."""
        key = _key(file)
        if key not in self._spans:
            ends = [0]
            from detector.sources.counter_tables import starts_and_ends
            from detector.sources.table_values import Table

            with Table(file.path, file.name, REQUIRED, OPTIONAL, private=True) as table:
                for starts, lasts in starts_and_ends(table, zone):
                    ends += [start + lasts for start in starts]
            self._spans[key] = min(ends[1:], default=0), max(ends)
        return self._spans[key]

    def _load(self, file: AttachmentFile, zone: tzinfo, findings: Findings) -> _Attachments:
        key = _key(file)
        if key not in self._held:
            self._held[key] = _load(file, self._names, zone, findings)
            while len(self._held) > HELD_FILES:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]


def _key(file: AttachmentFile) -> tuple[str, int]:
    try:
        return file.name, file.path.stat().st_mtime_ns
    except OSError as error:
        raise Permanent("it is gone", where=file.name, mend="put it back") from error


def _load(file: AttachmentFile, names: Pseudonymiser, zone: tzinfo, findings: Findings) -> _Attachments:
    from detector.sources.counter_tables import times
    from detector.sources.table_values import Table

    with Table(file.path, file.name, REQUIRED, OPTIONAL, private=True) as table:
        own = [c for c in OPTIONAL if c in table.columns]
        table.load(["subscriber_id", "cell_id", "start"], ["duration_s", "seconds", *own], findings)
        people, subscriber = table.identifiers("subscriber_id", findings)
        cells, cell = table.identifiers("cell_id", findings)
        start = times(table, "start", zone, file.name, findings, private=True, of=(subscriber, cell))
        table.tell(findings)
        duration, seconds, *results = table.numbers("duration_s", "seconds", *own)
        optional, nothing = dict(zip(own, results, strict=True)), np.full(len(start), np.nan)
        attempts, failures = (optional.get(c, nothing) for c in ("attempts", "failures"))
    keys = tuple(map(names.subscriber, people))
    somebody = np.array([*map(bool, keys), False])  # the last: a row without a subscriber (-1)
    good = somebody[subscriber] & (cell >= 0) & (start >= 0) & (duration > 0) & (seconds >= 0)
    if not good.all():
        first = int(np.flatnonzero(~good)[0]) + 1
        example = f"row {first}: no subscriber, cell, hour or seconds in it"
        findings.add("row_rejected", file.name, example, int((~good).sum()))
    wrong = good & ((duration > LONGEST_S) | (seconds > duration + 1))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0]) + 1
        example = f"row {first}: more than a day, or more seconds than it lasts"
        findings.add("implausible_attachment", file.name, example, int(wrong.sum()))
        good &= ~wrong
    end = start + np.where(good, duration, 0).astype(np.int64)
    keep = np.flatnonzero(good)
    keep = keep[np.argsort(end[keep], kind="stable")]
    rows = Presence(
        subscribers=keys,
        cells=tuple(cells),
        subscriber=subscriber[keep].astype(np.int32),
        cell=cell[keep].astype(np.int32),
        start=start[keep],
        duration_s=duration[keep].astype(np.int32),
        seconds=seconds[keep],
        attempts=attempts[keep],
        failures=failures[keep],
    )
    return _Attachments(rows, end[keep])


def _compact(rows: Presence, at: NDArray[np.intp]) -> Presence:
    """These rows, with only the names that they use."""
    part = rows.take(at)
    people, subscriber = np.unique(part.subscriber, return_inverse=True)
    places, cell = np.unique(part.cell, return_inverse=True)
    return Presence(
        subscribers=tuple(rows.subscribers[i] for i in people),
        cells=tuple(rows.cells[i] for i in places),
        subscriber=subscriber.astype(np.int32),
        cell=cell.astype(np.int32),
        start=part.start,
        duration_s=part.duration_s,
        seconds=part.seconds,
        attempts=part.attempts,
        failures=part.failures,
    )
