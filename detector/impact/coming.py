"""When people who are not behind an incident's cells now are expected to come."""

from collections.abc import Collection, Mapping

import numpy as np

from detector.domain.exposure import Habit
from detector.domain.local_time import hour_of_week
from detector.domain.window import HOUR_S
from detector.impact.usual import usual_of

STAY_S = 900.0
"""Someone is expected in an hour if habit gives it a quarter of an hour behind these cells."""
WITHIN_HOURS = 24


def next_exposure(
    habit: Habit, people: Collection[str], cells: Collection[str], now: int, timezone: str
) -> Mapping[str, int]:
    """Person -> start (s) of the first hour after that of `now`, of the next day, in which habit expects them behind one of
    `cells`; who is not expected is left out."""
    first = now // HOUR_S * HOUR_S
    hours = [first + i * HOUR_S for i in range(1, WITHIN_HOURS + 1)]
    week = [hour_of_week(at, timezone) for at in hours]
    usual = usual_of(habit, habit.places(people), week)
    behind = frozenset(cells)  # a core fault touches every cell
    touched = np.fromiter((cell in behind for cell in usual.cells), bool, len(usual.cells))
    found: dict[str, int] = {}
    for at, hour in zip(hours, week, strict=True):
        rows = slice(int(usual.hour_start[hour]), int(usual.hour_start[hour + 1]))
        seconds = usual.seconds[rows] * touched[usual.cell[rows]]
        there = np.bincount(usual.subscriber[rows], weights=seconds, minlength=len(usual.subscribers))
        for person in np.flatnonzero(there >= STAY_S).tolist():
            found.setdefault(usual.subscribers[person], at)
    return found
