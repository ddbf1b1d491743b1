"""Cells of one site that are each a little unusual in the same way, tested together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object

Floats = NDArray[np.float64]
FEWEST = 3
"""Cells from which a site is tested as a whole. Chosen: of two, one is half of the evidence."""
OWN = 2.0
"""-log10 p that a cell needs by itself to be raised with the others of its site. Chosen: one healthy cell in a hundred."""
MOST = 4.0
"""Most -log10 p that one cell adds to its site. Chosen: a cell that is bad alone is raised alone."""
ALIKE, ALIKE_SHARE = 1.0, 0.5
"""-log10 p from which a cell looks like the others, and the share of the site's cells that have to."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Which object belongs to which site: `members`[site, object] is 1 there; an object without a site is on none."""

    members: "scipy.sparse.csr_array"

    @classmethod
    def of(cls, objects: Sequence[str], topology: Topology) -> "Sites":
        cells = (topology.cells.get(base_object(name)) for name in objects)
        named = [cell.site_id if cell else "" for cell in cells]
        rows = np.array([row for row, site in enumerate(named) if site], dtype=np.intp)
        sites, place = np.unique(np.array([named[row] for row in rows], dtype=np.str_), return_inverse=True)
        ones = np.ones(len(rows))
        return cls(scipy.sparse.csr_array((ones, (place, rows)), shape=(len(sites), len(objects))))

    def total(self, values: Floats) -> Floats:
        """[site, KPI] sums of [object, KPI]; NaN counts as nothing."""
        return np.asarray(self.members @ np.nan_to_num(values))

    def each(self, of_site: Floats) -> Floats:
        """[object, KPI]: what holds for its site; 0 without one."""
        return np.asarray(self.members.T @ of_site)

    def shared(self, values: Floats) -> Floats:
        """[object, KPI]: the sum over the object's site."""
        return self.each(self.total(values))


def pooled(neg_log10_p: Floats, sites: Sites) -> Floats:
    """[object, KPI]: the -log10 p of the whole site in this KPI, where the object is one of several that look alike; else 0.

    Fisher's combination (1932): minus twice the sum of the logs of k p values is chi square with 2 k degrees of freedom. It
    is tested only where half of the site looks unusual at all: many healthy cells beside one bad one are no evidence.
    """
    capped = np.minimum(np.nan_to_num(neg_log10_p), MOST)
    k, alike = sites.total(np.isfinite(neg_log10_p).astype(float)), sites.total((capped >= ALIKE).astype(float))
    asked = (k >= FEWEST) & (alike >= np.maximum(2, ALIKE_SHARE * k))
    sure = np.zeros_like(k)
    sure[asked] = fisher(sites.total(capped)[asked], k[asked])
    return np.where(capped >= OWN, sites.each(sure), 0.0)


def fisher(total: Floats, k: Floats) -> Floats:
    """-log10 p of k p values together, of which `total` is the sum of their -log10.

    >>> float(fisher(np.array([6.0]), np.array([3.0]))[0].round(2))
    3.96
    """
    return np.asarray(-np.log10(np.maximum(scipy.special.gammaincc(k, np.log(10) * total), 1e-300)))
