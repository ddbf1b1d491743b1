"""The population and what an incident's cells do to it, hour by hour: by profile, and by where each person was last seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S
from detector.impact.harm import HarmColumns
from detector.impact.population import Population

PERSISTENCE = 0.75
"""Share of people found where they were an hour ago, beyond their mobility profile. Chosen: people stay for hours."""
PERSISTENCE_PRIOR = 5.0
"""People that departed from their profile by an hour who weigh as much as the assumed persistence. Chosen: a handful, so
that data soon decide."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HourlyExposure:
    """`expected_harm` is what the cells do, over the profile's cells; `recent_harm` the same over the presence's."""

    population: Population
    expected_harm: HarmColumns
    recent_harm: HarmColumns
    persistence: float = PERSISTENCE

    def pair(self, weigh: Callable[[HarmColumns], Vector]) -> tuple[Vector, Vector]:
        return weigh(self.expected_harm), weigh(self.recent_harm)

    @property
    def arrived_hours(self) -> frozenset[int]:
        """Starts (s) of the hours of which presence has arrived."""
        return self.population.arrived_hours

    def touched_expected_s(self, at: int) -> Vector:
        """[person]: seconds in touched cells that the profile expects of the hour at `at`."""
        expected, rows = self.population.expected, self.population.expected_rows(at)
        return self.population.total(
            expected.subscriber[rows], expected.seconds[rows] * self.expected_harm.touched[expected.cell[rows]]
        )

    def seen_s(self, at: int, *, anywhere: bool = False) -> Vector:
        """[person]: seconds seen in touched cells, or anywhere, in the hour at `at`."""
        p = self.population.presence
        rows = p.start // HOUR_S == at // HOUR_S
        weight = 1.0 if anywhere else self.recent_harm.touched[p.cell[rows]]
        return self.population.total(self.population.of_presence[p.subscriber[rows]], p.seconds[rows] * weight)

    def blend(self, at: int, weights: tuple[Vector, Vector]) -> Vector:
        """[person]: expected seconds of the hour at `at`, each weighted by its cell's entry: by profile, and by where
        the person was last seen, which counts persistence^(hours since)."""
        population, rows = self.population, self.population.expected_rows(at)
        fade = population.seen * self.persistence ** max((at - population.recent_at) / HOUR_S, 1.0)
        expected_harm = (
            population.expected.subscriber[rows],
            population.expected.cell[rows],
            population.expected.seconds[rows],
        )
        recent_harm = (population.recent_person, population.recent.indices, population.recent.seconds)
        by_profile, by_recent = (
            _weighted(population, *expected_harm, weights[0]),
            _weighted(population, *recent_harm, weights[1]),
        )
        return np.asarray((1 - fade) * by_profile + fade * by_recent)


def _weighted(
    population: Population, who: NDArray[np.integer], cell: NDArray[np.int32], seconds: Vector, weight: Vector
) -> Vector:
    hit = weight[cell] > 0
    return population.total(who[hit], seconds[hit] * weight[cell[hit]])


def hourly_exposure_of(population: Population, expected_harm: HarmColumns, recent_harm: HarmColumns) -> HourlyExposure:
    """With the persistence that the last hours showed."""
    hourly = HourlyExposure(population, expected_harm, recent_harm)
    return replace(hourly, persistence=_persistence(hourly))


def _persistence(hourly: HourlyExposure) -> float:
    """How much of a person's deviation from the profile in one hour is left in the next: from the last two hours that
    arrived."""
    at = hourly.population.recent_at
    first, then = ((hourly.seen_s(hour) - hourly.touched_expected_s(hour)) / HOUR_S for hour in (at - HOUR_S, at))
    both = (hourly.seen_s(at - HOUR_S, anywhere=True) > 0) & (hourly.seen_s(at, anywhere=True) > 0)
    left = PERSISTENCE * PERSISTENCE_PRIOR + float((first * then)[both].sum())
    return float(np.clip(left / (PERSISTENCE_PRIOR + float((first**2)[both].sum())), 0.2, 0.95))
