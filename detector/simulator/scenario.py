"""What is simulated: size, span and seed; every stream of chance is named, so that one consumer never shifts another."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import DAY_S, HOUR_S, utc

PERIOD_S = 900
"""Granularity period, in s: 15 minutes (TS 32.401, TS 28.550)."""
PERIODS_PER_DAY = DAY_S // PERIOD_S


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One simulated operator. `days` counts history and the rest; no fault begins before `start + history_days`.
    `fault_rate`: faults per 1,000 cells a week. `scripted`: the dense plan of a demonstration instead of a random one.
    `chronic_cells`: so many cells are bad from the first day to the last. `weekly_growth`: median growth of the cells'
    traffic in a week, 0.01 = 1 %. An operator without either is the same to the byte as before there were these options.

    >>> Scenario(days=1, start=1_772_323_200).starts[[0, 1]].tolist()
    [1772323200, 1772324100]
    """

    cells: int = 200
    days: int = 28
    seed: int = 1
    start: int = 1_772_323_200
    history_days: int = 0
    fault_rate: float = 40.0
    subscribers_per_cell: int = 40
    fault_free: bool = False
    scripted: bool = False
    chronic_cells: int = 0
    weekly_growth: float = 0.0
    timezone: str = "Europe/Berlin"

    def __post_init__(self) -> None:
        if self.cells < 6 or self.days < 1 or self.history_days < 0 or self.subscribers_per_cell < 1:
            raise ValueError("a simulated operator needs at least 6 cells, 1 day and 1 subscriber a cell")
        if self.start % HOUR_S:
            raise ValueError(f"start {self.start} is not on a full hour: use {self.start - self.start % HOUR_S}")

    def rng(self, *key: str | int) -> np.random.Generator:
        """The stream of this name: the same for the same seed, independent of every other."""
        words = [k if isinstance(k, int) else crc32(k.encode()) for k in key]
        return np.random.default_rng(np.random.SeedSequence([self.seed, *words]))

    @property
    def end(self) -> int:
        return self.start + self.days * DAY_S

    @property
    def faults_from(self) -> int:
        return self.start + self.history_days * DAY_S

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """[P] period starts (s)."""
        return np.arange(self.start, self.end, PERIOD_S, dtype=np.int64)

    @cached_property
    def local(self) -> NDArray[np.int64]:
        """[P] wall clock of the operator's time zone as seconds since 1970-01-01T00:00 there, daylight saving included."""
        zone = ZoneInfo(self.timezone)
        hours = range(self.start - self.start % 3600, self.end + 3600, 3600)
        offsets = np.array([int((utc(h).astimezone(zone).utcoffset() or timedelta()).total_seconds()) for h in hours])
        return np.asarray(self.starts + offsets[(self.starts - hours[0]) // 3600], np.int64)

    @cached_property
    def local_hour(self) -> NDArray[np.float64]:
        """[P] hour of the local day, 0 to 24."""
        return (self.local % DAY_S) / 3600.0

    @cached_property
    def local_day(self) -> NDArray[np.int64]:
        """[P] local days since 1970-01-01 (a Thursday)."""
        return self.local // DAY_S

    @cached_property
    def weekend(self) -> NDArray[np.bool_]:
        """[P] Saturday or Sunday there."""
        return (self.local_day + 3) % 7 >= 5


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], hours: float, deviation: float) -> NDArray[np.float32]:
    """Stationary AR(1) noise along axis 0 with this correlation time (h) and standard deviation."""
    phi = float(np.exp(-PERIOD_S / 3600 / hours))
    shocks = rng.standard_normal(shape, dtype=np.float32)
    shocks[1:] *= np.float32(np.sqrt(1 - phi * phi))
    noise = shocks * np.float64(deviation)
    for period in range(1, len(noise)):
        noise[period] += phi * noise[period - 1]
    return np.asarray(noise, np.float32)
