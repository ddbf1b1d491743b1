"""Which cells people owe their trouble to: where they are, weighed by what each cell does to them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.impact.crowd import Crowd
from detector.impact.harm import HarmColumns


@dataclass(frozen=True, eq=False)
class Owed:
    """`usual`, `last`: what the cells of the crowd's habit, and of its newest presence, do."""

    crowd: Crowd
    usual: HarmColumns
    last: HarmColumns

    def shares(self, people: Collection[str]) -> Mapping[str, Mapping[str, float]]:
        """Person -> cell -> share of its trouble, summing to 1; who owes nothing is left out."""
        crowd, wanted = self.crowd, np.fromiter((key in people for key in self.crowd.keys), bool, len(self.crowd.keys))
        owed: dict[int, dict[str, float]] = {}
        rows = (
            (crowd.habit.cells, crowd.habit.subscriber, crowd.habit.cell, crowd.habit.seconds, self.usual),
            (crowd.recent.cells, crowd.recent_person, crowd.recent.indices, crowd.recent.seconds, self.last),
        )
        for cells, person, cell, seconds, harm in rows:
            weight = seconds * _gravity(harm)[cell]
            hit = np.flatnonzero((weight > 0) & wanted[person])
            for who, where, much in zip(person[hit].tolist(), cell[hit].tolist(), weight[hit].tolist(), strict=True):
                own = owed.setdefault(who, {})
                own[cells[where]] = own.get(cells[where], 0.0) + much
        return {crowd.keys[who]: _shared(own) for who, own in owed.items()}


def _shared(own: Mapping[str, float]) -> dict[str, float]:
    total = sum(own.values())
    return {cell: much / total for cell, much in own.items()}


def _gravity(harm: HarmColumns) -> NDArray[np.float64]:
    """[cell]: how likely a person there is touched."""
    return np.asarray(np.where(harm.touched, harm.lost * (1 - harm.takeover) + harm.slow + harm.failing, 0.0))
