"""Attachments summed up for mobility profiles: person, cell and hour of the week, part by part, so that they need not all be
held."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Presence
from detector.domain.local_time import DAY_TYPE_HOUR, HOURS_OF_WEEK, hours_of_week
from detector.domain.window import HOUR_S, WEEK_S

SLOTS = 48
"""Hours of the day, on working days and on others. Definition."""
_DAY_BITS, _PERSON_BITS = 3, 32
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SlotCounts:
    """One slot's pairs of person and cell, sorted by cell, then person. own [pair, day of week]: weighted seconds;
    known [pair]: of all its days, those of rows with attempts."""

    person: NDArray[np.int32]
    cell: NDArray[np.int32]
    own: Vector
    known: Vector


@dataclass(eq=False, kw_only=True)
class PresenceCounts:
    """Grows by `add`. A past week counts half after `half_life_s`; nothing from `before` on counts."""

    timezone: str
    before: int
    half_life_s: float
    people: dict[str, int] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    attempts: Vector = field(default_factory=lambda: np.empty(0))
    """[person]: weighted attempts, where known; `known_s` the weighted seconds in which they were made."""
    known_s: Vector = field(default_factory=lambda: np.empty(0))
    busy: Vector = field(default_factory=lambda: np.zeros(SLOTS))
    """[slot]: weighted attempts of everyone."""
    _weeks: dict[int, tuple[int, float]] = field(default_factory=dict)
    _slots: list[list[tuple[NDArray[np.int64], Vector, Vector]]] = field(default_factory=lambda: [[] for _ in range(SLOTS)])

    @property
    def weeks(self) -> Vector:
        """[hour of week]: weighted number of weeks in which that hour was measured at all."""
        found = np.zeros(HOURS_OF_WEEK)
        for hour, weight in self._weeks.values():
            found[hour] += weight
        return found

    def add(self, presence: Presence) -> None:
        """More rows, under whatever numbering."""
        rows = presence.take(presence.start < self.before)
        if not len(rows):
            return
        hours = hours_of_week(rows.start, self.timezone)
        weight = 0.5 ** ((self.before - rows.start) / self.half_life_s)
        self._see_hours(rows.start // HOUR_S, hours, weight)
        person = _numbered(self.people, rows.subscribers)[rows.subscriber]
        cell = _numbered(self.cells, rows.cells)[rows.cell]
        known = np.isfinite(rows.attempts) & (rows.seconds > 0)
        seconds, known_s = weight * rows.seconds, np.where(known, weight * rows.seconds, 0.0)
        attempts = np.where(known, weight * np.nan_to_num(rows.attempts), 0.0)
        self.attempts = _grown(self.attempts, person, attempts, len(self.people))
        self.known_s = _grown(self.known_s, person, known_s, len(self.people))
        self.busy += np.bincount(DAY_TYPE_HOUR[hours], attempts, SLOTS)
        key = ((cell << _PERSON_BITS) | person) << _DAY_BITS | hours // 24
        for slot, at in _grouped(DAY_TYPE_HOUR[hours]):
            self._slots[slot].append(_summed(key[at], seconds[at], known_s[at]))

    def _see_hours(self, starts: NDArray[np.int64], hours: NDArray[np.int64], weight: Vector) -> None:
        different, first = np.unique(starts, return_index=True)
        for hour, at in zip(different.tolist(), first.tolist(), strict=True):
            self._weeks.setdefault(hour, (int(hours[at]), float(weight[at])))

    def slot(self, slot: int) -> SlotCounts:
        """What was seen in one slot; its memory is let go."""
        parts, self._slots[slot] = self._slots[slot], []
        if not parts:
            nothing = np.empty(0, np.int32)
            return SlotCounts(nothing, nothing, np.empty((0, 7)), np.empty(0))
        key, seconds, known = _summed(*(np.concatenate([part[i] for part in parts]) for i in range(3)))
        pair = key >> _DAY_BITS
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        row = np.repeat(np.arange(len(first)), np.diff(first, append=len(pair)))
        own = np.zeros((len(first), 7))
        own[row, key & (1 << _DAY_BITS) - 1] = seconds
        person, cell = pair[first] & (1 << _PERSON_BITS) - 1, pair[first] >> _PERSON_BITS
        return SlotCounts(person.astype(np.int32), cell.astype(np.int32), own, np.add.reduceat(known, first))


def count_presence(parts: Iterable[Presence], *, timezone: str, before: int, weeks_half_life: float) -> PresenceCounts:
    """All parts, one after another."""
    seen = PresenceCounts(timezone=timezone, before=before, half_life_s=WEEK_S * weeks_half_life)
    for part in parts:
        seen.add(part)
    return seen


def _numbered(numbers: dict[str, int], names: Iterable[str]) -> NDArray[np.int64]:
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _grown(sums: Vector, person: NDArray[np.int64], amounts: Vector, people: int) -> Vector:
    more = np.bincount(person, amounts, people).astype(np.float64)
    more[: len(sums)] += sums
    return more


def _grouped(slots: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """(slot, its rows)."""
    order = np.argsort(slots, kind="stable")
    edges = np.searchsorted(slots[order], np.arange(SLOTS + 1))
    return ((slot, order[edges[slot] : edges[slot + 1]]) for slot in range(SLOTS) if edges[slot] < edges[slot + 1])


def _summed(key: NDArray[np.int64], seconds: Vector, known: Vector) -> tuple[NDArray[np.int64], Vector, Vector]:
    """Amounts by key, in order of the key."""
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    return key[first], np.add.reduceat(seconds[order], first), np.add.reduceat(known[order], first)
