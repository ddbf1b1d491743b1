"""Hours as people live them: of the week, in the operator's time zone."""

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import utc

HOUR_S = 3600
HOURS_OF_WEEK = 168
_OFFSET_STEP_S = 900  # every zone's offset and every change of it is a multiple of a quarter of an hour


def hours_of_week(starts: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """The local hour of the week (0 = Monday 00:00) in which each moment (s since the epoch) lies.

    >>> hours_of_week(np.array([1774339200]), "Europe/Berlin")  # Tuesday 2026-03-24 08:00 UTC
    array([33])
    """
    zone = ZoneInfo(timezone)
    steps, which = np.unique(starts // _OFFSET_STEP_S, return_inverse=True)
    offsets = np.array([_offset(int(step) * _OFFSET_STEP_S, zone) for step in steps], np.int64)
    local_hours = (starts + offsets[which]) // HOUR_S
    return np.asarray((local_hours + 3 * 24) % HOURS_OF_WEEK, np.int64)  # the epoch began on a Thursday


def hour_of_week(at: int, timezone: str) -> int:
    """The same for one moment."""
    return int(hours_of_week(np.array([at], np.int64), timezone)[0])


def _offset(at: int, zone: ZoneInfo) -> int:
    offset = utc(at).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def hour_blocks(start: int, end: int) -> list[tuple[int, int, int]]:
    """`[start, end)` cut at whole hours: (the hour's start, from, to), all in s.

    >>> hour_blocks(3000, 7300)
    [(0, 3000, 3600), (3600, 3600, 7200), (7200, 7200, 7300)]
    """
    hours = range(start // HOUR_S * HOUR_S, end, HOUR_S)
    return [(hour, max(hour, start), min(hour + HOUR_S, end)) for hour in hours]
