"""One attempt to deliver one message: sign, send, and say what became of it."""

from detector.delivery.backoff import MAX_ATTEMPTS, delay
from detector.delivery.formats import format_named
from detector.delivery.message import Message, Outcome, Receiver
from detector.delivery.signing import signed_headers
from detector.delivery.transport import Gone
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.ports import Transport


def deliver(message: Message, receiver: Receiver, transport: Transport, *, event_now: float, wall_now: float) -> Outcome:
    """Try once. `event_now` decides whether the message is still worth sending, `wall_now` signs it and dates the retry.

    They differ when the clock is accelerated. Nothing is raised: what may pass is tried again, also a wrong address or
    secret, since the operator may mend it before the message expires.
    """
    if event_now >= message.expires_at:
        return Outcome("expired", message.attempts, reason="too old to be of use")
    made = message.attempts + 1
    try:
        headers = signed_headers(message.key, message.body, receiver.secrets, wall_now=wall_now)
        headers["content-type"] = format_named(receiver.format).content_type
        transport.send(receiver.url, message.body, headers)
    except Gone as error:
        return Outcome("dead", made, reason=str(error), reached=True, disable=True)
    except Permanent as error:
        return Outcome("dead", made, reason=str(error), reached=True)
    except Misconfigured as error:
        return _again(message, made, str(error), wall_now=wall_now, reached=None)
    except Transient as error:
        return _again(message, made, str(error), wall_now=wall_now, reached=False, retry_after_s=error.retry_after_s)
    return Outcome("sent", made, reached=True)


def _again(
    message: Message, made: int, reason: str, *, wall_now: float, reached: bool | None, retry_after_s: float | None = None
) -> Outcome:
    """Another attempt later, or none after the last of the schedule."""
    if made >= MAX_ATTEMPTS:
        return Outcome("dead", made, reason=f"{reason}; gave up after {made} attempts", reached=reached)
    wait = delay(made + 1, key=message.key, retry_after_s=retry_after_s)
    return Outcome("retry", made, reason=reason, at=wall_now + wait, reached=reached)
