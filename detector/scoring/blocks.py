"""History by local hour: what levels are learned from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.scoring.counting import Floats, chunks, counts
from detector.scoring.time_of_week import DAY_TYPE_HOUR, TimeOfWeek

OUTLIER = 4.0
"""A mean or volume this many times above or below its usual is left out of the level."""
CLEAR_FAULT = 5.0
"""Counts this many standard deviations too high are left out, ..."""
WANDER = 0.25
"""... where the rate itself is granted this relative variance from hour to hour."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """events[B, O] and size[B, O] per local hour, 0 where nothing usable was measured; slot[B]: hour of the week."""

    events: Floats
    size: Floats
    slot: NDArray[np.int64]

    def sums(self, weight: Floats, groups: NDArray[np.int64], n: int) -> Floats:
        """[n, O]: `weight`[B, O] summed by group of block."""
        total = np.zeros((n, weight.shape[1]))
        np.add.at(total, groups, weight)
        return total

    def without(self, dropped: NDArray[np.bool_]) -> "Blocks":
        return Blocks(np.where(dropped, 0.0, self.events), np.where(dropped, 0.0, self.size), self.slot)


def hourly(history: KpiFrame, k: int, when: TimeOfWeek, usable: NDArray[np.bool_]) -> Blocks:
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
    return Blocks(events, size, when.slot[first])


def trimmed(blocks: Blocks, expected: Floats, chance: float) -> Blocks:
    """Without the hours that are clearly out of line: counts far above `expected`[B, O]; other kinds far from the median
    of their hour of day and day type."""
    if chance:
        sd = np.sqrt(chance * expected + WANDER * expected**2)
        return blocks.without(blocks.events > expected + CLEAR_FAULT * sd + 3)
    usual = _usual(blocks)[DAY_TYPE_HOUR[blocks.slot]]
    value = _value(blocks)
    return blocks.without((usual > 0) & ((value > usual * OUTLIER) | (value < usual / OUTLIER)))


def _value(blocks: Blocks) -> Floats:
    return np.divide(blocks.events, blocks.size, out=np.full_like(blocks.events, np.nan), where=blocks.size > 0)


def _usual(blocks: Blocks) -> Floats:
    """[48, O]: median over the days of each hour of day and day type; NaN where there are none."""
    value, group = _value(blocks), DAY_TYPE_HOUR[blocks.slot]
    usual = np.full((48, value.shape[1]), np.nan)
    for slot in np.unique(group):
        rows = np.sort(value[group == slot], axis=0)  # NaN sorts last
        n = np.isfinite(rows).sum(axis=0)
        usual[slot] = np.take_along_axis(rows, np.maximum(n - 1, 0)[None] // 2, axis=0)[0]
    return usual
