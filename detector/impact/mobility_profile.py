"""Where a person usually is at this hour of the week, learned from a few weeks of attachments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import MobilityProfile, Presence, no_mobility_profile
from detector.domain.local_time import DAY_TYPE_HOUR, HOURS_OF_WEEK
from detector.domain.window import HOUR_S
from detector.impact.presence_counts import SLOTS, PresenceCounts, SlotCounts, count_presence

PRIOR_WEEKS = 2.0
"""Fresh weeks of one hour of the week that weigh as much as the same hour of all like days. Chosen: a week may be a
holiday."""
TINY_S = 18.0
"""Least expected presence that is kept. Chosen: half a per cent of an hour; below it a person can neither be listed nor be
separated from noise."""
PRIOR_HOURS = 10.0
"""Hours of the average person's rate that are mixed into each person's own rate of attempts. Chosen: half a waking day."""
Vector = NDArray[np.float64]


def learn_mobility_profile(
    presence: Presence | Iterable[Presence], *, timezone: str, before: int, weeks_half_life: float = 2.0
) -> MobilityProfile:
    """Mean seconds and attempts an hour of each person behind each cell, from rows that start before `before` (s), given
    at once or part by part (for instance by days), so that millions of them need not be held.

    A row's seconds belong to the local hour in which it starts; a past week counts half after `weeks_half_life` weeks. The
    mean of an hour of the week, y over W weighted weeks, is shrunk towards z, the mean of that hour over all weekdays (or
    all weekend days): (W y + k z) / (W + k) with k = PRIOR_WEEKS. So one week is useful, and Monday still becomes Monday.
    Hours of which no row arrived from anyone count as unknown, not as empty. Attempts are seconds x the person's own rate
    (all hours, shrunk towards everyone's) x how busy everyone is at that hour; NaN if no row has attempts.
    Pairs whose mean is under TINY_S at every like hour are dropped.
    """
    parts = (presence,) if isinstance(presence, Presence) else presence
    seen = count_presence(parts, timezone=timezone, before=before, weeks_half_life=weeks_half_life)
    if not seen.people:
        return no_mobility_profile()
    weeks, rate = seen.weeks, _rate(seen)
    names = np.array([key.encode() for key in seen.people], dtype=bytes)
    order = np.argsort(names)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    learned = [_learned(seen.slot(slot), slot, weeks, rate, place) for slot in range(SLOTS)]
    busy = _busy(seen, np.array([one.expected for one in learned]))
    first = _edges([len(one.person) for one in learned])
    own = [learned[DAY_TYPE_HOUR[hour]].own[hour] for hour in range(HOURS_OF_WEEK)]
    own_at = [(at + first[DAY_TYPE_HOUR[hour]]).astype(np.int32) for hour, (at, _) in enumerate(own)]
    pace = np.array([busy[DAY_TYPE_HOUR[h]] * learned[DAY_TYPE_HOUR[h]].pace[h] for h in range(HOURS_OF_WEEK)])
    person = np.concatenate([one.person for one in learned])
    return MobilityProfile(
        subscribers=names[order],
        cells=tuple(seen.cells),
        slot_start=first,
        person=person,
        cell=np.concatenate([one.cell for one in learned]),
        like_s=np.concatenate([one.like_s for one in learned]),
        own_start=_edges([len(at) for at in own_at]),
        own_at=np.concatenate(own_at),
        own_s=np.concatenate([s for _, s in own]),
        person_start=_edges(np.bincount(person, minlength=len(order)).tolist()),
        of_person=np.argsort(person, kind="stable").astype(np.int32),
        weeks=weeks,
        rate=rate[order].astype(np.float32),
        busy=busy,
        pace=pace,
    )


@dataclass(frozen=True, eq=False)
class _Learned:
    """One slot of a profile; `own` and `pace` by hour of the week. pace: mean rate of the people there, by their time there;
    expected: attempts that rows with attempts would hold at everyone's own rate."""

    person: NDArray[np.int32]
    cell: NDArray[np.int32]
    like_s: NDArray[np.float32]
    own: dict[int, tuple[NDArray[np.intp], NDArray[np.float32]]]
    pace: dict[int, float]
    expected: float


def _learned(slot: SlotCounts, number: int, weeks: Vector, rate: Vector, place: NDArray[np.int32]) -> _Learned:
    hours = np.flatnonzero(number == DAY_TYPE_HOUR).tolist()
    measured = weeks[hours].sum()
    like = slot.own.sum(axis=1) / measured if measured else np.zeros(len(slot.person))
    keep, pace = np.zeros(len(like), bool), {}
    for hour in hours:
        mean = shrunk(slot.own[:, hour // 24], like, weeks[hour])
        mean = np.where(mean < TINY_S, 0.0, np.minimum(mean, HOUR_S))
        keep |= mean > 0
        total = mean.sum()
        pace[hour] = float((mean * rate[slot.person]).sum() / total) if total else np.nan
    kept = np.flatnonzero(keep)
    kept = kept[np.lexsort((place[slot.person[kept]], slot.cell[kept]))]
    own = {hour: _own(slot.own[kept, hour // 24]) for hour in hours}
    expected = float((rate[slot.person] * slot.known).sum())
    return _Learned(place[slot.person[kept]], slot.cell[kept], like[kept].astype(np.float32), own, pace, expected)


def shrunk(own: Vector, like: Vector, weeks: float) -> Vector:
    """Mean seconds of an hour: `own` in all over so many weighted weeks, towards that of like hours."""
    return np.asarray((own + PRIOR_WEEKS * like) / (weeks + PRIOR_WEEKS), np.float64)


def _own(seconds: Vector) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    at = np.flatnonzero(seconds)
    return at, seconds[at].astype(np.float32)


def _rate(seen: PresenceCounts) -> Vector:
    """[person]: attempts per second of presence, shrunk towards everyone's; NaN if nobody's are known."""
    known = seen.known_s.sum()
    if not known:
        return np.full(len(seen.people), np.nan)
    overall, prior_s = seen.attempts.sum() / known, PRIOR_HOURS * HOUR_S
    return np.asarray((seen.attempts + overall * prior_s) / (seen.known_s + prior_s))


def _busy(seen: PresenceCounts, expected: Vector) -> Vector:
    """[slot]: attempts as a multiple of what people's own rates let expect."""
    known = seen.known_s.sum()
    overall = seen.attempts.sum() / known if known else 0.0
    if not overall:
        return np.ones(SLOTS)
    prior = overall * PRIOR_HOURS * HOUR_S
    return np.asarray((seen.busy + prior) / (expected + prior))


def _edges(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
