"""Customer context for an agent: what one screen shows of a customer beside the incident."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from detector.domain.communication import Communication, standing
from detector.domain.customer import Customers, Subscriber, SubscriberEvent
from detector.domain.experience import UNKNOWN_HISTORY, CustomerHistory
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.window import DAY_S

RECENT_S = 28 * DAY_S
"""How far the context looks back. Chosen: four weeks, a month's bill."""
MOST = 5
"""Rows of each kind, the newest first. Chosen: it is read during a call."""


@dataclass(frozen=True)
class Membership:
    """An account that the person is a line of, and its roles there."""

    account: str
    kind: str
    tier: str = ""
    sla: str = ""
    care_team: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PastIncident:
    """One that touched the person, over or still on. `ended_at`: the estimated end, `resolved_at`: when that was decided;
    `clear_at`: promised and still to come; `ticket_id`: the operations centre's."""

    incident_id: str
    kind: str
    severity: str
    started_at: int
    resolved_at: int | None = None
    ticket_id: str = ""
    clear_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """`contacts`, `surveys`, `said`, `events`, `incidents`: the newest first, MOST of each at most. `private`: a minor, or
    someone who withdrew the analysis of their service: where and when the network failed them is not shown."""

    person: Subscriber
    accounts: tuple[Membership, ...] = ()
    contacts: tuple[Interaction, ...] = ()
    surveys: tuple[Interaction, ...] = ()
    incidents: tuple[PastIncident, ...] = ()
    said: tuple[Communication, ...] = ()
    events: tuple[SubscriberEvent, ...] = ()
    history: CustomerHistory = field(default=UNKNOWN_HISTORY)
    private: bool = False


@dataclass(frozen=True)
class CustomerRecord:
    """What the store keeps of one person, in any order: their interactions and events, the communications about their line,
    and the incidents on whose lists they stand or stood, without the one at hand."""

    interactions: Iterable[Interaction] = ()
    communications: Iterable[Communication] = ()
    incidents: Iterable[Incident] = ()
    events: Iterable[SubscriberEvent] = ()
    history: CustomerHistory = UNKNOWN_HISTORY


def context_of(key: str, customers: Customers, record: CustomerRecord, *, now: int, left_out: bool = False) -> Context:
    """What is known of this person as of `now` (s). `left_out`: the person withdrew the analysis of their service."""
    person = customers.subscribers.get(key, Subscriber(key=key))
    private = person.minor or left_out
    recent = sorted(
        (i for i in record.interactions if now - RECENT_S <= i.at <= now), key=lambda i: (-i.at, i.interaction_id)
    )
    communications = sorted((c for c in standing(record.communications) if c.at <= now), key=lambda c: -c.at)
    return Context(
        person=person,
        accounts=_memberships(key, customers),
        contacts=tuple(i for i in recent if i.kind != "survey")[:MOST],
        surveys=tuple(i for i in recent if i.kind == "survey")[:MOST],
        incidents=() if private else _past(record.incidents, now),
        said=tuple(communications)[:MOST],
        events=tuple(sorted((e for e in record.events if e.at <= now), key=lambda e: -e.at))[:MOST],
        history=UNKNOWN_HISTORY if private else record.history,
        private=private,
    )


def _memberships(key: str, customers: Customers) -> tuple[Membership, ...]:
    found = []
    for account in customers.accounts_of.get(key, ()):
        known = customers.accounts.get(account)
        roles = tuple(role for where, role in customers.roles_of.get(key, ()) if where == account)
        named = (known.kind, known.tier, known.sla, known.care_team) if known else ("", "", "", "")
        found.append(Membership(account, *named, roles))
    return tuple(found)


def _past(incidents: Iterable[Incident], now: int) -> tuple[PastIncident, ...]:
    stood = [i for i in incidents if i.withdrawn_at is None and i.state != "merged"]
    newest: Sequence[Incident] = sorted(stood, key=lambda i: (-i.started_at, i.incident_id))[:MOST]
    return tuple(
        PastIncident(
            incident_id=i.incident_id,
            kind=i.kind,
            severity=i.severity,
            started_at=i.started_at,
            resolved_at=i.resolved_at,
            ticket_id=i.ticket_id,
            clear_at=i.promised_clear(now) if i.state == "open" else None,
            ended_at=i.over_at,
        )
        for i in newest
    )
