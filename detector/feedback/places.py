"""From a place that somebody named to the cell nearest to it."""

import numpy as np

from detector.domain.cell import Topology

REACH_M = 35_000.0
"""Metres from the nearest cell beyond which a place has no service of ours. Chosen: the largest cell of GSM, 35 km (TS
45.010: 63 bits of timing advance)."""
_EARTH_M = 6_371_000.0
"""Mean radius of the earth, in m (IUGG 1980)."""


class Nearest:
    """Cells by their coordinates; those that have none are never the nearest.

    >>> from detector.domain.cell import Cell
    >>> near = Nearest(Topology({"c1": Cell(cell_id="c1", technology="LTE", latitude=50.0, longitude=8.0), "c2":
    ...     Cell(cell_id="c2", technology="LTE")}))
    >>> near(50.01, 8.0), near(40.0, 8.0)
    ('c1', '')
    """

    def __init__(self, topology: Topology) -> None:
        placed = [c for c in topology.cells.values() if c.latitude is not None and c.longitude is not None]
        placed.sort(key=lambda cell: cell.cell_id)
        self._names = [cell.cell_id for cell in placed]
        self._latitude, self._longitude = (
            np.radians(np.array([getattr(cell, name) for cell in placed], np.float64)) for name in ("latitude", "longitude")
        )

    def __call__(self, latitude: float, longitude: float) -> str:
        """Degrees to a cell id, empty if none is within REACH_M. Of equally near ones (a site's) the first by id."""
        if not self._names or not (abs(latitude) <= 90 and abs(longitude) <= 180):
            return ""
        here, there = np.radians(latitude), np.radians(longitude)
        chord = np.sin((self._latitude - here) / 2) ** 2
        chord += np.cos(here) * np.cos(self._latitude) * np.sin((self._longitude - there) / 2) ** 2
        best = int(np.argmin(chord))
        return self._names[best] if 2 * _EARTH_M * np.arcsin(np.sqrt(chord[best])) <= REACH_M else ""
