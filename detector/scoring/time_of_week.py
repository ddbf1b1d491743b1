"""Local hours of the week: the axis on which traffic repeats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.local_time import DAY_TYPE_HOUR as DAY_TYPE_HOUR
from detector.domain.local_time import HOURS_OF_WEEK, local_seconds, slot_of_hour
from detector.domain.window import DAY_S, HOUR_S, Window

HOURS = HOURS_OF_WEEK
DAY_TYPE_HOURS = 48
"""Hours of a weekday and of a weekend day: slots of `DAY_TYPE_HOUR`. Definition."""
SATURDAY, SUNDAY = 5, 6
"""Numbers of the weekdays, Monday 0. Definition."""
A_MONDAY_S = 4 * DAY_S
"""1970-01-05. Definition."""
HOUR_OF_DAY = np.arange(HOURS) % 24


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeOfWeek:
    """Arrays over periods. `slot`: local hour of week of the start; `day`: local day, counted; `hour`: local hour, counted;
    `period`: local period of the week of the start, `periods_of_day` of each day, Monday's first.

    A level at the middle of a period lies between the centres of the hours `before` and `after`, `share` of the way.
    """

    slot: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    share: NDArray[np.float64]
    period: NDArray[np.int64]


def time_of_week(starts: NDArray[np.int64], duration_s: int, timezone: str, holidays: Sequence[Window] = ()) -> TimeOfWeek:
    """Where period starts (s since the epoch) lie in the local week; a clock change moves the hours, not what people do.
    What starts in one of `holidays` lies in a Sunday.

    >>> monday_noon_in_berlin = np.array([1774263600])
    >>> t = time_of_week(monday_noon_in_berlin, 900, "Europe/Berlin")
    >>> int(t.slot[0]), int(t.before[0]), float(t.share[0])
    (12, 11, 0.625)
    """
    local = local_seconds(starts, timezone)
    hour, day = local // HOUR_S, local // DAY_S
    centre = (local + duration_s / 2) / HOUR_S - 0.5
    before = np.floor(centre).astype(np.int64)
    later = np.where(_inside(starts, holidays), 24 * (SUNDAY - slot_of_hour(hour) // 24), 0)
    slot, first, second = ((slot_of_hour(h) + later) % HOURS for h in (hour, before, before + 1))
    period = slot // 24 * periods_of_day(duration_s) + local % DAY_S // duration_s
    return TimeOfWeek(slot=slot, day=day, hour=hour, before=first, after=second, share=centre - before, period=period)


def whole_week(when: TimeOfWeek, duration_s: int) -> TimeOfWeek:
    """Every local period of a week, Monday's first, each where in its hour those of `when` are; a period of the day that
    `when` lacks is like its first."""
    per_day = periods_of_day(duration_s)
    first = np.zeros(per_day, np.int64)
    seen, place = np.unique(when.period % per_day, return_index=True)
    first[seen] = place
    first, day = np.tile(first, 7), np.repeat(np.arange(7), per_day)
    later = 24 * (day - when.slot[first] // 24)
    slot, before, after = ((side[first] + later) % HOURS for side in (when.slot, when.before, when.after))
    period = np.arange(7 * per_day)
    return replace(when, slot=slot, day=day, hour=slot, before=before, after=after, share=when.share[first], period=period)


def periods_of_day(duration_s: int) -> int:
    """How many periods begin in a day at most.

    >>> periods_of_day(900), periods_of_day(7 * 86400)
    (96, 1)
    """
    return -(-DAY_S // duration_s)


def _inside(starts: NDArray[np.int64], windows: Sequence[Window]) -> NDArray[np.bool_]:
    inside = np.zeros(len(starts), dtype=bool)
    for window in windows:
        inside |= (starts >= window.start) & (starts < window.end)
    return inside
