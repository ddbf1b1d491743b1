"""A habit spread out into hours of the week, for some people only."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Habit, Usual
from detector.impact.habit import TINY_S, shrunk
from detector.impact.hours import HOUR_S, HOURS_OF_WEEK
from detector.impact.sightings import SLOT_OF

Places = NDArray[np.integer]
Amounts = NDArray[np.float64]


def usual_of(habit: Habit, people: Places | None = None, hours: Iterable[int] = range(HOURS_OF_WEEK)) -> Usual:
    """Where `people` (places among `habit.subscribers`, rising; all if None) usually are at these hours of the week."""
    people = np.arange(len(habit.subscribers)) if people is None else people
    number = np.full(len(habit.subscribers), -1, np.int32)
    number[people] = np.arange(len(people))
    rows_of: dict[int, Places] = {}
    parts: list[tuple[Places, Amounts, Amounts]] = [(np.empty(0, np.int64), np.empty(0), np.empty(0))]
    sizes = np.zeros(HOURS_OF_WEEK, np.int64)
    for hour in sorted(set(hours)):
        slot = int(SLOT_OF[hour])
        if slot not in rows_of:
            rows_of[slot] = np.flatnonzero(number[habit.person[_slot(habit, slot)]] >= 0)
        at, seconds = _hour(habit, hour, rows_of[slot])
        parts.append((at, seconds, _attempts(habit, hour, at, seconds)))
        sizes[hour] = len(at)
    at = np.concatenate([entries for entries, _, _ in parts])
    seconds, attempts = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    cells, cell = np.unique(habit.cell[at], return_inverse=True)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return Usual(
        habit.keys(people), tuple(habit.cells[i] for i in cells), start, number[habit.person[at]], cell.astype(np.int32),
        seconds, attempts, habit.pace,
    )  # fmt: skip


def people_behind(habit: Habit, cells: NDArray[np.intp], hours: Iterable[int]) -> NDArray[np.intp]:
    """Places, rising, of those who are usually behind one of these cells (places, rising) in like hours of one of these."""
    there = np.zeros(len(habit.subscribers), bool)
    for slot in {int(SLOT_OF[hour]) for hour in hours}:
        rows = _slot(habit, slot)
        within = habit.cell[rows]
        first, last = (np.searchsorted(within, cells, side=side) for side in ("left", "right"))
        for low, high in zip(first.tolist(), last.tolist(), strict=True):
            there[habit.person[rows.start + low : rows.start + high]] = True
    return np.flatnonzero(there)


def _slot(habit: Habit, slot: int) -> slice:
    return slice(int(habit.slot_start[slot]), int(habit.slot_start[slot + 1]))


def _hour(habit: Habit, hour: int, rows: Places) -> tuple[Places, Amounts]:
    """(entries, mean seconds) of the hour among these rows of its slot; what is tiny is left out."""
    slot = _slot(habit, int(SLOT_OF[hour]))
    own = np.zeros(slot.stop - slot.start)
    theirs = slice(int(habit.own_start[hour]), int(habit.own_start[hour + 1]))
    own[habit.own_at[theirs] - slot.start] = habit.own_s[theirs]
    like = np.asarray(habit.like_s[slot][rows], np.float64)
    mean = shrunk(own[rows], like, float(habit.weeks[hour]))
    kept = mean >= TINY_S
    return rows[kept] + slot.start, np.minimum(mean[kept], HOUR_S)


def _attempts(habit: Habit, hour: int, at: Places, seconds: Amounts) -> Amounts:
    return np.asarray(seconds * habit.rate[habit.person[at]] * habit.busy[SLOT_OF[hour]], np.float64)
