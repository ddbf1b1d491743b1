"""What goes wrong with the files and not with the network: missing, late, twice, suspect, reset. None of it is truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.counters import DayCounters
from detector.simulator.scenario import PERIODS_PER_DAY, Scenario
from detector.simulator.topology import Network

LOST = 0.0005
"""Share of periods of a node that never come. Chosen: several a day on 100 nodes."""
LATE = 0.0004
"""Share of periods of a node that come late. Chosen: as `LOST`."""
SUSPECT = 0.0004
"""Share of periods of a node that are suspect. Chosen: as `LOST`."""
RESETS_PER_1000_CELLS = 1.0
"""Resets of cumulative counters a day. Chosen: one restart a day on 1,000 cells."""
SUSPECT_COVERAGE = 0.4
"""Share of its true counts in a suspect row. Chosen: six minutes of a quarter of an hour."""


@dataclass(frozen=True)
class LateBlock:
    """One node's rows of one period that come `delay_s` after the period; `twice`: the same bytes come again later."""

    period: int
    node: str
    cells: tuple[int, ...]
    delay_s: int
    twice: bool


@dataclass(frozen=True, eq=False)
class FileDefects:
    """arrives: [96, C] rows that come in time; suspect: [96, C]; resets: (period, cell) whose first counter ran negative."""

    arrives: NDArray[np.bool_]
    suspect: NDArray[np.bool_]
    late: tuple[LateBlock, ...]
    resets: tuple[tuple[int, int], ...]


def draw_file_defects(scenario: Scenario, network: Network, day: int, counters: DayCounters) -> FileDefects:
    rng = scenario.rng("trouble", day)
    nodes = sorted({c.node_id for c in network.cells})
    of_node = {n: np.array([i for i, c in enumerate(network.cells) if c.node_id == n]) for n in nodes}
    arrives = counters.present.copy()
    for period, node in zip(*np.nonzero(rng.random((PERIODS_PER_DAY, len(nodes))) < LOST), strict=True):
        arrives[period : period + int(rng.integers(1, 4)), of_node[nodes[node]]] = False
    late = []
    for period, node in zip(*np.nonzero(rng.random((PERIODS_PER_DAY, len(nodes))) < LATE), strict=True):
        cells, delay, twice = of_node[nodes[node]], int(rng.uniform(1800, 10_800)), bool(rng.random() < 0.4)
        if arrives[period, cells].all():
            arrives[period, cells] = False
            late.append(LateBlock(int(period), nodes[node], tuple(cells.tolist()), delay, twice))
    suspect = (rng.random(arrives.shape) < SUSPECT) & arrives
    count = rng.poisson(RESETS_PER_1000_CELLS * len(network.cells) / 1000)
    resets = tuple((int(rng.integers(PERIODS_PER_DAY)), int(rng.integers(len(network.cells)))) for _ in range(count))
    return FileDefects(arrives, suspect, tuple(late), resets)
