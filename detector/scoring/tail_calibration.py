"""Do the tails keep what they promise? Measured on the history itself, per KPI and horizon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats

KNOT = 1.5
"""-log10 p from which on the calibrated slope holds. Chosen: 3 % of healthy tests are beyond, enough to estimate a slope."""
CENSORED = 3.0
"""Beyond the threshold by so much, a value counts only as "at least so much". Chosen: one real fault must not bend the
tail."""
FAULT = 6.0
"""-log10 p over which a healthy series is hardly ever. Chosen: once in a million tests, ..."""
FAULTY_SHARE = 0.03
"""... where at most this share of object-days is over it, they count as real faults; on more, the model is wrong. Chosen:
one day in a month."""
PRIOR_EXCEEDANCES, PRIOR_SLOPE = 10.0, 0.9


@dataclass(frozen=True, eq=False)
class Exceedances:
    """What self-scored history shows above the knot: neg_log10_p[N] on object-days day[N] (numbered), of `tests` in all on
    `days` object-days."""

    neg_log10_p: Floats
    day: NDArray[np.int64]
    tests: int
    days: int


def faulty_days(found: Exceedances) -> NDArray[np.int64]:
    """Object-days on which something really was wrong: few, and far beyond chance."""
    faulty = np.unique(found.day[found.neg_log10_p > FAULT])
    return faulty if len(faulty) <= max(1.0, FAULTY_SHARE * found.days) else faulty[:0]


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
    return at_knot, float(np.clip(min(slopes), 0.15, 1.0))


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
