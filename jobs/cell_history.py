"""What the KPI history holds of each cell, day by day, and where people live with them: for reports on cells."""

from collections.abc import Iterator, Sequence

import numpy as np

from detector.capacity.busy_hours import BusyDay, busy_day
from detector.chronic.days import CellDay, cell_day
from detector.chronic.peers import band_groups
from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.window import Window
from detector.impact.experience import local_days
from detector.store import Store
from jobs import models

NOT_IN_SERVICE = frozenset({"planned", "retired"})
"""States of cells that no report on cells shows."""


def cells_in_service(topology: Topology) -> tuple[Cell, ...]:
    """In the order of their ids."""
    return tuple(cell for _, cell in sorted(topology.cells.items()) if cell.state not in NOT_IN_SERVICE)


def cell_frames(store: Store, topology: Topology, window: Window, timezone: str) -> Iterator[tuple[KpiFrame, list[Cell]]]:
    """Frames of one whole local day each, with their cells in the frame's order; one for every length of period that the day
    has. A cell that is counted in several lengths is in the frame of the shortest alone."""
    cells = {cell.cell_id: cell for cell in cells_in_service(topology)}
    with store.begin() as connection:
        durations = sorted(store.ticks.span(connection))
    for day in local_days(window, timezone):
        if day.start < window.start or day.end > window.end:
            continue
        seen: set[str] = set()
        for duration_s in durations:
            frame = store.history.read(duration_s, day)
            own = [name for name in frame.objects if name in cells and name not in seen]
            if len(frame.starts) and own:
                seen.update(own)
                yield frame.aligned(own), [cells[name] for name in own]


def cell_days(store: Store, topology: Topology, window: Window, timezone: str) -> tuple[CellDay, ...]:
    """The whole local days of the window."""
    frames = cell_frames(store, topology, window, timezone)
    return tuple(cell_day(frame, band_groups(cells), timezone) for frame, cells in frames)


def busy_days(store: Store, topology: Topology, window: Window, timezone: str) -> tuple[BusyDay, ...]:
    """The busy hours of the whole local days of the window."""
    return tuple(busy_day(frame, timezone) for frame, _ in cell_frames(store, topology, window, timezone))


def homes(store: Store, without: Sequence[str] | frozenset[str]) -> dict[str, str]:
    """Person -> the cell behind which it usually is longest; `without`: people who are in no figure. Empty before the first
    `learn`."""
    profile = models.load_mobility_profile(store)
    if profile is None or not len(profile.person):
        return {}
    slots = np.repeat(np.repeat([5.0, 2.0], 24), np.diff(profile.slot_start))  # weekdays and weekend days of a week
    pairs = profile.person.astype(np.int64) * len(profile.cells) + profile.cell
    each, place = np.unique(pairs, return_inverse=True)
    seconds = np.bincount(place, profile.like_s * slots)
    order = np.lexsort((each, -seconds, each // len(profile.cells)))
    person, cell = np.divmod(each[order], len(profile.cells))
    first = np.flatnonzero(np.diff(person, prepend=-1))
    keys = profile.keys(person[first])
    left_out = frozenset(without)
    return {key: profile.cells[at] for key, at in zip(keys, cell[first].tolist(), strict=True) if key not in left_out}
