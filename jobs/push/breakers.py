"""A circuit breaker for each receiver; breakers and waiting alerts follow a wall clock that is set."""

from dataclasses import dataclass, field
from threading import Lock

from detector.delivery import Breaker
from detector.store.outbox import Outbox
from jobs.clock_watch import ClockWatch

_CLOCK_SET_S = 60.0
"""A wall clock that moved by so much more or less than time has passed was set. Chosen: a time server's steering is far
less."""


@dataclass
class Breakers:
    """Breakers live as long as the process; several threads may use them, each for its own receiver."""

    clock_watch: ClockWatch = field(default_factory=ClockWatch)
    _of: dict[str, Breaker] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __getitem__(self, receiver: str) -> Breaker:
        return self._of.get(receiver, Breaker())

    def probe(self, receiver: str, wall_now: float) -> None:
        """An alert is on its way to the receiver."""
        self._of[receiver] = self[receiver].probe(wall_now)

    def after(self, receiver: str, *, answered: bool | None, wall_now: float) -> None:
        """What one attempt taught."""
        self._of[receiver] = self[receiver].after(answered=answered, now=wall_now)

    def follow_clock(self, outbox: Outbox, wall_now: float) -> None:
        """Where the wall clock was set, what waits is due as much earlier or later: a wait is a length, no time of day."""
        with self._lock:
            watch = self.clock_watch
            first, moved = watch.offset is None, watch.moved(wall_now)
            was_set = abs(moved) > _CLOCK_SET_S
            if was_set:
                self._of = {name: breaker.earlier(-moved) for name, breaker in self._of.items()}
            if watch.offset is None and was_set:
                outbox.bring_forward(-moved)
            elif watch.offset is not None and (first or was_set):
                outbox.follow_clock(watch.machine, watch.offset, _CLOCK_SET_S)
