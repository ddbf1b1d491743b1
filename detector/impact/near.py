"""Out of everybody, those whom an incident may touch: the rest need not be looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Habit, Presence, Usual
from detector.domain.local_time import HOURS_OF_WEEK, hours_of_week
from detector.domain.window import HOUR_S, hour_blocks
from detector.impact.usual import people_behind, usual_of


@dataclass(frozen=True, eq=False)
class Near:
    """Where those who may be touched usually are, and where they have been seen: behind touched cells and elsewhere."""

    usual: Usual
    presence: Presence


def near_of(
    habit: Habit, presence: Presence, touched: Collection[str], moments: tuple[int, int, int], timezone: str
) -> Near:
    """Everyone with a habit behind a touched cell in the hours at stake, and everyone of `presence` seen behind one.
    `moments` (s): the earliest of the hours that tell how people follow their habits, begin and end of the incident."""
    seen = _marked(presence.cells, touched)[presence.cell]
    hours = _hours(moments, presence.start[seen], timezone)
    usual_people = people_behind(habit, np.flatnonzero(_marked(habit.cells, touched)), hours)
    lately = [presence.subscribers[i] for i in np.unique(presence.subscriber[seen]).tolist()]
    people = np.union1d(usual_people, habit.places(lately))
    usual = usual_of(habit, people, hours)
    return Near(usual, only(presence, {*usual.subscribers, *lately}))


def only(presence: Presence, keys: Collection[str]) -> Presence:
    """The rows of these people, under names of people and cells that occur."""
    wanted = np.zeros(len(presence.subscribers), bool)
    wanted[[place for key in keys if (place := presence.number.get(key)) is not None]] = True
    rows = presence.take(wanted[presence.subscriber])
    people, subscriber = np.unique(rows.subscriber, return_inverse=True)
    cells, cell = np.unique(rows.cell, return_inverse=True)
    return Presence(
        subscribers=tuple(rows.subscribers[i] for i in people.tolist()),
        cells=tuple(rows.cells[i] for i in cells.tolist()),
        subscriber=subscriber.astype(np.int32),
        cell=cell.astype(np.int32),
        start=rows.start,
        duration_s=rows.duration_s,
        seconds=rows.seconds,
        attempts=rows.attempts,
        failures=rows.failures,
    )


def _hours(moments: tuple[int, int, int], seen: NDArray[np.int64], timezone: str) -> Sequence[int]:
    """Of the week: the two before, those of the incident, and those of the rows seen."""
    before, start, end = moments
    first = (before, before + HOUR_S)
    blocks = hour_blocks(start, min(end, start + HOURS_OF_WEEK * HOUR_S))
    asked = np.unique([*first, *(hour for hour, _, _ in blocks), *(np.unique(seen // HOUR_S) * HOUR_S).tolist()])
    return sorted(set(hours_of_week(asked.astype(np.int64), timezone).tolist()))


def _marked(names: Sequence[str], wanted: Collection[str]) -> NDArray[np.bool_]:
    return np.fromiter((name in wanted for name in names), bool, len(names))
