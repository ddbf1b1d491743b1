"""The demand on each cell: land use, hour of the local week, holidays, matches, noise in common and alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.operations import CalendarEvent
from detector.domain.window import DAY_S, WEEK_S, Window
from detector.simulator.scenario import Scenario, autoregressive
from detector.simulator.topology import Network

HOURS = np.arange(25)
WORKDAY = (
    np.array(
        [
            [6, 5, 5, 5, 6, 10, 22, 50, 80, 95, 100, 100, 97, 100, 100, 96, 90, 78, 55, 38, 28, 20, 14, 9, 6],
            [16, 10, 8, 7, 8, 14, 30, 52, 55, 50, 50, 54, 60, 60, 58, 62, 70, 82, 94, 100, 100, 92, 66, 36, 16],
            [8, 5, 4, 5, 12, 35, 75, 100, 92, 60, 50, 52, 58, 58, 60, 75, 95, 100, 82, 55, 40, 32, 24, 14, 8],
            [12, 8, 7, 7, 10, 22, 42, 58, 62, 62, 64, 70, 74, 70, 68, 72, 80, 92, 100, 96, 82, 60, 36, 20, 12],
        ]
    )
    / 100
)
WEEKEND = (
    np.array(
        [
            [10, 8, 6, 5, 5, 6, 8, 12, 20, 30, 40, 46, 48, 46, 44, 42, 40, 38, 34, 30, 26, 22, 18, 14, 10],
            [22, 16, 11, 8, 8, 10, 16, 28, 44, 60, 70, 76, 78, 76, 76, 78, 82, 90, 98, 100, 96, 84, 62, 38, 22],
            [14, 10, 7, 6, 7, 12, 22, 34, 46, 56, 62, 66, 68, 68, 70, 72, 72, 68, 60, 50, 42, 36, 30, 22, 14],
            [14, 10, 8, 7, 8, 14, 26, 42, 60, 76, 86, 92, 92, 88, 86, 88, 92, 98, 100, 92, 76, 56, 36, 22, 14],
        ]
    )
    / 100
)
"""[land use, hour] share of the busiest hour; the 25th value closes the circle."""


@dataclass(frozen=True, eq=False)
class Load:
    """mean: [P, C] connection attempts expected in a period. utilisation is mean / capacity. asleep: [P, C] capacity
    cells switched off for the night. calendar: what the operator knew beforehand."""

    mean: NDArray[np.float32]
    capacity: NDArray[np.float32]
    asleep: NDArray[np.bool_]
    calendar: tuple[CalendarEvent, ...]


def build_load(scenario: Scenario, network: Network) -> Load:
    rng = scenario.rng("load")
    peak = np.clip(rng.lognormal(np.log(130), 0.45, len(network.cells)), 45, 320)
    peak *= np.where(network.layer == "capacity", 0.7, 1.0) * np.array([1.15, 1.0, 1.0, 0.6])[network.land_use]
    capacity = peak / rng.uniform(0.35, 0.8, len(peak))
    calendar = _calendar(scenario, network)
    mean = (_profile(scenario, network, calendar) * peak).astype(np.float32)
    mean *= np.exp(_common(scenario, network) + autoregressive(scenario.rng("load", "own"), mean.shape, 2.0, 0.12))
    for event in calendar:
        if event.kind == "event":
            mean *= _surge(scenario, network, event)
    if scenario.weekly_growth:
        mean *= _growth(scenario, network)
    asleep = _asleep(scenario, network)
    mean[asleep] = 0.0
    return Load(mean, capacity.astype(np.float32), asleep, calendar)


def _growth(scenario: Scenario, network: Network) -> NDArray[np.float32]:
    """[P, C] A tenth of the cells grow four times as fast as the median, the others about as fast, some hardly at all."""
    rng = scenario.rng("load", "growth")
    fast, others = rng.random(len(network.cells)) < 0.1, rng.normal(1.0, 0.7, len(network.cells))
    weekly = scenario.weekly_growth * np.where(fast, 4.0, others)
    weeks = (scenario.starts - scenario.start) / WEEK_S
    return np.asarray((1 + weekly) ** weeks[:, None], np.float32)


def _profile(scenario: Scenario, network: Network, calendar: tuple[CalendarEvent, ...]) -> NDArray[np.float64]:
    shape = np.empty((len(scenario.starts), len(WORKDAY)))
    off = scenario.weekend.copy()
    for event in calendar:
        if event.kind == "holiday":
            off |= (scenario.starts >= event.window.start) & (scenario.starts < event.window.end)
    for use, (workday, weekend) in enumerate(zip(WORKDAY, WEEKEND, strict=True)):
        there = np.interp(scenario.local_hour, HOURS, workday), np.interp(scenario.local_hour, HOURS, weekend)
        shape[:, use] = np.where(off, there[1], there[0])
    return shape[:, network.land_use]


def _common(scenario: Scenario, network: Network) -> NDArray[np.float32]:
    regions = autoregressive(scenario.rng("load", "region"), (len(scenario.starts), 64), 5.0, 0.06)
    return np.asarray(regions[:, network.region % 64], np.float32)


def _asleep(scenario: Scenario, network: Network) -> NDArray[np.bool_]:
    rng = scenario.rng("load", "asleep")
    sleeps, wakes = rng.uniform(0.0, 1.5, len(network.cells)), rng.uniform(5.0, 6.2, len(network.cells))
    hour = scenario.local_hour[:, None]
    return np.asarray(network.capacity & (hour >= sleeps) & (hour < wakes))


def _calendar(scenario: Scenario, network: Network) -> tuple[CalendarEvent, ...]:
    """About one public holiday in 25 days and two matches a week, each at one to three sites."""
    rng = scenario.rng("calendar")
    events = []
    for midnight in scenario.starts[scenario.local % DAY_S == 0].tolist():
        holiday, match, hour, hours, sites = (
            rng.random(),
            rng.random(),
            rng.uniform(13, 19),
            rng.uniform(2.5, 4),
            rng.integers(1, 4),
        )
        places = rng.choice(len(network.sites), min(int(sites), len(network.sites)), replace=False)
        if holiday < 0.04:
            events.append(CalendarEvent("network", "*", Window(midnight, midnight + DAY_S), "Public holiday", "holiday"))
        if match < 0.28:
            begin = midnight + int(hour * 4) * 900
            window = Window(begin, begin + int(hours * 4) * 900)
            events += [CalendarEvent("site", network.sites[int(s)].site_id, window, "Match", "event") for s in places]
    return tuple(events)


def _surge(scenario: Scenario, network: Network, event: CalendarEvent) -> NDArray[np.float32]:
    """Visitors arrive within half an hour and leave likewise: up to three times the traffic."""
    ramp = np.interp(
        scenario.starts,
        [event.window.start - 1800, event.window.start, event.window.end, event.window.end + 1800],
        [0, 1, 1, 0],
    )
    here = np.array([s.site_id == event.scope_id for s in network.sites])[network.site]
    return np.asarray(1 + 2.0 * ramp[:, None] * here, np.float32)
