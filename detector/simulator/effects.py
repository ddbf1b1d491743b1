"""Faults as arrays over periods and cells: what each adds to failures, takes from traffic and hides from the files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.fault import Fault
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.topology import Network

PROCESSES = ("rrc", "context", "bearer", "session", "drop", "handover")


@dataclass(frozen=True, eq=False)
class Span:
    """The periods that a fault touches; `inside`: the share of each in which it lasts; `ends`: their ends (s)."""

    periods: slice
    inside: NDArray[np.float64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Effects:
    """extra[k, p, c]: share of attempts of process k that fails on top; down[p, c]: share of the period without users;
    unavailable[p, c]: share that the cell itself reports as down; speed[p, c]: factor on throughput; missing[p, c]: no row;
    function[p, f]: extra failures of a core function."""

    extra: NDArray[np.float32]
    down: NDArray[np.float32]
    unavailable: NDArray[np.float32]
    speed: NDArray[np.float32]
    missing: NDArray[np.bool_]
    function: NDArray[np.float32]

    def add(self, process: str, periods: slice, cells: list[int], share: NDArray[np.float64]) -> None:
        """A further independent cause of failure."""
        block = self.extra[PROCESSES.index(process), periods]
        block[:, cells] = 1 - (1 - block[:, cells]) * (1 - share[:, None])


def overlap(scenario: Scenario, start: int, end: int) -> Span:
    """The periods that [start, end) touches: faults begin inside a period."""
    first = max((start - scenario.start) // PERIOD_S, 0)
    last = min(-(-(end - scenario.start) // PERIOD_S), len(scenario.starts))
    begins = scenario.starts[first:last]
    inside = np.minimum(begins + PERIOD_S, end) - np.maximum(begins, start)
    return Span(slice(first, last), np.clip(inside / PERIOD_S, 0.0, 1.0), begins + PERIOD_S)


def build_effects(scenario: Scenario, network: Network, faults: tuple[Fault, ...]) -> Effects:
    """The effects of all faults together; no effect at all without one."""
    shape = (len(scenario.starts), len(network.cells))
    effects = Effects(
        np.zeros((len(PROCESSES), *shape), np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.ones(shape, np.float32),
        np.zeros(shape, bool),
        np.zeros((shape[0], len(network.functions)), np.float32),
    )
    for fault in faults:
        span = overlap(scenario, fault.start, fault.end)
        if span.inside.size:
            fault.kind.apply(effects, fault, span, network)
    return effects
