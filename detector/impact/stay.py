"""How long each person was, or is expected to be, in an incident's cells, and what that does."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.impact.chance import concentration_of
from detector.impact.crowd import Crowd
from detector.impact.exposure import PERSISTENCE
from detector.impact.harm import HarmColumns
from detector.impact.hours import HOUR_S, hour_blocks

TAKEOVER_PRIOR_S = 3 * HOUR_S
"""Person-seconds of seen movement that weigh as much as the assumed takeover share."""
HOURS_AVERAGE = 0.25
"""How much each further hour evens out presence; hours of one person resemble each other."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """[person], over hours whose presence has not arrived, and over dead cells, where absence proves nothing.

    exposure_s: in touched cells; degraded_s: of that, in cells without or with slow service; harmful_s: of that, what is
    likely to be felt; hazard: expected own failures. window_s: length of the time looked at.
    """

    exposure_s: Vector
    degraded_s: Vector
    harmful_s: Vector
    hazard: Vector
    window_s: float = 0.0

    def plus(self, other: "Forecast") -> "Forecast":
        return Forecast(
            self.exposure_s + other.exposure_s, self.degraded_s + other.degraded_s, self.harmful_s + other.harmful_s,
            self.hazard + other.hazard, self.window_s + other.window_s,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Hour:
    """One hour's presence of everybody: by habit, and by where they were last seen, which counts `fade` [person]."""

    crowd: Crowd
    by_habit: tuple[NDArray[np.int32], NDArray[np.int32], Vector]
    by_last: tuple[NDArray[np.intp], NDArray[np.int32], Vector]
    fade: Vector

    def blend(self, usual: Vector, last: Vector) -> Vector:
        """[person]: seconds, each weighted by its cell's entry in `usual` or `last`."""
        parts = []
        for (who, cell, seconds), weight in ((self.by_habit, usual), (self.by_last, last)):
            hit = weight[cell] > 0
            parts.append(self.crowd.total(who[hit], seconds[hit] * weight[cell[hit]]))
        return np.asarray((1 - self.fade) * parts[0] + self.fade * parts[1])


def _hour(crowd: Crowd, at: int, timezone: str) -> _Hour:
    rows = crowd.habit_rows(at, timezone)
    fade = crowd.seen * PERSISTENCE ** max((at - crowd.recent_at) / HOUR_S, 1.0)
    habit, recent = crowd.habit, crowd.recent
    usual = (habit.subscriber[rows], habit.cell[rows], habit.seconds[rows])
    return _Hour(crowd, usual, (crowd.recent_person, recent.indices, recent.seconds), fade)


def forecast(
    crowd: Crowd, usual: HarmColumns, last: HarmColumns, start: int, end: int, timezone: str
) -> tuple[Forecast, float]:
    """What is expected in `[start, end)`, by habit and by the last presence before it (which fades by PERSISTENCE an hour),
    and the presence's concentration. `usual` and `last` are the harms over the habit's and the recent exposure's cells.

    In an hour whose presence arrived, a dead cell's people are compared with what was seen of them anywhere: only what is
    missing of their usual time is lost. What was not missing tells how much others take over in the hours to come.
    """
    none = np.zeros(len(crowd.keys))
    whole = Forecast(none, none, none, none)
    arrived = {int(hour) * HOUR_S for hour in np.unique(crowd.presence.start // HOUR_S)}
    blocks = hour_blocks(start, end)
    moved_s = expected_s = 0.0
    for block in (b for b in blocks if b[0] in arrived and (usual.lost.any() or last.lost.any())):
        part, dead_s, lost_s = _block(crowd, usual, last, block, timezone, True)
        moved_s, expected_s = moved_s + float((dead_s - lost_s).sum()), expected_s + float(dead_s.sum())
        whole = whole.plus(part)
    usual, last = (_learned_takeover(harm, moved_s, expected_s) for harm in (usual, last))
    for block in (b for b in blocks if b[0] not in arrived):
        whole = whole.plus(_block(crowd, usual, last, block, timezone, False)[0])
    hours = max(whole.window_s / HOUR_S, 1.0)
    concentration = _concentration(crowd, usual, last, timezone)
    return whole, (concentration + 1) * (1 + HOURS_AVERAGE * (hours - 1)) - 1


def _learned_takeover(harm: HarmColumns, moved_s: float, expected_s: float) -> HarmColumns:
    return replace(harm, takeover=(harm.takeover * TAKEOVER_PRIOR_S + moved_s) / (TAKEOVER_PRIOR_S + expected_s))


def _block(
    crowd: Crowd, usual: HarmColumns, last: HarmColumns, block: tuple[int, int, int], timezone: str, arrived: bool
) -> tuple[Forecast, Vector, Vector]:
    """One hour's forecast, with the expected and the lost seconds in dead cells; living cells of arrived hours are
    measured and not in it."""
    at, start, end = block
    hour = _hour(crowd, at, timezone)
    shares = [harm.overlap_s(start, end) / HOUR_S for harm in (usual, last)]
    dead = [share * (harm.lost > 0) for share, harm in zip(shares, (usual, last), strict=True)]
    dead_s = hour.blend(*dead)
    lost = hour.blend(*(d * harm.lost for d, harm in zip(dead, (usual, last), strict=True)))
    if arrived:
        whole = hour.blend(np.ones(len(dead[0])), np.ones(len(dead[1])))
        lost_s = np.clip(whole - _seen_s(crowd, at), 0.0, dead_s)
        felt = lost * np.divide(lost_s, dead_s, out=np.zeros_like(dead_s), where=dead_s > 0)
        return Forecast(dead_s, dead_s, felt, np.zeros_like(dead_s), float(end - start)), dead_s, lost_s
    served = hour.blend(*(d * harm.lost * harm.takeover for d, harm in zip(dead, (usual, last), strict=True)))
    living = [share * (harm.lost == 0) for share, harm in zip(shares, (usual, last), strict=True)]
    slow_s = hour.blend(*(w * (harm.slow > 0) for w, harm in zip(living, (usual, last), strict=True)))
    slow = hour.blend(*(w * harm.slow for w, harm in zip(living, (usual, last), strict=True)))
    failing = hour.blend(*(w * -np.log1p(-harm.failing) for w, harm in zip(living, (usual, last), strict=True)))
    return Forecast(
        dead_s + hour.blend(*living), dead_s + slow_s, lost - served + slow, failing * crowd.attempts_per_s,
        float(end - start),
    ), dead_s, dead_s  # fmt: skip


def _seen_s(crowd: Crowd, hour: int) -> Vector:
    """[person]: seconds seen anywhere in this hour."""
    rows = crowd.presence.start // HOUR_S == hour // HOUR_S
    return crowd.total(crowd.of_presence[crowd.presence.subscriber[rows]], crowd.presence.seconds[rows])


def _concentration(crowd: Crowd, usual: HarmColumns, last: HarmColumns, timezone: str) -> float:
    """From the last hour before the incident: what habit said of the touched cells against what arrived."""
    if not crowd.seen.any():
        return concentration_of(np.empty(0), np.empty(0))
    rows = crowd.habit_rows(crowd.recent_at, timezone)
    said = crowd.total(crowd.habit.subscriber[rows], crowd.habit.seconds[rows] * usual.touched[crowd.habit.cell[rows]])
    seen = crowd.total(crowd.recent_person, crowd.recent.seconds * last.touched[crowd.recent.indices])
    known = crowd.seen & (said > 0)
    return concentration_of(said[known] / HOUR_S, seen[known] / HOUR_S)
