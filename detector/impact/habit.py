"""Where a person usually is at this hour of the week, learned from a few weeks of attachments."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detector.domain.exposure import Habit, Presence
from detector.impact.hours import HOUR_S, HOURS_OF_WEEK, hours_of_week

WEEK_S = HOURS_OF_WEEK * HOUR_S
PRIOR_WEEKS = 2.0
"""How many fresh weeks of one hour of the week weigh as much as the same hour of all like days."""
TINY_S = 18.0
"""Half a per cent of an hour: below it a person can neither be listed nor be told from noise."""
PRIOR_HOURS = 10.0
"""Hours of the average person's behaviour that are mixed into each person's own rate of attempts."""
_DAY_HOURS = 48  # weekday hours 0..23, weekend hours 24..47


def learn_habit(presence: Presence, *, timezone: str, before: int, weeks_half_life: float = 2.0) -> Habit:
    """Mean seconds and attempts an hour of each person behind each cell, from rows that start before `before` (s).

    A row's seconds belong to the local hour in which it starts; a past week counts half after `weeks_half_life` weeks. The
    mean of an hour of the week, y over W weighted weeks, is shrunk towards z, the mean of that hour over all weekdays (or
    all weekend days): (W y + k z) / (W + k) with k = PRIOR_WEEKS. So one week is useful, and Monday still becomes Monday.
    Hours of which no row arrived from anyone count as unknown, not as empty. Attempts are seconds x the person's own rate
    (all hours, shrunk towards everyone's) x how busy everyone is at that hour; NaN if no row knows attempts.
    Means under TINY_S are dropped.
    """
    rows = presence.take(presence.start < before)
    if not len(rows):
        return _no_habit()
    hours = hours_of_week(rows.start, timezone)
    weight = 0.5 ** ((before - rows.start) / (WEEK_S * weeks_half_life))
    pair = rows.subscriber.astype(np.int64) * len(rows.cells) + rows.cell
    pairs, row_pair = np.unique(pair, return_inverse=True)
    sums = sparse.csr_array((weight * rows.seconds, (row_pair, hours)), shape=(len(pairs), HOURS_OF_WEEK))
    means = _shrunk_means(sums, _observed_weeks(rows.start, hours, weight)).tocsc()
    means.data[means.data < TINY_S] = 0.0
    means.eliminate_zeros()
    seconds = np.minimum(means.data, HOUR_S).astype(np.float64)
    subscriber = (pairs // len(rows.cells))[means.indices].astype(np.int32)
    hour = np.repeat(np.arange(HOURS_OF_WEEK), np.diff(means.indptr))
    return Habit(
        rows.subscribers, rows.cells, means.indptr.astype(np.int64), subscriber,
        (pairs % len(rows.cells))[means.indices].astype(np.int32), seconds,
        seconds * _attempts_per_s(rows, weight, hours, subscriber, hour),
    )  # fmt: skip


def _no_habit() -> Habit:
    i, f = np.empty(0, np.int32), np.empty(0)
    return Habit((), (), np.zeros(HOURS_OF_WEEK + 1, np.int64), i, i, f, f)


def _observed_weeks(starts: NDArray[np.int64], hours: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """[hour of week]: weighted number of weeks in which that hour was measured at all."""
    _, first = np.unique(starts // HOUR_S, return_index=True)
    return np.bincount(hours[first], weight[first], HOURS_OF_WEEK).astype(np.float64)


def _day_hour() -> NDArray[np.int64]:
    """[hour of week]: hour of the day, weekend days apart."""
    hour = np.arange(HOURS_OF_WEEK)
    return hour % 24 + 24 * (hour // 24 >= 5)


def _shrunk_means(sums: sparse.csr_array, weeks: NDArray[np.float64]) -> sparse.csr_array:
    """[pair, hour of week] of weighted sums -> means shrunk towards (weekday or weekend) x hour."""
    hours = np.arange(HOURS_OF_WEEK)
    to_day = sparse.csr_array((np.ones(HOURS_OF_WEEK), (hours, _day_hour())), shape=(HOURS_OF_WEEK, _DAY_HOURS))
    day_weeks = np.bincount(_day_hour(), weeks, _DAY_HOURS)
    inverse = np.divide(1.0, day_weeks, out=np.zeros(_DAY_HOURS), where=day_weeks > 0)
    day_means = (sums @ to_day) @ sparse.diags_array(inverse)
    own = sums @ sparse.diags_array(1.0 / (weeks + PRIOR_WEEKS))
    like_days = day_means @ to_day.T @ sparse.diags_array(PRIOR_WEEKS / (weeks + PRIOR_WEEKS))
    return sparse.csr_array(own + like_days)


def _attempts_per_s(
    rows: Presence, weight: NDArray[np.float64], hours: NDArray[np.int64],
    subscriber: NDArray[np.int32], hour: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """Per habit entry: attempts per second of presence of this person at this hour."""
    known = np.isfinite(rows.attempts) & (rows.seconds > 0)
    attempts, seconds = (weight * rows.attempts)[known], (weight * rows.seconds)[known]
    if not seconds.sum():
        return np.full(len(subscriber), np.nan)
    overall = attempts.sum() / seconds.sum()
    people, slot, prior_s = rows.subscriber[known], _day_hour()[hours[known]], PRIOR_HOURS * HOUR_S
    rate = (np.bincount(people, attempts, len(rows.subscribers)) + overall * prior_s) / (
        np.bincount(people, seconds, len(rows.subscribers)) + prior_s
    )
    busy = (np.bincount(slot, attempts, _DAY_HOURS) + overall * prior_s) / (
        np.bincount(slot, rate[people] * seconds, _DAY_HOURS) + overall * prior_s
    ) if overall else np.ones(_DAY_HOURS)  # fmt: skip
    return np.asarray(rate[subscriber] * busy[_day_hour()[hour]])
