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

ACTIVE_S = 300.0
"""Seconds of use behind one attempt: slow service is felt in use, not in a pocket."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """`keys` number the people: first the habit's, then those only seen lately. `of_presence[i]`: number of the
    presence's subscriber i. `attempts_per_s` [person]. `recent`: where people were in the hours before the forecast,
    with `recent_person`, `recent_cell` per entry, `seen` [person], and `recent_at`, the newest of those hours (s)."""

    keys: tuple[str, ...]
    habit: Habit
    presence: Presence
    of_presence: NDArray[np.intp]
    attempts_per_s: NDArray[np.float64]
    recent: Exposure
    recent_person: NDArray[np.intp]
    seen: NDArray[np.bool_]
    recent_at: int

    @property
    def active_share(self) -> NDArray[np.float64]:
        """[person]: share of the time in which the network is in use."""
        return np.asarray(np.clip(self.attempts_per_s * ACTIVE_S, 0.02, 1.0))

    def habit_rows(self, at: int, timezone: str) -> slice:
        """The habit's entries of the hour of the week that holds `at`."""
        return _hour_rows(self.habit, at, timezone)

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
        tuple(number), habit, presence, of_presence, _attempts_per_s(habit, presence, before, timezone, len(number)),
        recent, np.repeat(of_presence, rows_each), seen, int(earlier.start.max()) if len(earlier) else start - HOUR_S,
    )  # fmt: skip


def _hour_rows(habit: Habit, at: int, timezone: str) -> slice:
    hour = hour_of_week(at, timezone)
    return slice(int(habit.hour_start[hour]), int(habit.hour_start[hour + 1]))


def _attempts_per_s(habit: Habit, presence: Presence, at: int, timezone: str, people: int) -> NDArray[np.float64]:
    """[person]: by habit of this hour; else everyone's mean of this hour; else what arrived; else the default."""
    rows = _hour_rows(habit, at, timezone)
    known = np.isfinite(habit.attempts[rows])
    who, seconds = habit.subscriber[rows][known], habit.seconds[rows][known]
    attempts = habit.attempts[rows][known]
    arrived = np.isfinite(presence.attempts)
    if seconds.sum():
        usual = float(attempts.sum() / seconds.sum())
    elif presence.seconds[arrived].sum():
        usual = float(presence.attempts[arrived].sum() / presence.seconds[arrived].sum())
    else:
        usual = DEFAULT_ATTEMPTS_PER_S
    own_s = np.bincount(who, seconds, people)
    own = np.bincount(who, attempts, people)
    return np.asarray(np.divide(own, own_s, out=np.full(people, usual), where=own_s > 0))
