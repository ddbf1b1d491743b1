"""People of dead cells in hours whose presence has arrived: who vanished, who was driven elsewhere, who failed there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.window import HOUR_S, hour_blocks
from detector.impact.chance import SUFFERING_S
from detector.impact.harm import Harm
from detector.impact.measured import normal_failure_rate
from detector.impact.view import View

UNSEEN, PRIOR_PEOPLE = 0.05, 20.0
"""Chance that anyone misses minutes of an hour for reasons of their own, believed as firmly as if seen of so many people."""
GAP_S = 60.0
"""A gap in a person's usual time under this is none."""
PRIOR_S = 3 * HOUR_S
"""Person-seconds behind dead cells that weigh as much as the belief that half of them are served by others."""
ANYWHERE = 0.02
"""Chance to be driven to a cell that is no neighbour of the dead one."""
STRANGE = 0.01
"""Share of an hour that anyone may spend behind a cell that is not among their habits."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Driven:
    """[person]. dead_s: expected behind dead cells in hours that arrived; moved_s: of that, seen served by others;
    suffered: P(the dead cells made them suffer), from what is missing of their time and from failures elsewhere."""

    dead_s: Vector
    moved_s: Vector
    suffered: Vector


def driven(view: View, harms: Mapping[str, Harm], topology: Topology, start: int, end: int) -> Driven:
    """Absence from a dead cell proves nothing, so habit and the last presence before it died say who was there. What is
    missing of a person's usual time is the cell's doing rather than their own with the odds of the two; hours do not add up
    (who is away for reasons of their own is so for hours), the surest speaks. A person seen elsewhere was driven there
    rather than went with the odds of a neighbour's taking over to their habit there."""
    none = np.zeros(len(view.crowd.keys))
    dead_s, moved_s, vanished, shares = none, none, none, dict[int, Vector]()
    if view.usual.lost.any() or view.last.lost.any():
        blocks = [b for b in hour_blocks(start, end) if b[0] in view.arrived_hours]
        hours = [(at, *_hour(view, at, begin, until)) for at, begin, until in blocks]
        own = _own_absence(view, np.sum([none, *(here for _, here, _ in hours)], axis=0) > 0)
        for at, here_s, lost_s in hours:
            unserved = 1.0 - (float((here_s - lost_s).sum()) + PRIOR_S / 2) / (float(here_s.sum()) + PRIOR_S)
            caused = here_s / HOUR_S * unserved
            felt = np.where(lost_s >= SUFFERING_S, 1.0, -np.expm1(-view.crowd.attempts_per_s(at) * lost_s))
            vanished = np.maximum(vanished, felt * caused / (caused + own))
            shares[at], dead_s, moved_s = here_s / HOUR_S, dead_s + here_s, moved_s + here_s - lost_s
    failed = _failed_elsewhere(view, shares, refuges(harms, topology), start)
    return Driven(dead_s, moved_s, 1.0 - (1.0 - vanished) * (1.0 - failed))


def _hour(view: View, at: int, begin: int, until: int) -> tuple[Vector, Vector]:
    """[person]: seconds expected behind dead cells in `[begin, until)` of this hour; of them, those missing from sight."""
    dead = view.pair(lambda harm: harm.overlap_s(begin, until) / HOUR_S * (harm.lost > 0))
    here_s, usual_s = view.blend(at, dead), view.blend(at, view.pair(lambda harm: np.ones_like(harm.lost)))
    lost_s = np.clip(usual_s - view.seen_s(at, anywhere=True), 0.0, here_s)
    return here_s, np.where(lost_s >= GAP_S, lost_s, 0.0)


def _own_absence(view: View, concerned: NDArray[np.bool_]) -> float:
    """Chance to miss SUFFERING_S of one's usual time without any trouble: as in the last hour before it, of those concerned
    who are usually seen for most of that hour."""
    crowd, at = view.crowd, view.crowd.recent_at
    rows = crowd.habit_rows(at)
    usual_s = crowd.total(crowd.habit.subscriber[rows], crowd.habit.seconds[rows])
    there = concerned & (usual_s >= HOUR_S / 2)
    missing = there & (usual_s - view.seen_s(at, anywhere=True) >= SUFFERING_S)
    return float((missing.sum() + PRIOR_PEOPLE * UNSEEN) / (there.sum() + PRIOR_PEOPLE))


def refuges(harms: Mapping[str, Harm], topology: Topology) -> dict[str, float]:
    """Cell -> chance that it takes over from a dead one near it."""
    dead, chance = {cell for cell, harm in harms.items() if harm.lost}, dict[str, float]()
    for cell in dead:
        here = topology.cells.get(cell)
        mates = topology.groups.get(("site", here.site_id), frozenset()) if here else frozenset()
        near = (mates | topology.neighbours.get(cell, frozenset())) - dead
        for other in near:
            chance[other] = max(chance.get(other, 0.0), 1.0 / len(near))
    return chance


def _failed_elsewhere(view: View, shares: Mapping[int, Vector], near: Mapping[str, float], start: int) -> Vector:
    """[person]: P(a failure behind another cell is the dead cells' doing): of people driven there, who fail more often than
    normal. How much more often is learned from all of them, hour by hour: most are cut off in the hour in which it died."""
    crowd, p = view.crowd, view.crowd.presence
    rows = np.flatnonzero(
        ~view.last.touched[p.cell]
        & np.isin(p.start // HOUR_S * HOUR_S, list(shares))
        & np.isfinite(p.attempts)
        & np.isfinite(p.failures)
    )
    who, weight = crowd.of_presence[p.subscriber[rows]], np.zeros(len(rows))
    taken = np.array([near.get(cell, ANYWHERE) for cell in p.cells])[p.cell[rows]]
    for at, share in shares.items():
        now = p.start[rows] // HOUR_S * HOUR_S == at
        pull = share[who[now]] * taken[now]
        weight[now] = pull / (pull + _habit_share(view, at, who[now], p.cell[rows[now]]) + STRANGE)
    attempts, failures, normal = p.attempts[rows], p.failures[rows], normal_failure_rate(crowd, start)
    extra = np.zeros(len(rows))
    for at in shares:
        now = p.start[rows] // HOUR_S * HOUR_S == at
        found = float((weight * (failures - normal * attempts))[now].sum())
        extra[now] = max(found + 1.0, 0.0) / (float((weight * attempts)[now].sum()) + 20.0)
    chance = np.minimum(weight * extra / (extra + normal), 1 - 1e-9)
    return np.asarray(1.0 - np.exp(-crowd.total(who, failures * -np.log1p(-chance))))


def _habit_share(view: View, at: int, who: NDArray[np.intp], cell: NDArray[np.int32]) -> Vector:
    """[row]: share of the hour that this person usually spends behind this cell of the presence's numbering."""
    habit, rows = view.crowd.habit, view.crowd.habit_rows(at)
    if not habit.cells or rows.start == rows.stop:
        return np.zeros(len(who))
    number = {name: i for i, name in enumerate(habit.cells)}
    known = np.array([number.get(name, -1) for name in view.crowd.presence.cells], np.int64)[cell]
    keys = habit.subscriber[rows].astype(np.int64) * len(habit.cells) + habit.cell[rows]
    order = np.argsort(keys)
    wanted = who * len(habit.cells) + known
    at_most = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = (keys[order][at_most] == wanted) & (known >= 0)
    return np.where(found, habit.seconds[rows][order][at_most] / HOUR_S, 0.0)
