"""Cells that are bad all the time, from the first day on: what no baseline of their own can show. They are no faults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S, WEEK_S
from detector.simulator.effects import PROCESSES, Effects
from detector.simulator.load import Load
from detector.simulator.quality import BASE
from detector.simulator.scenario import PERIOD_S, Scenario, autoregressive
from detector.simulator.topology import Network


@dataclass(frozen=True)
class ChronicCell:
    """One cell that is always bad. `severity`: 0 mild to 1 severe, within what its kind allows."""

    cell: int
    kind: str
    severity: float


@dataclass(frozen=True, eq=False)
class Bad:
    """What a kind needs to know of one cell: `busy`: [P] periods above 70 % of its own 99th percentile of load."""

    cell: int
    severity: float
    busy: NDArray[np.bool_]
    rng: np.random.Generator

    def between(self, mild: float, severe: float) -> float:
        return mild + (severe - mild) * self.severity

    def fails(self, effects: Effects, process: str, times: float, where: NDArray[np.bool_] | float = 1.0) -> None:
        """Adds `times` the failures of a healthy cell of the process."""
        share = times * BASE[PROCESSES.index(process)] * np.broadcast_to(where, self.busy.shape)
        effects.add(process, slice(None), [self.cell], np.asarray(share, np.float64))

    def slows(self, effects: Effects, to: NDArray[np.float64] | float) -> None:
        effects.speed[:, self.cell] *= np.asarray(to, np.float32)


def _drops(bad: Bad, effects: Effects) -> None:
    bad.fails(effects, "drop", bad.between(2.0, 6.0))


def _slow(bad: Bad, effects: Effects) -> None:
    bad.slows(effects, bad.between(0.6, 0.3))


def _handover(bad: Bad, effects: Effects) -> None:
    bad.fails(effects, "handover", bad.between(2.0, 6.0))


def _unreliable(bad: Bad, effects: Effects) -> None:
    """Three to eight outages a week, each of 15 to 60 minutes."""
    weeks = len(bad.busy) * PERIOD_S / WEEK_S
    for begin in bad.rng.integers(0, len(bad.busy), round(bad.between(3, 8) * weeks)).tolist():
        part = slice(begin, begin + int(bad.rng.integers(1, HOUR_S // PERIOD_S + 1)))
        effects.down[part, bad.cell] = effects.unavailable[part, bad.cell] = 1.0


def _busy_access(bad: Bad, effects: Effects) -> None:
    bad.fails(effects, "rrc", bad.between(3.0, 8.0), bad.busy)
    bad.fails(effects, "bearer", bad.between(2.0, 5.0), bad.busy)


def _unsteady(bad: Bad, effects: Effects) -> None:
    """Bursts of some hours, a sixth of the time: many failures to connect, and slow."""
    burst = autoregressive(bad.rng, (len(bad.busy), 1), 2.0, 1.0)[:, 0] > 1.0
    bad.fails(effects, "rrc", bad.between(4.0, 10.0), burst)
    bad.fails(effects, "drop", bad.between(3.0, 8.0), burst)
    bad.slows(effects, np.where(burst, 0.6, 1.0))


def _several(bad: Bad, effects: Effects) -> None:
    for process in ("rrc", "drop", "handover"):
        bad.fails(effects, process, bad.between(1.2, 2.5))


CHRONIC_KINDS: Mapping[str, Callable[[Bad, Effects], None]] = {
    "drops": _drops,
    "slow": _slow,
    "handover": _handover,
    "unreliable": _unreliable,
    "busy_access": _busy_access,
    "unsteady": _unsteady,
    "several": _several,
}
"""Kind -> what it does to the effects of its cell. A kind is one function and one line here."""


def plan_chronic(scenario: Scenario, network: Network) -> tuple[ChronicCell, ...]:
    """`scenario.chronic_cells` different cells, the kinds in turn; nothing without that option."""
    if not scenario.chronic_cells:
        return ()
    rng, kinds = scenario.rng("chronic"), tuple(CHRONIC_KINDS)
    cells = rng.choice(len(network.cells), min(scenario.chronic_cells, len(network.cells)), replace=False)
    return tuple(
        ChronicCell(int(cell), kinds[i % len(kinds)], float(rng.uniform())) for i, cell in enumerate(np.sort(cells))
    )


def apply_chronic(effects: Effects, chronic: tuple[ChronicCell, ...], scenario: Scenario, load: Load) -> None:
    """Adds what chronic cells suffer to the effects of the faults."""
    for one in chronic:
        mean = load.mean[:, one.cell]
        busy = np.asarray(mean > 0.7 * np.quantile(mean, 0.99))
        CHRONIC_KINDS[one.kind](Bad(one.cell, one.severity, busy, scenario.rng("chronic", one.cell)), effects)
