"""Accuracy of breach forecasts: when drifts reached the next severity, against the forecasts in alerts."""

from dataclasses import dataclass
from datetime import datetime
from math import inf

import numpy as np

from detector.backtest.intervals import Figure, quantile, share
from detector.backtest.matching import Matches
from detector.degradations import steps_of
from detector.domain.evidence import Band
from detector.domain.window import DAY_S, HOUR_S, epoch
from detector.outlook import shortfall_by_hour

HORIZON_S = 3 * DAY_S
"""How long after a forecast its truth is known. Chosen: as far as `outlook.breach` looks ahead."""


@dataclass(frozen=True, slots=True)
class BreachForecast:
    """The first forecast of one drift of one incident, and when it happened; s since the epoch, inf = not in three days."""

    at: float
    low: float
    high: float
    breached_at: float


def breach_forecasts(matches: Matches) -> list[BreachForecast]:
    """One for each drift in an alert. Left out: those that had not got so far when the replay ended, before three days were
    over. Reached is the end of the first two hours that are so bad on average: a single hour is noise.
    """
    found: dict[tuple[str, str, str], BreachForecast | None] = {}
    for body, planned_at in matches.results.alerts:
        for one in ((body.get("data") or {}).get("expected") or {}).get("graver") or ():
            key = str(body.get("subject", "")).removeprefix("incident/"), str(one["object"]), str(one["kpi"])
            band = matches.results.drift_bands.get(key)
            if key in found or band is None:
                continue
            breached_at = _breach_time(band, str(one["severity"]), planned_at)
            seen = breached_at < inf or planned_at + HORIZON_S <= matches.results.window.end
            at, low, high = (inf if one[side] is None else _seconds(one[side]) for side in ("at", "low", "high"))
            found[key] = BreachForecast(at, low, high, breached_at) if seen else None
    return [one for one in found.values() if one is not None]


def breach_time_error(matches: Matches) -> Figure:
    """Median of how far (s, either way) the forecast lay from when it was reached; one that never was, or that was not
    expected, counts as three days."""
    return quantile(
        [min(abs(f.at - f.breached_at), HORIZON_S) if f.at != f.breached_at else 0.0 for f in breach_forecasts(matches)], 0.5
    )


def breach_time_coverage(matches: Matches) -> Figure:
    """Share of the stated intervals that held the time when it was reached, "not in three days" being a time, too; they
    promise 0.8."""
    own = breach_forecasts(matches)
    return share(sum(f.low <= f.breached_at <= f.high for f in own), len(own))


def _breach_time(band: Band, severity: str, after: int) -> float:
    limit = next(limit for limit, name in steps_of(band.kpi) if name == severity)
    level = shortfall_by_hour(band)
    last = int(band.starts[-1]) + band.duration_s
    ends = last - HOUR_S * np.arange(len(level) - 1, -1, -1)
    both = (level[1:] + level[:-1]) / 2
    hit = (both >= limit) & (ends[1:] > after) & (ends[1:] <= after + HORIZON_S)
    return float(ends[1:][hit.argmax()]) if hit.any() else inf


def _seconds(iso: str) -> float:
    return float(epoch(datetime.fromisoformat(iso)))
