"""Sites that send no measurements, judged by the people behind them: a reporting gap, or an outage."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.customer import excluded_from_analysis
from detector.domain.exposure import LocationData, Presence
from detector.domain.local_time import hours_of_week
from detector.domain.people_seen import LEAST_MISSING_S, PeopleSeen, SilentObjects
from detector.domain.policy import ImpactPolicy
from detector.domain.ports import Reference
from detector.domain.window import HOUR_S
from detector.impact.expected_presence import expected_presence_of, people_behind

HOURS_BEFORE = 2
"""Full hours before the silence that show the level of the day. Chosen: one may be odd, three ago is another part of the
day."""
SURE = 3.0
"""Log-likelihood ratio (nats) of "as usual" against "gone" that decides. Chosen: twenty to one."""
LEAST_SD, PRIOR_SD = 0.15, 0.3
"""Standard deviation of a site's seen / expected presence: at least, and where too few sites show it. Chosen: a tenth of a
site's people come and go within the hour; 0.3 lets only a clear absence decide."""
FEWEST_SITES = 5
"""Sites from which their scatter is read. Chosen: the median deviation of five bounds three of them."""
MOST_SITES = 200
"""Sites that are compared with. Chosen: their median is known to a tenth of their scatter, and the time is bounded."""
ARRIVED = 0.5
"""Share of the people of the hours before, of all sites compared with, that the hour has to show. Chosen: less means that
files of the hour are still on their way."""
MOVES_ALONE = 0.5
"""Share of the logarithm by which the expected number of people has changed since the hours before that is the standard
deviation of the level. Chosen: who comes to work on a day that has changed does not follow from who lives there."""
NORMAL_MAD = 1.4826
"""Standard deviation / median absolute deviation of a normal distribution. Definition."""

Vector = NDArray[np.float64]


def newest_hour(presence: Presence) -> int | None:
    """Start (s) of the newest whole hour of which attachments have arrived; None without any."""
    if not len(presence):
        return None
    return int((presence.start + presence.duration_s).max()) // HOUR_S * HOUR_S - HOUR_S


def people_seen(
    silent: Sequence[SilentObjects],
    locations: LocationData,
    reference: Reference,
    impact_policy: ImpactPolicy,
    *,
    now: int,
) -> tuple[PeopleSeen, ...]:
    """What the newest whole hour of attachments shows of the people behind sites that sent nothing in it; a site of which
    neither is sure is left out.

    A site's people are compared with those whom past weeks let expect in this hour of the week, at the level that the same
    site had in the hours before it fell silent, and at the pace of other sites since then. So a holiday, a match or a storm
    that moves them alike cancels out, and an office that was empty before says nothing. The ratio is normal around 1 if
    people are as usual, around the share of the hour that was measured if they are gone; its variance is that of a count of
    so many people (1 / n) and what the other sites show beyond that (their median absolute deviation). People who withdrew
    `network_care_analysis` are in neither side. The level of the hours before is a count, too, and
    says little of other people than were expected then: on a holiday nobody comes to the factory when its shift begins. A
    site of fewer people than the privacy floor is not judged.
    """
    hour = newest_hour(locations.presence)
    if hour is None or not len(locations.profile.subscribers):
        return ()
    judged = [one for one in silent if one.missing_s(hour) >= LEAST_MISSING_S]
    found: list[PeopleSeen] = []
    for since in sorted({one.since // HOUR_S for one in judged}):
        own = [one for one in judged if one.since // HOUR_S == since]
        hours = (*range((since - HOURS_BEFORE) * HOUR_S, since * HOUR_S, HOUR_S), hour)
        others = _compared(reference.topology, {name for one in silent for name in one.names})
        groups = (*(one.names for one in own), *others)
        counts = _counted(groups, hours, locations, reference, now)
        found += _judged(own, counts, hour, impact_policy)
    return tuple(found)


def _compared(topology: Topology, silent: Collection[str]) -> tuple[frozenset[str], ...]:
    """Cells of other sites, of which none is silent and none is a neighbour of a silent one, if there are enough of those:
    the people of a dead cell go to its neighbours."""
    beside = frozenset(silent).union(*(topology.neighbours.get(name, frozenset()) for name in silent))
    sites = [cells for (kind, _), cells in sorted(topology.groups.items()) if kind == "site" and not cells & set(silent)]
    far = [cells for cells in sites if not cells & beside]
    chosen = far if len(far) >= FEWEST_SITES else sites
    return tuple(chosen[:: max(1, -(-len(chosen) // MOST_SITES))])


@dataclass(frozen=True, eq=False)
class _Counts:
    """[group, hour] seconds of presence seen and expected, the judged hour last."""

    seen: Vector
    expected: Vector


def _counted(
    groups: Sequence[frozenset[str]], hours: Sequence[int], locations: LocationData, reference: Reference, now: int
) -> _Counts:
    group_of = {name: i for i, cells in enumerate(groups) for name in cells}
    profile, presence = locations.profile, locations.presence
    week = hours_of_week(np.array(hours, np.int64), reference.operator.timezone).tolist()
    behind = people_behind(profile, np.flatnonzero(_numbers(profile.cells, group_of) >= 0), week)
    expected = expected_presence_of(profile, behind, week)
    here = _numbers(presence.cells, group_of)[presence.cell]
    near = np.isin(presence.start // HOUR_S * HOUR_S, hours) & (here >= 0)
    lately = [presence.subscribers[i] for i in np.unique(presence.subscriber[near]).tolist()]
    out = excluded_from_analysis(reference.customers, now, {*expected.subscribers, *lately})
    near &= ~_marked(presence.subscribers, out)[presence.subscriber]
    of_cell, left_out = _numbers(expected.cells, group_of), _marked(expected.subscribers, out)
    due, seen = np.zeros((len(groups), len(hours))), np.zeros((len(groups), len(hours)))
    for column, (at, hour) in enumerate(zip(hours, week, strict=True)):
        entries = slice(int(expected.hour_start[hour]), int(expected.hour_start[hour + 1]))
        group = of_cell[expected.cell[entries]]
        fine = (group >= 0) & ~left_out[expected.subscriber[entries]]
        due[:, column] = np.bincount(group[fine], expected.seconds[entries][fine], len(groups))
        rows = near & (presence.start // HOUR_S * HOUR_S == at)
        seen[:, column] = np.bincount(here[rows], presence.seconds[rows], len(groups))
    return _Counts(seen, due)


def _marked(keys: Sequence[str], chosen: Collection[str]) -> NDArray[np.bool_]:
    return np.fromiter((key in chosen for key in keys), bool, len(keys)) if chosen else np.zeros(len(keys), bool)


def _numbers(cells: Sequence[str], group_of: Mapping[str, int]) -> NDArray[np.int64]:
    return np.fromiter((group_of.get(name, -1) for name in cells), np.int64, len(cells))


def _judged(own: Sequence[SilentObjects], counts: _Counts, hour: int, impact_policy: ImpactPolicy) -> Iterator[PeopleSeen]:
    """`own` are the first groups of the counts, the others are compared with."""
    before = counts.seen[:, :-1].mean(axis=1)
    level = _ratio(before, counts.expected[:, :-1].mean(axis=1))
    due = counts.expected[:, -1] * level  # [group] at the level of the hours before
    others = slice(len(own), None)
    usable = due[others] > HOUR_S
    pace = _ratio(counts.seen[others, -1][usable], due[others][usable])
    middle = float(np.median(pace)) if len(pace) else 1.0
    if middle < ARRIVED:
        return
    spread = PRIOR_SD**2
    if len(pace) >= FEWEST_SITES:
        by_chance = HOUR_S / (float(np.median(due[others][usable])) * middle)
        spread = (NORMAL_MAD * float(np.median(np.abs(pace / middle - 1)))) ** 2 - by_chance
    for i, one in enumerate(own):
        people = due[i] * middle / HOUR_S
        if not np.isfinite(people) or people < impact_policy.privacy_floor:
            continue
        share = counts.seen[i, -1] / HOUR_S / people
        measured = 1 - one.missing_s(hour) / HOUR_S
        variance = max(spread, LEAST_SD**2) + 1 / people + HOUR_S / before[i] + _other_people(counts.expected[i])
        present = ((share - measured) ** 2 - (share - 1) ** 2) / (2 * variance)
        if abs(present) >= SURE:
            for name in sorted(one.names):
                yield PeopleSeen(
                    object_id=name, start=hour, end=hour + HOUR_S, present=bool(present > 0), share=round(float(share), 3)
                )


def _other_people(expected: Vector) -> float:
    """Variance of the level [hour], for the people of the last hour are others than those of the most similar one before."""
    known = expected[:-1][expected[:-1] > 0]
    moves = np.abs(np.log(expected[-1] / known)) if len(known) and expected[-1] > 0 else np.array([np.inf])
    return float((MOVES_ALONE * moves.min()) ** 2)


def _ratio(part: Vector, whole: Vector) -> Vector:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
