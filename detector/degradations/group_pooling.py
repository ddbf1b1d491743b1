"""Cells of one site, or of one new release, that are each a little unusual in the same way, tested together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.window import DAY_S

Floats = NDArray[np.float64]
FEWEST = 3
"""Cells from which a site is tested as a whole. Chosen: of two, one is half of the evidence."""
OWN = 2.0
"""-log10 p that a cell needs by itself to be raised with the others of its site. Chosen: one healthy cell in a hundred."""
MOST = 4.0
"""Most -log10 p that one cell adds to its site. Chosen: a cell that is bad alone is raised alone."""
ALIKE = 1.0
"""-log10 p from which a cell looks like the others. Chosen: one healthy cell in ten."""
SITE_ALIKE, RELEASE_ALIKE = (2, 0.5), (4, 0.2)
"""Fewest cells that have to look alike, and their share of the group. Chosen: cells of one site share their fault; of a
release the quiet ones hardly show it."""
NEW_RELEASE_S = DAY_S
"""A release is tested as a whole for so long after a cell got it. Chosen: it holds one busy hour of every cell; what shows
later is the drift of single cells."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which object belongs to which group: `members`[group, object] is 1 there; an object without a group is in none.
    `alike`: fewest objects that have to look alike and their share of the group. `beside_others`: what the objects outside
    show as well is no evidence."""

    members: "scipy.sparse.csr_array"
    alike: tuple[int, float]
    beside_others: bool = False

    @classmethod
    def of(cls, keys: Sequence[str], alike: tuple[int, float], *, beside_others: bool = False) -> "Groups":
        """`keys`: the group of each object; empty = in none."""
        rows = np.array([row for row, key in enumerate(keys) if key], dtype=np.intp)
        groups, place = np.unique(np.array([keys[row] for row in rows], dtype=np.str_), return_inverse=True)
        ones = np.ones(len(rows))
        return cls(scipy.sparse.csr_array((ones, (place, rows)), shape=(len(groups), len(keys))), alike, beside_others)

    def total(self, values: Floats) -> Floats:
        """[group, KPI] sums of [object, KPI]; NaN counts as nothing."""
        return np.asarray(self.members @ np.nan_to_num(values))

    def each(self, of_group: Floats) -> Floats:
        """[object, KPI]: what holds for its group; 0 without one."""
        return np.asarray(self.members.T @ of_group)

    def shared(self, values: Floats) -> Floats:
        """[object, KPI]: the sum over the object's group."""
        return self.each(self.total(values))

    @property
    def none(self) -> bool:
        """No object is in a group."""
        return not self.members.nnz


def sites(objects: Sequence[str], topology: Topology) -> Groups:
    """The cells of each site."""
    cells = (topology.cells.get(base_object(name)) for name in objects)
    return Groups.of([cell.site_id if cell else "" for cell in cells], SITE_ALIKE)


def new_releases(objects: Sequence[str], topology: Topology, now: int) -> Groups:
    """The cells that run each release since a day or less before `now` (s)."""

    def release(name: str) -> str:
        cell = topology.cells.get(base_object(name))
        if cell is None or cell.software_since is None or not 0 <= now - cell.software_since <= NEW_RELEASE_S:
            return ""
        return f"{cell.technology} {cell.vendor} {cell.software}"

    return Groups.of([release(name) for name in objects], RELEASE_ALIKE, beside_others=True)


def pooled(neg_log10_p: Floats, groups: Groups) -> Floats:
    """[object, KPI]: -log10 p of the whole group in this KPI, where the object is one of several that look alike; else 0.

    Fisher's combination (1932): minus twice the sum of the logs of k p values is chi square with 2 k degrees of freedom. It
    is tested only where enough of the group looks unusual at all: many healthy cells beside one bad one are no evidence.
    """
    if groups.none:
        return np.zeros_like(neg_log10_p)
    capped = np.minimum(np.nan_to_num(neg_log10_p), MOST)
    tested = np.isfinite(neg_log10_p).astype(float)
    k, alike = groups.total(tested), groups.total((capped >= ALIKE).astype(float))
    fewest, share = groups.alike
    worth = (k >= max(FEWEST, fewest)) & (alike >= np.maximum(fewest, share * k))
    total = groups.total(capped)
    sure = np.zeros_like(k)
    sure[worth] = fisher((total / _worse_outside(neg_log10_p, groups))[worth], k[worth])
    return np.where(capped >= OWN, groups.each(sure), 0.0)


def _worse_outside(neg_log10_p: Floats, groups: Groups) -> Floats:
    """[group, KPI]: median -ln p of the objects outside of each group over that of chance, at least 1."""
    above = np.ones((groups.members.shape[0], neg_log10_p.shape[1]))
    if groups.beside_others:
        for g, inside in enumerate(groups.members.toarray() > 0):
            outside = neg_log10_p[~inside]
            known = np.isfinite(outside).any(axis=0)
            above[g, known] = np.maximum(np.nanmedian(outside[:, known], axis=0) / np.log10(2), 1.0)
    return above


def fisher(total: Floats, k: Floats) -> Floats:
    """-log10 p of k p values together, of which `total` is the sum of their -log10.

    >>> float(fisher(np.array([6.0]), np.array([3.0]))[0].round(2))
    3.96
    """
    return np.asarray(-np.log10(np.maximum(scipy.special.gammaincc(k, np.log(10) * total), 1e-300)))
