"""Periods that are no part of an ordinary day: declared events with their crowds, declared works, saved energy."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.operations import Operations
from detector.domain.window import Window


def excluded_periods(
    starts: NDArray[np.int64], duration_s: int, objects: Sequence[str], topology: Topology, operations: Operations
) -> NDArray[np.bool_]:
    """[period, object]: inside declared works, an event with the coming and going of its crowd, or planned sleep.

    Such a period is judged by itself; it is not summed up with those after it, which are quiet again.
    """
    flags = np.zeros((len(starts), len(objects)), bool)
    if not len(starts):
        return flags
    whole = Window(int(starts[0]), int(starts[-1]) + duration_s)
    for window, kind, scope_id in _declared(operations):
        if window.overlaps(whole):
            rows, members = (starts < window.end) & (starts + duration_s > window.start), topology.within(kind, scope_id)
            flags |= rows[:, None] & np.array([base_object(name) in members for name in objects], bool)
    for place, name in enumerate(objects):
        cell = topology.cells.get(base_object(name))
        for idle in reversed(cell.idle if cell else ()):
            if idle.end <= whole.start:
                break  # the others are older still
            flags[:, place] |= (starts < idle.end) & (starts + duration_s > idle.start)
    return flags


def _declared(operations: Operations) -> Iterator[tuple[Window, str, str]]:
    for event in operations.calendar:
        if event.kind == "event":
            yield event.around, event.scope_kind, event.scope_id
    for works in operations.maintenance:
        if (held := works.effective) is not None:
            yield held, works.scope_kind, works.scope_id
