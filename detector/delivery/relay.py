"""One attempt to deliver one alert: authenticate, send, and report the outcome."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, assert_never

from detector.delivery.attempts import Interrupted
from detector.delivery.backoff import MAX_ATTEMPTS, delay
from detector.delivery.kind import Verdict
from detector.delivery.receiver import Receiver
from detector.domain.errors import Misconfigured, PrecallError, Transient
from detector.domain.transport import Answer, Transport

State = Literal["sent", "retry", "dead", "expired", "interrupted"]


@dataclass(frozen=True)
class FrozenAlert:
    """An alert whose bytes are fixed: `key` is the receiver's idempotency key, constant over `attempts` (made so far);
    `expires_at` in s, event time."""

    key: str
    body: bytes = field(repr=False)
    attempts: int
    expires_at: float


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    `at`: when to try again, in s of wall time, for `retry` only. `reason`: one line, empty when sent. `attempts`: made so
    far, this one included. `answered`: did the receiver answer for itself (True), fail to (False), or was it not reached
    (None)? It is what the circuit breaker counts. `disable`: the receiver is gone and takes no more alerts.
    `interrupted`: the service stops; the attempt does not count.
    """

    state: State
    attempts: int
    reason: str = ""
    at: float | None = None
    answered: bool | None = None
    disable: bool = False


def deliver(
    alert: FrozenAlert,
    receiver: Receiver,
    transport: Transport,
    *,
    event_now: float,
    wall_now: float,
    max_attempts: int = MAX_ATTEMPTS,
) -> Outcome:
    """Try once. `event_now` decides whether the alert is still worth sending, `wall_now` signs it and dates the retry.

    They differ when the clock is accelerated. Raises nothing: what may pass is tried again, also a wrong address or
    secret, since the operator may mend it before the alert expires.
    """
    if event_now >= alert.expires_at:
        return Outcome("expired", alert.attempts, reason="too old to be of use")
    made, last = alert.attempts + 1, alert.attempts + 1 >= max_attempts
    try:
        answer = transport.send(receiver.kind.request(alert.key, alert.body, wall_now=wall_now), receiver.kind.route)
    except Interrupted as error:
        return Outcome("interrupted", alert.attempts, reason=str(error))
    except Misconfigured as error:
        return _again(alert, str(error), last=last, wall_now=wall_now, answered=None)
    except Transient as error:
        return _again(alert, str(error), last=last, wall_now=wall_now, answered=False, wish_s=error.retry_after_s)
    verdict = receiver.kind.verdict(answer, wall_now=wall_now)
    reason = _line(verdict, answer)
    match verdict.result:
        case "delivered":
            return Outcome("sent", made, answered=True)
        case "retry":
            return _again(alert, reason, last=last, wall_now=wall_now, answered=False, wish_s=verdict.retry_after_s)
        case "permanent":
            return Outcome("dead", made, reason=reason, answered=True)
        case "gone":
            return Outcome("dead", made, reason=reason, answered=True, disable=True)
        case other:
            assert_never(other)


def send_test(receiver: Receiver, transport: Transport, source: str, *, wall_now: float) -> str:
    """Send one marked test message, authenticated as alerts are; empty if it was taken, else why not. Nothing is kept of it,
    and it is not tried again: a receiver that answers that it is gone stays switched on."""
    key = f"tst_{sha256(f'{receiver.name} {wall_now}'.encode()).hexdigest()[:24]}"
    try:
        body = receiver.kind.test_body(key, receiver.name, source, wall_now)
        answer = transport.send(receiver.kind.request(key, body, wall_now=wall_now), receiver.kind.route)
    except PrecallError as error:
        return str(error)
    return _line(receiver.kind.verdict(answer, wall_now=wall_now), answer)


def _line(verdict: Verdict, answer: Answer) -> str:
    """Who answered what, and the mend, in one line; empty if the alert was delivered."""
    if verdict.result == "delivered":
        return ""
    return str(PrecallError(verdict.reason, where=answer.origin, mend=verdict.mend))


def _again(
    alert: FrozenAlert, reason: str, *, last: bool, wall_now: float, answered: bool | None, wish_s: float | None = None
) -> Outcome:
    """Another attempt later, or none after the last of the schedule."""
    made = alert.attempts + 1
    if last:
        return Outcome("dead", made, reason=f"{reason}; gave up after {made} attempts", answered=answered)
    wait = delay(made + 1, key=alert.key, retry_after_s=wish_s)
    return Outcome("retry", made, reason=reason, at=wall_now + wait, answered=answered)
