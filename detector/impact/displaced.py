"""People of cells out of service in hours whose presence has arrived: who vanished, who was displaced, who failed there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.window import HOUR_S, hour_blocks
from detector.impact.harm import Harm
from detector.impact.hourly_exposure import HourlyExposure
from detector.impact.measured import normal_failure_rate
from detector.impact.suffering import SUFFERING_S

UNSEEN, PRIOR_PEOPLE = 0.05, 20.0
"""Chance that anyone misses minutes of an hour for reasons of their own, with the weight of so many people."""
GAP_S = 60.0
"""A gap in a person's usual time under this is none. Chosen: the resolution of attachments."""
PRIOR_S = 3 * HOUR_S
"""Person-seconds behind cells out of service that weigh as much as the prior that half of them are served by others. Chosen:
three people for an hour."""
ANYWHERE = 0.02
"""Chance of being displaced to a cell that is no neighbour of the one out of service. Chosen: neighbour lists are nearly
complete."""
STRANGE = 0.01
"""Share of an hour that anyone may spend behind a cell that is not in their profile. Chosen: half a minute."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Displaced:
    """[person]. dead_s: expected behind cells out of service in hours that arrived; moved_s: of that, seen served by others;
    suffered: P(the cells out of service made them suffer), from their missing time and from failures behind other cells."""

    dead_s: Vector
    moved_s: Vector
    suffered: Vector


def displaced_people(
    hourly: HourlyExposure, harms: Mapping[str, Harm], topology: Topology, start: int, end: int
) -> Displaced:
    """Absence from a cell out of service proves nothing, so profile and last presence before its outage show who was there.
    What is missing of a person's usual time is the cell's doing rather than their own with the odds of the two; hours do not
    add up (who is away for reasons of their own is so for hours), the surest counts. A person seen behind another cell was
    displaced rather than went by the odds of a neighbour's taking over to their usual presence there."""
    none = np.zeros(len(hourly.population.keys))
    dead_s, moved_s, vanished, shares = none, none, none, dict[int, Vector]()
    if hourly.expected_harm.lost.any() or hourly.recent_harm.lost.any():
        blocks = [b for b in hour_blocks(start, end) if b[0] in hourly.arrived_hours]
        hours = [(at, *_hour(hourly, at, begin, until)) for at, begin, until in blocks]
        own = _own_absence(hourly, np.sum([none, *(here for _, here, _ in hours)], axis=0) > 0)
        for at, here_s, lost_s in hours:
            unserved = 1.0 - (float((here_s - lost_s).sum()) + PRIOR_S / 2) / (float(here_s.sum()) + PRIOR_S)
            caused = here_s / HOUR_S * unserved
            felt = np.where(lost_s >= SUFFERING_S, 1.0, -np.expm1(-hourly.population.attempts_per_s(at) * lost_s))
            vanished = np.maximum(vanished, felt * caused / (caused + own))
            shares[at], dead_s, moved_s = here_s / HOUR_S, dead_s + here_s, moved_s + here_s - lost_s
    failed = _failed_after_displacement(hourly, shares, takeover_chances(harms, topology), start)
    return Displaced(dead_s, moved_s, 1.0 - (1.0 - vanished) * (1.0 - failed))


def _hour(hourly: HourlyExposure, at: int, begin: int, until: int) -> tuple[Vector, Vector]:
    """[person]: seconds expected behind cells out of service in `[begin, until)` of this hour; of them, those missing from
    sight."""
    dead = hourly.pair(lambda harm: harm.overlap_s(begin, until) / HOUR_S * (harm.lost > 0))
    here_s, expected_s = hourly.blend(at, dead), hourly.blend(at, hourly.pair(lambda harm: np.ones_like(harm.lost)))
    lost_s = np.clip(expected_s - hourly.seen_s(at, anywhere=True), 0.0, here_s)
    return here_s, np.where(lost_s >= GAP_S, lost_s, 0.0)


def _own_absence(hourly: HourlyExposure, concerned: NDArray[np.bool_]) -> float:
    """Chance to miss SUFFERING_S of one's usual time without any trouble: as in the last hour before it, of those concerned
    who are usually seen for most of that hour."""
    population, at = hourly.population, hourly.population.recent_at
    rows = population.expected_rows(at)
    expected_s = population.total(population.expected.subscriber[rows], population.expected.seconds[rows])
    there = concerned & (expected_s >= HOUR_S / 2)
    missing = there & (expected_s - hourly.seen_s(at, anywhere=True) >= SUFFERING_S)
    return float((missing.sum() + PRIOR_PEOPLE * UNSEEN) / (there.sum() + PRIOR_PEOPLE))


def takeover_chances(harms: Mapping[str, Harm], topology: Topology) -> dict[str, float]:
    """Cell -> chance that it takes over from one out of service near it."""
    dead, chance = {cell for cell, harm in harms.items() if harm.lost}, dict[str, float]()
    for cell in dead:
        here = topology.cells.get(cell)
        mates = topology.groups.get(("site", here.site_id), frozenset()) if here else frozenset()
        taking_over = (mates | topology.neighbours.get(cell, frozenset())) - dead
        for other in taking_over:
            chance[other] = max(chance.get(other, 0.0), 1.0 / len(taking_over))
    return chance


def _failed_after_displacement(
    hourly: HourlyExposure, shares: Mapping[int, Vector], taking_over: Mapping[str, float], start: int
) -> Vector:
    """[person]: P(a failure behind another cell is due to the outage): of people displaced, who fail more often than
    normal. How much more often is learned from all of them, hour by hour: most are cut off in the hour in which it died."""
    population, p = hourly.population, hourly.population.presence
    rows = np.flatnonzero(
        ~hourly.recent_harm.touched[p.cell]
        & np.isin(p.start // HOUR_S * HOUR_S, list(shares))
        & np.isfinite(p.attempts)
        & np.isfinite(p.failures)
    )
    who, weight = population.of_presence[p.subscriber[rows]], np.zeros(len(rows))
    taken = np.array([taking_over.get(cell, ANYWHERE) for cell in p.cells])[p.cell[rows]]
    for at, share in shares.items():
        now = p.start[rows] // HOUR_S * HOUR_S == at
        pull = share[who[now]] * taken[now]
        weight[now] = pull / (pull + _expected_share(hourly, at, who[now], p.cell[rows[now]]) + STRANGE)
    attempts, failures, normal = p.attempts[rows], p.failures[rows], normal_failure_rate(population, start)
    extra = np.zeros(len(rows))
    for at in shares:
        now = p.start[rows] // HOUR_S * HOUR_S == at
        found = float((weight * (failures - normal * attempts))[now].sum())
        extra[now] = max(found + 1.0, 0.0) / (float((weight * attempts)[now].sum()) + 20.0)
    chance = np.minimum(weight * extra / (extra + normal), 1 - 1e-9)
    return np.asarray(1.0 - np.exp(-population.total(who, failures * -np.log1p(-chance))))


def _expected_share(hourly: HourlyExposure, at: int, who: NDArray[np.intp], cell: NDArray[np.int32]) -> Vector:
    """[row]: share of the hour that this person usually spends behind this cell of the presence's numbering."""
    expected, rows = hourly.population.expected, hourly.population.expected_rows(at)
    if not expected.cells or rows.start == rows.stop:
        return np.zeros(len(who))
    number = {name: i for i, name in enumerate(expected.cells)}
    known = np.array([number.get(name, -1) for name in hourly.population.presence.cells], np.int64)[cell]
    keys = expected.subscriber[rows].astype(np.int64) * len(expected.cells) + expected.cell[rows]
    order = np.argsort(keys)
    wanted = who * len(expected.cells) + known
    at_most = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = (keys[order][at_most] == wanted) & (known >= 0)
    return np.where(found, expected.seconds[rows][order][at_most] / HOUR_S, 0.0)
