"""The population of an assessment: candidates out of everybody under one numbering, where each is expected and was last
seen, and how often each uses the network."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.exposure import ExpectedPresence, Exposure, LocationData, MobilityProfile, Presence
from detector.domain.local_time import HOURS_OF_WEEK, hour_of_week, hours_of_week
from detector.domain.policy import ImpactPolicy
from detector.domain.window import HOUR_S, hour_blocks
from detector.impact.expected_presence import expected_presence_of, people_behind

DEFAULT_ATTEMPTS_PER_S = 4 / HOUR_S
"""Attempts of a person where no attachment carries attempts. Chosen: a person uses the network about four times an hour."""

ACTIVE_S = 180.0
"""Seconds of use behind one attempt: slow service is felt in use only. Chosen: twice the session time of
`rates.SESSION_S`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """Those who may be touched, out of everybody. `keys` number them: first the profile's, then those only seen lately.
    `expected`, `presence`: theirs; `of_presence[i]`: number of the presence's subscriber i; `everyone`: all presence.
    `recent`: where people were in the hours before the forecast, with `recent_person` per entry, `seen` [person], and
    `recent_at`, the newest of those hours (s)."""

    keys: tuple[str, ...]
    expected: ExpectedPresence
    presence: Presence
    everyone: Presence
    of_presence: NDArray[np.intp]
    timezone: str
    recent: Exposure
    recent_person: NDArray[np.intp]
    seen: NDArray[np.bool_]
    recent_at: int

    @cached_property
    def arrived_hours(self) -> frozenset[int]:
        """Starts (s) of the hours of which presence has arrived, from anyone."""
        return frozenset(int(hour) * HOUR_S for hour in np.unique(self.everyone.start // HOUR_S))

    def attempts_per_s(self, at: int) -> NDArray[np.float64]:
        """[person]: in the hour of the week that holds `at`, by profile; else everyone's mean of this hour; else what
        arrived; else the default."""
        expected, rows = self.expected, self.expected_rows(at)
        known = np.isfinite(expected.attempts[rows])
        who, seconds, attempts = (
            expected.subscriber[rows][known],
            expected.seconds[rows][known],
            expected.attempts[rows][known],
        )
        pace = float(expected.pace[hour_of_week(at, self.timezone)])
        everyone = pace if np.isfinite(pace) else _arrived_attempts_per_s(self.everyone)
        own_s, own = self.total(who, seconds), self.total(who, attempts)
        return np.asarray(np.divide(own, own_s, out=np.full(len(self.keys), everyone), where=own_s > 0))

    def expected_rows(self, at: int) -> slice:
        """The profile's entries of the hour of the week that holds `at`."""
        hour = hour_of_week(at, self.timezone)
        return slice(int(self.expected.hour_start[hour]), int(self.expected.hour_start[hour + 1]))

    def total(self, people: NDArray[np.integer], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """[person]: sum of `amounts` by person."""
        return np.bincount(people, weights=amounts, minlength=len(self.keys)).astype(np.float64)


def population_of(
    locations: LocationData,
    *,
    touched: Collection[str],
    start: int,
    end: int,
    before: int,
    timezone: str,
    impact_policy: ImpactPolicy,
) -> Population:
    """Everyone usually or lately behind a `touched` cell in the hours at stake, `[start, end)` and those just before it.
    recent = rows that ended by `before` (s), `present_hours` back from the newest of them or, if that is older, from the
    incident's `start`."""
    presence = locations.presence
    ended = presence.start + presence.duration_s
    earlier = ended <= before
    recent_at = int(presence.start[earlier].max()) if earlier.any() else start - HOUR_S
    candidates = candidates_of(locations.profile, presence, touched, (recent_at - HOUR_S, start, end), timezone)
    expected, theirs = candidates.expected, candidates.presence
    number = {key: i for i, key in enumerate(expected.subscribers)}
    for key in theirs.subscribers:
        number.setdefault(key, len(number))
    of_presence = np.array([number[key] for key in theirs.subscribers], np.intp)
    newest = max(start, int(ended[earlier].max(initial=start)))
    recent = recent_exposure(theirs.take(theirs.start + theirs.duration_s <= before), newest, impact_policy)
    rows_each = np.diff(recent.indptr)
    seen = np.zeros(len(number), bool)
    seen[of_presence[rows_each > 0]] = True
    return Population(
        keys=tuple(number),
        expected=expected,
        presence=theirs,
        everyone=presence,
        of_presence=of_presence,
        timezone=timezone,
        recent=recent,
        recent_person=np.repeat(of_presence, rows_each),
        seen=seen,
        recent_at=recent_at,
    )


def active_share(attempts_per_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the time in which the network is in use.

    >>> active_share(np.array([0.0, 1 / 360, 1.0])).tolist()
    [0.02, 0.5, 1.0]
    """
    return np.asarray(np.clip(attempts_per_s * ACTIVE_S, 0.02, 1.0))


def _arrived_attempts_per_s(presence: Presence) -> float:
    arrived = np.isfinite(presence.attempts)
    seconds = float(presence.seconds[arrived].sum())
    return float(presence.attempts[arrived].sum()) / seconds if seconds else DEFAULT_ATTEMPTS_PER_S


def recent_exposure(presence: Presence, now: int, impact_policy: ImpactPolicy) -> Exposure:
    """Who was last seen where, per hour: each person's newest period that ended within `present_hours` before `now`."""
    ends = presence.start + presence.duration_s
    rows = presence.take((ends > now - impact_policy.present_hours * HOUR_S) & (presence.start < now))
    newest = np.full(len(rows.subscribers), np.iinfo(np.int64).min)
    np.maximum.at(newest, rows.subscriber, rows.start)
    rows = rows.take(rows.start == newest[rows.subscriber])
    per_hour = rows.seconds * HOUR_S / np.maximum(rows.duration_s, 1)
    shape = (len(rows.subscribers), len(rows.cells))
    matrix = scipy.sparse.csr_array((per_hour, (rows.subscriber, rows.cell)), shape=shape)
    return _exposure(rows.subscribers, rows.cells, matrix)


def _exposure(subscribers: tuple[str, ...], cells: tuple[str, ...], matrix: "scipy.sparse.csr_array") -> Exposure:
    matrix.sum_duplicates()
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    return Exposure(subscribers, cells, indptr, indices, matrix.data.astype(np.float64))


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where those who may be touched usually are, and where they have been seen: behind touched and other cells."""

    expected: ExpectedPresence
    presence: Presence


def candidates_of(
    profile: MobilityProfile, presence: Presence, touched: Collection[str], moments: tuple[int, int, int], timezone: str
) -> Candidates:
    """Everyone with a profile behind a touched cell in the hours at stake, and everyone of `presence` seen behind one.
    `moments` (s): the earliest of the hours that show how people follow their profiles, begin and end of the incident."""
    seen = _marked(presence.cells, touched)[presence.cell]
    hours = _hours(moments, presence.start[seen], timezone)
    regulars = people_behind(profile, np.flatnonzero(_marked(profile.cells, touched)), hours)
    lately = [presence.subscribers[i] for i in np.unique(presence.subscriber[seen]).tolist()]
    people = np.union1d(regulars, profile.places(lately))
    expected = expected_presence_of(profile, people, hours)
    return Candidates(expected, _only(presence, {*expected.subscribers, *lately}))


def _only(presence: Presence, keys: Collection[str]) -> Presence:
    """The rows of these people, under names of people and cells that occur."""
    wanted = np.zeros(len(presence.subscribers), bool)
    wanted[[place for key in keys if (place := presence.number.get(key)) is not None]] = True
    rows = presence.take(wanted[presence.subscriber])
    people, subscriber = np.unique(rows.subscriber, return_inverse=True)
    cells, cell = np.unique(rows.cell, return_inverse=True)
    return Presence(
        subscribers=tuple(rows.subscribers[i] for i in people.tolist()),
        cells=tuple(rows.cells[i] for i in cells.tolist()),
        subscriber=subscriber.astype(np.int32),
        cell=cell.astype(np.int32),
        start=rows.start,
        duration_s=rows.duration_s,
        seconds=rows.seconds,
        attempts=rows.attempts,
        failures=rows.failures,
    )


def _hours(moments: tuple[int, int, int], seen: NDArray[np.int64], timezone: str) -> Sequence[int]:
    """Of the week: the two before, those of the incident, and those of the rows seen."""
    before, start, end = moments
    first = (before, before + HOUR_S)
    blocks = hour_blocks(start, min(end, start + HOURS_OF_WEEK * HOUR_S))
    asked = np.unique([*first, *(hour for hour, _, _ in blocks), *(np.unique(seen // HOUR_S) * HOUR_S).tolist()])
    return sorted(set(hours_of_week(asked.astype(np.int64), timezone).tolist()))


def _marked(names: Sequence[str], wanted: Collection[str]) -> NDArray[np.bool_]:
    return np.fromiter((name in wanted for name in names), bool, len(names))
