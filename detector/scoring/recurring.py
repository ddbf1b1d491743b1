"""What recurs within the hours: steps and pulses that an hourly level cannot follow, where most days agree.

A level lies between the centres of two hours. A gauge that falls at 00:00 every day is far from that line in the periods
around midnight, every day. Per object, KPI and period of the local week this is measured on the history and kept as a sparse
correction, in three steps:

1. *Jumps.* Where the hours' own levels explain the periods between two centres surely better than the line between them, the
   line is left, on all days of the week.
2. *Shifts.* What is still off by the same multiple on most days, on most working days or days of the weekend, or on most of
   one day of the week, is expectation.
3. *Jitter.* Where several days are far off still (the minute of the step varies), the variance is as large there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.scoring.baseline import Baseline, interpolated
from detector.scoring.counting import Floats
from detector.scoring.dispersion import History
from detector.scoring.registry import SCORERS
from detector.scoring.time_of_week import SATURDAY, TimeOfWeek, periods_of_day, whole_week

LEAST_DAYS = 3
"""Days on which the same has to be seen. Chosen: two may be chance, and a week of history has five working days."""
AGREEING = 0.8
"""Share of days that agree on a shift. Chosen: of five working days one may be a holiday."""
SURE = 4.0
"""Standard errors by which a shift must be off. Chosen: a network of a thousand cells makes millions of tests, but the days
have to agree as well."""
LEAST_SHIFT = 1.0
"""Standard deviations of a single period by which a shift must be off. Chosen: less raises nothing and costs memory."""
SURE_NATS = 6.0
"""Log-likelihood ratio from which a jump is taken for one, the best day left aside. Chosen: one in 400."""
FAR = 3.5
"""Standard deviations from which a period is far off. Chosen: one in 2,000 by chance, and several days have to be."""
FAR_DAYS = 0.15
"""Share of days, two at least, that have to be far off before the variance is larger. Chosen: three of three weeks."""
AT_THAT_SHARE = 1.5
"""The day at that share of days lies at so many standard deviations (normal quantile of 0.93). Definition."""
MOST = 4.0
"""Logarithm of the largest correction. Chosen: a fiftieth; less is as good as nothing."""
CUT = 4.0
"""Standard deviations at which a single period's evidence is cut. Chosen: faults in the history must not decide."""
HALF = 0.5
"""Counts that are added before logarithms (Haldane 1956)."""
WIDE = 2.0
"""A period of the day whose deviations are this many times typical ones is looked at closely. Chosen: half of what is far
off, since it may be so on few days."""
LEAST_SD = 1e-3
"""Smallest deviation of a single period. Chosen: a counter that stands still to a thousandth has no noise to speak of."""
NORMAL_MAD = 1.4826
"""Standard deviation over median absolute deviation of a normal variable. Definition."""
MEDIAN_ERROR = 1.2533
"""Standard error of a median over that of a mean, of normal variables. Definition."""
LEAST_LEVEL = 1e-12
"""Least level of which a logarithm is taken. Chosen: below any that is learned."""
WEEK_DAYS = np.arange(7)
DAY_SETS = (np.ones(7, bool), WEEK_DAYS < SATURDAY, WEEK_DAYS >= SATURDAY, *np.eye(7, dtype=bool))
"""Weekdays that may share a shift, each set around what those before it explain."""


@dataclass(frozen=True, eq=False)
class Days:
    """One KPI by local day and period of the day: [D, P, O], NaN where nothing usable was measured.

    x: log of observed / expected. sd: of a single healthy period's. weekday[D]: Monday 0. step[D, P, O]: log of the hour's
    own level over the interpolated one. boundary[P]: the hour of day whose beginning lies between the same two centres.
    """

    x: Floats
    sd: Floats
    weekday: NDArray[np.int64]
    step: Floats
    boundary: NDArray[np.int64]


def with_recurring(past: History) -> History:
    """The same history, with a baseline that has what recurs within the hours of each KPI."""
    computed = [k for k, kpi in enumerate(past.frame.kpis) if kpi.traits.computed and len(past.frame.starts)]
    found = [side for k in computed for side in _of_kpi(past, k)]
    if not found:
        return past
    place, factor, variance = (np.concatenate(side) for side in zip(*found, strict=True))
    order = np.lexsort(place.T[::-1])
    baseline = replace(
        past.baseline,
        recurring_place=place[order].astype(np.int32),
        recurring_factor=factor[order].astype(np.float32),
        recurring_variance=variance[order].astype(np.float32),
    )
    return replace(past, baseline=baseline, factors={}, kept={}, seen={})


def _of_kpi(past: History, k: int) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """(place[N, 3], factor[N], variance[N]) of the KPI at `k`, some objects at a time, where there are any."""
    per_day, week = periods_of_day(past.frame.duration_s), whole_week(past.when, past.frame.duration_s)
    for part in past.parts():
        x, chance = _log_ratio(past, k, *past.observed(k, part))
        worth = np.flatnonzero(_worth_a_look(x, chance, past.when.period % per_day))
        if worth.size:
            rows = part.start + worth
            days = _by_day(past, k, rows, x[:, worth], chance[:, worth])
            step = _step(past.baseline, k, rows, week).reshape(7, per_day, -1)
            shift, variance = (side.reshape(-1, len(rows)) for side in shifts_and_jitter(days, step))
            period, own = np.nonzero((shift != 0) | (variance > 0))
            yield (
                np.column_stack([np.full(len(own), k), rows[own], period]),
                np.exp(shift[period, own]),
                variance[period, own],
            )


def _log_ratio(past: History, k: int, events: Floats, size: Floats, level: Floats) -> tuple[Floats, Floats]:
    """([period, object] log of observed / expected, its variance by chance alone)."""
    kpi = past.frame.kpis[k]
    counts = SCORERS[kpi.kind].chance > 0 or (bool(past.baseline.counted[k]) and kpi.traits.traffic)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(level > 0, level * size, np.nan)
        more = HALF if counts else np.exp(-MOST) * expected
        x = np.log((np.maximum(events, 0.0) + more) / (expected + more))
        return x, 1 / (expected + HALF) if counts else np.zeros_like(x)


def _worth_a_look(x: Floats, chance: Floats, period: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[object]: some period of the day is off on average, or scatters more than others, so that looking closer may pay."""
    known = np.isfinite(x)
    n = _by_period(known, period)
    filled = np.where(known, x, 0.0)
    total, squares = _by_period(filled, period), _by_period(filled**2, period)
    noise = _by_period(np.where(known, chance, 0.0), period)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, square, by_chance = total / n, squares / n, noise / n
        typical = _median(np.maximum(square - mean**2, by_chance))
        far = (np.abs(mean) > LEAST_SHIFT * np.sqrt(typical)) | (square > WIDE**2 * np.maximum(typical, by_chance))
    return np.asarray((far & (n >= LEAST_DAYS)).any(axis=0))


def _by_period(values: Floats, period: NDArray[np.int64]) -> Floats:
    """[P, object]: sums over the periods [period, object] of equal number."""
    order = np.argsort(period, kind="stable")
    edges = np.searchsorted(period[order], np.unique(period))
    return np.asarray(np.add.reduceat(values[order], edges, axis=0))


def _by_day(past: History, k: int, rows: NDArray[np.int64], x: Floats, chance: Floats) -> Days:
    when, per_day = past.when, periods_of_day(past.frame.duration_s)
    days, day = np.unique(when.day, return_inverse=True)
    place = day, when.period % per_day
    grids = []
    for side in (x, chance, _step(past.baseline, k, rows, when)):
        grid = np.full((len(days), per_day, len(rows)), np.nan)
        grid[place] = side
        grids.append(grid)
    x, chance, step = grids
    scatter = (NORMAL_MAD * _median(np.abs(x - _median(x)).reshape(-1, len(rows)))) ** 2
    own = np.maximum(scatter - np.nan_to_num(_median(chance.reshape(-1, len(rows)))), LEAST_SD**2)
    boundary = np.zeros(per_day, np.int64)
    boundary[place[1]] = when.after % 24
    weekday = np.zeros(len(days), np.int64)
    weekday[day] = when.slot // 24
    return Days(x, np.sqrt(own + chance), weekday, step, boundary)


def _step(base: Baseline, k: int, rows: NDArray[np.int64], when: TimeOfWeek) -> Floats:
    """[period, object]: log of the hour's own level over the interpolated one."""
    own, between = base.level[when.slot[:, None], rows, k], interpolated(base.level[:, :, k], rows, when)
    return np.asarray(np.log(np.maximum(own, LEAST_LEVEL) / np.maximum(between, LEAST_LEVEL)))


def shifts_and_jitter(days: Days, weekly_step: Floats) -> tuple[Floats, Floats]:
    """([7, P, O] log of what the level is multiplied by, [7, P, O] what is added to its relative variance), by weekday and
    period of the day. `weekly_step`[7, P, O]: log of the hour's own level over the interpolated one."""
    jumps = _jumps(days)
    shift = np.where(jumps, weekly_step, 0.0)
    x = days.x - np.where(jumps, days.step, 0.0)
    for members in DAY_SETS:
        chosen = members[days.weekday]
        own = _shift(x[chosen], days.sd[chosen])
        shift[members] += own
        x[chosen] -= own
    return np.clip(shift, -MOST, MOST), np.broadcast_to(_jitter(x, days.sd), shift.shape)


def _jumps(days: Days) -> NDArray[np.bool_]:
    """[P, O]: the line between the centres of two hours is surely worse than the hours' own levels."""
    line, own = (np.minimum(np.abs(side / days.sd), CUT) ** 2 / 2 for side in (days.x, days.x - days.step))
    gain = np.nan_to_num(line - own)
    better = np.zeros(days.x.shape[1:], bool)
    for hour in np.unique(days.boundary):
        periods = days.boundary == hour
        daily = gain[:, periods].sum(axis=1)
        apart = np.nan_to_num(np.abs(days.step / days.sd) * np.isfinite(days.x))[:, periods].max(axis=1) > LEAST_SHIFT
        n, agree = apart.sum(axis=0), (apart & (daily > 0)).sum(axis=0)
        sure = np.where(apart, daily, 0.0).sum(axis=0) - daily.max(axis=0) > SURE_NATS
        better[periods] = sure & (n >= LEAST_DAYS) & (agree >= AGREEING * n)
    return better


def _shift(x: Floats, sd: Floats) -> Floats:
    """[P, O]: the median over days of `x`[D, P, O] where it is surely off, shrunk by its error; 0 elsewhere."""
    n = np.isfinite(x).sum(axis=0)
    if not len(x):
        return np.zeros(x.shape[1:])
    middle = np.nan_to_num(_median(x))
    spread = np.maximum(NORMAL_MAD * np.nan_to_num(_median(np.abs(x - middle))), np.nan_to_num(_median(sd)))
    error = MEDIAN_ERROR * spread / np.sqrt(np.maximum(n, 1))
    agree = (np.nan_to_num(x * np.sign(middle)) >= np.abs(middle) / 2).sum(axis=0)
    sure = (np.abs(middle) > np.maximum(SURE * error, LEAST_SHIFT * spread)) & (n >= LEAST_DAYS) & (agree >= AGREEING * n)
    return np.where(sure, middle * middle**2 / np.maximum(middle**2 + error**2, 1e-300), 0.0)


def _jitter(x: Floats, sd: Floats) -> Floats:
    """[P, O]: variance beyond `sd` where several days are far off what is left of `x`[D, P, O], and just beside."""
    n = np.isfinite(x).sum(axis=0)
    place = np.maximum(np.ceil(FAR_DAYS * n).astype(np.int64), 2)
    order = np.argsort(np.where(np.isfinite(x), np.abs(x), -1.0), axis=0)
    nth = np.take_along_axis(order, np.maximum(len(x) - place, 0)[None], axis=0)
    deviation, typical = (np.take_along_axis(np.nan_to_num(np.abs(side)), nth, axis=0)[0] for side in (x, sd))
    far = (deviation > FAR * typical) & (n >= LEAST_DAYS)
    variance = np.where(far, np.minimum((deviation / AT_THAT_SHARE) ** 2 - typical**2, MOST), 0.0)
    return np.maximum(variance, np.maximum(np.roll(variance, 1, axis=0), np.roll(variance, -1, axis=0)))


def _median(values: Floats) -> Floats:
    """Over the first axis, NaN left out; NaN where all are."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    n = np.isfinite(ordered).sum(axis=0)
    low, high = (np.take_along_axis(ordered, np.maximum(side, 0)[None], axis=0)[0] for side in ((n - 1) // 2, n // 2))
    return np.asarray(np.where(n > 0, (low + high) / 2, np.nan))
