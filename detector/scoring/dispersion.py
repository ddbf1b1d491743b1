"""History scored with itself: load slopes, the dispersion of healthy objects per horizon, and what their tails show."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring.baseline import Baseline
from detector.scoring.common_mode import factor
from detector.scoring.counting import Floats, chunks, counts
from detector.scoring.horizons import SHARP_Z, limited, may_burst, summed
from detector.scoring.registry import SCORERS
from detector.scoring.scorer import Sample, Scorer
from detector.scoring.served_load import ServedLoad, fit_elasticity, follows_served
from detector.scoring.shrinkage import middle_ratio, trimmed_ratio
from detector.scoring.tail_calibration import KNOT, Exceedances, faulty_days, own_slopes, tail_calibration
from detector.scoring.time_of_week import TimeOfWeek
from detector.scoring.worst_period import CREDIT, shown_by

PRIOR_PERIODS = 300.0
"""The network's spread counts as much as so many periods of an object's own. Chosen: three days of quarters of an hour."""
CAP = 5.0
"""Deviations beyond so many standard deviations count as this many. Chosen: faults in the history must not widen the
spread."""
LEAST_SPREAD = 1e-5
"""Smallest dispersion of a fraction. Chosen: under it a beta-binomial is a binomial to double precision."""
OFTEN_EMPTY = 0.01
"""Hours in which an object is empty more often are left out of the tails. Chosen: one period in a hundred."""
ENOUGH_TESTS = 200_000
"""Tests from which a larger history is sampled, every n-th period. Chosen: a tail of 1e-3 still has two hundred."""
WORTH_A_TAIL = 1.5
"""z from which a tail probability can exceed the knot of the calibration. Chosen: 10^-1.5 is a z of 1.86, less what
discreteness takes."""


Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """The past, and the baseline that is being learned from it. usable[period, object]. `served`: core function -> the cells
    behind it."""

    frame: KpiFrame
    when: TimeOfWeek
    usable: NDArray[np.bool_]
    baseline: Baseline
    served: Mapping[str, Collection[str]] = field(default_factory=dict)
    factors: dict[int, Floats] = field(default_factory=dict)
    kept: dict[tuple[int, int, int], Sample] = field(default_factory=dict)
    seen: dict[tuple[int, int], tuple[Floats, Floats, Floats]] = field(default_factory=dict)
    limits: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def parts(self) -> Iterator[slice]:
        return chunks(len(self.frame.starts), len(self.frame.objects))

    def observed(self, k: int, part: slice) -> tuple[Floats, Floats, Floats]:
        """(events, size, level) of the usable periods x objects of `part`, NaN elsewhere; load taken into account."""
        if (k, part.start) not in self.seen:
            self.seen.clear()  # one at a time: a KPI is computed several times before the next
            self.seen[k, part.start] = self._observed(k, part)
        return self.seen[k, part.start]

    def _observed(self, k: int, part: slice) -> tuple[Floats, Floats, Floats]:
        events, size = counts(self.frame, k, part)
        rows = np.arange(part.start, part.stop)
        level = self.baseline.levels(k, rows, self.when) * load_effect(self.baseline, self.frame, k, rows, self.when, part)
        level = level * self.served_load.effect(self.baseline, k, rows)
        off = ~self.usable[:, part]
        events[off] = size[off] = np.nan
        return events, size, level

    @cached_property
    def served_load(self) -> ServedLoad:
        """The load of the cells behind each core function."""
        return ServedLoad.of(self.frame, self.baseline, self.when, self.served, self.usable)

    def common(self, k: int) -> Floats:
        """[period, 1]: the network's common factor."""
        if k not in self.factors:
            both = [(e, le * s) for e, s, le in (self.observed(k, part) for part in self.parts())]
            events, expected = (np.hstack(side) for side in zip(*both, strict=True))
            everywhere = [np.arange(events.shape[1])]
            self.factors[k] = factor(self.frame.kpis[k], events, np.nan_to_num(expected), everywhere)[:, :1]
        return self.factors[k]

    def sample(self, k: int, part: slice, h: int) -> Sample:
        """Every period x object of `part`, over the horizon at `h`, with the spread as learned so far."""
        if (k, part.start, h) not in self.kept:
            if len(self.kept) > 1 or next(self.parts()) != part:
                self.kept.clear()
            self.kept[k, part.start, h] = self._over(k, part, int(self.baseline.horizons[h]))
        return replace(self.kept[k, part.start, h], spread=self.baseline.spread[h, part, k].astype(float))

    def without_worst(self, k: int, part: slice, h: int, sample: Sample, at: tuple[Places, Places]) -> Sample:
        """The sample at these (periods, objects), over the horizon at `h`, without its worst period."""
        events, size, level = self.observed(k, part)
        expected = level * self.common(k) * size
        period = at[0] - np.arange(int(self.baseline.horizons[h]))[:, None]
        inside, place = period >= 0, np.maximum(period, 0)
        sides = [np.where(inside, np.nan_to_num(side[place, at[1]]), 0.0) for side in (events, size, expected)]
        worst = (self.frame.kpis[k].worse_sign * (sides[0] - sides[2])).argmax(axis=0)
        events, size, expected = (side.sum(axis=0) - side[worst, np.arange(len(worst))] for side in sides)
        chosen = np.zeros(sample.events.shape, bool)
        chosen[at] = True
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(sample.pick(chosen), events=events, size=size, level=expected / size)

    def _limited(self, k: int, part: slice) -> Floats:
        if (k, part.start) not in self.limits:
            self.limits.clear()
            single, scorer = self.sample(k, part, 0), SCORERS[self.frame.kpis[k].kind]
            self.limits[k, part.start] = limited(single, scorer, np.isfinite(single.events) & (single.level > 0))
        return self.limits[k, part.start]

    def _over(self, k: int, part: slice, horizon: int) -> Sample:
        base, rows = self.baseline, np.arange(part.start, part.stop)
        events, size, level = self.observed(k, part)
        expected = level * self.common(k) * size
        if horizon < 0:
            sharp = SCORERS[self.frame.kpis[k].kind].deviation(self.sample(k, part, 0)) > SHARP_Z
            events, size, expected = (np.where(sharp, np.nan, side) for side in (events, size, expected))
        elif horizon > 1 and may_burst(self.frame.kpis[k]):
            events = self._limited(k, part)
        varying = expected * jitter if (jitter := base.jitter(k, rows, self.when)).any() else None
        events, size, expected = (summed(side, horizon) for side in (events, size, expected))
        more = 0.0 if varying is None else (summed(varying, horizon) / expected) ** 2
        return Sample(
            events=events,
            size=size,
            level=expected / size,
            spread=np.zeros(1),
            level_variance=base.level_variance[part, k].astype(float) + more,
            idle_probability=base.idle_probabilities(k, rows, self.when),
            worse=self.frame.kpis[k].worse_sign,
            offset=float(base.offset[k]),
            counted=bool(base.counted[k]),
        )


def load_places(kpis: Sequence[Kpi]) -> NDArray[np.int64]:
    """[K]: for a mean, the utilisation gauge of the same technology (and direction, `_dl` or `_ul`); -1: none."""

    def place(kpi: Kpi) -> int:
        if not kpi.traits.follows_load or kpi.technology == "core":
            return -1
        fit = [i for i, k in enumerate(kpis) if k.gauges_load and k.technology == kpi.technology]
        link = kpi.id.rpartition("_")[2]
        same = [i for i in fit if kpis[i].id.endswith("_" + link)]
        busy = [i for i in same if "prb" in kpis[i].id] or [i for i in fit if "prb" in kpis[i].id]
        return busy[0] if busy else -1

    return np.array([place(kpi) for kpi in kpis], dtype=np.int64)


def load_effect(
    baseline: Baseline, frame: KpiFrame, k: int, rows: NDArray[np.int64], when: TimeOfWeek, part: slice = slice(None)
) -> Floats:
    """[period, object]: factor on the level, given how far the load is from its own level; 1 where load is not known."""
    j = int(baseline.load[k])
    if j < 0 or not baseline.slope[:, k].any() or baseline.kpis[j].id not in frame.kpi_index:
        return np.ones((1, 1))
    more = _load_above(baseline, frame, j, rows, when, part)
    return np.asarray(np.exp(np.clip(baseline.slope[rows, k] * more, -2.0, 2.0)))


def _load_above(
    baseline: Baseline, frame: KpiFrame, j: int, rows: NDArray[np.int64], when: TimeOfWeek, part: slice
) -> Floats:
    events, size = counts(frame, frame.kpi_index[baseline.kpis[j].id], part)
    return np.nan_to_num(events / size - baseline.levels(j, rows, when))


def fit_load_slopes(past: History, k: int) -> None:
    """By how much the log of a mean changes with load, per object, shrunk towards the network; only the plausible way."""
    base, j = past.baseline, int(past.baseline.load[k])
    if follows_served(past.frame.kpis[k]) and len(past.served_load.rows):
        fit_elasticity(past.served_load, base, k, ((part, _residual(past, k, part)) for part in past.parts()))
        past.seen.clear()
    if j < 0:
        return
    n = len(past.frame.objects)
    both, squares = np.zeros(n), np.zeros(n)
    for part in past.parts():
        residual = _residual(past, k, part)
        more = _load_above(base, past.frame, j, np.arange(part.start, part.stop), past.when, part)
        known = np.isfinite(residual)
        both[part] = np.where(known, residual * more, 0.0).sum(axis=0)
        squares[part] = np.where(known, more**2, 0.0).sum(axis=0)
    if squares.sum() <= 0:
        return
    network, prior = both.sum() / squares.sum(), 0.2 * float(np.median(squares[squares > 0]))
    slope = np.append((both + prior * network) / (squares + prior), np.full(len(base.objects) + 1 - n, network))
    worse = past.frame.kpis[k].worse_sign
    base.slope[:, k] = worse * np.maximum(slope * worse, 0.0)
    past.seen.clear()


def _residual(past: History, k: int, part: slice) -> Floats:
    """[period, object] log of the value over its level, cut where it is far off."""
    events, size, level = past.observed(k, part)
    offset = max(float(past.baseline.offset[k]), 1e-12)
    return np.asarray(np.clip(np.log((events / size + offset) / (level + offset)), -2, 2))


def fit_spread(past: History, k: int) -> None:
    """Spread per object and horizon, shrunk towards the network's."""
    base = past.baseline
    scorer = SCORERS[past.frame.kpis[k].kind]
    for h in range(len(base.horizons)):
        network = _network_spread(past, k, h, scorer, LEAST_SPREAD)
        base.spread[h, :, k] = network
        above, below, tests = _squares(past, k, h, scorer, capped=True)
        network = trimmed_ratio(above, below, network)
        own = np.divide(above, below, out=np.full_like(above, network), where=below > 0)
        trust = tests / (tests + PRIOR_PERIODS)
        base.spread[h, :, k] = network
        base.spread[h, : len(own), k] = np.maximum(trust * own + (1 - trust) * network, LEAST_SPREAD)


def exceedances(past: History, k: int, detection_policy: DetectionPolicy) -> dict[tuple[int, int], Exceedances]:
    """(horizon, KPI) -> what stands out of the history of this KPI."""
    return {(h, k): _exceedances(past, k, h, detection_policy) for h in range(len(past.baseline.horizons))}


def calibrate(baseline: Baseline, found: Mapping[tuple[int, int], Exceedances]) -> None:
    """Calibrates the tails, KPI by KPI; days on which any KPI shows a fault of an object are left aside for all of them.
    What a cell counts as down is no tail of anything: that others were down often makes no other one less surely down."""
    faulty = np.unique(np.concatenate([np.empty(0, np.int64), *(faulty_days(each) for each in found.values())]))
    for (h, k), each in found.items():
        if baseline.kpis[k].watches.downtime:
            continue
        at_knot, network = tail_calibration(each, faulty)
        own, middle = own_slopes(each, faulty)
        baseline.tail_calibration[h, k] = at_knot, min(network, middle)
        baseline.tail_slope[h, :, k] = middle
        baseline.tail_slope[h, : len(own), k] = own


def _network_spread(past: History, k: int, h: int, scorer: Scorer, fallback: float) -> float:
    """Of the median object: however many are flaky, it says what is far off. Final ones are estimated beside it."""
    above, below, _ = _squares(past, k, h, scorer, capped=False)
    return middle_ratio(above, below, fallback)


def _squares(past: History, k: int, h: int, scorer: Scorer, *, capped: bool) -> tuple[Floats, Floats, Floats]:
    """([object] squares beyond chance, what they are relative to, tests)."""
    found = []
    for part in past.parts():
        sample = past.sample(k, part, h)
        above, below = scorer.dispersion(sample)
        if capped:
            z = scorer.deviation(sample)
            above = np.where(np.abs(z) > CAP, above * (CAP / np.where(z == 0, 1.0, z)) ** 2, above)
        fine = np.isfinite(above) & np.isfinite(below)
        found.append((np.where(fine, above, 0).sum(0), np.where(fine, below, 0).sum(0), fine.sum(0).astype(float)))
    above, below, tests = (np.concatenate(side) for side in zip(*found, strict=True))
    return above, below, tests


def _exceedances(past: History, k: int, h: int, detection_policy: DetectionPolicy) -> Exceedances:
    scorer = SCORERS[past.frame.kpis[k].kind]
    day = np.unique(past.when.day, return_inverse=True)[1].reshape(-1)
    days = int(day.max()) + 1
    every = max(1, past.usable.size // ENOUGH_TESTS)
    tails, places, tests = [], [], 0
    for part in past.parts():
        sample = past.sample(k, part, h)
        tested = (
            scorer.testable(sample, detection_policy) & np.isfinite(sample.events) & (sample.idle_probability < OFTEN_EMPTY)
        )
        tested[np.arange(len(tested)) % every != 0] = False
        worth = tested & (scorer.deviation(sample) > WORTH_A_TAIL)
        neg_log10_p = scorer.neg_log10_p(sample.pick(worth))
        period, place = np.nonzero(worth)
        if int(past.baseline.horizons[h]) > 1 and may_burst(past.frame.kpis[k]):
            high = neg_log10_p > CREDIT
            others = shown_by(past.without_worst(k, part, h, sample, (period[high], place[high])), scorer)
            neg_log10_p[high] = np.where(others + CREDIT < neg_log10_p[high], others, neg_log10_p[high])
        place = (place + part.start) * days + day[period]
        tails.append(neg_log10_p[neg_log10_p > KNOT])
        places.append(place[neg_log10_p > KNOT])
        tests += int(tested.sum())
    objects = len(past.frame.objects)
    return Exceedances(np.concatenate(tails), np.concatenate(places), tests, days * objects, objects)
