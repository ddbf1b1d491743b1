"""Simulated operators to be judged on, each with what only its maker knows: how hard every fault hits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.detection import DAY_S, Material, load
from detector.backtest.truth import Fault
from detector.domain.cell import Topology
from detector.domain.window import Window
from detector.simulator import Scenario, simulate
from detector.simulator.fault_plan import plan_faults
from detector.simulator.topology import build_network

START = 1_772_323_200
CELLS, DAYS, HISTORY_DAYS = 48, 23, 18
FAULT_RATE = 240.0
"""Faults per 1,000 cells and week, six times the simulator's own: more faults to judge a replay by."""


@dataclass(frozen=True)
class Hit:
    """How hard a fault hits: extra share of failures where that is what it does, None where it takes service away."""

    extra: float | None
    works: bool = False


@dataclass(frozen=True)
class Operator:
    """`hits`: fault id -> Hit."""

    name: str
    material: Material
    window: Window
    hits: Mapping[str, Hit]

    @property
    def topology(self) -> Topology:
        return self.material.reference(self.window.end).topology

    @property
    def timezone(self) -> str:
        return self.material.reference(self.window.end).operator.timezone

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.material.truth.faults or ()


def made(
    work_dir: Path, seed: int, *, quiet: bool, cells: int = CELLS, days: int = DAYS, history: int = HISTORY_DAYS
) -> Operator:
    """Simulated in `work_dir`, if it is not there yet, and read back as any dataset is."""
    folder = work_dir / f"{'quiet' if quiet else 'faulty'}-{seed}"
    scenario = Scenario(
        cells=cells,
        days=days,
        seed=seed,
        start=START,
        history_days=history,
        fault_rate=FAULT_RATE,
        subscribers_per_cell=1,
        fault_free=quiet,
    )
    if not folder.exists():
        simulate(folder, scenario)
    planned = plan_faults(scenario, build_network(scenario))
    hits = {f.fault_id: Hit(None if f.kind.name in {"outage", "sleeping"} else f.severity, f.works) for f in planned}
    return Operator(folder.name, load(folder), Window(START + history * DAY_S, START + days * DAY_S), hits)
