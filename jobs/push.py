"""Relay the outbox: the only job that talks to receivers. Permission is asked for again at the last moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Event, Lock
from time import monotonic
from typing import Any

import structlog

from detector import care, delivery
from detector.delivery import Breaker, Outcome, Receiver
from detector.domain.communication import Communication, standing
from detector.domain.customer import CHANNELS
from detector.domain.errors import Permanent, PrecallError
from detector.domain.impact import Listing
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.ports import Reference, ReferenceFeed, Transport
from detector.domain.rule import ACTIONS
from detector.store import Message, Store
from detector.store.outbox import LEASE_S
from jobs.clock_watch import ClockWatch
from jobs.ledger import Checkpoint, no_checkpoint

log = structlog.get_logger()
_TOO_OLD = "too old to be of use"
_ROUND_S = 60.0
"""How long one push sends to one receiver; the next wake-up goes on. Below the deadline of a job."""
_SPARE_S = 5.0
"""Of a lease, for the store's own work after an attempt."""

_CLOCK_SET_S = 60.0
"""A wall clock that moved by so much more or less than time has passed was set; less is the steering of a time server."""
_MENDING_S = 60.0
"""How long a message waits for what only the operator can mend."""


@dataclass(kw_only=True)
class Relay:
    """Carries due messages to `receivers`, each served by itself; `source_uri` is the CloudEvents source. Breakers live as
    long as the relay. `attempt_s` is the transport's time-out. Several threads may push at once, each for its receiver."""

    store: Store
    source: ReferenceFeed
    transport: Transport
    receivers: Mapping[str, Receiver]
    source_uri: str
    policy: CarePolicy
    max_attempts: int
    checkpoint: Checkpoint = no_checkpoint
    floor: int = ImpactPolicy.privacy_floor
    breakers: dict[str, Breaker] = field(default_factory=dict)
    attempt_s: float = 15.0
    clock_watch: ClockWatch = field(default_factory=ClockWatch)
    _stopping: Event = field(default_factory=Event)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def push(self, *, event_now: float, wall_now: float, receiver: str | None = None) -> Counter[str]:
        """Send what is due by `wall_now`, to one receiver or to all, side by side; returns outcomes by state. `event_now`
        decides what has expired.

        At least once: a crash between sending and noting it sends the same bytes under the same key again.
        """
        self._follow(wall_now)
        if receiver is not None:
            return self._serve(receiver, event_now, wall_now)
        outcomes = self.clear_unconfigured(wall_now, event_now)
        names = sorted(self.receivers)
        if len(names) < 2:
            return sum((self._serve(name, event_now, wall_now) for name in names), outcomes)
        with ThreadPoolExecutor(len(names), "push") as lanes:
            served = [lanes.submit(self._serve, name, event_now, wall_now) for name in names]
        return sum((one.result() for one in served), outcomes)

    def clear_unconfigured(self, wall_now: float, event_now: float) -> Counter[str]:
        """What waits for receivers that are not in the settings any more is dead."""
        outcomes: Counter[str] = Counter()
        for message in self.store.outbox.claim(wall_now, besides=sorted(self.receivers)):
            late = event_now >= message.expires_at
            why = _TOO_OLD if late else f"receiver '{message.receiver}' is not configured"
            outcomes[self._finish(message, "expired" if late else "dead", wall_now, why)] += 1
        return outcomes

    def stop(self) -> None:
        """Ends the attempts under way and begins no more; what was claimed is due again. Returns at once, in any thread."""
        self._stopping.set()
        self.transport.cancel()

    def _serve(self, name: str, event_now: float, wall_now: float) -> Counter[str]:
        """One receiver's due messages, one after another; what is not begun while they are leased is due again."""
        began, lease_s = monotonic(), max(LEASE_S, 2 * self.attempt_s)
        outcomes: Counter[str] = Counter()
        if self._stopping.is_set() or not self._breaker(name).allows(wall_now):
            return outcomes
        claimed = self.store.outbox.claim(wall_now, receiver=name, lease_s=lease_s)
        for number, message in enumerate(claimed):
            self.checkpoint("push.claimed")
            passed = int(monotonic() - began)  # whole seconds: a wait does not depend on how fast this machine is
            if self._stopping.is_set() or passed > min(_ROUND_S, lease_s - self.attempt_s - _SPARE_S):
                self.store.outbox.release(claimed[number:], at=wall_now + passed)
                break
            if not (breaker := self._breaker(name)).allows(wall_now + passed):
                self.store.outbox.release(claimed[number:], at=max(breaker.retry_at, wall_now + passed + 1))
                outcomes["held"] += len(claimed) - number
                break
            outcomes[self._safely(message, event_now, wall_now + passed)] += 1
        return outcomes

    def _breaker(self, receiver: str) -> Breaker:
        return self.breakers.get(receiver, Breaker())

    def _follow(self, wall_now: float) -> None:
        """Where the wall clock was set, what waits is due as much earlier or later: a wait is a length, no time of day."""
        with self._one_at_a_time:
            watch = self.clock_watch
            first, moved = watch.offset is None, watch.moved(wall_now)
            was_set = abs(moved) > _CLOCK_SET_S
            if was_set:
                self.breakers = {name: breaker.earlier(-moved) for name, breaker in self.breakers.items()}
            if watch.offset is None and was_set:
                self.store.outbox.bring_forward(-moved)
            elif watch.offset is not None and (first or was_set):
                self.store.outbox.follow_clock(watch.machine, watch.offset, _CLOCK_SET_S)

    def _safely(self, message: Message, event_now: float, wall_now: float) -> str:
        try:
            return self._relay(message, event_now, wall_now)
        except PrecallError:  # the store's: it is the same for every message
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours in one alert must not hold back all the others
            made, why = message.attempts + 1, f"{type(error).__name__}: {error}"[:300]
            log.error("alert failed unexpectedly, will be tried again", alert=message.key, reason=why)
            if made >= self.max_attempts:
                return self._finish(message, "dead", wall_now, f"{why}; gave up after {made} attempts")
            self.store.outbox.retry(message, at=wall_now + delivery.delay(made + 1, key=message.key), error=why)
            return "retry"

    def _relay(self, message: Message, event_now: float, wall_now: float) -> str:
        receiver = self.receivers.get(message.receiver)
        if event_now >= message.expires_at:
            self._finish(message, "expired", wall_now, _TOO_OLD)
            take_back(self.store, message, event_now)
            return "expired"
        if receiver is None or not receiver.enabled:
            return self._finish(message, "dead", wall_now, f"receiver '{message.receiver}' is not configured")
        if self.store.outbox.is_off(receiver.name, receiver.url):
            mend = "it answered 410; give its new address, or redrive when it is back"
            return self._finish(message, "dead", wall_now, f"receiver '{receiver.name}' is switched off: {mend}")
        try:
            with self._one_at_a_time:  # two receivers of one alert must not refuse or take back the same rows
                body = self._body(message, receiver, event_now)
        except Permanent as error:
            return self._finish(message, "dead", wall_now, str(error))
        except PrecallError as error:  # the operator, or time, may mend it
            self.store.outbox.retry(message, at=wall_now + _MENDING_S, error=str(error), counted=False)
            return "held"
        if body is None:
            return "withdrawn"
        self.breakers[receiver.name] = self._breaker(receiver.name).probe(wall_now)
        sent = delivery.Message(message.key, body, message.attempts, message.expires_at)
        outcome = delivery.deliver(
            sent, receiver, self.transport, event_now=event_now, wall_now=wall_now, max_attempts=self.max_attempts
        )
        self.checkpoint("push.sent")
        self._note(message, receiver, outcome, wall_now)
        self.checkpoint("push.noted")
        return outcome.state

    def _note(self, message: Message, receiver: Receiver, outcome: Outcome, wall_now: float) -> None:
        breaker = self.breakers[receiver.name]
        self.breakers[receiver.name] = breaker.after(reached=outcome.reached, now=wall_now)
        if outcome.state == "interrupted":
            self.store.outbox.release([message], at=wall_now)
            return
        if outcome.disable:
            self.store.outbox.switch_off(receiver.name, receiver.url)
        if outcome.state == "retry" and outcome.at is not None:
            self.store.outbox.retry(message, at=outcome.at, error=outcome.reason)
        else:
            self._finish(message, outcome.state, wall_now, outcome.reason)
        failed = not outcome.reached and outcome.state in ("retry", "dead")
        self.store.receiver_states.note(receiver.name, failed=failed, at=wall_now)

    def _finish(self, message: Message, state: str, at: float, error: str) -> str:
        self.store.outbox.finish(message, state=state, at=at, error=error)
        return state

    def _body(self, message: Message, receiver: Receiver, event_now: float) -> bytes | None:
        """Permission is asked for again at every attempt; at the first, the bytes are fixed that this key means from then
        on. None: corrected data withdrew it before anybody heard of it."""
        self._recheck(message, event_now)
        if message.body is not None:
            return message.body
        listed = self.store.listings.all(incident_id=message.incident_id, current=True)
        alert = replace(message.alert, data=_recounted(message.data, listed, self.floor))
        body = delivery.format_named(receiver.format).render(alert, self.source_uri)
        frozen = self.store.outbox.freeze(message, dict(alert.data), body)
        self.checkpoint("push.frozen")
        return frozen

    def _recheck(self, message: Message, event_now: float) -> None:
        """Listings that may no longer be acted upon are refused. What was asked with this very alert, which nobody has
        heard, is taken back: so it may be said when it is allowed again."""
        reference = self.source.reference(event_now)
        listed = self.store.listings.all(incident_id=message.incident_id, current=True)
        ask = LastAsk(reference, self.policy, int(event_now))
        refused = [(one, why) for one in listed if one.contactable and (why := ask.why_not(one))]
        gone = {one.subscriber for one, _ in refused}
        rows = asked_with(self.store, message) if self._unheard(message) else []
        unsaid = [row for row in rows if row.subscriber in gone or not ask.may_follow(row)]
        if not refused and not unsaid:
            return
        with self.store.begin() as connection:
            for one, why in refused:
                assert one.row is not None  # noqa: S101  rows that were read have one
                self.store.listings.refuse(connection, one.row, why)
            self.store.communications.add(connection, care.taken_back(unsaid, int(event_now)))

    def _unheard(self, message: Message) -> bool:
        """No receiver can have had this alert."""
        told = self.store.outbox.told(message.incident_id)
        return all(one.body is None for one in told if one.key == message.key)


def asked_with(store: Store, message: Message) -> list[Communication]:
    """What care was asked to say with this very alert."""
    return [row for row in standing(store.communications.of([message.incident_id])) if row.at == message.time]


def take_back(store: Store, message: Message, event_now: float) -> None:
    """Where nobody was reached with it, nor will be: what was asked with this alert may be asked with the next."""
    same = [one for one in store.outbox.told(message.incident_id) if one.key == message.key]
    if any(one.body is not None or one.state in ("sent", "pending") for one in same):
        return
    with store.begin() as connection:
        store.communications.add(connection, care.taken_back(asked_with(store, message), int(event_now)))


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
        channel = listing.decision.channel if listing.decision else ""
        return self._against(listing.subscriber, channel, self.policy.purposes)

    def may_follow(self, row: Communication) -> bool:
        """What takes consents of its own (a survey) is asked for them; all else stands or falls with its listing."""
        own = ACTIONS[row.action].purposes if row.action in ACTIONS else ()
        return not own or not self._against(row.subscriber, row.channel, ("network_care_analysis", *own))

    def _against(self, subscriber: str, channel: str, purposes: tuple[str, ...]) -> str:
        channels, why = care.permitted_channels(
            subscriber,
            customers=self.reference.customers,
            purposes=purposes,
            at=self.now,
            lawful=self.lawful,
            among=(channel,) if channel else CHANNELS,
        )
        return why if not channels else "quiet_hours" if self.quiet else ""


def _recounted(data: dict[str, Any], listed: Sequence[Listing], floor: int) -> dict[str, Any]:
    """The body with those who can be reached by now."""
    if not isinstance(data.get("impact"), dict) or not listed:
        return data
    people = [(one.why_not, one.proposed) for one in listed]
    return data | {"impact": care.recounted(data["impact"], people, floor)}
