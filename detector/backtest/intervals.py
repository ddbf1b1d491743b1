"""A figure is never alone: its value, what it was counted on, and a 95 % interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detector.intervals import ALPHA, rate_interval, share_interval

LEVEL = 1 - ALPHA
"""Level of the intervals. Definition: 1 - ALPHA."""
_DRAWS = 2000
"""Bootstrap draws. Chosen: the ends of a 95 % interval have 50 draws beyond."""
_SEED = 20260324
"""Seed of the draws, so that a report is the same each time. Chosen: any number."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` with `low` and `high` of its 95 % interval; None = unknown (nothing to count, or no truth).

    `count`: the denominator of a share; the observations behind a median or mean; the events behind a rate.
    """

    value: float | None
    count: int | None
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        return {"value": self.value, "count": self.count, "low": self.low, "high": self.high}


UNKNOWN = Figure(None, None)
"""Not in the dataset."""


def share(hits: int, count: int) -> Figure:
    """hits / count with its score interval (Wilson).

    >>> share(8, 10)
    Figure(value=0.8, count=10, low=0.4902, high=0.9433)
    >>> share(0, 0)
    Figure(value=None, count=0, low=None, high=None)
    """
    if not count:
        return Figure(None, 0)
    low, high = share_interval(hits, count)
    return Figure(_round(hits / count), count, _round(low), _round(high))


def rate(events: int, exposure: float) -> Figure:
    """events / exposure with its exact Poisson interval (Garwood).

    >>> rate(0, 2.0)
    Figure(value=0.0, count=0, low=0.0, high=1.8444)
    """
    if exposure <= 0:
        return Figure(None, events)
    low, high = rate_interval(events, exposure)
    return Figure(_round(events / exposure), events, _round(low), _round(high))


def quantile(values: Sequence[float], q: float) -> Figure:
    """The q-quantile (linear) with the order statistics that enclose it in 95 % of samples (binomial, no assumption on
    the distribution; H. A. David, Order Statistics, 7.1). A bound is None where the sample is too small to give one.

    >>> quantile([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.5)
    Figure(value=5.0, count=9, low=2.0, high=8.0)
    >>> quantile([3.0], 0.5)
    Figure(value=3.0, count=1, low=None, high=None)
    """
    count = len(values)
    if not count:
        return Figure(None, 0)
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    # P(X_(r) > quantile) = P(B < r) <= 2.5 %, and P(X_(s) < quantile) = P(B >= s) <= 2.5 %, with B ~ Binomial(count, q)
    below = stats.binom.cdf(np.arange(count), count, q)
    r = int(np.searchsorted(below, (1 - LEVEL) / 2, side="right"))
    s = int(np.searchsorted(below, (1 + LEVEL) / 2)) + 1
    low = _round(ordered[r - 1]) if r >= 1 else None
    high = _round(ordered[s - 1]) if s <= count else None
    return Figure(_round(float(np.quantile(ordered, q))), count, low, high)


def mean(values: Sequence[float]) -> Figure:
    """The mean with the percentile bootstrap over the values (fixed seed: the same values give the same interval).

    >>> mean([1.0, 1.0, 1.0])
    Figure(value=1.0, count=3, low=1.0, high=1.0)
    """
    if not len(values):
        return Figure(None, 0)
    array = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(_SEED).choice(array, (_DRAWS, len(array))).mean(axis=1)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Figure(_round(float(array.mean())), len(array), _round(float(low)), _round(float(high)))


def bootstrap_binomials(
    hits: NDArray[np.int64], counts: NDArray[np.int64], statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[float, float]:
    """95 % interval of a statistic of several shares: each redrawn from its own binomial. `statistic` maps shares
    [draw, group] to [draw]; counts must be positive."""
    shares = np.random.default_rng(_SEED).binomial(counts, hits / counts, (_DRAWS, len(counts))) / counts
    low, high = np.quantile(statistic(shares), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return _round(float(low)), _round(float(high))


def _round(value: float) -> float:
    """Four decimals: more would exceed the precision of any backtest."""
    return round(float(value), 4)
