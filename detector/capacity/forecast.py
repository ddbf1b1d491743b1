"""When a cell is congested: the level of its busy hours in the weeks ahead, with an interval, by a structural model.

A local level with a drift and fixed days of the week (Harvey, Forecasting, structural time series models and the Kalman
filter, 1989), fitted by statsmodels, which is imported where it runs.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.capacity.screen import CONGESTED, DAYS_OF_WEEK, HORIZON_WEEKS, TypicalGrowth

MODEL = "lldtrend"
"""Level that wanders about a straight line, as statsmodels names it. Measured: benchmarks/results/capacity.md."""
NORMAL_90 = 1.645
"""Standard deviations on both sides of which 90 % of a normal distribution lie. Definition."""
SLOPE = 1
"""Place of the drift in the state of that model. Definition: level, drift, days of the week (statsmodels)."""
MOST_STEPS = 100
"""Steps of the likelihood's ascent. Chosen: it ends after a dozen."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ahead:
    """[week] the usual busy hour (on a day of the week in the middle of the others) in each week ahead, 90 % interval."""

    expected: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Congestion:
    """Weeks from the end of the history to the first in which most days' busy hours are over the limit; 0: they are now;
    None: not within HORIZON_WEEKS. `earliest`, `latest`: where the ends of the 90 % interval get there."""

    expected: int | None
    earliest: int | None
    latest: int | None


def fitted(values: Floats) -> Any:
    """The model of one series of busy hours, [day] > 0, NaN where a day is not known or odd; results of statsmodels."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    logs = np.log(values)
    model = UnobservedComponents(logs, MODEL, seasonal=DAYS_OF_WEEK, stochastic_seasonal=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(disp=0, maxiter=MOST_STEPS)


@dataclass(frozen=True, eq=False)
class Path:
    """[day] logarithm of the busy hour of each day ahead; standard errors of the level and of a single day."""

    mean: Floats
    level_error: Floats
    day_error: Floats


def path_of(results: Any, days: int, typical: TypicalGrowth | None) -> Path:
    """The days ahead of a fitted model, its drift drawn to the usual growth as if that had been observed (Kalman, 1960)."""
    model, names = results.model, results.model.param_names
    transition, design, selection = (model[name] for name in ("transition", "design", "selection"))
    state, covariance = results.predicted_state[:, -1], results.predicted_state_cov[:, :, -1]
    if typical is not None:
        gain = covariance[:, SLOPE] / (covariance[SLOPE, SLOPE] + typical.spread**2)
        state = state + gain * (typical.growth - state[SLOPE])
        covariance = covariance - np.outer(gain, covariance[SLOPE])
    moved = selection @ model["state_cov"] @ selection.T
    mean, variance = np.zeros(days), np.zeros(days)
    for day in range(days):
        mean[day] = (design @ state).item()
        variance[day] = max((design @ covariance @ design.T).item(), 0.0)
        state, covariance = transition @ state, transition @ covariance @ transition.T + moved
    by_chance = float(results.params[names.index("sigma2.irregular")])
    return Path(mean, np.sqrt(variance), np.sqrt(variance + by_chance))


def days_ahead(values: Floats, days: int, typical: TypicalGrowth | None = None) -> tuple[Floats, Floats, Floats]:
    """(expected, low, high) busy hours of the next days; single days are between them: a 90 % interval."""
    path = path_of(fitted(values), days, typical)
    wide = NORMAL_90 * path.day_error
    return np.exp(path.mean), np.exp(path.mean - wide), np.exp(path.mean + wide)


def weeks_ahead(values: Floats, typical: TypicalGrowth | None = None) -> Ahead:
    """The usual busy hour of each of HORIZON_WEEKS: the median of its days, without what single days add by chance."""
    path = path_of(fitted(values), HORIZON_WEEKS * DAYS_OF_WEEK, typical)
    wide = NORMAL_90 * path.level_error
    weeks = [one.reshape(-1, DAYS_OF_WEEK) for one in (path.mean, path.mean - wide, path.mean + wide)]
    expected, low, high = (np.exp(np.median(one, axis=1)) for one in weeks)
    return Ahead(expected, low, high)


def congestion_of(ahead: Ahead, limit: float = CONGESTED) -> Congestion:
    """
    >>> rising = np.array([76.0, 79.0, 82.0, 85.0])
    >>> congestion_of(Ahead(rising, rising - 4, rising + 4))
    Congestion(expected=3, earliest=1, latest=4)
    """
    return Congestion(*(_first(one >= limit) for one in (ahead.expected, ahead.high, ahead.low)))


def _first(reached: NDArray[np.bool_]) -> int | None:
    """The first week, counted from 1."""
    return int(reached.argmax()) + 1 if reached.any() else None
