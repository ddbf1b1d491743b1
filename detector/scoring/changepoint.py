"""When the newest trouble of a series began, and whether it is over: the likeliest segment of bad periods."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from detector.scoring.baseline import Baseline
from detector.scoring.counting import Floats
from detector.scoring.scorer import Sample, Scorer

LOOKBACK = 12
"""Newest periods that are searched at least, for data whose longest pooled horizon is shorter. Chosen: three hours of
quarters."""
HALF = 0.5
"""Counts that are added to both sides of a multiple, so that an expectation of zero gives a finite one (Haldane 1956)."""
TELLING = 8.0
"""Failures that are worth raising. Chosen: the default of `DetectionPolicy.min_excess`."""
DOWN = 20.0
"""Nats between a period without service and one with it. Chosen: e^-20 is beyond any chance of one turning into the
other."""
SAYS_NOTHING = 1.0
"""Nats: evidence of a period that is no stronger (Jeffreys 1961, appendix B: not worth more than a bare mention) moves
neither the beginning nor the end."""
SELDOM_IDLE = 0.005
"""Chance of next to no traffic over which an empty hour is scheduled. Chosen: that of the band of a volume."""
LARGEST_Z = 30.0
"""Evidence of one period is cut at so many standard deviations. Chosen: a larger one would outweigh all periods beside
it."""


def lookback(baseline: Baseline) -> int:
    """Periods up to the newest that scoring looks at."""
    return max(LOOKBACK, int(baseline.horizons.max()))


@dataclass(frozen=True, eq=False)
class Segment:
    """Per object: `onset` and `over` in periods before the end of the newest one: the trouble began so long ago (0 = there
    is none) and ended so long ago (0 = it goes on). `gain`: log-likelihood ratio (nats) of the segment being bad against all
    being well. `gone`: log-likelihood ratio of what followed it being well against as bad as the segment."""

    onset: NDArray[np.int64]
    over: NDArray[np.int64]
    gain: Floats
    gone: Floats


def segment(scorer: Scorer, periods: Sample, *, downtime: bool = False) -> Segment:
    """The segment [a, b) of the periods of `periods`[period, object], the newest last, whose being worse explains most.

    The epidemic alternative of a change-point test (Levin and Kline 1985; Yao 1993, Biometrika 80:179): the level is as
    expected, then a multiple of it, then as expected again, and the multiple is the segment's own. Counts are Poisson,
    divided by how much more than Poisson they scatter; of what has no chance in it the deviations are normal. NaN is no
    evidence. `periods` with the spread of single periods. `downtime`: the events are time that a cell itself counts as down,
    which nothing but being down explains.

    >>> from detector.scoring.beta_binomial import BetaBinomial
    >>> failures = np.array([[1.0], [0.0], [2.0], [9.0], [12.0], [8.0], [1.0]])
    >>> size = np.full((7, 1), 100.0)
    >>> level, none = np.full((7, 1), 0.01), np.zeros((7, 1))
    >>> sample = Sample(
    ...     events=failures, size=size, level=level, spread=none, level_variance=np.zeros(1), idle_probability=none)
    >>> found = segment(BetaBinomial(), sample)
    >>> int(found.onset[0]), int(found.over[0]), bool(found.gone[0] > 5)
    (4, 1, True)
    """
    if downtime:
        return _of_downtime(periods)
    if scorer.chance and periods.worse > 0:
        return _of_counts(*_scaled(scorer, periods))
    if scorer.collapses:
        return _of_collapse(periods, scorer.variance(periods))
    z = np.clip(np.nan_to_num(scorer.deviation(periods)), -LARGEST_Z, LARGEST_Z)
    return _of_deviations(z, np.isfinite(periods.events))


def _scaled(scorer: Scorer, periods: Sample) -> tuple[Floats, Floats]:
    """(events, expected events), both divided by the variance of the events over their mean: quasi-likelihood. Past faults
    make that large where there were many: the worst period counts as `TELLING` at least."""
    variance = scorer.variance(periods)
    most = np.nan_to_num(periods.events).max(axis=0, initial=0.0) / TELLING
    over = np.maximum(np.minimum(variance / np.maximum(periods.expected, 1e-9), most), 1.0)
    return np.nan_to_num(periods.events / over), np.nan_to_num(periods.expected / over)


def _of_counts(events: Floats, expected: Floats) -> Segment:
    begun, due = _sums(events), _sums(expected)
    a, b = _pairs(len(events))
    inside, expected_inside = begun[b] - begun[a], due[b] - due[a]
    times = np.maximum((inside + HALF) / (expected_inside + HALF), 1.0)
    gain = inside * np.log(times) - (times - 1) * expected_inside
    best = gain.argmax(axis=0)
    times, since = np.take_along_axis(times, best[None], axis=0)[0], b[best]
    every = np.arange(len(best))
    after, wanted = begun[-1] - begun[since, every], due[-1] - due[since, every]
    return _found(a, b, gain, best, len(events), (times - 1) * wanted - after * np.log(times))


def _of_downtime(periods: Sample) -> Segment:
    """A period belongs to the trouble that is down for half as long as the worst one."""
    share = np.nan_to_num(periods.events / periods.size)
    worst = np.maximum(share.max(axis=0, initial=0.0), 1e-9)
    known = np.isfinite(periods.events)
    begun = _sums(np.where(known & (worst > 1e-9), DOWN * (share / worst - 0.5), 0.0))
    a, b = _pairs(len(share))
    gain = begun[b] - begun[a]
    best = gain.argmax(axis=0)
    return _found(a, b, gain, best, len(share), begun[b[best], np.arange(len(best))] - begun[-1])


def _of_collapse(periods: Sample, variance: Floats) -> Segment:
    """What is bad is known here: next to nothing is left. A period with more than half of what it should have is well. An
    hour in which the object is often idle, or should have hardly anything, counts for neither.

    >>> from detector.scoring.collapse import Collapse
    >>> night = np.array([[0.0], [0.0], [0.0], [90.0], [0.0], [0.0]])
    >>> typical = np.array([[1.0], [1.0], [1.0], [100.0], [100.0], [100.0]])
    >>> size, spread, none = np.ones((6, 1)), np.full(1, 0.01), np.zeros((6, 1))
    >>> periods = Sample(
    ...     events=night, size=size, level=typical, spread=spread, level_variance=np.zeros(1), idle_probability=none)
    >>> found = segment(Collapse(), periods)
    >>> int(found.onset[0]), int(found.over[0])
    (2, 0)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = periods.events / periods.expected
        weight = np.minimum(periods.expected**2 / variance, LARGEST_Z**2)
    says = weight * (0.5 - np.minimum(left, 1.0))
    says = np.where(periods.idle_probability > SELDOM_IDLE, np.minimum(says, 0.0), says)
    begun = _sums(np.nan_to_num(np.sign(says) * np.maximum(np.abs(says) - SAYS_NOTHING, 0.0)))
    a, b = _pairs(len(left))
    gain = begun[b] - begun[a]
    best = gain.argmax(axis=0)
    return _found(a, b, gain, best, len(left), begun[b[best], np.arange(len(best))] - begun[-1])


def _of_deviations(z: Floats, known: NDArray[np.bool_]) -> Segment:
    total, count = _sums(np.where(known, z, 0.0)), _sums(known.astype(np.float64))
    a, b = _pairs(len(z))
    inside, n = total[b] - total[a], np.maximum(count[b] - count[a], 1.0)
    gain = np.maximum(inside, 0.0) ** 2 / (2 * n)
    best = gain.argmax(axis=0)
    shift = np.take_along_axis(np.maximum(inside, 0.0) / n, best[None], axis=0)[0]
    every = np.arange(len(best))
    after, periods = total[-1] - total[b[best], every], count[-1] - count[b[best], every]
    return _found(a, b, gain, best, len(z), periods * shift**2 / 2 - shift * after)


def _found(
    a: NDArray[np.int64], b: NDArray[np.int64], gain: Floats, best: NDArray[np.intp], length: int, gone: Floats
) -> Segment:
    top = np.take_along_axis(gain, best[None], axis=0)[0]
    any_ = top > 0
    over = np.where(any_, length - b[best], 0)
    return Segment(np.where(any_, length - a[best], 0), over, top, np.where(over > 0, gone, 0.0))


def _sums(values: Floats) -> Floats:
    """[period + 1, object]: sums before each period."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def _pairs(length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All segments [a, b); of those that explain the same, the later and shorter one comes first."""
    both = np.array(list(combinations(range(length + 1), 2)), dtype=np.int64)[::-1]
    order = np.lexsort((both[:, 1], -both[:, 0]))
    return both[order, 0], both[order, 1]
