"""How long each person is expected to be in an incident's cells, and what that does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S, hour_blocks
from detector.impact.displaced import Displaced
from detector.impact.harm import HarmColumns
from detector.impact.hourly_exposure import HourlyExposure
from detector.impact.population import active_share
from detector.impact.suffering import concentration_of

TAKEOVER_PRIOR_S = 3 * HOUR_S
"""Person-seconds of seen movement that weigh as much as the assumed takeover share. Chosen: three people for an hour."""
OWN_TAKEOVER_S = HOUR_S / 3
"""Seconds of a person's own time behind a cell out of service that weigh as much as how everybody fared. Chosen: who was
served by a neighbour in one hour is so in the next."""
CUT_OFF = 0.15
"""Chance that moving to the cell that takes over costs a person a running call or session. Chosen: about one person in seven
uses the network at a time."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """[person], over hours whose presence has not arrived.

    exposure_s: in touched cells; degraded_s: of that, in cells without or with slow service; harmful_s: of that, what is
    likely to be felt; hazard: expected own failures (attempts come as a Poisson stream,
    so none fails with the chance exp(-hazard)). window_s: length of the time looked at.
    """

    exposure_s: Vector
    degraded_s: Vector
    harmful_s: Vector
    hazard: Vector
    window_s: float = 0.0

    def plus(self, other: "Forecast") -> "Forecast":
        return Forecast(
            self.exposure_s + other.exposure_s,
            self.degraded_s + other.degraded_s,
            self.harmful_s + other.harmful_s,
            self.hazard + other.hazard,
            self.window_s + other.window_s,
        )


def forecast(hourly: HourlyExposure, arrived: Displaced, start: int, ends: Sequence[int]) -> list[tuple[Forecast, float]]:
    """For each of `ends` (s, rising): what is expected in the hours of `[start, end)` whose presence has not arrived, by
    profile and by the last presence (whose weight decays by the hour), and how all-or-nothing presence is (see chance).

    How much other cells take over in the hours ahead follows from the hours that have arrived.
    """
    none = np.zeros(len(hourly.population.keys))
    whole, hours = Forecast(none, none, none, none), hourly.arrived_hours
    moved_s, dead_s = float(arrived.moved_s.sum()), float(arrived.dead_s.sum())
    expected_harm, recent_harm = (
        _learned_takeover(harm, moved_s, dead_s) for harm in (hourly.expected_harm, hourly.recent_harm)
    )
    hourly, fared = (
        replace(hourly, expected_harm=expected_harm, recent_harm=recent_harm),
        _fared(expected_harm, recent_harm, arrived.moved_s, arrived.dead_s),
    )
    concentration, found = _concentration(hourly) + 1, []
    for end in ends:
        for block in (b for b in hour_blocks(start, end) if b[0] not in hours):
            whole = whole.plus(_not_arrived(hourly, block, fared))
        start = max(start, end)
        found.append((whole, concentration / evened_out(whole.window_s / HOUR_S, hourly.persistence) - 1))
    return found


def evened_out(hours: float, persistence: float) -> float:
    """Variance of the mean of so many hours, as a share of one hour's, when each resembles the last (AR(1)).

    >>> [round(evened_out(hours, 0.5), 2) for hours in (0.5, 1, 2, 24)]
    [1.0, 1.0, 0.75, 0.12]
    """
    n = max(round(hours), 1)
    lags = np.arange(1, n)
    return float((n + 2 * ((n - lags) * persistence**lags).sum()) / n**2)


def _learned_takeover(harm: HarmColumns, moved_s: float, expected_s: float) -> HarmColumns:
    return replace(harm, takeover=(harm.takeover * TAKEOVER_PRIOR_S + moved_s) / (TAKEOVER_PRIOR_S + expected_s))


def _unserved(takeover: Vector | float, cut_off: Vector | float = CUT_OFF) -> Vector:
    """Chance to be without service, or cut off on the way to the cell that takes over."""
    return np.asarray(1.0 - takeover * (1.0 - cut_off), np.float64)


def _fared(expected_harm: HarmColumns, recent_harm: HarmColumns, moved_s: Vector, expected_s: Vector) -> Vector:
    """[person]: chance to be unserved behind the cells out of service, as a multiple of everybody's, from their own hours
    there."""
    takeovers = np.concatenate([harm.takeover[harm.lost > 0] for harm in (expected_harm, recent_harm)])
    common = float(takeovers.mean()) if takeovers.size else 0.0
    own = (common * OWN_TAKEOVER_S + moved_s) / (OWN_TAKEOVER_S + expected_s)
    cut_off = CUT_OFF * OWN_TAKEOVER_S / (OWN_TAKEOVER_S + expected_s)  # who moved is not cut off again
    return np.asarray(_unserved(own, cut_off) / np.maximum(_unserved(common), 1e-9))


def _not_arrived(hourly: HourlyExposure, block: tuple[int, int, int], fared: Vector) -> Forecast:
    at, start, end = block

    def expected(weigh: Callable[[HarmColumns], Vector]) -> Vector:
        return hourly.blend(at, hourly.pair(lambda harm: harm.overlap_s(start, end) / HOUR_S * weigh(harm)))

    pace = hourly.population.attempts_per_s(at)
    active = active_share(pace)
    return Forecast(
        expected(lambda harm: np.ones_like(harm.lost)),
        expected(lambda harm: (harm.lost > 0).astype(np.float64))
        + active * expected(lambda harm: ((harm.lost == 0) & (harm.slow > 0)).astype(np.float64)),
        expected(lambda harm: np.asarray(harm.lost * _unserved(harm.takeover), np.float64)) * fared
        + active * expected(lambda harm: np.where(harm.lost > 0, 0.0, harm.slow)),
        expected(lambda harm: np.where(harm.lost > 0, 0.0, harm.failing)) * pace,
        float(end - start),
    )


def _concentration(hourly: HourlyExposure) -> float:
    """From the last hour before the forecast: the profile's expectation of the touched cells against what arrived."""
    expected, seen = hourly.touched_expected_s(hourly.population.recent_at), hourly.seen_s(hourly.population.recent_at)
    known = hourly.population.seen & (expected > 0)
    return concentration_of(expected[known] / HOUR_S, seen[known] / HOUR_S)
