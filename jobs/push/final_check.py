"""Permission at the moment of sending, and the bytes that an alert means from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any

from detector import care
from detector.delivery import Receiver
from detector.domain.communication import Communication, standing
from detector.domain.customer import CHANNELS
from detector.domain.impact import Listing
from detector.domain.message import Message
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.ports import Reference, ReferenceFeed
from detector.domain.rule import ACTIONS
from detector.store import Store
from jobs.ledger import Checkpoint, no_checkpoint


@dataclass(kw_only=True)
class FinalCheck:
    """Checks permission again at every attempt, and fixes an alert's bytes at the first. `source_uri` is the CloudEvents
    source. Several threads may call it at once."""

    store: Store
    feeds: ReferenceFeed
    source_uri: str
    care_policy: CarePolicy
    floor: int = ImpactPolicy.privacy_floor
    checkpoint: Checkpoint = no_checkpoint
    _one_at_a_time: Lock = field(default_factory=Lock)

    def body(self, message: Message, receiver: Receiver, event_now: float) -> bytes | None:
        """What the alert's key means from its first attempt on. None: corrected data withdrew it before anybody received
        it. Raises Permanent for an alert that cannot be sent as it is."""
        with self._one_at_a_time:  # two receivers of one alert must not refuse or retract the same rows
            return self._body(message, receiver, event_now)

    def _body(self, message: Message, receiver: Receiver, event_now: float) -> bytes | None:
        self._recheck(message, event_now)
        if message.body is not None:
            return message.body
        listed = self.store.listings.all(incident_id=message.incident_id, current=True)
        alert = replace(message.alert, data=_recounted(message.data, listed, self.floor))
        frozen = self.store.outbox.freeze(message, dict(alert.data), receiver.kind.body(alert, self.source_uri))
        self.checkpoint("push.frozen")
        return frozen

    def _recheck(self, message: Message, event_now: float) -> None:
        """Listings that may no longer be acted upon are refused. The communications of this very alert, which nobody has
        received, are retracted: so they may be requested when it is allowed again."""
        reference = self.feeds.reference(event_now)
        listed = self.store.listings.all(incident_id=message.incident_id, current=True)
        permission = Permission(reference, self.care_policy, int(event_now))
        refused = [(one, why) for one in listed if one.contactable and (why := permission.why_not(one))]
        gone = {one.subscriber for one, _ in refused}
        rows = requests_of(self.store, message) if self._unheard(message) else []
        unsaid = [row for row in rows if row.subscriber in gone or not permission.may_follow(row)]
        if not refused and not unsaid:
            return
        with self.store.begin() as connection:
            for one, why in refused:
                assert one.row is not None  # noqa: S101  rows that were read have one
                self.store.listings.refuse(connection, one.row, why)
            self.store.communications.add(connection, care.retracted(unsaid, int(event_now)))

    def _unheard(self, message: Message) -> bool:
        """No receiver can have had this alert."""
        alerts = self.store.outbox.alerts_of(message.incident_id)
        return all(one.body is None for one in alerts if one.key == message.key)


@dataclass(frozen=True)
class Permission:
    """May care still do what was decided, at the moment of sending? Consent and quiet hours; caps and the holdout were
    decided with everything else."""

    reference: Reference
    care_policy: CarePolicy
    now: int

    @cached_property
    def lawful(self) -> Mapping[str, str]:
        return care.bases(self.care_policy, self.reference.operator.country)

    @cached_property
    def quiet(self) -> bool:
        return care.in_quiet_hours(self.now, self.reference.operator.timezone, self.care_policy)

    def why_not(self, listing: Listing) -> str:
        """Empty if it may. What has no channel yet needs one."""
        channel = listing.decision.channel
        return self._against(listing.subscriber, channel, self.care_policy.purposes)

    def may_follow(self, row: Communication) -> bool:
        """An action with consents of its own (a survey) is checked for them; all else follows its listing."""
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


def requests_of(store: Store, message: Message) -> list[Communication]:
    """The communications requested with this very alert."""
    return [row for row in standing(store.communications.of([message.incident_id])) if row.at == message.time]


def retract_requests(store: Store, message: Message, event_now: float) -> None:
    """Where the alert reached nobody, nor will: its communications may be requested with the next."""
    same = [one for one in store.outbox.alerts_of(message.incident_id) if one.key == message.key]
    if any(one.body is not None or one.state in ("sent", "pending") for one in same):
        return
    with store.begin() as connection:
        store.communications.add(connection, care.retracted(requests_of(store, message), int(event_now)))


def _recounted(data: dict[str, Any], listed: Sequence[Listing], floor: int) -> dict[str, Any]:
    """The body with those who can be checkpoint by now."""
    if not isinstance(data.get("impact"), dict) or not listed:
        return data
    people = [(one.why_not, one.proposed) for one in listed]
    return data | {"impact": care.recounted(data["impact"], people, floor)}
