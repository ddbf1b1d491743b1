"""Where some people are expected: their mobility profiles spread out into hours of the week, and when they come next."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from detector.domain.exposure import ExpectedPresence, MobilityProfile
from detector.domain.local_time import DAY_TYPE_HOUR, HOURS_OF_WEEK, hour_of_week
from detector.domain.window import HOUR_S
from detector.impact.mobility_profile import TINY_S, shrunk

STAY_S = 900.0
"""A person is expected in an hour if the profile gives it so much behind these cells. Chosen: one period."""
WITHIN_HOURS = 24
"""Hours ahead in which a next exposure is searched. Chosen: one day."""


Places = NDArray[np.integer]
Amounts = NDArray[np.float64]


def expected_presence_of(
    profile: MobilityProfile, people: Places | None = None, hours: Iterable[int] = range(HOURS_OF_WEEK)
) -> ExpectedPresence:
    """Where `people` (positions in `habit.subscribers`, rising; all if None) usually are at these hours of the week."""
    entries = _entries(profile, people)
    people = np.arange(len(profile.subscribers)) if people is None else people
    number = np.full(len(profile.subscribers), -1, np.int32)
    number[people] = np.arange(len(people))
    parts: list[tuple[Places, Amounts, Amounts]] = [(np.empty(0, np.int64), np.empty(0), np.empty(0))]
    sizes = np.zeros(HOURS_OF_WEEK, np.int64)
    for hour in sorted(set(hours)):
        slot = _slot(profile, int(DAY_TYPE_HOUR[hour]))
        low, high = np.searchsorted(entries, [slot.start, slot.stop])
        at, seconds = _hour(profile, hour, entries[low:high])
        parts.append((at, seconds, _attempts(profile, hour, at, seconds)))
        sizes[hour] = len(at)
    at = np.concatenate([entries for entries, _, _ in parts])
    seconds, attempts = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    cells, cell = np.unique(profile.cell[at], return_inverse=True)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return ExpectedPresence(
        subscribers=profile.keys(people),
        cells=tuple(profile.cells[i] for i in cells),
        hour_start=start,
        subscriber=number[profile.person[at]],
        cell=cell.astype(np.int32),
        seconds=seconds,
        attempts=attempts,
        pace=profile.pace,
    )


def _entries(profile: MobilityProfile, people: Places | None) -> Places:
    """Of these people, rising."""
    if people is None:
        return np.arange(len(profile.person))
    first, sizes = profile.person_start[people], profile.person_start[people + 1] - profile.person_start[people]
    ends = np.cumsum(sizes)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
    return np.asarray(np.sort(profile.of_person[np.repeat(first, sizes) + within]), np.int64)


def people_behind(profile: MobilityProfile, cells: NDArray[np.intp], hours: Iterable[int]) -> NDArray[np.intp]:
    """Places, rising, of those who are usually behind one of these cells (places, rising) in like hours of one of these."""
    there = np.zeros(len(profile.subscribers), bool)
    for slot in {int(DAY_TYPE_HOUR[hour]) for hour in hours}:
        rows = _slot(profile, slot)
        within = profile.cell[rows]
        first, last = (np.searchsorted(within, cells, side=side) for side in ("left", "right"))
        for low, high in zip(first.tolist(), last.tolist(), strict=True):
            there[profile.person[rows.start + low : rows.start + high]] = True
    return np.flatnonzero(there)


def _slot(profile: MobilityProfile, slot: int) -> slice:
    return slice(int(profile.slot_start[slot]), int(profile.slot_start[slot + 1]))


def _hour(profile: MobilityProfile, hour: int, rows: Places) -> tuple[Places, Amounts]:
    """(entries, mean seconds) of the hour among these of its slot; what is tiny is left out."""
    theirs = slice(int(profile.own_start[hour]), int(profile.own_start[hour + 1]))
    at, own = profile.own_at[theirs], np.zeros(len(rows))
    if len(at) and len(rows):
        place = np.minimum(np.searchsorted(at, rows), len(at) - 1)
        own = np.where(at[place] == rows, profile.own_s[theirs][place], 0.0)
    mean = shrunk(own, np.asarray(profile.like_s[rows], np.float64), float(profile.weeks[hour]))
    kept = mean >= TINY_S
    return rows[kept], np.minimum(mean[kept], HOUR_S)


def _attempts(profile: MobilityProfile, hour: int, at: Places, seconds: Amounts) -> Amounts:
    return np.asarray(seconds * profile.rate[profile.person[at]] * profile.busy[DAY_TYPE_HOUR[hour]], np.float64)


def next_exposure(
    profile: MobilityProfile, people: Collection[str], cells: Collection[str], now: int, timezone: str
) -> Mapping[str, int]:
    """Person -> start (s) of the first hour after that of `now`, of the next day, in which their profile expects them behind
    one of `cells`; who is not expected is left out."""
    first = now // HOUR_S * HOUR_S
    hours = [first + i * HOUR_S for i in range(1, WITHIN_HOURS + 1)]
    week = [hour_of_week(at, timezone) for at in hours]
    expected = expected_presence_of(profile, profile.places(people), week)
    behind = frozenset(cells)  # a core fault touches every cell
    touched = np.fromiter((cell in behind for cell in expected.cells), bool, len(expected.cells))
    found: dict[str, int] = {}
    for at, hour in zip(hours, week, strict=True):
        rows = slice(int(expected.hour_start[hour]), int(expected.hour_start[hour + 1]))
        seconds = expected.seconds[rows] * touched[expected.cell[rows]]
        there = np.bincount(expected.subscriber[rows], weights=seconds, minlength=len(expected.subscribers))
        for person in np.flatnonzero(there >= STAY_S).tolist():
            found.setdefault(expected.subscribers[person], at)
    return found
