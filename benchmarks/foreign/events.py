"""What happens to an operator without being a fault: storms, holidays, matches, works, gaps in reporting, single bursts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.foreign.grid import HOUR_S, Grid, Ints
from benchmarks.foreign.network import Network
from benchmarks.foreign.scenario import DAY_S

PROCESSES = ("rrc", "context", "bearer", "drop", "handover")
BURSTS_PER_CELL_WEEK = 0.05
"""Periods in which one user's device fails again and again, for the median cell. Chosen: some cells have ten times that."""
GAPS_PER_CELL_WEEK = 0.12
"""Times that a site stops reporting while it serves as usual, per cell. Chosen: one a week of a site of eight cells."""
SUSPECT_PER_CELL_WEEK = 0.5
"""Rows marked suspect, which hold nonsense. Chosen: collection restarts."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """`kind`: burst, storm, holiday, match, works, gap, suspect. [start, end) in s. `scope`: (kind, id) as it is declared.
    `process` and `count`: of a burst."""

    kind: str
    cells: Ints
    start: int
    end: int
    scope: tuple[str, str]
    size: float = 1.0
    process: str = ""


def drawn(grid: Grid, network: Network) -> tuple[Event, ...]:
    """Everything that is no fault, over history and replay."""
    makers = (_holidays, _storms, _matches, _works, _gaps, _suspects, _bursts)
    found = [event for maker in makers for event in maker(grid, network, grid.scenario.rng(maker.__name__))]
    return tuple(sorted(found, key=lambda e: (e.start, e.kind, e.scope)))


def _everywhere(network: Network) -> Ints:
    return np.arange(len(network.cells))


def _holidays(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """One working day of the replay, declared for the whole network."""
    own = grid.midnights(grid.scenario.replay_from, grid.scenario.end - DAY_S)
    working = [at for at in own if grid.weekday[np.searchsorted(grid.starts, at)] < 5]
    if working and rng.random() < 0.7:
        at = int(rng.choice(working))
        yield Event(kind="holiday", cells=_everywhere(network), start=at, end=at + DAY_S, scope=("network", "*"))


def _storms(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """Undeclared weather, mild, over the network or a region: seldom in history, most often once in the replay."""
    scenario = grid.scenario
    spans = [(scenario.start, scenario.replay_from)] * int(rng.poisson(0.7)) + [(scenario.replay_from, scenario.end)]
    for first, last in spans:
        length = int(rng.uniform(3, 8) * HOUR_S)
        start, region, size = (
            int(rng.uniform(first, last - length)),
            str(rng.choice(["north", "south", "*"])),
            rng.uniform(0.4, 1),
        )
        cells = np.flatnonzero([region in ("*", r) for r in network.region])
        scope = ("network", "*") if region == "*" else ("region", region)
        if rng.random() < 0.75:
            yield Event(kind="storm", cells=cells, start=start, end=start + length, scope=scope, size=float(size))


def _matches(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """A declared event at each stadium once or twice a week, in the evening."""
    for site in np.flatnonzero(np.array(network.shape_of) == "stadium").tolist():
        for midnight in grid.midnights(grid.scenario.start, grid.scenario.end - DAY_S):
            if rng.random() < 1.5 / 7:
                start = midnight + int(rng.choice([17, 18, 19])) * HOUR_S
                size = float(rng.uniform(3, 8))
                scope = ("site", network.sites[site])
                yield Event(
                    kind="match", cells=network.of_site(site), start=start, end=start + 3 * HOUR_S, scope=scope, size=size
                )


def _works(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """Declared works at night that take a site down."""
    for midnight in grid.midnights(grid.scenario.start, grid.scenario.end - DAY_S):
        for site in np.flatnonzero(rng.random(len(network.sites)) < 0.012).tolist():
            start = midnight + HOUR_S + int(rng.integers(0, 8)) * 900
            end = start + int(rng.integers(3, 11)) * 900
            scope = ("site", network.sites[site])
            yield Event(kind="works", cells=network.of_site(site), start=start, end=end, scope=scope)


def _gaps(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """Rows of a whole site are missing, and its people are there as usual."""
    weeks = grid.scenario.days / 7
    for site in range(len(network.sites)):
        cells = network.of_site(site)
        for _ in range(rng.poisson(GAPS_PER_CELL_WEEK * weeks * len(cells) / 3)):
            start = grid.scenario.start + int(rng.uniform(0, grid.scenario.days * DAY_S)) // 900 * 900
            end = start + int(np.exp(rng.uniform(np.log(2), np.log(20)))) * 900
            yield Event(kind="gap", cells=cells, start=start, end=end, scope=("site", network.sites[site]))


def _suspects(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    for cell in range(len(network.cells)):
        for _ in range(rng.poisson(SUSPECT_PER_CELL_WEEK * grid.scenario.days / 7)):
            start = int(rng.choice(grid.starts))
            yield Event(
                kind="suspect",
                cells=np.array([cell]),
                start=start,
                end=start + grid.step_s,
                scope=("cell", network.cells[cell]),
                size=float(rng.uniform(0.0, 4.0)),
            )


def _bursts(grid: Grid, network: Network, rng: np.random.Generator) -> Iterator[Event]:
    """A device that fails and tries again, mostly within one step, in the time when people are awake."""
    rates = BURSTS_PER_CELL_WEEK * np.exp(rng.normal(0, 1.2, len(network.cells)))
    awake = grid.starts[(grid.second >= 6 * HOUR_S)]
    for cell, rate in enumerate(rates):
        for _ in range(rng.poisson(rate * grid.scenario.days / 7)):
            start, size = int(rng.choice(awake)), float(np.exp(rng.normal(np.log(20), 1.0)).clip(4, 250))
            yield Event(
                kind="burst",
                cells=np.array([cell]),
                start=start,
                end=start + grid.step_s,
                scope=("cell", network.cells[cell]),
                size=size,
                process=str(rng.choice(PROCESSES, p=(0.3, 0.2, 0.2, 0.15, 0.15))),
            )
