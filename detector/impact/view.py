"""The crowd and what an incident's cells do to it, hour by hour: by habit, and by where each person was last seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S
from detector.impact.crowd import Crowd
from detector.impact.exposure import PERSISTENCE
from detector.impact.harm import HarmColumns

PERSISTENCE_PRIOR = 5.0
"""People that departed from habit by an hour who weigh as much as the assumed persistence."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """`usual` is what the cells do, over the habit's cells; `last` the same over the presence's."""

    crowd: Crowd
    usual: HarmColumns
    last: HarmColumns
    persistence: float = PERSISTENCE

    def pair(self, weigh: Callable[[HarmColumns], Vector]) -> tuple[Vector, Vector]:
        return weigh(self.usual), weigh(self.last)

    @property
    def arrived_hours(self) -> frozenset[int]:
        """Starts (s) of the hours of which presence has arrived."""
        return self.crowd.arrived_hours

    def said_s(self, at: int) -> Vector:
        """[person]: seconds in touched cells that habit expects of the hour at `at`."""
        habit, rows = self.crowd.habit, self.crowd.habit_rows(at)
        return self.crowd.total(habit.subscriber[rows], habit.seconds[rows] * self.usual.touched[habit.cell[rows]])

    def seen_s(self, at: int, *, anywhere: bool = False) -> Vector:
        """[person]: seconds seen in touched cells, or anywhere, in the hour at `at`."""
        p = self.crowd.presence
        rows = p.start // HOUR_S == at // HOUR_S
        weight = 1.0 if anywhere else self.last.touched[p.cell[rows]]
        return self.crowd.total(self.crowd.of_presence[p.subscriber[rows]], p.seconds[rows] * weight)

    def blend(self, at: int, weights: tuple[Vector, Vector]) -> Vector:
        """[person]: expected seconds of the hour at `at`, each weighted by its cell's entry: by habit, and by where
        the person was last seen, which counts persistence^(hours since)."""
        crowd, rows = self.crowd, self.crowd.habit_rows(at)
        fade = crowd.seen * self.persistence ** max((at - crowd.recent_at) / HOUR_S, 1.0)
        usual = (crowd.habit.subscriber[rows], crowd.habit.cell[rows], crowd.habit.seconds[rows])
        last = (crowd.recent_person, crowd.recent.indices, crowd.recent.seconds)
        by_habit, by_last = _weighted(crowd, *usual, weights[0]), _weighted(crowd, *last, weights[1])
        return np.asarray((1 - fade) * by_habit + fade * by_last)


def _weighted(crowd: Crowd, who: NDArray[np.integer], cell: NDArray[np.int32], seconds: Vector, weight: Vector) -> Vector:
    hit = weight[cell] > 0
    return crowd.total(who[hit], seconds[hit] * weight[cell[hit]])


def view_of(crowd: Crowd, usual: HarmColumns, last: HarmColumns) -> View:
    """With the persistence that the last hours showed."""
    view = View(crowd, usual, last)
    return replace(view, persistence=_persistence(view))


def _persistence(view: View) -> float:
    """How much of a person's departure from habit in one hour is left in the next: from the last two hours that arrived."""
    at = view.crowd.recent_at
    first, then = ((view.seen_s(hour) - view.said_s(hour)) / HOUR_S for hour in (at - HOUR_S, at))
    both = (view.seen_s(at - HOUR_S, anywhere=True) > 0) & (view.seen_s(at, anywhere=True) > 0)
    left = PERSISTENCE * PERSISTENCE_PRIOR + float((first * then)[both].sum())
    return float(np.clip(left / (PERSISTENCE_PRIOR + float((first**2)[both].sum())), 0.2, 0.95))
