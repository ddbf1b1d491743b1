"""Whether the wall clock was set, seen by a clock that nobody can set."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Names this run of the machine (Linux): its monotonic clock is the same for all processes until the next."""


@dataclass
class ClockWatch:
    """Compares the wall clock with `steady` (s since the machine started). Without it, as where a test or a backtest moves
    the wall clock, only a step back can be seen."""

    steady: Callable[[], float] | None = None
    machine: str = ""
    offset: float | None = None
    """Wall time less steady time at the last look (s)."""
    _last: float | None = None

    @classmethod
    def of_machine(cls, steady: Callable[[], float]) -> "ClockWatch":
        """With the name of this run of the machine; of this process alone where the system gives none."""
        try:
            machine = _BOOT.read_text(encoding="ascii").strip()
        except OSError:
            machine = uuid4().hex
        return cls(steady, machine)

    def moved(self, wall_now: float) -> float:
        """By how much the wall clock was set since the last look (s): negative is back, 0 at the first look.

        >>> watch = ClockWatch(iter([10.0, 20.0, 30.0]).__next__)
        >>> watch.moved(1000), watch.moved(1010), watch.moved(920)
        (0.0, 0.0, -100.0)
        """
        if self.steady is None:
            before, self._last = self._last, wall_now
            return 0.0 if before is None else min(0.0, wall_now - before)
        before, self.offset = self.offset, wall_now - self.steady()
        return 0.0 if before is None else self.offset - before
