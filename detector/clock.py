"""The only readers of the wall clock. Event time is what data is dated in; wall time is what receivers check."""

import time
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux: random(4)."""
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux: goes on while the machine is suspended, which CLOCK_MONOTONIC does not."""


class WallClock:
    """Event time is wall time."""

    def now(self) -> float:
        return time.time()


@dataclass
class MovingClock:
    """Does not move by itself: a backtest or a demonstration moves it."""

    at: float

    def now(self) -> float:
        return self.at


def steady_s() -> float:
    """Seconds since this machine was started, which nobody can set."""
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


def boot_id() -> str:
    """Names the present start of this machine: readings of `steady_s` compare only under one name. Empty: not known."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
