"""Do the tails keep what they promise? Measured on the history itself, per KPI and horizon, and per object where its own
past is heavier than the network's."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.scoring.counting import Floats

KNOT = 1.5
"""-log10 p from which on the calibrated slope holds. Chosen: 3 % of healthy tests are beyond, enough to estimate a slope."""
CENSORED = 3.0
"""Beyond the threshold by so much, a value counts only as "at least so much". Chosen: one real fault must not bend the
tail."""
FAULT = 6.0
"""-log10 p over which a healthy series is hardly ever. Chosen: once in a million tests, ..."""
BURST = FAULT
"""-log10 p of a single period from which it is a burst if its neighbours are well."""
FAULTY_SHARE = 0.03
"""... where at most this share of object-days is over it, they count as real faults; on more, the model is wrong. Chosen:
one day in a month."""
PRIOR_EXCEEDANCES, PRIOR_SLOPE = 10.0, 0.9
LEAST_SLOPE = 0.15
"""Least slope above the knot. Chosen: with it a series needs seven times the evidence, and is not deaf."""
WEIGHTS = 2.0 ** np.arange(0, 10)
"""How many exceedances of its own the network's slope is worth to an object; history chooses. Chosen: one to 512, from
"each object is different" to "all are alike"."""
SLOPES = np.geomspace(0.1, 2.0, 20)
"""Mean slopes that are tried. Chosen: steps of 17 %."""
LIGHT = 0.8
"""An object with this share of the mean slope is not heavy. Chosen: a step and a half."""
COMPARED = 400
"""Objects from which both are chosen, evenly spaced. Chosen: twice as many move it by less than one step."""


@dataclass(frozen=True, eq=False)
class Exceedances:
    """What self-scored history shows above the knot: neg_log10_p[N] on object-days day[N] (object x days each + day), of
    `tests` in all on `days` object-days of `objects`."""

    neg_log10_p: Floats
    day: NDArray[np.int64]
    tests: int
    days: int
    objects: int = 1

    @property
    def days_each(self) -> int:
        return max(1, self.days // max(1, self.objects))


def faulty_days(found: Exceedances) -> NDArray[np.int64]:
    """Object-days on which something really was wrong: few of that object's, and far beyond chance. One that is often
    so is like that, and it says nothing of the others."""
    faulty = np.unique(found.day[found.neg_log10_p > FAULT])
    own = faulty // found.days_each
    often = np.bincount(own, minlength=1)[own] > max(1.0, FAULTY_SHARE * found.days_each)
    return np.asarray(faulty[~often], np.int64)


def tail_calibration(found: Exceedances, faulty: NDArray[np.int64]) -> tuple[float, float]:
    """(-log10 p at the knot, slope above it) with which history's own tail frequencies come out right, `faulty` object-days
    left aside; both only weaken.

    Above a threshold, -log10 p of a right model is exponential with rate ln 10; the censored rate over that is the slope.

    >>> rng = np.random.default_rng(1)
    >>> s = KNOT + rng.exponential(2 / np.log(10), 5000)  # tails twice as long as they should be
    >>> at_knot, slope = tail_calibration(Exceedances(s, np.arange(5000), int(5000 * 10**KNOT), 5000), np.empty(0, np.int64))
    >>> round(at_knot, 2), round(slope, 1)
    (1.5, 0.5)
    """
    neg_log10_p = found.neg_log10_p[~np.isin(found.day, faulty)]
    if not found.tests:
        return KNOT, PRIOR_SLOPE
    share = (len(neg_log10_p) + 1e-9) / found.tests
    at_knot = float(np.clip(-np.log10(share), 0.3 * KNOT, KNOT))
    slopes = [_slope(neg_log10_p, threshold) for threshold in (KNOT, KNOT + 1.0)]
    return at_knot, float(np.clip(min(slopes), LEAST_SLOPE, 1.0))


def own_slopes(found: Exceedances, faulty: NDArray[np.int64]) -> tuple[Floats, float]:
    """([object] slope above the knot by the object's own past and the network's, the slope of an object without a past).

    Rates of exponential tails that are themselves gamma distributed over the objects (empirical Bayes: Robbins 1956): the
    posterior mean (a + n) / (b + s) of each. Where objects are alike the weight `a` of the network is large and all get its
    slope; where a few are flaky it is small, they get their own and leave that of the others alone. Of an object-day all
    exceedances together count as one, for they have one cause. Further out a tail may be heavier: by how much is taken from
    the objects that are not heavy, and from the object itself.

    >>> rng = np.random.default_rng(1)
    >>> day = np.repeat(np.arange(20 * 28), 5)
    >>> heavy = np.where(day < 8 * 28, 4.0, 1.0)  # eight of twenty objects are flaky
    >>> s = KNOT + rng.exponential(heavy / np.log(10))
    >>> slopes, _ = own_slopes(Exceedances(s, day, int(len(s) * 10**KNOT), 20 * 28, 20), np.empty(0, np.int64))
    >>> bool(slopes[:8].max() < 0.5), bool(slopes[8:].min() > 0.6)
    (True, True)
    """
    kept = ~np.isin(found.day, faulty)
    n, s = _beyond(found, kept, KNOT)
    middle, weight = _network(n, s)
    own = (weight + n) / (weight / middle + s)
    light = own >= LIGHT * middle
    far_n, far_s = _beyond(found, kept, KNOT + 1.0)
    near, far = (_pooled(*side) for side in ((n[light], s[light]), (far_n[light], far_s[light])))
    heavier = min(1.0, far / near)
    own *= heavier
    own = np.minimum(own, (PRIOR_EXCEEDANCES + far_n) / (PRIOR_EXCEEDANCES / own + far_s))
    return np.clip(own, LEAST_SLOPE, 1.0), float(np.clip(middle * heavier, LEAST_SLOPE, 1.0))


def _beyond(found: Exceedances, kept: NDArray[np.bool_], threshold: float) -> tuple[Floats, Floats]:
    """[object] (uncensored exceedances, sum of what all are beyond in nats), each object-day's together as one."""
    beyond = kept & (found.neg_log10_p > threshold)
    day, excess = found.day[beyond], found.neg_log10_p[beyond] - threshold
    days, place = np.unique(day, return_inverse=True)
    share = 1.0 / np.bincount(place, minlength=len(days))[place]
    owner = day // found.days_each
    n = np.bincount(owner, share * (excess < CENSORED), minlength=found.objects)
    s = np.bincount(owner, share * np.minimum(excess, CENSORED), minlength=found.objects) * np.log(10)
    return n.astype(np.float64), s.astype(np.float64)


def _pooled(n: Floats, s: Floats) -> float:
    return float((n.sum() + PRIOR_EXCEEDANCES) / (s.sum() + PRIOR_EXCEEDANCES / PRIOR_SLOPE))


def _network(n: Floats, s: Floats) -> tuple[float, float]:
    """(mean slope over the objects, its weight in exceedances): what makes what the objects show likeliest."""
    some = slice(None, None, max(1, len(n) // COMPARED))
    own, total = n[some], s[some]
    a, middle = WEIGHTS[:, None, None], SLOPES[None, :, None]
    b = a / middle
    likelihood = a * np.log(b) - scipy.special.gammaln(a) + scipy.special.gammaln(a + own) - (a + own) * np.log(b + total)
    prior = PRIOR_EXCEEDANCES * (np.log(SLOPES) - SLOPES / PRIOR_SLOPE)
    weight, place = np.unravel_index(int((likelihood.sum(axis=2) + prior).argmax()), (len(WEIGHTS), len(SLOPES)))
    return float(SLOPES[place]), float(WEIGHTS[weight])


def _slope(neg_log10_p: Floats, threshold: float) -> float:
    beyond = neg_log10_p[neg_log10_p > threshold] - threshold
    uncensored = float((beyond < CENSORED).sum())
    prior = PRIOR_EXCEEDANCES / (PRIOR_SLOPE * np.log(10))
    return float((uncensored + PRIOR_EXCEEDANCES) / (np.minimum(beyond, CENSORED).sum() + prior) / np.log(10))


def calibrated_tail(neg_log10_p: Floats, at_knot: Floats | float, slope: Floats | float) -> Floats:
    """Two straight lines that meet at the knot: monotone, never steeper than 1.

    >>> calibrated_tail(np.array([0.0, 1.5, 5.5]), 1.2, 0.5).tolist()
    [0.0, 1.2, 3.2]
    """
    return np.asarray(np.where(neg_log10_p <= KNOT, neg_log10_p * (at_knot / KNOT), at_knot + (neg_log10_p - KNOT) * slope))


def with_idle_probability(neg_log10_p: Floats, idle_probability: Floats) -> Floats:
    """-log10 of p plus the idle probability, which was counted and needs no calibration.

    >>> with_idle_probability(np.array([9.0, 9.0]), np.array([0.0, 0.01])).round(2).tolist()
    [9.0, 2.0]
    """
    p = 10.0 ** -np.minimum(neg_log10_p, 300.0) + idle_probability
    return np.asarray(np.abs(np.log10(np.minimum(p, 1.0))))


def with_bursts(neg_log10_p: Floats, raw: Floats, rate: Floats, tail: float) -> Floats:
    """-log10 of p plus the chance of a single odd period at least as large: rate x (BURST / raw)^tail, for `raw` -log10 p of
    the scorer. Such a period is news only where it is rarer than that.

    >>> with_bursts(np.array([12.0, 12.0]), np.array([24.0, 24.0]), np.array([0.0, 0.002]), 1.0).round(2).tolist()
    [12.0, 3.3]
    """
    chance = rate * (BURST / np.maximum(raw, BURST)) ** tail
    return np.asarray(np.abs(np.log10(np.minimum(10.0 ** -np.minimum(neg_log10_p, 300.0) + chance, 1.0))))
