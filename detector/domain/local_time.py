"""The local hour of the week: the axis on which people's days and an object's traffic repeat."""

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import HOUR_S, utc

HOURS = 24
"""Hours of a day. Definition; a day on which the clocks change has one slot empty or two hours in one."""
HOURS_OF_WEEK = 168
"""Hours of a week. Definition."""
DAY_TYPE_HOUR = np.arange(HOURS_OF_WEEK) % 24 + 24 * (np.arange(HOURS_OF_WEEK) // 24 >= 5)
"""[hour of week, 0 = Monday 00:00] -> one of 48 slots: the hour of a weekday (0..23) or of a weekend day (24..47)."""
_OFFSET_STEP_S = 900
"""Every zone's offset, and every change of it, is a multiple of a quarter of an hour (IANA time zone database)."""


def local_seconds(starts: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Returns instants (s since the epoch) as seconds since 1970-01-01T00:00 by the clocks of the zone.

    >>> (local_seconds(np.array([1774339200]), "Europe/Berlin") - 1774339200).tolist()
    [3600]
    """
    zone = ZoneInfo(timezone)
    steps, which = np.unique(starts // _OFFSET_STEP_S, return_inverse=True)
    offsets = np.array([_offset_s(int(step) * _OFFSET_STEP_S, zone) for step in steps], np.int64)
    return np.asarray(starts + offsets[which], np.int64)


def hours_of_week(starts: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Returns the local hour of the week, 0 = Monday 00:00, in which each instant (s since the epoch) lies.

    >>> hours_of_week(np.array([1774339200]), "Europe/Berlin").tolist()  # Tuesday 2026-03-24 08:00 UTC
    [33]
    """
    return np.asarray(slot_of_hour(local_seconds(starts, timezone) // HOUR_S), np.int64)


def hour_of_week(at: int, timezone: str) -> int:
    """Returns the same for one instant."""
    return int(hours_of_week(np.array([at], np.int64), timezone)[0])


def slot_of_hour(hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the hour of the week of local hours counted since 1970-01-01T00:00, which was a Thursday."""
    return np.asarray((hours + 3 * 24) % HOURS_OF_WEEK, np.int64)


def by_hour(values: NDArray[Any], slots: NDArray[np.intp]) -> NDArray[np.float64]:
    """[24, object] sums of [period, object] by `slots`, the local hour of the day of each period; NaN: nothing was measured.

    >>> by_hour(np.array([[1.0], [2.0], [np.nan]]), np.array([0, 0, 1]))[:2, 0].tolist()
    [3.0, nan]
    """
    found = np.isfinite(values)
    sums, counts = np.zeros((HOURS, values.shape[1])), np.zeros((HOURS, values.shape[1]))
    np.add.at(sums, slots, np.where(found, values, 0.0))
    np.add.at(counts, slots, found)
    return np.where(counts > 0, sums, np.nan)


def _offset_s(at: int, zone: ZoneInfo) -> int:
    offset = utc(at).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
