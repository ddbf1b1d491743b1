"""Faults as arrays over periods and cells: what each adds to failures, takes from traffic and hides from the files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.faults import Fault
from detector.simulator.scenario import PERIOD_S, Scenario
from detector.simulator.topology import Network

PROCESSES = ("rrc", "context", "bearer", "session", "drop", "handover")
SLEEPING = 0.985
SETUP = ("context", "bearer", "session")


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


def overlap(scenario: Scenario, start: int, end: int) -> tuple[slice, NDArray[np.float64]]:
    """The periods that [start, end) touches and the share of each that lies inside: faults begin inside a period."""
    first = max((start - scenario.start) // PERIOD_S, 0)
    last = min(-(-(end - scenario.start) // PERIOD_S), len(scenario.starts))
    begins = scenario.starts[first:last]
    inside = np.minimum(begins + PERIOD_S, end) - np.maximum(begins, start)
    return slice(first, last), np.clip(inside / PERIOD_S, 0.0, 1.0)


def build_effects(scenario: Scenario, network: Network, faults: tuple[Fault, ...]) -> Effects:
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
        periods, inside = overlap(scenario, fault.start, fault.end)
        if inside.size:
            _apply(effects, scenario, network, fault, periods, inside)
    return effects


def _apply(
    effects: Effects, scenario: Scenario, network: Network, fault: Fault, periods: slice, inside: NDArray[np.float64]
) -> None:
    cells, share = list(fault.cells), inside * fault.severity
    match fault.kind:
        case "outage":
            _outage(effects, scenario, fault, periods, inside)
        case "sleeping":
            effects.down[periods, cells] = np.maximum(effects.down[periods, cells], SLEEPING * inside[:, None])
        case "access":
            effects.add("rrc", periods, cells, share)
        case "glitch":
            effects.add("rrc", periods, cells, np.minimum(2.0 * share, 0.6))
        case "setup":
            effects.add(SETUP[fault.start % len(SETUP)], periods, cells, share)
        case "drop":
            effects.add("drop", periods, cells, 0.6 * share)
        case "handover":
            effects.add("handover", periods, cells, np.minimum(1.5 * share, 0.5))
        case "throughput":
            effects.speed[periods, cells] *= (1 - inside * min(0.8, 0.4 + 1.5 * fault.severity))[:, None]
        case "drift":
            _drift(effects, fault, periods, inside)
        case "software":
            effects.add("bearer", periods, cells, 0.5 * share)
            effects.add("drop", periods, cells, 0.3 * share)
        case "core":
            effects.function[periods, fault.nf] = 1 - (1 - effects.function[periods, fault.nf]) * (1 - share)
            effects.add("session" if network.functions[fault.nf].kind == "SMF" else "context", periods, cells, 0.8 * share)


def _outage(effects: Effects, scenario: Scenario, fault: Fault, periods: slice, inside: NDArray[np.float64]) -> None:
    cells = list(fault.cells)
    effects.down[periods, cells] = np.maximum(effects.down[periods, cells], inside[:, None])
    if fault.hidden:
        ends = scenario.starts[periods] + PERIOD_S
        effects.missing[periods, cells] |= ((fault.start < ends) & (ends <= fault.end))[:, None]
    else:
        effects.unavailable[periods, cells] = np.maximum(effects.unavailable[periods, cells], inside[:, None])


def _drift(effects: Effects, fault: Fault, periods: slice, inside: NDArray[np.float64]) -> None:
    """Grows in a straight line to 4 to 12 % failures, or to half of the throughput."""
    growth = inside * np.linspace(0.0, 1.0, len(inside))
    worst = min(max(fault.severity, 0.04), 0.12)
    if fault.start % 3 == 0:
        effects.speed[periods, list(fault.cells)] *= (1 - 0.55 * growth)[:, None]
    else:
        effects.add(("drop", "rrc")[fault.start % 3 - 1], periods, list(fault.cells), worst * growth)
