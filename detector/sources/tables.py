"""Counter tables: one row per object and period, one column per counter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import DIMENSION_MARK
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.pm_time import timestamp_s
from detector.sources.tabular import Table

REQUIRED = ("object_id", "start", "duration_s")
OPTIONAL = ("suspect", "dimension")


@dataclass(frozen=True, eq=False)
class CounterTable:
    """A file in memory, rows in order of time; `columns[i]` are the values of `counters[i]`."""

    file: str
    counters: tuple[str, ...]
    names: tuple[str, ...]
    object: NDArray[np.int64]
    start: NDArray[np.int64]
    duration_s: NDArray[np.int64]
    suspect: NDArray[np.bool_]
    columns: tuple[NDArray[np.float64], ...]

    @property
    def nbytes(self) -> int:
        return sum(a.nbytes for a in (self.object, self.start, self.duration_s, self.suspect, *self.columns))

    @property
    def periods(self) -> tuple[Window, ...]:
        """In order of time."""
        pairs = np.unique(np.stack([self.start, self.start + self.duration_s]), axis=1)
        return tuple(Window(begin, end) for begin, end in pairs.T.tolist())

    def batches(self, window: Window | None = None) -> Iterator[CounterBatch]:
        """One batch per period that starts in the window, in order of time."""
        first, last = 0, len(self.start)
        if window is not None:
            first, last = (int(i) for i in np.searchsorted(self.start, [window.start, window.end]))
        key = np.stack([self.start[first:last], self.duration_s[first:last]])
        cuts = first + 1 + np.flatnonzero((key[:, 1:] != key[:, :-1]).any(axis=0))
        edges = [first, *map(int, cuts), last] if last > first else []
        for low, high in pairwise(edges):
            yield CounterBatch(
                self.file, int(self.start[low]), int(self.duration_s[low]),
                tuple(self.names[i] for i in self.object[low:high]), self.counters,
                np.column_stack([c[low:high] for c in self.columns]) if self.columns else np.empty((high - low, 0)),
                self.suspect[low:high],
            )  # fmt: skip


def load_counter_table(path: Path, name: str, zone: tzinfo, findings: Findings) -> CounterTable:
    """Raises Permanent for a file that is no such table; a row without object or period is a finding."""
    with Table(path, name) as table:
        table.need(REQUIRED)
        counters = tuple(c for c in table.columns if c not in (*REQUIRED, *OPTIONAL))
        texts = [c for c in table.columns if c in ("object_id", "start", *OPTIONAL)]
        table.load(texts, ["duration_s", *counters], findings)
        words, objects = table.codes("object_id")
        start = times(table, "start", zone, name, findings)
        duration, *values = table.numbers("duration_s", *counters)
        names, objects = _with_dimension(table, words, objects)
        good = (objects >= 0) & (start >= 0) & (duration > 0) & (duration == np.floor(duration))
        _reject(good, name, findings)
        keep = np.flatnonzero(good)
        keep = keep[np.lexsort((keep, duration[keep], start[keep]))]
        columns = tuple(column[keep] for column in values)
        suspect = _flags(table, "suspect")[keep]
    lasts = duration[keep].astype(np.int64)
    return CounterTable(name, counters, names, objects[keep], start[keep], lasts, suspect, columns)


def times(
    table: Table, column: str, zone: tzinfo, name: str, findings: Findings, *, private: bool = False
) -> NDArray[np.int64]:  # fmt: skip
    """A loaded column of times as seconds, -1 where empty or no time (a finding, which does not repeat a `private` one)."""
    words, codes = table.codes(column)
    seconds = np.full(len(words) + 1, -1, np.int64)
    for i, word in enumerate(words):
        try:
            seconds[i], own = timestamp_s(word, zone)
        except ValueError as error:
            row = int(np.flatnonzero(codes == i)[0]) + 1
            findings.add(
                "not_a_time", name, f"row {row}: {column} {'is no time' if private else error}", int((codes == i).sum())
            )
            continue
        if not own:
            findings.add("time_without_offset", name, f"{column} {word}, taken as {zone}", int((codes == i).sum()))
    return seconds[codes]


def periods(path: Path, name: str, zone: tzinfo) -> list[Window]:
    """The periods of a counter table, found by one scan of two columns; rows that name none are left to the reading."""
    found: set[Window] = set()
    with Table(path, name) as table:
        table.need(REQUIRED)
        for start, duration in table.distinct("start", "duration_s"):
            try:
                begin, lasts = timestamp_s(start or "", zone)[0], int(float(duration or ""))
                found.add(Window(begin, begin + lasts))
            except (ValueError, OverflowError):
                continue
    return sorted(w for w in found if w.seconds > 0)


def _flags(table: Table, column: str) -> NDArray[np.bool_]:
    if column not in table.columns:
        return np.zeros(table.rows, np.bool_)
    words, codes = table.codes(column)
    yes = np.array([word.lower() in ("1", "1.0", "true", "yes", "t") for word in words] + [False])
    return np.asarray(yes[codes], np.bool_)


def _with_dimension(table: Table, words: list[str], objects: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of object and dimension together, and each row's index into them (-1 = no object)."""
    if "dimension" not in table.columns:
        return tuple(words), objects
    dimensions, codes = table.codes("dimension")
    pairs, index = np.unique(np.stack([objects, codes]), axis=1, return_inverse=True)
    names = [
        words[o] + (DIMENSION_MARK + dimensions[d] if d >= 0 else "") if o >= 0 else "" for o, d in zip(*pairs, strict=True)
    ]
    return tuple(names), np.where(objects >= 0, index.reshape(-1), -1)


def _reject(good: NDArray[np.bool_], name: str, findings: Findings) -> None:
    if not good.all():
        first = int(np.flatnonzero(~good)[0]) + 1
        findings.add("row_rejected", name, f"row {first}: no object, start or duration in it", int((~good).sum()))
