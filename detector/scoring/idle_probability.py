"""How often an object is empty though nothing is wrong: capacity cells that sleep at night, cells that are rarely used."""

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats
from detector.scoring.time_of_week import DAY_TYPE_HOUR, HOURS, TimeOfWeek

PRIOR = 0.05
"""Weight of an object's overall figure, in periods. Chosen: sleep follows a schedule, so even a few periods of an hour
decide; the same hour on other days counts as one day."""
NEVER = 1e-4
"""Empty periods granted to an object that never had one. Chosen: small beside one period, and its logarithm finite."""
ONE_OFF_DAYS = 4
"""From so many days on, emptiness on a single one of them counts as a fault and no schedule. Chosen: one day in four or
fewer."""


def idle_probability(empty: NDArray[np.bool_], usable: NDArray[np.bool_], when: TimeOfWeek) -> Floats:
    """[168, O]: chance of next to no traffic, from [period, object] flags; hour of week towards hour of day and day type
    (and the hours beside it), towards the same hour of any day, towards the object and what the others do at that hour."""
    group = DAY_TYPE_HOUR[when.slot]
    usable = usable.copy()
    usable[_one_off(empty & usable, usable, group, when.day)] = False
    hits = (empty & usable).astype(np.float64)
    tries = usable.astype(np.float64)
    asleep, seen = _beside(_sums(hits, group, 48)), _beside(_sums(tries, group, 48))
    own = (hits.sum(axis=0) + NEVER) / (tries.sum(axis=0) + 1)
    others = asleep.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    may_begin = others / (1 + len(np.unique(when.day)))  # what many do at this hour, one may begin to do
    any_day = (_any_day(asleep) + PRIOR * own) / (_any_day(seen) + PRIOR)  # who sleeps on Fridays may do so on Saturdays
    day = len(when.hour) / max(len(np.unique(when.hour)), 1)
    by_hour = (asleep + np.minimum(day * any_day + PRIOR * may_begin, day)) / (seen + day)
    parent = by_hour[DAY_TYPE_HOUR]
    return np.asarray((_sums(hits, when.slot, HOURS) + day * parent) / (_sums(tries, when.slot, HOURS) + day))


def _sums(values: Floats, group: NDArray[np.int64], n: int) -> Floats:
    total = np.zeros((n, values.shape[1]))
    np.add.at(total, group, values)
    return total


def _beside(by_hour: Floats) -> Floats:
    """Each hour with the one before and after, within its day type."""
    days = by_hour.reshape(2, 24, -1)
    return np.asarray((days + np.roll(days, 1, axis=1) + np.roll(days, -1, axis=1)).reshape(by_hour.shape))


def _any_day(by_hour: Floats) -> Floats:
    """Both day types' sums in the place of each."""
    days = by_hour.reshape(2, 24, -1)
    return np.asarray(np.broadcast_to(days.sum(axis=0), days.shape).reshape(by_hour.shape))


def _one_off(
    empty: NDArray[np.bool_], usable: NDArray[np.bool_], group: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """[period, object]: empty on one day only, of several days that the hour was seen."""
    pair, where = np.unique(np.stack([day, group]), axis=1, return_inverse=True)
    of_group = pair[1].astype(np.int64)

    def days(flags: NDArray[np.bool_]) -> Floats:
        """[48, O]: on how many days each hour had at least one such period."""
        per_day = _sums(flags.astype(np.float64), where.reshape(-1), pair.shape[1])
        return _sums((per_day > 0).astype(np.float64), of_group, 48)

    empty_days = days(empty).reshape(2, 24, -1)
    beside = np.maximum(np.roll(empty_days, 1, axis=1), np.roll(empty_days, -1, axis=1))
    most = np.maximum(empty_days, beside).reshape(48, -1)  # sleep that shifts by an hour is still a schedule
    return np.asarray(empty & ((most <= 1) & (days(usable) >= ONE_OFF_DAYS))[group])
