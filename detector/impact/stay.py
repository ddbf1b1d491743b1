"""How long each person was, or is expected to be, in an incident's cells, and what that does."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.impact.chance import concentration_of
from detector.impact.crowd import Crowd, active_share
from detector.impact.exposure import PERSISTENCE
from detector.impact.harm import HarmColumns
from detector.impact.hours import HOUR_S, hour_blocks

TAKEOVER_PRIOR_S = 3 * HOUR_S
"""Person-seconds of seen movement that weigh as much as the assumed takeover share."""
OWN_TAKEOVER_S = HOUR_S / 3
"""Seconds of a person's own time behind a dead cell that weigh as much as how everybody fared: who was served by a
neighbour in one hour is so in the next."""
CUT_OFF = 0.15
"""Chance that moving to the cell that takes over costs a person a running call or session."""
PERSISTENCE_PRIOR = 5.0
"""People that departed from habit by an hour who weigh as much as the assumed persistence."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """[person], over hours whose presence has not arrived, and over dead cells, where absence proves nothing.

    exposure_s: in touched cells; degraded_s: of that, in cells without or with slow service; harmful_s: of that, what is
    likely to be felt; hazard: expected own failures (attempts come as a Poisson stream,
    so none fails with the chance exp(-hazard)). window_s: length of the time looked at.
    driven_s: expected in dead cells in hours that arrived, driven_window_s of them.
    """

    exposure_s: Vector
    degraded_s: Vector
    harmful_s: Vector
    hazard: Vector
    window_s: float = 0.0
    driven_s: Vector | float = 0.0
    driven_window_s: float = 0.0

    def plus(self, other: "Forecast") -> "Forecast":
        return Forecast(
            self.exposure_s + other.exposure_s, self.degraded_s + other.degraded_s, self.harmful_s + other.harmful_s,
            self.hazard + other.hazard, self.window_s + other.window_s, self.driven_s + other.driven_s,
            self.driven_window_s + other.driven_window_s,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _View:
    """The crowd and what the cells do to it: `usual` over the habit's cells, `last` over the presence's."""

    crowd: Crowd
    usual: HarmColumns
    last: HarmColumns
    persistence: float = PERSISTENCE

    def pair(self, weigh: Callable[[HarmColumns], Vector]) -> tuple[Vector, Vector]:
        return weigh(self.usual), weigh(self.last)

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


def _weighted(
    crowd: Crowd, who: NDArray[np.integer], cell: NDArray[np.int32], seconds: Vector, weight: Vector
) -> Vector:  # fmt: skip
    hit = weight[cell] > 0
    return crowd.total(who[hit], seconds[hit] * weight[cell[hit]])


def forecast(
    crowd: Crowd, usual: HarmColumns, last: HarmColumns, start: int, end: int
) -> tuple[Forecast, float]:  # fmt: skip
    """What is expected in `[start, end)`, by habit and by the last presence (which fades by the hour), and how all-or-
    nothing presence is (see chance). `usual` and `last` are the harms over the habit's and the presence's cells.

    In an hour whose presence arrived, living cells are measured, and a dead cell's people are compared with what was seen
    of them anywhere: only what is missing of their usual time is lost. What was not missing tells how much others take
    over in the hours to come.
    """
    view = _View(crowd, usual, last)
    view = replace(view, persistence=_persistence(view))
    none = np.zeros(len(crowd.keys))
    whole = Forecast(none, none, none, none)
    arrived = {int(hour) * HOUR_S for hour in np.unique(crowd.presence.start // HOUR_S)}
    blocks = hour_blocks(start, end)
    moved_s, expected_s = none, none
    for block in (b for b in blocks if b[0] in arrived and (usual.lost.any() or last.lost.any())):
        part, lost_s = _dead_while_arrived(view, block)
        moved_s, expected_s = moved_s + part.exposure_s - lost_s, expected_s + part.exposure_s
        whole = whole.plus(part)
    usual, last = (_learned_takeover(harm, float(moved_s.sum()), float(expected_s.sum())) for harm in (usual, last))
    view, fared = replace(view, usual=usual, last=last), _fared(usual, last, moved_s, expected_s)
    for block in (b for b in blocks if b[0] not in arrived):
        whole = whole.plus(_not_arrived(view, block, fared))
    return whole, (_concentration(view) + 1) / evened_out(whole.window_s / HOUR_S, view.persistence) - 1


def evened_out(hours: float, persistence: float) -> float:
    """Variance of the mean of so many hours, as a share of one hour's, when each resembles the last (AR(1)).

    >>> [round(evened_out(hours, 0.5), 2) for hours in (0.5, 1, 2, 24)]
    [1.0, 1.0, 0.75, 0.12]
    """
    n = max(round(hours), 1)
    lags = np.arange(1, n)
    return float((n + 2 * ((n - lags) * persistence**lags).sum()) / n**2)


def _learned_takeover(harm: HarmColumns, moved_s: float, expected_s: float) -> HarmColumns:
    return replace(harm, takeover=(harm.takeover * TAKEOVER_PRIOR_S + moved_s) / (TAKEOVER_PRIOR_S + expected_s))


def _unserved(takeover: Vector | float, cut_off: Vector | float = CUT_OFF) -> Vector:
    """Chance to be without service, or cut off on the way to the cell that takes over."""
    return np.asarray(1.0 - takeover * (1.0 - cut_off), np.float64)


def _fared(usual: HarmColumns, last: HarmColumns, moved_s: Vector, expected_s: Vector) -> Vector:
    """[person]: chance to be unserved behind the dead cells, as a multiple of everybody's, from their own hours there."""
    takeovers = np.concatenate([harm.takeover[harm.lost > 0] for harm in (usual, last)])
    common = float(takeovers.mean()) if takeovers.size else 0.0
    own = (common * OWN_TAKEOVER_S + moved_s) / (OWN_TAKEOVER_S + expected_s)
    cut_off = CUT_OFF * OWN_TAKEOVER_S / (OWN_TAKEOVER_S + expected_s)  # who moved is not cut off again
    return np.asarray(_unserved(own, cut_off) / np.maximum(_unserved(common), 1e-9))


def _dead_while_arrived(view: _View, block: tuple[int, int, int]) -> tuple[Forecast, Vector]:
    """An hour's forecast for the people of dead cells, with the seconds that nobody else served."""
    at, start, end = block
    dead = view.pair(lambda harm: harm.overlap_s(start, end) / HOUR_S * (harm.lost > 0))
    dead_s = view.blend(at, dead)
    lost = view.blend(at, (dead[0] * view.usual.lost, dead[1] * view.last.lost))
    whole = view.blend(at, view.pair(lambda harm: np.ones_like(harm.lost)))
    lost_s = np.clip(whole - view.seen_s(at, anywhere=True), 0.0, dead_s)
    felt = lost * np.divide(lost_s, dead_s, out=np.zeros_like(dead_s), where=dead_s > 0)
    return Forecast(dead_s, dead_s, felt, np.zeros_like(dead_s), float(end - start), dead_s, float(end - start)), lost_s


def _not_arrived(view: _View, block: tuple[int, int, int], fared: Vector) -> Forecast:
    at, start, end = block

    def expected(weigh: Callable[[HarmColumns], Vector]) -> Vector:
        return view.blend(at, view.pair(lambda harm: harm.overlap_s(start, end) / HOUR_S * weigh(harm)))

    pace = view.crowd.attempts_per_s(at)
    active = active_share(pace)
    return Forecast(
        expected(lambda harm: np.ones_like(harm.lost)),
        expected(lambda harm: (harm.lost > 0).astype(np.float64))
        + active * expected(lambda harm: ((harm.lost == 0) & (harm.slow > 0)).astype(np.float64)),
        expected(lambda harm: np.asarray(harm.lost * _unserved(harm.takeover), np.float64)) * fared
        + active * expected(lambda harm: np.where(harm.lost > 0, 0.0, harm.slow)),
        expected(lambda harm: np.where(harm.lost > 0, 0.0, harm.failing)) * pace,
        float(end - start),
    )


def _persistence(view: _View) -> float:
    """How much of a person's departure from habit in one hour is left in the next: from the last two hours that arrived."""
    at = view.crowd.recent_at
    first, then = ((view.seen_s(hour) - view.said_s(hour)) / HOUR_S for hour in (at - HOUR_S, at))
    both = (view.seen_s(at - HOUR_S, anywhere=True) > 0) & (view.seen_s(at, anywhere=True) > 0)
    left = PERSISTENCE * PERSISTENCE_PRIOR + float((first * then)[both].sum())
    return float(np.clip(left / (PERSISTENCE_PRIOR + float((first**2)[both].sum())), 0.2, 0.95))


def _concentration(view: _View) -> float:
    """From the last hour before the forecast: what habit said of the touched cells against what arrived."""
    said, seen = view.said_s(view.crowd.recent_at), view.seen_s(view.crowd.recent_at)
    known = view.crowd.seen & (said > 0)
    return concentration_of(said[known] / HOUR_S, seen[known] / HOUR_S)
