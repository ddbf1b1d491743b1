"""What is sent, to whom, and what became of it."""

from dataclasses import dataclass, field
from typing import Literal

from detector.domain.degradation import SEVERITIES
from detector.domain.ports import DIRECT, Route

State = Literal["sent", "retry", "dead", "expired", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Where one care system listens. `secrets` are `whsec_...`, the newest first: every one signs, so that the receiver may
    change over at its leisure. `teams` empty = every team's alerts. `format` names an entry of `FORMATS`."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    format: str = "cloudevents"
    min_severity: str = "warning"
    teams: tuple[str, ...] = ()
    enabled: bool = True
    audience: str = "care"
    route: Route = DIRECT

    def wants(self, severity: str, team: str = "") -> bool:
        """Is an alert of this severity, meant for this care team, for this receiver?

        >>> desk = Receiver("desk", "https://care.example/hook", (), min_severity="major", teams=("consumer-care",))
        >>> desk.wants("critical", "consumer-care"), desk.wants("minor", "consumer-care"), desk.wants("major", "b2b")
        (True, False, False)
        """
        return self.audience == "care" and self._severe(severity) and (not self.teams or team in self.teams)

    def wants_feeds(self, severity: str) -> bool:
        """Is an alert about a feed for this receiver?"""
        return self.audience == "operations" and self._severe(severity)

    def _severe(self, severity: str) -> bool:
        return self.enabled and SEVERITIES.index(severity) >= SEVERITIES.index(self.min_severity)


@dataclass(frozen=True)
class Message:
    """One outbox row: `key` is the webhook-id, constant over `attempts` (made so far); `expires_at` in s, event time."""

    key: str
    body: bytes = field(repr=False)
    attempts: int
    expires_at: float


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    `at`: when to try again, in s of wall time, for `retry` only. `reason`: one line, empty when sent. `attempts`: made so
    far, this one included. `reached`: did the receiver answer for itself (True), fail to (False), or was it never asked
    (None)? It is what the circuit breaker counts. `disable`: the receiver said 410 Gone and wants nothing more.
    `interrupted`: the service is stopping; the attempt does not count.
    """

    state: State
    attempts: int
    reason: str = ""
    at: float | None = None
    reached: bool | None = None
    disable: bool = False
