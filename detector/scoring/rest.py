"""How often an object is empty by habit: capacity cells that sleep at night, cells that are rarely used."""

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats
from detector.scoring.time_of_week import DAY_TYPE_HOUR, HOURS, TimeOfWeek

PRIOR = 0.05
"""Weight of the coarser figure, in periods: sleep follows a schedule, so even a few periods of an hour say much."""
NEVER = 1e-4
"""Empty periods granted to an object that never had one."""
ONE_OFF_DAYS = 4
"""From so many days on, emptiness on a single one of them was a fault and no habit."""


def rest_chance(empty: NDArray[np.bool_], usable: NDArray[np.bool_], when: TimeOfWeek) -> Floats:
    """[168, O]: chance of next to no traffic, from [period, object] flags; hour of week towards hour of day and day type
    (and the hours beside it), towards the object and what the others do at that hour."""
    group = DAY_TYPE_HOUR[when.slot]
    usable = usable.copy()
    usable[_one_off(empty & usable, usable, group, when.day)] = False
    hits = (empty & usable).astype(np.float64)
    tries = usable.astype(np.float64)
    asleep, seen = _beside(_sums(hits, group, 48)), _beside(_sums(tries, group, 48))
    own = (hits.sum(axis=0) + NEVER) / (tries.sum(axis=0) + 1)
    others = asleep.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    may_begin = others / (1 + len(np.unique(when.day)))  # what many do at this hour, one may begin to do
    by_hour = (asleep + PRIOR * np.minimum(own + may_begin, 1.0)) / (seen + PRIOR)
    parent = by_hour[DAY_TYPE_HOUR]
    return np.asarray((_sums(hits, when.slot, HOURS) + PRIOR * parent) / (_sums(tries, when.slot, HOURS) + PRIOR))


def _sums(values: Floats, group: NDArray[np.int64], n: int) -> Floats:
    total = np.zeros((n, values.shape[1]))
    np.add.at(total, group, values)
    return total


def _beside(by_hour: Floats) -> Floats:
    """Each hour with the one before and after, within its day type."""
    days = by_hour.reshape(2, 24, -1)
    return np.asarray((days + np.roll(days, 1, axis=1) + np.roll(days, -1, axis=1)).reshape(by_hour.shape))


def _one_off(
    empty: NDArray[np.bool_], usable: NDArray[np.bool_], group: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """[period, object]: empty on one day only, of several days that the hour was seen."""
    pair, where = np.unique(np.stack([day, group]), axis=1, return_inverse=True)
    where = where.reshape(-1)
    of_group = pair[1].astype(np.int64)
    empty_days = _beside(_sums((_sums(empty.astype(np.float64), where, pair.shape[1]) > 0).astype(np.float64), of_group, 48))
    seen_days = _sums((_sums(usable.astype(np.float64), where, pair.shape[1]) > 0).astype(np.float64), of_group, 48)
    # an outage of three hours leaves one empty day in each of three hours side by side
    alone = (empty_days <= 3) & (_most_days(empty, where, pair, of_group) <= 1) & (seen_days >= ONE_OFF_DAYS)
    return np.asarray(empty & alone[group])


def _most_days(
    empty: NDArray[np.bool_], where: NDArray[np.int64], pair: NDArray[np.int64], of_group: NDArray[np.int64]
) -> Floats:
    """[48, O]: the most empty days of the hour and those beside it."""
    days = _sums((_sums(empty.astype(np.float64), where, pair.shape[1]) > 0).astype(np.float64), of_group, 48)
    blocks = days.reshape(2, 24, -1)
    return np.asarray(
        np.maximum(np.maximum(blocks, np.roll(blocks, 1, axis=1)), np.roll(blocks, -1, axis=1)).reshape(days.shape)
    )
