"""One alert on its way to one receiver, and which alert a redrive makes due again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from detector.domain.alert import ALERT_TYPES, Alert, alert_key

NOBODY = "-"
"""Receiver of an alert that no receiver is configured for: kept for the record."""
SUPERSEDED = "superseded: a later alert of the incident says what is true now"
ENDINGS = ("resolved", "operations.feed.resumed.v1")
"""Types of alerts that report an end."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One alert for one receiver. `body` is frozen at the first attempt: a key never gets another meaning.

    `state`: pending (due at `next_at`, s, wall), sent, dead, expired, withdrawn (turned out wrong before any receiver may
    have got it) or superseded (dead when a later alert of its incident took its place).
    """

    key: str
    receiver: str
    incident_id: str
    type: str
    sequence: int
    severity: str
    time: int
    expires_at: int
    data: dict[str, Any]
    body: bytes | None
    state: str
    attempts: int
    next_at: float
    last_error: str

    @classmethod
    def of(cls, alert: Alert, receiver: str, due_at: float) -> Self:
        """The alert for one receiver, never tried yet; due at `due_at` (s, wall)."""
        return cls(
            key=alert.key,
            receiver=receiver,
            incident_id=alert.incident_id,
            type=alert.type,
            sequence=alert.sequence,
            severity=alert.severity,
            time=alert.time,
            expires_at=alert.expires_at,
            data=dict(alert.data),
            body=None,
            state="sent" if receiver == NOBODY else "pending",
            attempts=0,
            next_at=due_at,
            last_error="",
        )

    @property
    def alert(self) -> Alert:
        return Alert(
            key=self.key,
            incident_id=self.incident_id,
            type=self.type,
            sequence=self.sequence,
            severity=self.severity,
            time=self.time,
            expires_at=self.expires_at,
            data=self.data,
        )

    @property
    def may_have_arrived(self) -> bool:
        """The receiver got this alert, or may have."""
        return self.state == "sent" or self.body is not None


@dataclass(frozen=True)
class Redriven:
    """How many alerts are due again, and the keys of those whose place a later one took."""

    due: int = 0
    superseded: Sequence[str] = field(default=())


def missed(message: Message, *, ongoing: bool) -> bool:
    """Whether a redrive has to see to it: dead, or expired while its incident is `ongoing` or where it reports its end."""
    return message.state == "dead" or (message.state == "expired" and (ongoing or message.type in ENDINGS))


def redriven(
    messages: Sequence[Message], receiver: str, *, over: bool, now: float, event_now: float | None
) -> tuple[Message | None, list[Message]]:
    """What one receiver gets of one incident: (the message that is due at `now`, those that become superseded).

    `messages`: all of the incident, of every receiver, those withdrawn left out, by sequence and key. `over`: the incident
    is known, and not open any more. `event_now` (s, event time) decides what is too old to be sent, None = nothing is.

    The present state is the incident's latest alert: the dead one itself, with its key and bytes, if it is the latest; the
    latest that others got, if this receiver was not among them; and a new one, under a key of its own, if the latest is too
    old, or if it is an update to a receiver that never got an opening. An incident that is over is not reported to a
    receiver that never got it.
    """
    mine = [one for one in messages if one.receiver == receiver]
    dead = [one for one in mine if one.state == "dead"]
    match _place(messages, mine, over=over, event_now=event_now):
        case "again":
            return replace(mine[-1], state="pending", next_at=now, attempts=0), [_superseded(one) for one in dead[:-1]]
        case "copy":
            due = _fresh(messages[-1], receiver, now)
        case "anew":
            due = _fresh(_renewed(messages[-1], mine, event_now), receiver, now)
        case _:
            return None, [_superseded(one) for one in dead]
    return due, [_superseded(one) for one in dead]


def _fresh(message: Message, receiver: str, now: float) -> Message:
    return replace(message, receiver=receiver, state="pending", next_at=now, attempts=0, last_error="")


def _superseded(message: Message) -> Message:
    return replace(message, state="superseded", last_error=SUPERSEDED)


def _place(messages: Sequence[Message], mine: Sequence[Message], *, over: bool, event_now: float | None) -> str:
    """How this receiver gets the present state: "again" (its own latest, dead), "copy" (the latest of others), "anew", or ""
    if it has it, gets it in any case, or has nothing to get."""
    last = messages[-1]
    own = mine[-1] if mine[-1].key == last.key else None
    if own is not None and own.state in ("sent", "pending"):
        return ""
    late = event_now is not None and last.expires_at <= event_now
    had_one = any(one.may_have_arrived for one in mine)
    if last.type in ENDINGS:
        if not had_one or (mine[-1].type in ENDINGS and mine[-1].state in ("sent", "pending")):
            return ""
        if late:
            return "anew"
    else:
        if over:  # the next assessment reports its end
            return ""
        misfit = last.type == "updated" if not had_one else last.type == "opened" and own is None
        if misfit or (late and last.type in ALERT_TYPES):
            return "anew"
        if late:
            return ""
    return "copy" if own is None else "again" if own.state == "dead" else ""


def _renewed(last: Message, mine: Sequence[Message], event_now: float | None) -> Message:
    """The latest alert as one of its own: composed now, with a key that never meant anything else."""
    had_one, sequence = any(one.may_have_arrived for one in mine), last.sequence + 1
    type_ = last.type if last.type in ENDINGS else "updated" if had_one else "opened"
    at = last.time if event_now is None else int(event_now)
    return replace(
        last,
        key=alert_key(last.incident_id, type_, sequence),
        type=type_,
        sequence=sequence,
        time=at,
        expires_at=at + last.expires_at - last.time,
        body=None,
    )
