"""The only readers of the wall clock. Event time is what data is dated in; wall time is what receivers check."""

import time
from dataclasses import dataclass


class WallClock:
    """Event time is wall time."""

    def now(self) -> float:
        return time.time()


@dataclass
class MovingClock:
    """Stands where it was put: a backtest or a demonstration moves it."""

    at: float

    def now(self) -> float:
        return self.at
