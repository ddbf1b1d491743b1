"""When whole sites were idle in the history: capacity cells that sleep together, offices on a holiday."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import base_object
from detector.domain.frame import KpiFrame
from detector.scoring.counting import Floats
from detector.scoring.idle_probability import idle_probability
from detector.scoring.time_of_week import HOURS, TimeOfWeek

FEWEST = 2
"""Cells from which a site is judged as a whole. Chosen: two that fall silent in the same period have one cause."""


@dataclass(frozen=True, eq=False)
class SiteHistory:
    """`place`[object]: the number of its site in `sites`, -1 = none. `measured`, `carries` [period, site]: some object had a
    value, and some object carried traffic; filled by `see`, volume by volume."""

    sites: tuple[str, ...]
    place: NDArray[np.int64]
    measured: NDArray[np.bool_]
    carries: NDArray[np.bool_]

    @classmethod
    def of(cls, history: KpiFrame, sites: Mapping[str, str]) -> "SiteHistory":
        """Nothing seen yet, of the sites with several of the history's objects. `sites`: object -> site."""
        named = [sites.get(base_object(name), "") for name in history.objects]
        counted = Counter(site for site in named if site)
        known = tuple(sorted(site for site, objects in counted.items() if objects >= FEWEST))
        number = {site: i for i, site in enumerate(known)}
        shape = (len(history.starts), len(known))
        place = np.array([number.get(site, -1) for site in named], dtype=np.int64)
        return cls(known, place, np.zeros(shape, bool), np.zeros(shape, bool))

    def see(self, empty: NDArray[np.bool_], usable: NDArray[np.bool_], part: slice) -> None:
        """One volume of the objects of `part`: flags [period, object of the part]."""
        place = self.place[part]
        order = np.argsort(place, kind="stable")
        order = order[place[order] >= 0]
        if not order.size:
            return
        sites, first = np.unique(place[order], return_index=True)
        self.measured[:, sites] |= np.logical_or.reduceat(usable[:, order], first, axis=1)
        self.carries[:, sites] |= np.logical_or.reduceat((usable & ~empty)[:, order], first, axis=1)

    def idle_probability(self, when: TimeOfWeek) -> Floats:
        """[168, site]: chance that none of its objects carries traffic."""
        if not self.sites or not len(when.slot):
            return np.zeros((HOURS, len(self.sites)))
        return idle_probability(self.measured & ~self.carries, self.measured, when)
