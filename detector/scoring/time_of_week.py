"""Local hours of the week: the axis on which traffic repeats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.local_time import DAY_TYPE_HOUR as DAY_TYPE_HOUR
from detector.domain.local_time import HOURS_OF_WEEK, local_seconds, slot_of_hour
from detector.domain.window import DAY_S, HOUR_S, Window

HOURS = HOURS_OF_WEEK
SUNDAY = 6
"""Number of the weekday, Monday 0. Definition."""
HOUR_OF_DAY = np.arange(HOURS) % 24


@dataclass(frozen=True, eq=False)
class TimeOfWeek:
    """Arrays over periods. `slot`: local hour of week of the start; `day`: local day, counted; `hour`: local hour, counted.

    A level at the middle of a period lies between the centres of the hours `before` and `after`, `share` of the way.
    """

    slot: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    share: NDArray[np.float64]


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
    return TimeOfWeek(slot, day, hour, first, second, centre - before)


def _inside(starts: NDArray[np.int64], windows: Sequence[Window]) -> NDArray[np.bool_]:
    inside = np.zeros(len(starts), dtype=bool)
    for window in windows:
        inside |= (starts >= window.start) & (starts < window.end)
    return inside
