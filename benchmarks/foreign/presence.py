"""Subscribers: where each is in each hour, what they try, what fails, who suffers from which fault, who complains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.faults import Fault
from benchmarks.foreign.grid import HOUR_S, Floats, Grid, Ints
from benchmarks.foreign.network import Network
from benchmarks.foreign.state import State

ACTIVE = np.array([6, 2, 1, 1, 2, 8, 25, 55, 80, 85, 80, 85, 90, 85, 80, 85, 95, 100, 100, 95, 95, 85, 55, 20]) / 100
"""By local hour: what a person tries, relative to the busiest hour. Chosen."""
TRIES = 4.0
"""Attempts of a person in the busiest hour. Chosen."""
BASE_FAILURES = 0.012
"""Share of a person's attempts that fails without a fault. Chosen."""
MOVES = 0.6
"""Of the people of a dead cell, who are served by another site; the others have no service. Chosen."""
COMPLAINS = 0.05
"""Chance that somebody who suffers complains about it. Chosen: far more than in life, for a small operator to have some."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """Columns of attachments (`person`, `cell`, `hour` as places, ordered by hour), and of suffering, one row for each fault
    and person."""

    count: int
    person: Ints
    cell: Ints
    hour: Ints
    seconds: Ints
    attempts: Ints
    failures: Ints
    suffering: tuple[tuple[Fault, Ints, Ints, Ints], ...]
    complaints: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class Failed:
    """Rows in order of hour: attempts that failed of a person there, and the share that was to fail."""

    hour: Ints
    person: Ints
    cell: Ints
    failures: Ints
    share: Floats


def presence_of(
    grid: Grid, network: Network, state: State, faults: Sequence[Fault], days_off: NDArray[np.bool_]
) -> Population:
    """`days_off`: [step] True in a declared holiday."""
    rng = grid.scenario.rng("people")
    count = grid.scenario.people * len(network.cells)
    place = _places(grid, network, rng, count, days_off)
    down = grid.hourly(state.down)
    hour, person = (a.ravel() for a in np.indices(place.shape))
    cell = place.ravel()
    lost = down[hour, cell]
    stays = np.round(HOUR_S * (1 - lost)).astype(np.int64)
    moved = (lost > 0.05) & (rng.random(len(lost)) < MOVES)
    other = network.near[cell[moved], rng.integers(0, network.near.shape[1], int(moved.sum()))]
    served = down[hour[moved], other] < 0.5
    rows = [
        np.stack([hour, person, cell, stays]),
        np.stack([hour[moved], person[moved], other, HOUR_S - stays[moved]])[:, served],
    ]
    hours, persons, cells, seconds = np.concatenate([r[:, r[3] > 0] for r in rows], axis=1)
    order = np.lexsort((cells, persons, hours))
    hours, persons, cells, seconds = hours[order], persons[order], cells[order], seconds[order]
    active = _active(grid)
    attempts = rng.poisson(TRIES * active[hours] * seconds / HOUR_S * np.exp(rng.normal(0, 0.6, count))[persons])
    share = _failing(grid, state)[hours, cells]
    failures = rng.binomial(attempts, share)
    suffering, complaints = [], []
    for fault in faults:
        if fault.affects:
            row = _suffering(grid, rng, fault, place, Failed(hours, persons, cells, failures, share))
            suffering.append((fault, *row))
            complaints += _complaints(rng, fault, row[0])
    return Population(
        count=count,
        person=persons,
        cell=cells,
        hour=hours,
        seconds=seconds,
        attempts=attempts,
        failures=failures,
        suffering=tuple(suffering),
        complaints=tuple(sorted(complaints)),
    )


def _active(grid: Grid) -> Floats:
    """[hour]"""
    local = grid.second[:: HOUR_S // grid.step_s] // HOUR_S
    return np.asarray(ACTIVE[local], np.float64)


def _places(
    grid: Grid, network: Network, rng: np.random.Generator, count: int, days_off: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """[hour, person] cell: at home, on working days at work from a first to a last hour, sometimes at a neighbour's."""
    weight = {"residential": 4.0, "commuter": 1.5, "office": 0.2, "highway": 0.3, "factory": 0.2, "stadium": 0.1}
    lives = np.array([weight[s] for s in network.shape]) * ~network.capacity
    labours = np.array([5.0 if s in {"office", "factory"} else 1.0 for s in network.shape]) * ~network.capacity
    home = rng.choice(len(lives), count, p=lives / lives.sum())
    work = rng.choice(len(lives), count, p=labours / labours.sum())
    every = HOUR_S // grid.step_s
    local, weekday, off = grid.second[::every] // HOUR_S, grid.weekday[::every], days_off[::every]
    first, employed = rng.integers(7, 10, count), rng.random(count) < 0.6
    working = (weekday < 5) & ~off
    at_work = working[:, None] & (local[:, None] >= first) & (local[:, None] < first + 9) & employed
    place = np.where(at_work, work, home)
    errand = (rng.random(place.shape) < 0.1) & (local[:, None] >= 8) & (local[:, None] < 22)
    out = network.near[home[None, :].repeat(len(local), 0)[errand], rng.integers(0, 4, int(errand.sum()))]
    place[errand] = out
    return place


def _failing(grid: Grid, state: State) -> Floats:
    """[hour, cell] share of a person's attempts that fails."""
    kept = np.ones_like(state.down)
    for name in ("rrc", "context", "bearer", "drop"):
        kept *= 1 - state.extra[name]
    return 1 - (1 - BASE_FAILURES) * grid.hourly(kept)


def _suffering(grid: Grid, rng: np.random.Generator, fault: Fault, place: Ints, rows: "Failed") -> tuple[Ints, Ints, Ints]:
    """(person, failures, degraded s) of those who were where the fault was."""
    begin = grid.scenario.start
    first, last = (fault.start - begin) // HOUR_S, -(-(fault.end - begin) // HOUR_S)
    hours = np.arange(first, min(last, len(place)))
    inside = np.minimum(begin + (hours + 1) * HOUR_S, fault.end) - np.maximum(begin + hours * HOUR_S, fault.start)
    total = np.zeros((2, place.shape[1]), np.int64)
    if fault.takes_service or fault.process == "speed":
        here = np.isin(place[hours], fault.cells)
        active = _active(grid)[hours][:, None]
        seconds = inside[:, None] * (1.0 if fault.takes_service else np.minimum(1.0, active))
        total[1] = (here * seconds).sum(axis=0).astype(np.int64)
        tried = np.maximum(1 - np.exp(-TRIES * active * inside[:, None] / HOUR_S), 0) * fault.takes_service
        total[0] = rng.binomial(1, here * tried * 0.5).sum(axis=0)
    elif fault.process != "handover":
        low, high = np.searchsorted(rows.hour, [first, last])
        own = low + np.flatnonzero(np.isin(rows.cell[low:high], fault.cells))
        cause = np.clip(1 - BASE_FAILURES / np.maximum(rows.share[own], BASE_FAILURES), 0, 1)
        np.add.at(total[0], rows.person[own], rng.binomial(rows.failures[own], cause))
    who = np.flatnonzero(total.any(axis=0))
    return who, total[0, who], total[1, who]


def _complaints(rng: np.random.Generator, fault: Fault, who: Ints) -> list[tuple[int, int, int]]:
    """(at, person, cell complained about): some while it lasts, some after."""
    own = who[rng.random(len(who)) < COMPLAINS]
    latest = fault.end - fault.start + HOUR_S
    return [(int(fault.start + 900 + rng.uniform(0, latest)), int(p), int(rng.choice(fault.cells))) for p in own]
