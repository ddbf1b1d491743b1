"""A circuit breaker per receiver, as a value: a receiver that is down is probed now and then instead of flooded."""

from dataclasses import dataclass, replace
from typing import Literal

OPEN_AFTER = 5
"""Failures in a row that open it. Chosen: fewer occur in an ordinary restart of a receiver."""
FIRST_PAUSE_S = 30.0
"""First pause of an open breaker, in s; it doubles. Chosen: a restart of a receiver."""
LONGEST_PAUSE_S = 600.0
"""Longest pause of an open breaker, in s. Chosen: a receiver that is back is tried within ten minutes."""


@dataclass(frozen=True)
class Breaker:
    """`failures` in a row, `opened_at` (s, wall) or None = closed, and how many times in a row it `opened`.

    >>> down = Breaker()
    >>> for second in range(5): down = down.after(answered=False, now=second)
    >>> down.state(10), down.allows(10), down.state(40), down.allows(40)
    ('open', False, 'half_open', True)
    >>> down.probe(40).allows(41), down.probe(40).after(answered=True, now=41).state(41)
    (False, 'closed')
    """

    failures: int = 0
    opened_at: float | None = None
    opened: int = 0

    def state(self, now: float) -> Literal["closed", "open", "half_open"]:
        if self.opened_at is None:
            return "closed"
        return "half_open" if now >= self.retry_at else "open"

    @property
    def retry_at(self) -> float:
        """When the next trial may be made (s, wall; 0 = at once): the pause doubles each time a trial fails."""
        return 0.0 if self.opened_at is None else self.opened_at + _pause(self.opened)

    def allows(self, now: float) -> bool:
        """May a message go out now? Half open lets one through: claim it with `probe`."""
        return self.state(now) != "open"

    def probe(self, now: float) -> "Breaker":
        """One message is on its way to see whether a receiver that was down is back. Taken to fail until it answers,
        so that a crash in between leaves the breaker open and not stuck."""
        return self if self.opened_at is None else replace(self, opened_at=now, opened=self.opened + 1)

    def after(self, *, answered: bool | None, now: float) -> "Breaker":
        """What one attempt taught: an answer, even a refusal of that message, closes it; None teaches nothing."""
        if answered is None:
            return self._unprobed() if self.opened_at == now else self
        if answered:
            return Breaker()
        failed = replace(self, failures=self.failures + 1)
        if failed.failures < OPEN_AFTER or self.state(now) == "open":
            return failed
        return replace(failed, opened_at=now, opened=self.opened + 1)

    def earlier(self, seconds: float) -> "Breaker":
        """The same on a clock that was set back by so much."""
        return self if self.opened_at is None else replace(self, opened_at=self.opened_at - seconds)

    def _unprobed(self) -> "Breaker":
        """A trial claimed just now was never made (for instance, the message had expired): half open again."""
        if self.opened_at is None or self.opened < 2:
            return self
        return replace(self, opened_at=self.opened_at - _pause(self.opened - 1), opened=self.opened - 1)


def _pause(opened: int) -> float:
    """How long it stays open after opening for the `opened`th time in a row (s)."""
    return min(FIRST_PAUSE_S * 2.0 ** min(max(opened - 1, 0), 10), LONGEST_PAUSE_S)
