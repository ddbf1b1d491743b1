"""The people an assessment looks at: one numbering for habit and arrived presence, and how often each tries something."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Exposure, LocationData, Presence, Usual
from detector.domain.local_time import hour_of_week
from detector.domain.policy import ImpactPolicy
from detector.domain.window import HOUR_S
from detector.impact.exposure import recent_exposure
from detector.impact.near import near_of

DEFAULT_ATTEMPTS_PER_S = 4 / HOUR_S
"""Where no attachment carries attempts: a person asks something of the network about four times an hour."""

ACTIVE_S = 180.0
"""Seconds of use behind one attempt: slow service is felt in use, not in a pocket."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Crowd:
    """Those who may be touched, out of everybody. `keys` number them: first the habit's, then those only seen lately.
    `habit`, `presence`: theirs; `of_presence[i]`: number of the presence's subscriber i; `everyone`: all presence.
    `recent`: where people were in the hours before the forecast, with `recent_person` per entry, `seen` [person], and
    `recent_at`, the newest of those hours (s)."""

    keys: tuple[str, ...]
    habit: Usual
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
        """[person]: in the hour of the week that holds `at`, by habit; else everyone's mean of this hour; else what
        arrived; else the default."""
        habit, rows = self.habit, self.habit_rows(at)
        known = np.isfinite(habit.attempts[rows])
        who, seconds, attempts = habit.subscriber[rows][known], habit.seconds[rows][known], habit.attempts[rows][known]
        pace = float(habit.pace[hour_of_week(at, self.timezone)])
        usual = pace if np.isfinite(pace) else _arrived_attempts_per_s(self.everyone)
        own_s, own = self.total(who, seconds), self.total(who, attempts)
        return np.asarray(np.divide(own, own_s, out=np.full(len(self.keys), usual), where=own_s > 0))

    def habit_rows(self, at: int) -> slice:
        """The habit's entries of the hour of the week that holds `at`."""
        hour = hour_of_week(at, self.timezone)
        return slice(int(self.habit.hour_start[hour]), int(self.habit.hour_start[hour + 1]))

    def total(self, people: NDArray[np.integer], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """[person]: sum of `amounts` by person."""
        return np.bincount(people, weights=amounts, minlength=len(self.keys)).astype(np.float64)


def crowd_of(
    locations: LocationData,
    *,
    touched: Collection[str],
    start: int,
    end: int,
    before: int,
    timezone: str,
    policy: ImpactPolicy,
) -> Crowd:
    """Everyone usually or lately behind a `touched` cell in the hours at stake, `[start, end)` and those just before it.
    recent = rows that ended by `before` (s), `present_hours` back from the newest of them or, if that is older, from the
    incident's `start`."""
    presence = locations.presence
    ended = presence.start + presence.duration_s
    earlier = ended <= before
    recent_at = int(presence.start[earlier].max()) if earlier.any() else start - HOUR_S
    near = near_of(locations.profile, presence, touched, (recent_at - HOUR_S, start, end), timezone)
    usual, theirs = near.usual, near.presence
    number = {key: i for i, key in enumerate(usual.subscribers)}
    for key in theirs.subscribers:
        number.setdefault(key, len(number))
    of_presence = np.array([number[key] for key in theirs.subscribers], np.intp)
    newest = max(start, int(ended[earlier].max(initial=start)))
    recent = recent_exposure(theirs.take(theirs.start + theirs.duration_s <= before), newest, policy)
    rows_each = np.diff(recent.indptr)
    seen = np.zeros(len(number), bool)
    seen[of_presence[rows_each > 0]] = True
    return Crowd(
        keys=tuple(number),
        habit=usual,
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
