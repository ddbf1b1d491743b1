"""The only readers of the wall clock. Event time is what data is dated in; wall time is what receivers check."""

import time
from dataclasses import dataclass


class WallClock:
    """Event time is wall time."""

    def now(self) -> float:
        return time.time()


@dataclass
class MovingClock:
    """Stands where it was put: a backtest moves it."""

    at: float

    def now(self) -> float:
        return self.at


class AcceleratedClock:
    """Event time that begins at `start` when told to and runs `speed` times as fast as the wall clock."""

    def __init__(self, start: float, speed: float) -> None:
        self._start, self._speed = start, speed
        self._begun_at: float | None = None

    def begin(self) -> None:
        self._begun_at = time.monotonic()

    def now(self) -> float:
        if self._begun_at is None:
            return self._start
        return self._start + (time.monotonic() - self._begun_at) * self._speed
