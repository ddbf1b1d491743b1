"""The people an assessment looks at: one numbering for habit and arrived presence, and how often each tries something."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import Exposure, Habit, Presence
from detector.domain.policy import ImpactPolicy
from detector.impact.exposure import recent_exposure
from detector.impact.hours import HOUR_S, hour_of_week

DEFAULT_ATTEMPTS_PER_S = 4 / HOUR_S
"""Where no attachment carries attempts: a person asks something of the network about four times an hour."""

ACTIVE_S = 180.0
"""Seconds of use behind one attempt: slow service is felt in use, not in a pocket."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """`keys` number the people: first the habit's, then those only seen lately. `of_presence[i]`: number of the
    presence's subscriber i. `recent`: where people were in the hours before the forecast, with `recent_person` per entry,
    `seen` [person], and `recent_at`, the newest of those hours (s)."""

    keys: tuple[str, ...]
    habit: Habit
    presence: Presence
    of_presence: NDArray[np.intp]
    timezone: str
    recent: Exposure
    recent_person: NDArray[np.intp]
    seen: NDArray[np.bool_]
    recent_at: int

    def attempts_per_s(self, at: int) -> NDArray[np.float64]:
        """[person]: in the hour of the week that holds `at`, by habit; else everyone's mean of this hour; else what
        arrived; else the default."""
        habit, rows = self.habit, self.habit_rows(at)
        known = np.isfinite(habit.attempts[rows])
        who, seconds, attempts = habit.subscriber[rows][known], habit.seconds[rows][known], habit.attempts[rows][known]
        usual = float(attempts.sum() / seconds.sum()) if seconds.sum() else _arrived_attempts_per_s(self.presence)
        own_s, own = self.total(who, seconds), self.total(who, attempts)
        return np.asarray(np.divide(own, own_s, out=np.full(len(self.keys), usual), where=own_s > 0))

    def habit_rows(self, at: int) -> slice:
        """The habit's entries of the hour of the week that holds `at`."""
        hour = hour_of_week(at, self.timezone)
        return slice(int(self.habit.hour_start[hour]), int(self.habit.hour_start[hour + 1]))

    def total(self, people: NDArray[np.integer], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """[person]: sum of `amounts` by person."""
        return np.bincount(people, weights=amounts, minlength=len(self.keys)).astype(np.float64)


def crowd_of(habit: Habit, presence: Presence, *, start: int, before: int, timezone: str, policy: ImpactPolicy) -> Crowd:
    """Everyone in the habit or in `presence`; recent = rows that ended by `before` (s), `present_hours` back from the
    newest of them or, if that is older, from the incident's `start`."""
    number = {key: i for i, key in enumerate(habit.subscribers)}
    for key in presence.subscribers:
        number.setdefault(key, len(number))
    of_presence = np.array([number[key] for key in presence.subscribers], np.intp)
    earlier = presence.take(presence.start + presence.duration_s <= before)
    ends = earlier.start + earlier.duration_s
    recent = recent_exposure(earlier, max(start, int(ends.max(initial=start))), policy)
    rows_each = np.diff(recent.indptr)
    seen = np.zeros(len(number), bool)
    seen[of_presence[rows_each > 0]] = True
    return Crowd(
        tuple(number), habit, presence, of_presence, timezone, recent, np.repeat(of_presence, rows_each), seen,
        int(earlier.start.max()) if len(earlier) else start - HOUR_S,
    )  # fmt: skip


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
