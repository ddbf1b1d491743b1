"""When a drift reaches its next severity: its level and slope of the last two days, carried on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.evidence import Band
from detector.domain.outlook import Breach
from detector.domain.window import HOUR_S

Vector = NDArray[np.float64]
LOOK_BACK_H = 48
"""Hours of history of a forecast. Chosen: of 24 to 96 hours the best on development seeds; shorter is noise, longer is the
time before the drift."""
LOOK_AHEAD_H = 72
"""Hours ahead for which a breach is forecast. Chosen: three days, a weekend of the operations centre."""
LEAST_HOURS = 12
"""Fewest hours from which a slope is estimated. Chosen: half a day."""
TAIL_Z = 1.2815515655446004
"""Standard normal quantile of 0.9: a tenth of the paths lies beyond on either side. Definition."""


def breach_of(band: Band, steps: Sequence[tuple[float, str]], *, made_at: int) -> Breach | None:
    """When the KPI of `band` reaches its next severity; None if it is at the last one already, or if less than LEAST_HOURS
    of the past are known. `band`: the drifting KPI of one object up to `made_at` (s). `steps`: (shortfall, severity from
    there on), ascending; a shortfall is measured as by `shortfall_by_hour`.
    """
    level = shortfall_by_hour(band)[-LOOK_BACK_H:]
    here = np.flatnonzero(np.isfinite(level))
    if len(here) < LEAST_HOURS:
        return None
    ahead = next((step for step in steps if step[0] > level[here[-3:]].mean()), None)
    if ahead is None:
        return None
    median, low, high = (None if at is None else made_at + at * HOUR_S for at in hours_to_reach(level, ahead[0]))
    expected = float(band.expected[np.isfinite(band.expected)][-1])
    return Breach(
        object_id=band.object_id,
        kpi=band.kpi.id,
        severity=ahead[1],
        limit=band.kpi.worsened(expected, ahead[0]),
        made_at=made_at,
        at=median,
        low=low,
        high=high,
    )


def shortfall_by_hour(band: Band) -> Vector:
    """[hour] by how much the KPI is worse than expected, in points of a ratio, else in the logarithm of observed to
    expected; the last hour ends with the band. NaN where nothing is known."""
    periods = max(1, HOUR_S // band.duration_s)
    count = len(band.starts) // periods
    first = len(band.starts) - count * periods
    sides = (side[first:].reshape(count, periods) for side in (band.observed, band.expected))
    known = np.isfinite(band.observed[first:] + band.expected[first:]).reshape(count, periods)
    number = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen, expected = (np.where(known, side, 0.0).sum(axis=1) / number for side in sides)
        signed = band.kpi.worsening(seen, expected)
    return np.where(np.isfinite(signed), signed, np.nan)


@dataclass(frozen=True)
class DriftModel:
    """A random walk with drift: the level moves by `slope` an hour, give or take `step`; `hours` it was seen for."""

    level: float
    slope: float
    step: float
    hours: float

    def quantile(self, z: float, ahead: Vector) -> Vector:
        """The level so many hours ahead at this quantile `z`; the uncertainty of the slope is included."""
        return np.asarray(self.level + self.slope * ahead + z * self.step * np.sqrt(ahead + ahead**2 / self.hours))


def hours_to_reach(level: Vector, limit: float) -> tuple[int | None, int | None, int | None]:
    """Hours until the limit is reached: median, and low and high of the 80 % interval; None = not within LOOK_AHEAD_H.

    The structural model "random walk with drift" (Harvey 1989, Forecasting, Structural Time Series Models and the Kalman
    Filter, 2.3), whose likelihood has its maximum in closed form; gaps count as the hours that they are.

    >>> hours_to_reach(np.linspace(0.0, 0.047, 48), 0.057)[0]
    10
    """
    here = np.flatnonzero(np.isfinite(level))
    gaps, moves = np.diff(here).astype(np.float64), np.diff(level[here])
    hours = float(gaps.sum())
    slope = float(moves.sum()) / hours
    step = float(np.sqrt(np.mean((moves - slope * gaps) ** 2 / gaps)))
    model = DriftModel(float(level[here[-1]]), slope, step, hours)
    ahead = np.arange(1.0, LOOK_AHEAD_H + 1)
    median, low, high = (model.quantile(z, ahead) >= limit - 1e-12 for z in (0.0, TAIL_Z, -TAIL_Z))
    return _first(median), _first(low), _first(high)


def _first(reached: NDArray[np.bool_]) -> int | None:
    return int(reached.argmax()) + 1 if reached.any() else None
