"""The state of a receiver of alerts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outage:
    """Of a receiver: `failures` in a row, the first `since` (s, wall; None = none), and `error`: what the latest attempt
    came to that has not succeeded."""

    failures: int = 0
    since: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Backlog:
    """Of a receiver's alerts: how many are `waiting` and `dead`; `oldest_at`: when the oldest that waits was composed (s,
    event time), None = none waits."""

    waiting: int = 0
    dead: int = 0
    oldest_at: int | None = None


@dataclass(frozen=True)
class ReceiverState:
    """Whether it answers, and what of its alerts has not arrived."""

    receiver: str
    outage: Outage = Outage()
    backlog: Backlog = Backlog()

    @property
    def down(self) -> bool:
        return self.outage.failures > 0
