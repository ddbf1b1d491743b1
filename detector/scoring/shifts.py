"""Levels that moved for good: a release, a new parameter, a new neighbour. History before such a step misleads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.window import DAY_S
from detector.scoring.counting import Floats
from detector.scoring.hourly_history import hourly_history
from detector.scoring.registry import SCORERS
from detector.scoring.shrinkage import ratio_of
from detector.scoring.time_of_week import DAY_TYPE_HOUR, TimeOfWeek, time_of_week

LEAST_SCATTER = 1e-12
"""Least scatter of days. Chosen: it avoids a division by zero, and nothing else."""
SURE, SURE_IF_DATED = 6.0, 4.0
"""Standard errors of a step: a network has many series and each day of each could be one; a known change is one question."""
LEAST_TRAFFIC_STEP, LEAST_STEP = float(np.log(1.5)), float(np.log(1.25))
"""Smaller steps are left to the averaging of the baseline."""
WORST_RATIO, WORST_FACTOR, LEAST_TRAFFIC = 0.25, 5.0, 0.25
"""What is worse by more (points of a ratio; times the drops; share of the traffic left) stays a fault, however long."""
LOOK_BACK = 7
"""Days before the step that it is compared with. Chosen: one of each weekday."""
OWN_DAYS = 5.0
"""The network's scatter from day to day counts as much as so many days of an object's own. Chosen: a working week."""


@dataclass(frozen=True)
class Shift:
    """One KPI of one object has been at `after` since `since` (s) and was at `before`; both as the catalogue means them."""

    object_id: str
    kpi: Kpi
    since: int
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class _Days:
    """One KPI by local day: y[D, O] log of observed / expected, NaN = too little; scatter[O] its standard deviation from day
    to day; events, size[D, O]; first[D] the start of the day (s)."""

    y: Floats
    scatter: Floats
    events: Floats
    size: Floats
    first: NDArray[np.int64]


def level_shifts(
    history: KpiFrame, *, timezone: str, usable: NDArray[np.bool_], days: int, dated: Mapping[str, int] | None = None
) -> list[Shift]:
    """Steps to a new level that has held for `days` days or more, up to the end of the history.

    A step: all days since agree with each other, do not trend on (that would be a drift) and differ surely from the week
    before. `usable`[period, object]: what may be used; leave outages and works out, but not mild degradations. `dated`:
    object -> when (s) its software changed; such a step needs less proof. Availability never shifts, and nothing shifts
    to next to nothing: a long outage is no new normal.
    """
    when = time_of_week(history.starts, history.duration_s, timezone)
    changed = np.array([(dated or {}).get(name, -1) for name in history.objects], dtype=np.int64)
    found: list[Shift] = []
    for k, kpi in enumerate(history.kpis):
        if kpi.judged and not kpi.watches.downtime and len(np.unique(when.day)) >= 2 * days:
            found += _of_kpi(history, k, _days(history, k, when, usable), changed, days)
    return found


def renewed(history: KpiFrame, shifts: Iterable[Shift]) -> KpiFrame:
    """The same history as if each level had always been what it is now: quality before its step is taken as not measured,
    traffic is scaled, so that the hours of the day keep their shape and a cell's nights their emptiness."""
    shifts = list(shifts)
    if not shifts:
        return history
    num, den = history.numerator.copy(), history.denominator.copy()
    for shift in shifts:
        place = (history.starts < shift.since, history.object_index[shift.object_id], history.kpi_index[shift.kpi.id])
        if shift.kpi.traits.traffic:
            num[place] = np.round(num[place] * shift.after / shift.before)
        else:
            num[place] = den[place] = np.nan
    return KpiFrame(
        starts=history.starts,
        duration_s=history.duration_s,
        objects=history.objects,
        kpis=history.kpis,
        numerator=num,
        denominator=den,
        suspect=history.suspect,
    )


def _days(history: KpiFrame, k: int, when: TimeOfWeek, usable: NDArray[np.bool_]) -> _Days:
    chance = SCORERS[history.kpis[k].kind].chance
    hourly = hourly_history(history, k, when, usable)
    expected_events = hourly.size * ratio_of(hourly.events.sum(axis=0), hourly.size.sum(axis=0))
    group = DAY_TYPE_HOUR[hourly.slot]
    seen, wanted = (np.bincount(group, side.sum(axis=1), 48).astype(np.float64) for side in (hourly.events, expected_events))
    expected_events *= np.clip(ratio_of(seen, wanted), 0.1, 10.0)[group][:, None]
    day, place = np.unique(np.unique(when.hour) // 24, return_inverse=True)
    events, expected, size = (hourly.sums(side, place, len(day)) for side in (hourly.events, expected_events, hourly.size))
    full = expected >= np.nan_to_num(0.5 * _median(np.where(expected > 0, expected, np.nan)), nan=np.inf)
    pad = chance if chance else 1e-9 * float(expected.max(initial=0.0)) + 1e-300
    y = np.where(full, np.log((events + pad) / (expected + pad)), np.nan)
    y = _without_weekend_effect(y, (day + 3) % 7 >= 5)
    first = history.starts[np.searchsorted(when.day, day)]
    least = np.sqrt(chance / (np.where(full, events, 0.0).sum(axis=0) / np.maximum(full.sum(axis=0), 1) + 1.0))
    return _Days(y, np.maximum(_scatter(y), least), events, size, first)


def _without_weekend_effect(y: Floats, weekend: NDArray[np.bool_]) -> Floats:
    """Weekends as the object's own weekends go; left out where there were fewer than two such days."""
    weekend_effect = _median(y[weekend]) - _median(y[~weekend])
    weekend_effect[np.isfinite(y[weekend]).sum(axis=0) < 2] = np.nan
    return np.where(weekend[:, None], y - weekend_effect, y)


def _scatter(y: Floats) -> Floats:
    """[O]: by the differences of successive days, which one step hardly moves; with few days, what is usual for all."""
    steps = np.abs(np.diff(y, axis=0))
    n = np.isfinite(steps).sum(axis=0)
    own = (1.4826 * np.nan_to_num(_median(steps))) ** 2 / 2
    network = float(np.median(own[n > 0])) if (n > 0).any() else 1.0
    return np.asarray(np.sqrt((n * own + OWN_DAYS * network) / (n + OWN_DAYS)))


def _median(values: Floats) -> Floats:
    """[O] of [D, O]; NaN where there is none."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    rows, n = np.sort(values, axis=0), np.isfinite(values).sum(axis=0)
    places = np.clip(np.stack([(n - 1) // 2, n // 2]), 0, len(rows) - 1)
    lower, upper = np.take_along_axis(rows, places, axis=0)
    return np.asarray((lower + upper) / 2)


def _of_kpi(history: KpiFrame, k: int, by_day: _Days, changed: NDArray[np.int64], days: int) -> Iterator[Shift]:
    kpi = history.kpis[k]
    steps = np.abs(np.stack([_step(by_day.y, t) for t in range(len(by_day.y))]))
    # of what never scatters, any step is sure
    z = np.nan_to_num(steps / np.maximum(by_day.scatter, LEAST_SCATTER))
    near = (changed >= 0) & (np.abs(by_day.first[:, None] - changed) <= DAY_S)
    sure = z >= np.where(near, SURE_IF_DATED, SURE)
    least = LEAST_TRAFFIC_STEP if kpi.traits.traffic else LEAST_STEP
    for o in np.flatnonzero(sure.any(axis=0)).tolist():
        likely = np.flatnonzero(sure[:, o])
        in_order = likely[np.argsort(-z[likely, o], kind="stable")].tolist()
        t = next((t for t in in_order if _holds(by_day.y[:, o], t, days, least)), None)
        if t is not None and _bearable(kpi, by_day, o, t):
            since = max(int(by_day.first[t]), int(changed[o])) if near[t, o] else int(by_day.first[t])
            before, after = (_value(kpi, by_day, o, part) for part in (slice(max(0, t - LOOK_BACK), t), slice(t, None)))
            yield Shift(history.objects[o], kpi, since, before, after)


def _step(y: Floats, t: int) -> Floats:
    """[O]: step at day `t` over its standard error for a scatter of 1; NaN without days on both sides."""
    ago, since = y[max(0, t - LOOK_BACK) : t], y[t:]
    n = [np.isfinite(side).sum(axis=0) for side in (ago, since)]
    means = [np.nansum(side, axis=0) / np.where(m > 0, m, np.nan) for side, m in zip((ago, since), n, strict=True)]
    return np.asarray((means[1] - means[0]) / np.sqrt(sum(1 / np.where(m > 0, m, np.nan) for m in n)))


def _holds(y: Floats, t: int, days: int, least: float) -> bool:
    """Long enough, large enough, the same on all days since, not on its way, and not merely back where it was."""
    week = max(0, t - LOOK_BACK)
    older, ago, since = (side[np.isfinite(side)] for side in (y[:week], y[week:t], y[t:]))
    if len(since) < days or len(ago) < days:
        return False
    half = abs(float(since.mean() - ago.mean())) / 2
    alike = (np.abs(since - since.mean()) < half).mean() >= 0.9 and (np.abs(ago - ago.mean()) < half).mean() >= 0.8
    back = len(older) >= days and abs(older.mean() - since.mean()) < half
    return bool(2 * half >= least and alike and not back and max(_onward(since), _onward(ago)) < half)


def _onward(y: Floats) -> float:
    """From its first third to its last."""
    third = max(1, len(y) // 3)
    return abs(float(y[-third:].mean() - y[:third].mean()))


def _bearable(kpi: Kpi, by_day: _Days, o: int, t: int) -> bool:
    before, after = (_fraction(by_day, o, part) for part in (slice(0, t), slice(t, None)))
    if kpi.traits.traffic:
        return after > LEAST_TRAFFIC * before
    if kpi.traits.fraction:
        return after - before < WORST_RATIO
    better, bad = (before, after) if kpi.worse_sign > 0 else (after, before)
    return bad < WORST_FACTOR * better


def _fraction(by_day: _Days, o: int, part: slice) -> float:
    return float(by_day.events[part, o].sum() / max(by_day.size[part, o].sum(), 1e-300))


def _value(kpi: Kpi, by_day: _Days, o: int, part: slice) -> float:
    fraction = _fraction(by_day, o, part)
    return 1 - fraction if kpi.counts_successes else fraction
