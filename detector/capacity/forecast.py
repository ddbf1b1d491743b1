"""When a cell is congested: the level of its busy hours in the weeks ahead, with an interval, by a structural model.

A local level with a drift and fixed days of the week (Harvey, Forecasting, structural time series models and the Kalman
filter, 1989), fitted by statsmodels, which is imported where it runs.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.capacity.screen import CONGESTED, DAYS_OF_WEEK, HORIZON_WEEKS

MODEL = "lldtrend"
"""Level that wanders about a straight line, as statsmodels names it. Measured: benchmarks/results/capacity.md."""
NORMAL_90 = 1.645
"""Standard deviations on both sides of which 90 % of a normal distribution lie. Definition."""
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


def days_ahead(values: Floats, days: int) -> tuple[Floats, Floats, Floats]:
    """(expected, low, high) busy hours of the next days, single days between them: a 90 % interval."""
    prediction = fitted(values).get_forecast(days)
    mean, error = np.asarray(prediction.predicted_mean), np.asarray(prediction.se_mean)
    return np.exp(mean), np.exp(mean - NORMAL_90 * error), np.exp(mean + NORMAL_90 * error)


def weeks_ahead(values: Floats) -> Ahead:
    """The usual busy hour of each of HORIZON_WEEKS: the median of its days, without what single days add by chance."""
    results = fitted(values)
    prediction = results.get_forecast(HORIZON_WEEKS * DAYS_OF_WEEK)
    by_chance = float(results.params[results.model.param_names.index("sigma2.irregular")])
    mean = np.asarray(prediction.predicted_mean)
    error = np.sqrt(np.maximum(np.asarray(prediction.se_mean) ** 2 - by_chance, 0.0))
    weeks = [one.reshape(-1, DAYS_OF_WEEK) for one in (mean, mean - NORMAL_90 * error, mean + NORMAL_90 * error)]
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
