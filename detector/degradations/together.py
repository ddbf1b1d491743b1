"""Cells of one site that are each a little unusual in the same way: together they may be sure."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detector.domain.cell import Topology, base_object
from detector.domain.evidence import Evidence

FEWEST = 3
OWN = 2.0
"""-log10 p that a cell needs by itself to be raised with the others of its site."""
MOST = 4.0
"""No cell says more than this for its site: one that is sick alone is raised alone."""
ALIKE, ALIKE_SHARE = 1.0, 0.5
"""-log10 p from which a cell looks like the others, and the share of the site's cells that have to."""


def together(evidence: Evidence, topology: Topology) -> NDArray[np.float64]:
    """[object, KPI]: the -log10 p of the whole site in this KPI, where the object is one of several that look alike; else 0.

    Fisher's combination (1932): minus twice the sum of the logs of k p values is chi square with 2 k degrees of freedom. It
    is asked only where half of the site looks unusual at all, for a crowd of healthy cells beside one sick one says nothing.
    """
    joint = np.zeros(evidence.strength.shape)
    strength = np.minimum(np.nan_to_num(evidence.strength), MOST)
    for rows in _sites(evidence, topology):
        measured = np.isfinite(evidence.strength[rows])
        k = measured.sum(axis=0)
        alike = (strength[rows] >= ALIKE).sum(axis=0)
        asked = (k >= FEWEST) & (alike >= np.maximum(2, ALIKE_SHARE * k))
        if asked.any():
            sure = fisher(strength[rows][:, asked], k[asked])
            joint[np.ix_(rows, asked)] = np.where(strength[rows][:, asked] >= OWN, sure, 0.0)
    return joint


def fisher(strength: NDArray[np.float64], k: NDArray[np.int64]) -> NDArray[np.float64]:
    """-log10 p of k p values [cell, KPI] together, each given as -log10.

    >>> float(fisher(np.array([[2.0], [2.0], [2.0]]), np.array([3]))[0].round(2))
    3.96
    """
    p = special.gammaincc(k, np.log(10) * strength.sum(axis=0))
    return np.asarray(-np.log10(np.maximum(p, 1e-300)))


def _sites(evidence: Evidence, topology: Topology) -> list[NDArray[np.intp]]:
    found: dict[str, list[int]] = {}
    for row, name in enumerate(evidence.objects):
        cell = topology.cells.get(base_object(name))
        if cell is not None and cell.site_id:
            found.setdefault(cell.site_id, []).append(row)
    return [np.array(rows, dtype=np.intp) for rows in found.values() if len(rows) >= FEWEST]
