"""A cheap screen: which cells may be congested soon, by least squares of a trend and the days of the week, all at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAYS_OF_WEEK = 7
"""Days of a week. Definition."""
LEAST_DAYS = 21
"""Days with a busy hour that a trend needs. Chosen: three of every day of the week."""
CONGESTED = 80.0
"""PRB use (%) of the busy hour from which a cell is congested. Chosen as the catalogue has it: "above 80 the cell is busy"
(config/kpis.toml); operators add capacity at 70 to 80, before a cell is full (`domain.kpi.SATURATED`)."""
HISTORY_WEEKS = 17
"""Weeks of history that a trend is fitted to, at most. Chosen: a growth of last year is not this one's; by default the KPI
history is kept as long."""
HORIZON_WEEKS = 13
"""Weeks ahead that a report looks. Chosen: a quarter; a carrier or a site takes about as long to plan."""
LEAST_USE = 0.5
"""Least busy hour (%, users) that counts. Chosen: below, a cell carries nothing."""
SLOPE_ERRORS = 3.0
"""Standard errors that the screen adds to a slope. Chosen: days are not independent, so that an error is larger than least
squares has it; a cell more costs a tenth of a second, a missed one a planner."""
ODD_SPREADS = 4.0
"""Robust standard deviations from the trend beyond which a day is odd. Chosen: by chance one in 16,000 is."""
LEAST_ODD = 0.2
"""Least distance of an odd day, of the logarithm. Chosen: a fifth more or less is an ordinary day of any cell."""
ROUNDS = 2
"""How often odd days are looked for. Chosen: the first may hide the second, and few cells have a third."""
TO_STANDARD_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation. Definition."""
RIDGE = 1e-9
"""Added to the diagonal of normal equations. Chosen: a day of the week that is never seen stays at 0."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trends:
    """[cell] growth: of the logarithm a day; error: its standard error; level: the logarithm of the busy hour on a day of
    the week in the middle of the others, at the end of the history. NaN where fewer than LEAST_DAYS are sound. sound:
    [day, cell] days that are known and not far off the trend."""

    growth: Floats
    error: Floats
    level: Floats
    sound: NDArray[np.bool_]

    def picked(self, limit: float) -> NDArray[np.intp]:
        """Cells whose usual busy hour may reach `limit` within HORIZON_WEEKS, the likeliest first."""
        ahead = HORIZON_WEEKS * DAYS_OF_WEEK
        reached = self.level + np.maximum(self.growth + SLOPE_ERRORS * self.error, 0.0) * ahead
        expected = self.level + np.maximum(self.growth, 0.0) * ahead
        order = np.argsort(-np.nan_to_num(expected, nan=-np.inf), kind="stable")
        return np.asarray(order[np.nan_to_num(reached[order], nan=-np.inf) >= np.log(limit)])


def trends_of(values: Floats, first_day: int) -> Trends:
    """values: [day, cell] busy hours, `first_day` the number of the first since 1970-01-01. Days far off the trend (an
    outage, a match) are left out."""
    days = len(values)
    sound = np.isfinite(values) & (np.nan_to_num(values) >= LEAST_USE)
    logs = np.log(np.where(sound, values, 1.0))
    design = design_of(np.arange(days) - (days - 1), first_day + np.arange(days))
    for _ in range(ROUNDS):
        fit, _ = _least_squares(logs, sound, design)
        distance = np.where(sound, np.abs(logs - design @ fit.T), np.nan)
        sound &= np.nan_to_num(distance) <= np.maximum(ODD_SPREADS * _typical(distance), LEAST_ODD)
    fit, inverse = _least_squares(logs, sound, design)
    count = sound.sum(axis=0)
    residual = np.where(sound, logs - design @ fit.T, 0.0)
    spread = np.sqrt((residual**2).sum(axis=0) / np.maximum(count - design.shape[1], 1))
    enough = (count >= LEAST_DAYS) & sound[-DAYS_OF_WEEK:].any(axis=0)
    error = spread * np.sqrt(np.maximum(inverse[:, 0, 0], 0.0))
    growth, error, level = (np.where(enough, one, np.nan) for one in (fit[:, 0], error, np.median(fit[:, 1:], axis=1)))
    return Trends(growth, error, level, sound)


def _least_squares(logs: Floats, sound: NDArray[np.bool_], design: Floats) -> tuple[Floats, Floats]:
    """([cell, 8] coefficients, [cell, 8, 8] inverse of the normal equations)."""
    width = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), width * width)
    normal = (sound.T.astype(float) @ products).reshape(-1, width, width) + RIDGE * np.eye(width)
    inverse = np.linalg.inv(normal)
    fit = np.einsum("cij,cj->ci", inverse, np.where(sound, logs, 0.0).T @ design)
    return np.asarray(fit, np.float64), np.asarray(inverse, np.float64)


def _typical(distance: Floats) -> Floats:
    """[cell] a robust standard deviation; 0 where nothing is known."""
    some = np.isfinite(distance).any(axis=0)
    middle = np.zeros(distance.shape[1])
    if some.any():
        middle[some] = TO_STANDARD_DEVIATION * np.nanmedian(distance[:, some], axis=0)
    return middle


def design_of(time: NDArray[np.int64], days: NDArray[np.int64]) -> Floats:
    """[day, 8] the time and which day of the week it is: no column of ones beside them."""
    week = np.arange(DAYS_OF_WEEK)
    return np.column_stack([time, (days % DAYS_OF_WEEK)[:, None] == week]).astype(float)
