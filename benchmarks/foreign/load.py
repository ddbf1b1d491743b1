"""How much each cell carries when nothing is wrong: courses of the day with edges, and jobs that come every night."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.grid import HOUR_S, Floats, Grid
from benchmarks.foreign.network import Network

CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    "residential": (
        (0, 0.5),
        (1, 0.25),
        (5, 0.1),
        (7, 0.5),
        (9, 0.6),
        (13, 0.6),
        (17, 0.8),
        (20, 1.3),
        (22, 1.4),
        (24, 0.5),
    ),
    "commuter": (
        (0, 0.2),
        (5, 0.1),
        (7, 0.7),
        (8, 1.7),
        (9.5, 0.8),
        (15, 0.7),
        (17, 1.6),
        (18.5, 1.5),
        (20, 0.6),
        (24, 0.2),
    ),
    "highway": ((0, 0.25), (4, 0.15), (6.5, 0.9), (9, 1.1), (12, 1.0), (16, 1.4), (19, 1.0), (22, 0.4), (24, 0.25)),
    "stadium": ((0, 0.15), (6, 0.1), (10, 0.4), (18, 0.5), (21, 0.4), (24, 0.15)),
}
"""Straight lines between (local hour, load relative to the mean). Chosen: unlike a sine on purpose."""
SHIFTS: dict[str, tuple[tuple[float, float], ...]] = {
    "office": ((0, 0.06), (7, 0.35), (8, 1.9), (12, 1.2), (13, 1.9), (17.5, 0.5), (19, 0.12)),
    "factory": ((0, 0.5), (5.75, 1.8), (6.25, 0.9), (13.75, 1.7), (14.25, 0.9), (21.75, 1.5), (22.25, 0.5)),
}
"""Levels from a local hour on: shifts begin and end with a step. Chosen: a step within one period."""
WEEKEND = {"residential": 1.15, "commuter": 0.45, "highway": 0.85, "stadium": 0.8, "office": 0.12, "factory": 0.4}
"""Load of Saturday and Sunday relative to a working day. Chosen."""


@dataclass(frozen=True, eq=False)
class Load:
    """`attempts`: [step, cell] expected connection attempts. `volume`: [step, cell] data of an attempt, relative.
    `busy`: [cell] what a cell is built for, attempts a step. `steps`: [cell] which recurring job a cell has."""

    attempts: Floats
    volume: Floats
    busy: Floats
    steps: tuple[str, ...]


def undisturbed(grid: Grid, network: Network) -> Load:
    """Without events, faults and noise of single steps."""
    rng = grid.scenario.rng("load")
    count = len(network.cells)
    level = np.exp(rng.normal(np.log(130), 0.75, count)).clip(12, 1200) * grid.step_s / 900
    level[network.capacity] *= 0.6
    courses = {name: course(grid, name) for name in WEEKEND}
    attempts = np.stack([courses[shape] for shape in network.shape], axis=1) * level
    attempts *= _days(grid, rng, count) * _wander(rng, len(grid.starts), count)
    volume = np.ones_like(attempts)
    jobs = np.array(["none", "night tariff", "nightly job", "sleep"])
    steps = rng.choice(jobs, count, p=(0.55, 0.2, 0.25, 0.0))
    asleep = network.capacity & (rng.random(count) < 0.7)
    steps[asleep] = "sleep"
    hour = grid.second / HOUR_S
    volume[:, steps == "night tariff"] *= np.where(hour < 6, 2.2, 1.0)[:, None]
    job = ((hour >= 3.5) & (hour < 3.75))[:, None]
    extra = rng.uniform(1.5, 6.0, count) * level
    attempts = np.where(job & (steps == "nightly job"), attempts + extra, attempts)
    attempts[:, asleep] *= np.where(hour < 5, 0.0, 1.0)[:, None]
    return Load(attempts, volume, level * 2.4, tuple(map(str, steps)))


def course(grid: Grid, name: str) -> Floats:
    """[step] relative to the mean of a working day, weekends included."""
    hour = grid.second / HOUR_S
    if name in CURVES:
        hours, values = np.array(CURVES[name]).T
        found = np.interp(hour + grid.step_s / 2 / HOUR_S, hours, values)
    else:
        hours, values = np.array(SHIFTS[name]).T
        found = values[np.searchsorted(hours, hour, side="right") - 1]
    found = found * np.where(grid.weekday >= 5, WEEKEND[name], 1.0)
    if name == "highway":
        found = found * np.where((grid.weekday == 4) & (hour > 14) & (hour < 20), 1.4, 1.0)
    return np.asarray(found, np.float64)


def _days(grid: Grid, rng: np.random.Generator, count: int) -> Floats:
    """[step, cell] a factor for each day of each cell, changing at midnight."""
    days = int(grid.day.max()) + 1
    return np.asarray(np.exp(rng.normal(0, 0.05, (days, count)))[grid.day], np.float64)


def _wander(rng: np.random.Generator, steps: int, count: int) -> Floats:
    """[step, cell] factors with a memory of an hour or so, a spread of each cell's own."""
    spread, found = rng.uniform(0.04, 0.14, count), np.empty((steps, count))
    shocks, state = rng.normal(0, 1, (steps, count)), np.zeros(count)
    for t in range(steps):
        state = 0.7 * state + 0.714 * shocks[t]
        found[t] = state
    return np.exp(found * spread)


def weekends(grid: Grid, shapes: list[str], day: NDArray[np.bool_]) -> Floats:
    """[step, cell] what makes of the steps `day` a day off: offices and factories empty, homes fill."""
    off = np.array([{"office": 0.1, "factory": 0.3, "commuter": 0.45}.get(s, 1.1) for s in shapes])
    own = np.where(grid.weekday >= 5, 0.0, 1.0) * day
    return np.where(own[:, None] > 0, off, 1.0)
