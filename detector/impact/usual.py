"""A habit spread out into hours of the week, for some people only."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Habit, Usual
from detector.domain.local_time import DAY_TYPE_HOUR, HOURS_OF_WEEK
from detector.domain.window import HOUR_S
from detector.impact.habit import TINY_S, shrunk

Places = NDArray[np.integer]
Amounts = NDArray[np.float64]


def usual_of(habit: Habit, people: Places | None = None, hours: Iterable[int] = range(HOURS_OF_WEEK)) -> Usual:
    """Where `people` (places among `habit.subscribers`, rising; all if None) usually are at these hours of the week."""
    entries = _entries(habit, people)
    people = np.arange(len(habit.subscribers)) if people is None else people
    number = np.full(len(habit.subscribers), -1, np.int32)
    number[people] = np.arange(len(people))
    parts: list[tuple[Places, Amounts, Amounts]] = [(np.empty(0, np.int64), np.empty(0), np.empty(0))]
    sizes = np.zeros(HOURS_OF_WEEK, np.int64)
    for hour in sorted(set(hours)):
        slot = _slot(habit, int(DAY_TYPE_HOUR[hour]))
        low, high = np.searchsorted(entries, [slot.start, slot.stop])
        at, seconds = _hour(habit, hour, entries[low:high])
        parts.append((at, seconds, _attempts(habit, hour, at, seconds)))
        sizes[hour] = len(at)
    at = np.concatenate([entries for entries, _, _ in parts])
    seconds, attempts = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    cells, cell = np.unique(habit.cell[at], return_inverse=True)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return Usual(
        subscribers=habit.keys(people),
        cells=tuple(habit.cells[i] for i in cells),
        hour_start=start,
        subscriber=number[habit.person[at]],
        cell=cell.astype(np.int32),
        seconds=seconds,
        attempts=attempts,
        pace=habit.pace,
    )


def _entries(habit: Habit, people: Places | None) -> Places:
    """Of these people, rising."""
    if people is None:
        return np.arange(len(habit.person))
    first, sizes = habit.person_start[people], habit.person_start[people + 1] - habit.person_start[people]
    ends = np.cumsum(sizes)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
    return np.asarray(np.sort(habit.of_person[np.repeat(first, sizes) + within]), np.int64)


def people_behind(habit: Habit, cells: NDArray[np.intp], hours: Iterable[int]) -> NDArray[np.intp]:
    """Places, rising, of those who are usually behind one of these cells (places, rising) in like hours of one of these."""
    there = np.zeros(len(habit.subscribers), bool)
    for slot in {int(DAY_TYPE_HOUR[hour]) for hour in hours}:
        rows = _slot(habit, slot)
        within = habit.cell[rows]
        first, last = (np.searchsorted(within, cells, side=side) for side in ("left", "right"))
        for low, high in zip(first.tolist(), last.tolist(), strict=True):
            there[habit.person[rows.start + low : rows.start + high]] = True
    return np.flatnonzero(there)


def _slot(habit: Habit, slot: int) -> slice:
    return slice(int(habit.slot_start[slot]), int(habit.slot_start[slot + 1]))


def _hour(habit: Habit, hour: int, rows: Places) -> tuple[Places, Amounts]:
    """(entries, mean seconds) of the hour among these of its slot; what is tiny is left out."""
    theirs = slice(int(habit.own_start[hour]), int(habit.own_start[hour + 1]))
    at, own = habit.own_at[theirs], np.zeros(len(rows))
    if len(at) and len(rows):
        place = np.minimum(np.searchsorted(at, rows), len(at) - 1)
        own = np.where(at[place] == rows, habit.own_s[theirs][place], 0.0)
    mean = shrunk(own, np.asarray(habit.like_s[rows], np.float64), float(habit.weeks[hour]))
    kept = mean >= TINY_S
    return rows[kept], np.minimum(mean[kept], HOUR_S)


def _attempts(habit: Habit, hour: int, at: Places, seconds: Amounts) -> Amounts:
    return np.asarray(seconds * habit.rate[habit.person[at]] * habit.busy[DAY_TYPE_HOUR[hour]], np.float64)
