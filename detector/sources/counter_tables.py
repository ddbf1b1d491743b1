"""Counter tables: one row per object and period, one column per counter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import DIMENSION_MARK
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.budget import spend
from detector.sources.table_values import Table
from detector.sources.timestamps import LONGEST_S, date_order, instant, is_day_first_by_dots

REQUIRED = ("object_id", "start", "duration_s")
OPTIONAL = ("suspect", "dimension")
_WORDS_A_LOOK = 10_000
"""Different times between two checks of the budget. Chosen: milliseconds."""


@dataclass(frozen=True, eq=False, kw_only=True)
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
                file=self.file,
                start=int(self.start[low]),
                duration_s=int(self.duration_s[low]),
                objects=tuple(self.names[i] for i in self.object[low:high]),
                counters=self.counters,
                values=np.column_stack([c[low:high] for c in self.columns]) if self.columns else np.empty((high - low, 0)),
                suspect=self.suspect[low:high],
            )


def load_counter_table(path: Path, name: str, zone: tzinfo, findings: Findings) -> CounterTable:
    """Raises Permanent for a file that is no such table; a row without object or period is a finding."""
    with Table(path, name, REQUIRED, OPTIONAL) as table:
        counters = tuple(c for c in table.columns if c not in (*REQUIRED, *OPTIONAL))
        texts = [c for c in table.columns if c in ("object_id", "start", *OPTIONAL)]
        table.load(texts, ["duration_s", *counters], findings)
        names, objects = _with_dimension(table, *table.identifiers("object_id", findings))
        spend(objects=len(names))
        duration, *values = table.numbers("duration_s", *counters)
        start = times(table, "start", zone, name, findings, of=(objects, duration))
        good = (objects >= 0) & (start >= 0) & (duration > 0) & (duration == np.floor(duration)) & (duration <= LONGEST_S)
        _reject(good, table, name, findings)
        table.tell(findings)
        if not table.rows:
            findings.add("no_rows", name, "a header, and no row below it")
        keep = np.flatnonzero(good)
        keep = keep[np.lexsort((keep, duration[keep], start[keep]))]
        columns = tuple(column[keep] for column in values)
        suspect = _flags(table, "suspect")[keep]
    lasts = duration[keep].astype(np.int64)
    return CounterTable(
        file=name,
        counters=counters,
        names=names,
        object=objects[keep],
        start=start[keep],
        duration_s=lasts,
        suspect=suspect,
        columns=columns,
    )


def times(
    table: Table,
    column: str,
    zone: tzinfo,
    name: str,
    findings: Findings,
    *,
    private: bool = False,
    of: Sequence[NDArray[Any]] = (),
) -> NDArray[np.int64]:
    """A loaded column of times as seconds, -1 where empty or no time (a finding, which does not repeat a `private` one).

    `of`: what a row is about. A local time that comes twice, when the clocks are set back, is the earlier moment in the
    first row about something and the later one in the next.
    """
    words, codes = table.codes(column)
    order = date_order(words)
    if order or any(map(is_day_first_by_dots, words)):
        table.say(order or "day first")
    seconds, later = np.full(len(words) + 1, -1, np.int64), np.full(len(words) + 1, -1, np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    rows_of_words, first_rows = np.unique(codes, return_index=True)
    first = dict(zip(rows_of_words.tolist(), first_rows.tolist(), strict=True))
    for i, word in enumerate(words):
        if not i % _WORDS_A_LOOK:
            spend()
        try:
            at = instant(word, zone, order)
        except ValueError as error:
            place, why = table.place(first[i] + 1), "is no time" if private else error
            findings.add("not_a_time", name, f"{place}: {column} {why}", int(counts[i]))
            continue
        seconds[i] = at.seconds
        if not at.own:
            findings.add("time_without_offset", name, f"{column} {word}, taken as {zone}", int(counts[i]))
        if at.again is not None:
            later[i] = at.again
            findings.add("time_comes_twice", name, f"{column} {word} in {zone}", int(counts[i]))
    found = seconds[codes]
    twice = np.flatnonzero(later[codes] >= 0)
    second = twice[_seen_before([codes[twice], *(part[twice] for part in of)])] if of else twice[:0]
    found[second] = later[codes[second]]
    return found


def _seen_before(parts: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Whether an earlier row had the same values in all parts."""
    if not len(parts[0]):
        return np.zeros(0, np.bool_)
    _, first, inverse = np.unique(np.stack(parts), axis=1, return_index=True, return_inverse=True)
    return np.asarray(np.arange(len(parts[0])) > first[inverse.reshape(-1)], np.bool_)


def periods(path: Path, name: str, zone: tzinfo) -> list[Window]:
    """The periods of a counter table, found by one scan of two columns; rows that name none are left to the reading."""
    found: set[Window] = set()
    with Table(path, name, REQUIRED, OPTIONAL) as table:
        for begins, lasts in starts_and_ends(table, zone):
            found |= {Window(start, start + lasts) for start in begins}
    return sorted(found)


def starts_and_ends(table: Table, zone: tzinfo) -> list[tuple[tuple[int, ...], int]]:
    """(both moments if its local time comes twice, length in s) of each period in a table, without loading it."""
    found: list[tuple[tuple[int, ...], int]] = []
    pairs = table.distinct("start", "duration_s")
    order = date_order(start or "" for start, _ in pairs)
    for start, duration in pairs:
        try:
            at, lasts = instant(start or "", zone, order), int(float(duration or ""))
        except (ValueError, OverflowError):
            continue
        if lasts > 0:
            found.append(((at.seconds,) if at.again is None else (at.seconds, at.again), lasts))
    return found


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


def _reject(good: NDArray[np.bool_], table: Table, name: str, findings: Findings) -> None:
    if not good.all():
        first = table.place(int(np.flatnonzero(~good)[0]) + 1)
        findings.add(
            "row_rejected", name, f"{first}: no object, start or duration in it, or more than a week", int((~good).sum())
        )
