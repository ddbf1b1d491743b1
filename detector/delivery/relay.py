"""One attempt to deliver one message: sign, send, and say what became of it."""

from hashlib import sha256

from detector.delivery.attempts import Interrupted
from detector.delivery.backoff import MAX_ATTEMPTS, delay
from detector.delivery.formats import format_named
from detector.delivery.message import Message, Outcome, Receiver
from detector.delivery.signing import signed_headers
from detector.delivery.transport import Gone
from detector.domain.errors import Misconfigured, Permanent, PrecallError, Transient
from detector.domain.ports import Transport


def deliver(
    message: Message,
    receiver: Receiver,
    transport: Transport,
    *,
    event_now: float,
    wall_now: float,
    max_attempts: int = MAX_ATTEMPTS,
) -> Outcome:
    """Try once. `event_now` decides whether the message is still worth sending, `wall_now` signs it and dates the retry.

    They differ when the clock is accelerated. Nothing is raised: what may pass is tried again, also a wrong address or
    secret, since the operator may mend it before the message expires.
    """
    if event_now >= message.expires_at:
        return Outcome("expired", message.attempts, reason="too old to be of use")
    made, last = message.attempts + 1, message.attempts + 1 >= max_attempts
    try:
        headers = signed_headers(message.key, message.body, receiver.secrets, wall_now=wall_now)
        headers["content-type"] = format_named(receiver.format).content_type
        transport.send(receiver.url, message.body, headers, receiver.route)
    except Gone as error:
        return Outcome("dead", made, reason=str(error), reached=True, disable=True)
    except Permanent as error:
        return Outcome("dead", made, reason=str(error), reached=True)
    except Interrupted as error:
        return Outcome("interrupted", message.attempts, reason=str(error))
    except Misconfigured as error:
        return _again(message, str(error), last=last, wall_now=wall_now, reached=None)
    except Transient as error:
        return _again(message, str(error), last=last, wall_now=wall_now, reached=False, wish_s=error.retry_after_s)
    return Outcome("sent", made, reached=True)


def send_test(receiver: Receiver, transport: Transport, source: str, *, wall_now: float) -> str:
    """Send one marked test message, signed as alerts are; empty if it was taken, else why not. Nothing is kept of it, and it
    is not tried again: a receiver that answers 410 stays switched on."""
    key = f"tst_{sha256(f'{receiver.name} {wall_now}'.encode()).hexdigest()[:24]}"
    try:
        form = format_named(receiver.format)
        body = form.test(key, receiver.name, source, wall_now)
        headers = signed_headers(key, body, receiver.secrets, wall_now=wall_now)
        transport.send(receiver.url, body, headers | {"content-type": form.content_type}, receiver.route)
    except PrecallError as error:
        return str(error)
    return ""


def _again(
    message: Message, reason: str, *, last: bool, wall_now: float, reached: bool | None, wish_s: float | None = None
) -> Outcome:
    """Another attempt later, or none after the last of the schedule."""
    made = message.attempts + 1
    if last:
        return Outcome("dead", made, reason=f"{reason}; gave up after {made} attempts", reached=reached)
    wait = delay(made + 1, key=message.key, retry_after_s=wish_s)
    return Outcome("retry", made, reason=reason, at=wall_now + wait, reached=reached)
