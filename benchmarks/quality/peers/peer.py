"""What a peer is, and how one that knows a single series is run over many."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.panel import LEAST_KNOWN, Array, Panel


@dataclass(frozen=True, kw_only=True)
class Peer:
    """`score` gives [scored period, series], more is worse, NaN = no opinion; a period is flagged at `threshold` and above,
    which is the documented default. `package`: what must be importable. `cells`: how many of an operator's cells it is
    given (0 = all), `operators`: how many operators (0 = all), because of its cost.
    """

    name: str
    title: str
    use: str
    threshold: float
    score: Callable[[Panel], Array]
    package: str = ""
    cells: int = 0
    operators: int = 0

    @property
    def whole(self) -> bool:
        """It sees every cell of every operator: only then is it judged at many thresholds, for equal false alarms."""
        return not self.cells and not self.operators

    @property
    def absent(self) -> str:
        """Why it cannot run here; empty if it can."""
        return "" if not self.package or find_spec(self.package) else f"{self.package} is not installed"


STILL = 1e-6
"""A deviation under this is the rounding of a series that stands still."""

Fitted = Callable[[Array, NDArray[np.int64], int], Array]
"""(whole series without gaps, its place within the day, periods of history) -> score of every period after history."""


def each(panel: Panel, models: Fitted, *, centred: bool = False) -> Array:
    """Run over every series by itself. Gaps are filled with the usual value for learning and have no score; a period that
    is better than usual for its hour has none either, for nobody asks for alarms about good news. `centred`: badness less
    the usual, over its robust deviation, instead of badness itself."""
    scores = np.full((len(panel.starts) - panel.history, panel.badness.shape[1]), np.nan)
    for s in range(scores.shape[1]):
        series, baseline = panel.badness[:, s], panel.baseline[:, s]
        known = np.isfinite(series)
        learned = known[: panel.history]
        if learned.mean() < LEAST_KNOWN:
            continue
        baseline = np.where(np.isfinite(baseline), baseline, np.median(series[: panel.history][learned]))
        filled = np.where(known, series, baseline)
        if centred:
            residual = filled - baseline
            filled = residual / deviation(residual[: panel.history][learned])
        own = models(filled, panel.quarter, panel.history)
        scores[:, s] = np.where((known & (series > baseline))[panel.history :], own, np.nan)
    return scores


def deviation(residual: Array) -> float:
    """1.4826 times the median absolute deviation; for a series that mostly stands still its standard deviation."""
    mad = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    return mad if mad > STILL else max(float(np.std(residual)), STILL)


def windows(series: Array, lags: int) -> Array:
    """[period, lags]: each period with those before it; the first ones see the beginning repeated."""
    padded = np.concatenate([np.repeat(series[:1], lags - 1), series])
    return np.lib.stride_tricks.sliding_window_view(padded, lags)
