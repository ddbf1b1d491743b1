"""History by local hour: what levels are learned from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.scoring.counting import Floats, chunks, counts
from detector.scoring.time_of_week import DAY_TYPE_HOUR, DAY_TYPE_HOURS, TimeOfWeek

OUTLIER = 4.0
"""A mean or volume this many times above or below the median of its hour is left out of the level. Chosen: beyond ordinary
peaks and holidays."""
CLEAR_FAULT = 5.0
"""Counts this many standard deviations too high are left out of the level. Chosen: beyond chance in a year of quarters of an
hour, ..."""
WANDER = 0.25
"""... where the rate itself is granted this relative variance from hour to hour. Chosen: half of the level either way."""


@dataclass(frozen=True, eq=False)
class HourlyHistory:
    """events[B, O] and size[B, O] per local hour, 0 where nothing usable was measured; slot[B]: hour of the week."""

    events: Floats
    size: Floats
    slot: NDArray[np.int64]

    def sums(self, weight: Floats, groups: NDArray[np.int64], n: int) -> Floats:
        """[n, O]: `weight`[B, O] summed by group of block."""
        total = np.zeros((n, weight.shape[1]))
        np.add.at(total, groups, weight)
        return total

    def without(self, dropped: NDArray[np.bool_]) -> "HourlyHistory":
        return HourlyHistory(np.where(dropped, 0.0, self.events), np.where(dropped, 0.0, self.size), self.slot)


def hourly_history(history: KpiFrame, k: int, when: TimeOfWeek, usable: NDArray[np.bool_]) -> HourlyHistory:
    """Sums per local hour of the usable [period, object] counts of one KPI."""
    hours, first = np.unique(when.hour, return_index=True)
    events = np.zeros((len(hours), len(history.objects)))
    size = np.zeros_like(events)
    order = np.argsort(when.hour, kind="stable")  # the hour that a clock change repeats comes twice
    edges = np.searchsorted(when.hour[order], hours)
    for part in chunks(len(history.starts), len(history.objects)):
        e, s = counts(history, k, part)
        fine = usable[:, part] & np.isfinite(e)
        events[:, part] = np.add.reduceat(np.where(fine, e, 0.0)[order], edges, axis=0)
        size[:, part] = np.add.reduceat(np.where(fine, s, 0.0)[order], edges, axis=0)
    return HourlyHistory(events, size, when.slot[first])


def trimmed(hourly: HourlyHistory, expected: Floats, chance: float) -> HourlyHistory:
    """Without the hours that are clearly out of line: counts far above `expected`[B, O]; other kinds far from the median
    of their hour of day and day type."""
    if chance:
        sd = np.sqrt(chance * expected + WANDER * expected**2)
        return hourly.without(hourly.events > expected + CLEAR_FAULT * sd + 3)
    hour_median = _hour_medians(hourly)[DAY_TYPE_HOUR[hourly.slot]]
    value = _value(hourly)
    return hourly.without((hour_median > 0) & ((value > hour_median * OUTLIER) | (value < hour_median / OUTLIER)))


def _value(hourly: HourlyHistory) -> Floats:
    return np.divide(hourly.events, hourly.size, out=np.full_like(hourly.events, np.nan), where=hourly.size > 0)


def _hour_medians(hourly: HourlyHistory) -> Floats:
    """[48, O]: median over the days of each hour of day and day type; NaN where there are none."""
    value, group = _value(hourly), DAY_TYPE_HOUR[hourly.slot]
    hour_median = np.full((DAY_TYPE_HOURS, value.shape[1]), np.nan)
    for slot in np.unique(group):
        rows = np.sort(value[group == slot], axis=0)  # NaN sorts last
        n = np.isfinite(rows).sum(axis=0)
        hour_median[slot] = np.take_along_axis(rows, np.maximum(n - 1, 0)[None] // 2, axis=0)[0]
    return hour_median
