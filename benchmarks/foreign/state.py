"""What events and faults make of the cells: the state of each in each step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.events import PROCESSES, Event
from benchmarks.foreign.faults import Fault
from benchmarks.foreign.grid import Floats, Grid
from benchmarks.foreign.load import Load, weekends
from benchmarks.foreign.network import Network

MOVED = 0.25
"""Share of a dead site's attempts that turn up at each of its neighbour cells. Chosen: coverage overlaps in part."""


@dataclass(frozen=True, eq=False, kw_only=True)
class State:
    """All [step, cell]. `attempts`: expected. `extra`: process -> share that fails on top. `worse`: factor of the usual
    failures. `speed`: factor. `down`: share of the step without service. `reported_down`: what of it the cell reports.
    `missing`, `suspect`: of the row. `nonsense`: factor of all counts in a suspect row. `burst`: process -> failures of one
    device."""

    attempts: Floats
    volume: Floats
    extra: dict[str, Floats]
    worse: Floats
    speed: Floats
    down: Floats
    reported_down: Floats
    missing: NDArray[np.bool_]
    suspect: NDArray[np.bool_]
    nonsense: Floats
    burst: dict[str, Floats]


def state_of(grid: Grid, network: Network, load: Load, events: Sequence[Event], faults: Sequence[Fault]) -> State:
    shape = load.attempts.shape
    state = State(
        attempts=load.attempts.copy(),
        volume=load.volume.copy(),
        extra={name: np.zeros(shape) for name in PROCESSES},
        worse=np.ones(shape),
        speed=np.ones(shape),
        down=np.zeros(shape),
        reported_down=np.zeros(shape),
        missing=np.zeros(shape, bool),
        suspect=np.zeros(shape, bool),
        nonsense=np.ones(shape),
        burst={name: np.zeros(shape) for name in PROCESSES},
    )
    for event in events:
        _apply_event(grid, network, state, event)
    for fault in faults:
        _apply_fault(grid, network, state, fault)
    return state


def _apply_event(grid: Grid, network: Network, state: State, event: Event) -> None:
    span, share = grid.share(event.start, event.end)
    here = np.ix_(np.arange(span.start, span.stop), event.cells)
    part = share[:, None]
    if event.kind == "holiday":
        inside = np.zeros(len(grid.starts), bool)
        inside[span] = True
        state.attempts[:] *= weekends(grid, network.shape, inside)
    elif event.kind == "storm":
        state.attempts[here] *= 1 + 0.15 * event.size * part
        state.worse[here] *= 1 + 1.2 * event.size * part
        state.speed[here] *= 1 - 0.18 * event.size * part
    elif event.kind == "match":
        state.attempts[here] *= 1 + (event.size - 1) * part
    elif event.kind == "gap":
        state.missing[here] |= part > 0.5
    elif event.kind == "suspect":
        state.suspect[here] = True
        state.nonsense[here] = event.size
    elif event.kind == "burst":
        state.burst[event.process][here] += event.size * part


def _apply_fault(grid: Grid, network: Network, state: State, fault: Fault) -> None:
    span, share = grid.share(fault.start, fault.end)
    here = np.ix_(np.arange(span.start, span.stop), fault.cells)
    part = share[:, None]
    if fault.takes_service:
        deep = part * (0.97 if fault.kind == "sleeping" else 1.0)
        lost = (state.attempts[here] * deep).sum(axis=1)
        state.down[here] = np.maximum(state.down[here], deep)
        if not fault.silent:
            state.reported_down[here] = np.maximum(state.reported_down[here], part)
        state.missing[here] |= (fault.silent == "gone") & (part > 0.5)
        near = np.setdiff1d(network.near[fault.cells], fault.cells)
        if len(near):
            state.attempts[np.ix_(np.arange(span.start, span.stop), near)] += (MOVED * lost / max(len(near), 4))[:, None]
    elif fault.process == "speed":
        state.speed[here] *= 1 - float(fault.extra or 0) * part
    else:
        grown = (grid.starts[span] - fault.start + grid.step_s / 2) / max(fault.end - fault.start, 1)
        size = float(fault.extra or 0) * (np.clip(grown, 0, 1)[:, None] if fault.ramp else 1.0)
        own = state.extra[fault.process][here]
        state.extra[fault.process][here] = 1 - (1 - own) * (1 - size * part)
