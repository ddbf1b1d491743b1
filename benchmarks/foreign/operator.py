"""An operator of the second family, made and written: `python -m benchmarks.foreign.operator OUT SEED`."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign import core, counters, events, faults, network, presence, reference
from benchmarks.foreign.grid import Grid
from benchmarks.foreign.load import Load, undisturbed
from benchmarks.foreign.scenario import Scenario, drawn
from benchmarks.foreign.state import State, state_of
from benchmarks.foreign.writing import DayFiles


@dataclass(frozen=True, eq=False, kw_only=True)
class World:
    """Everything that is true of an operator, before it is written."""

    grid: Grid
    network: network.Network
    load: Load
    events: tuple[events.Event, ...]
    faults: tuple[faults.Fault, ...]
    state: State
    counted: counters.Counted

    @property
    def scenario(self) -> Scenario:
        return self.grid.scenario


def made(scenario: Scenario) -> World:
    grid, net = Grid(scenario), network.built(scenario)
    load = undisturbed(grid, net)
    happened = events.drawn(grid, net)
    wrong = faults.drawn(grid, net, load.attempts, happened)
    state = state_of(grid, net, load, happened, wrong)
    seen = counters.counted(grid, net, load, state)
    return World(grid=grid, network=net, load=load, events=happened, faults=wrong, state=state, counted=seen)


def write(folder: Path, world: World) -> None:
    """The dataset in `folder`; beside it, in a folder of the same name with `.bench`, what only the bench may read."""
    _write_counters(folder, world)
    off = np.zeros(len(world.grid.starts), bool)
    for event in world.events:
        if event.kind == "holiday":
            off[world.grid.share(event.start, event.end)[0]] = True
    population = presence.presence_of(world.grid, world.network, world.state, world.faults, off)
    _write_attachments(folder, world, population)
    reference.write_network(folder, world.grid, world.network)
    reference.write_operations(folder, world.grid, world.network, world.events, world.faults)
    reference.write_people(folder, world.grid, world.network, population)
    reference.write_truth(folder, world.grid, world.network, world.faults, population)
    chronic = counters.cells_of(world.grid, world.network).chronic
    reference.write_bench(folder.with_name(folder.name + ".bench"), world, chronic)


def _write_counters(folder: Path, world: World) -> None:
    grid, scenario = world.grid, world.scenario
    by = scenario.period_s // scenario.step_s
    starts = grid.starts[::by]
    files = DayFiles(folder / "counters", parquet=scenario.parquet)
    missing = _most(world.state.missing, by)
    suspect = np.asarray(world.state.suspect.reshape(-1, by, len(world.network.cells)).any(axis=1), bool)
    names = np.array(world.network.cells, object)
    for technology, (own, columns) in counters.tables(grid, world.network, world.state, world.counted).items():
        period, cell = np.nonzero(~missing[:, own])
        rows = {
            "object_id": names[own][cell],
            "start": starts[period],
            "duration_s": np.full(len(period), scenario.period_s),
            "suspect": suspect[:, own][period, cell],
        }
        rows |= {n: v[period, cell] for n, v in counters.longer(columns, by).items()}
        files.write(f"{{day}}/{technology.lower()}", rows)
    for kind, (functions, columns) in core.tables(grid, world.network, world.counted, world.faults).items():
        period, place = (a.ravel() for a in np.indices((len(starts), len(functions))))
        rows = {
            "object_id": np.array(functions, object)[place],
            "start": starts[period],
            "duration_s": np.full(len(period), scenario.period_s),
        }
        rows |= {n: v[period, place] for n, v in counters.longer(columns, by).items()}
        files.write(f"{{day}}/{kind.lower()}", rows)


def _most(flags: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """[step, cell] -> [period, cell]: more than half of its steps."""
    return np.asarray(flags.reshape(-1, by, flags.shape[1]).mean(axis=1) > 0.5, bool)


def _write_attachments(folder: Path, world: World, population: presence.Population) -> None:
    ids = np.array([reference.subscriber(n) for n in range(population.count)], object)
    DayFiles(folder / "attachments", parquet=True).write(
        "{day}",
        {
            "subscriber_id": ids[population.person],
            "cell_id": np.array(world.network.cells, object)[population.cell],
            "start": world.scenario.start + population.hour * 3600,
            "duration_s": np.full(len(population.hour), 3600),
            "seconds": population.seconds,
            "attempts": population.attempts,
            "failures": population.failures,
        },
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), made(drawn(int(sys.argv[2]))))
