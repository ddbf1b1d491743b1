"""The steps of an operator's time, by UTC and by its local clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.scenario import DAY_S, Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOUR_S = 3600
"""Seconds of an hour. Definition."""


@dataclass(frozen=True)
class Grid:
    """`starts`: s since the epoch, `step_s` apart."""

    scenario: Scenario

    @cached_property
    def starts(self) -> Ints:
        return np.arange(self.scenario.start, self.scenario.end, self.step_s, dtype=np.int64)

    @property
    def step_s(self) -> int:
        return self.scenario.step_s

    @cached_property
    def offset(self) -> Ints:
        """[step] s that local time is ahead of UTC."""
        zone = ZoneInfo(self.scenario.timezone)
        hours = np.arange(self.scenario.start, self.scenario.end, HOUR_S)
        ahead = [int((datetime.fromtimestamp(int(h), zone).utcoffset() or timedelta()).total_seconds()) for h in hours]
        return np.repeat(np.array(ahead, np.int64), HOUR_S // self.step_s)

    @cached_property
    def second(self) -> Ints:
        """[step] local second of the day."""
        return np.asarray((self.starts + self.offset) % DAY_S, np.int64)

    @cached_property
    def day(self) -> Ints:
        """[step] local day, the first one 0."""
        days = (self.starts + self.offset) // DAY_S
        return np.asarray(days - days[0], np.int64)

    @cached_property
    def weekday(self) -> Ints:
        """[step] 0 = Monday."""
        return np.asarray(((self.starts + self.offset) // DAY_S + 3) % 7, np.int64)

    def share(self, start: float, end: float) -> tuple[slice, Floats]:
        """The steps that [start, end) touches, and how much of each lies inside."""
        first = max(int((start - self.scenario.start) // self.step_s), 0)
        last = min(int(-((self.scenario.start - end) // self.step_s)), len(self.starts))
        span = slice(first, max(first, last))
        begins = self.starts[span]
        inside = np.minimum(begins + self.step_s, end) - np.maximum(begins, start)
        return span, np.clip(inside / self.step_s, 0.0, 1.0)

    def midnights(self, first: float, last: float) -> list[int]:
        """Local midnights in [first, last), in s."""
        at = self.starts[(self.second < self.step_s) & (self.starts >= first) & (self.starts < last)]
        return [int(s) for s in at]

    def hourly(self, values: Floats) -> Floats:
        """[step, ...] -> [hour, ...] means."""
        by = HOUR_S // self.step_s
        return np.asarray(values.reshape(-1, by, *values.shape[1:]).mean(axis=1), np.float64)
