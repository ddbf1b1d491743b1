"""The state of a receiver of alerts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReceiverState:
    """`failures` in a row, the first `since` (s, wall; None = none), and of its alerts how many are `waiting` and `dead`.

    `oldest_at`: when the oldest that waits was composed (s, event time), None = none waits. `error`: what the latest attempt
    came to that has not succeeded.
    """

    receiver: str
    failures: int = 0
    since: float | None = None
    waiting: int = 0
    dead: int = 0
    oldest_at: int | None = None
    error: str = ""

    @property
    def down(self) -> bool:
        return self.failures > 0
