"""Cell attribution: which cells cause people's trouble, by where they are and what each cell does to them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.impact.harm import HarmColumns
from detector.impact.population import Population


@dataclass(frozen=True, eq=False)
class CellAttribution:
    """`expected_harm`, `recent_harm`: what the cells of the population's profile, and of its newest presence, do."""

    population: Population
    expected_harm: HarmColumns
    recent_harm: HarmColumns

    def shares(self, people: Collection[str]) -> Mapping[str, Mapping[str, float]]:
        """Person -> cell -> share of its trouble, summing to 1; people without any are left out."""
        population, wanted = (
            self.population,
            np.fromiter((key in people for key in self.population.keys), bool, len(self.population.keys)),
        )
        attribution: dict[int, dict[str, float]] = {}
        rows = (
            (
                population.expected.cells,
                population.expected.subscriber,
                population.expected.cell,
                population.expected.seconds,
                self.expected_harm,
            ),
            (
                population.recent.cells,
                population.recent_person,
                population.recent.indices,
                population.recent.seconds,
                self.recent_harm,
            ),
        )
        for cells, person, cell, seconds, harm in rows:
            weight = seconds * _gravity(harm)[cell]
            hit = np.flatnonzero((weight > 0) & wanted[person])
            for who, where, much in zip(person[hit].tolist(), cell[hit].tolist(), weight[hit].tolist(), strict=True):
                own = attribution.setdefault(who, {})
                own[cells[where]] = own.get(cells[where], 0.0) + much
        return {population.keys[who]: _shared(own) for who, own in attribution.items()}


def _shared(own: Mapping[str, float]) -> dict[str, float]:
    total = sum(own.values())
    return {cell: much / total for cell, much in own.items()}


def _gravity(harm: HarmColumns) -> NDArray[np.float64]:
    """[cell]: how likely a person there is touched."""
    return np.asarray(np.where(harm.touched, harm.lost * (1 - harm.takeover) + harm.slow + harm.failing, 0.0))
