"""Relay the outbox: the only job that talks to receivers. Permission is asked for again at the last moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from detector import care, delivery
from detector.delivery import Breaker, Outcome, Receiver
from detector.domain.communication import Communication, standing
from detector.domain.customer import CHANNELS
from detector.domain.errors import Permanent, PrecallError
from detector.domain.impact import Listing
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.ports import Reference, Source, Transport
from detector.domain.rule import ACTIONS
from detector.store import Message, Store
from jobs.ledger import Reached, walk_on

_SET_BACK_S = 60.0
"""A wall clock that lies so far behind the last push was set back; less is the steering of a time server."""
_MENDING_S = 60.0
"""How long a message waits for what only the operator can mend."""


@dataclass
class Relay:
    """Carries due messages to `receivers`; `source_uri` is the CloudEvents source. Breakers live as long as the relay."""

    store: Store
    source: Source
    transport: Transport
    receivers: Mapping[str, Receiver]
    source_uri: str
    policy: CarePolicy
    max_attempts: int
    reached: Reached = walk_on
    floor: int = ImpactPolicy.privacy_floor
    breakers: dict[str, Breaker] = field(default_factory=dict)
    _pushed_at: float = 0.0

    def push(self, *, event_now: float, wall_now: float) -> Counter[str]:
        """Send what is due by `wall_now`; returns outcomes by state. `event_now` decides what has expired.

        At least once: a crash between sending and noting it sends the same bytes under the same key again.
        """
        self._follow(wall_now)
        outcomes: Counter[str] = Counter()
        for message in self.store.outbox.claim(wall_now):
            self.reached("push.claimed")
            outcomes[self._relay(message, event_now, wall_now)] += 1
        return outcomes

    def _follow(self, wall_now: float) -> None:
        """Where the wall clock was set back, what waits is due as much earlier: a wait is a length, not a time of day."""
        back = self._pushed_at - wall_now
        self._pushed_at = wall_now
        if back > _SET_BACK_S:
            self.store.outbox.bring_forward(back)
            self.breakers = {name: breaker.earlier(back) for name, breaker in self.breakers.items()}

    def _relay(self, message: Message, event_now: float, wall_now: float) -> str:
        receiver = self.receivers.get(message.receiver)
        if receiver is None or not receiver.enabled:
            return self._finish(message, "dead", wall_now, f"receiver '{message.receiver}' is not configured")
        if self.store.outbox.is_off(receiver.name, receiver.url):
            mend = "it answered 410; give its new address, or redrive when it is back"
            return self._finish(message, "dead", wall_now, f"receiver '{receiver.name}' is switched off: {mend}")
        breaker = self.breakers.get(receiver.name, Breaker())
        if not breaker.allows(wall_now):
            self.store.outbox.retry(message, at=max(breaker.retry_at, wall_now + 1), error="receiver is down", counted=False)
            return "held"
        try:
            body = self._body(message, receiver, event_now)
        except Permanent as error:
            return self._finish(message, "dead", wall_now, str(error))
        except PrecallError as error:  # the operator, or time, may mend it
            self.store.outbox.retry(message, at=wall_now + _MENDING_S, error=str(error), counted=False)
            return "held"
        if body is None:
            return "withdrawn"
        self.breakers[receiver.name] = breaker.probe(wall_now)
        sent = delivery.Message(message.key, body, message.attempts, message.expires_at)
        outcome = delivery.deliver(
            sent, receiver, self.transport, event_now=event_now, wall_now=wall_now, max_attempts=self.max_attempts
        )
        self.reached("push.sent")
        self._note(message, receiver, outcome, wall_now)
        if outcome.state == "expired":
            self._take_back(message, event_now)
        self.reached("push.noted")
        return outcome.state

    def _note(self, message: Message, receiver: Receiver, outcome: Outcome, wall_now: float) -> None:
        breaker = self.breakers[receiver.name]
        self.breakers[receiver.name] = breaker.after(reached=outcome.reached, now=wall_now)
        if outcome.disable:
            self.store.outbox.switch_off(receiver.name, receiver.url)
        if outcome.state == "retry" and outcome.at is not None:
            self.store.outbox.retry(message, at=outcome.at, error=outcome.reason)
        else:
            self._finish(message, outcome.state, wall_now, outcome.reason)

    def _finish(self, message: Message, state: str, at: float, error: str) -> str:
        self.store.outbox.finish(message, state=state, at=at, error=error)
        return state

    def _body(self, message: Message, receiver: Receiver, event_now: float) -> bytes | None:
        """Permission is asked for again at every attempt; at the first, the bytes are fixed that this key means from then
        on. None: corrected data withdrew it before anybody heard of it."""
        self._recheck(message, event_now)
        if message.body is not None:
            return message.body
        listed = self.store.book.listings(incident_id=message.incident_id, current=True)
        alert = replace(message.alert, data=_recounted(message.data, listed, self.floor))
        body = delivery.format_named(receiver.format).render(alert, self.source_uri)
        frozen = self.store.outbox.freeze(message, dict(alert.data), body)
        self.reached("push.frozen")
        return frozen

    def _recheck(self, message: Message, event_now: float) -> None:
        """Listings that may no longer be acted upon are refused. What was asked with this very alert, which nobody has
        heard, is taken back: so it may be said when it is allowed again."""
        reference = self.source.reference(event_now)
        listed = self.store.book.listings(incident_id=message.incident_id, current=True)
        ask = LastAsk(reference, self.policy, int(event_now))
        refused = [(one, why) for one in listed if one.contactable and (why := ask.why_not(one))]
        gone = {one.subscriber for one, _ in refused}
        rows = self._asked_with(message) if self._unheard(message) else []
        unsaid = [row for row in rows if row.subscriber in gone or not ask.may_follow(row)]
        if not refused and not unsaid:
            return
        with self.store.begin() as connection:
            for one, why in refused:
                assert one.row is not None  # noqa: S101  rows that were read have one
                self.store.book.refuse(connection, one.row, why)
            self.store.communications.add(connection, care.taken_back(unsaid, int(event_now)))

    def _asked_with(self, message: Message) -> list[Communication]:
        return [row for row in standing(self.store.communications.of([message.incident_id])) if row.at == message.time]

    def _take_back(self, message: Message, event_now: float) -> None:
        """Nobody was reached in time: what was asked with this alert may be asked with the next."""
        told = [one for one in self.store.outbox.told(message.incident_id) if one.key == message.key]
        if any(one.attempts or one.state == "sent" for one in told):
            return
        with self.store.begin() as connection:
            self.store.communications.add(connection, care.taken_back(self._asked_with(message), int(event_now)))

    def _unheard(self, message: Message) -> bool:
        """No receiver can have had this alert."""
        told = self.store.outbox.told(message.incident_id)
        return all(one.body is None for one in told if one.key == message.key)


@dataclass(frozen=True)
class LastAsk:
    """May care still do what was decided, at the moment of sending? Consent and quiet hours; caps and the holdout were
    decided with everything else."""

    reference: Reference
    policy: CarePolicy
    now: int

    @cached_property
    def lawful(self) -> Mapping[str, str]:
        return care.bases(self.policy, self.reference.operator.country)

    @cached_property
    def quiet(self) -> bool:
        return care.in_quiet_hours(self.now, self.reference.operator.timezone, self.policy)

    def why_not(self, listing: Listing) -> str:
        """Empty if it may. What has no channel yet needs one."""
        return self._against(listing.subscriber, listing.channel, self.policy.purposes)

    def may_follow(self, row: Communication) -> bool:
        """What takes consents of its own (a survey) is asked for them; all else stands or falls with its listing."""
        own = ACTIONS[row.action].purposes if row.action in ACTIONS else ()
        return not own or not self._against(row.subscriber, row.channel, ("network_care_analysis", *own))

    def _against(self, subscriber: str, channel: str, purposes: tuple[str, ...]) -> str:
        channels, why = care.permitted_channels(
            subscriber, customers=self.reference.customers, purposes=purposes, at=self.now, lawful=self.lawful,
            among=(channel,) if channel else CHANNELS,
        )  # fmt: skip
        return why if not channels else "quiet_hours" if self.quiet else ""


def _recounted(data: dict[str, Any], listed: Sequence[Listing], floor: int) -> dict[str, Any]:
    """The body with those who can be reached by now."""
    if not isinstance(data.get("impact"), dict) or not listed:
        return data
    people = [(one.why_not, one.action != "none") for one in listed]
    return data | {"impact": care.recounted(data["impact"], people, floor)}
