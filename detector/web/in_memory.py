"""`WebService` over nouns in memory: the twin of the one over the store, for tests and for pages without a database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from detector import care
from detector.care import AccountAnswer, DecisionContext, LookupAnswer
from detector.domain.alert import Alert
from detector.domain.communication import Communication, ContactHistory
from detector.domain.coverage import Coverage
from detector.domain.degradation import Degradation, leading
from detector.domain.identity import AccountId, SubscriberId
from detector.domain.impact import Impact, Listing, Watch
from detector.domain.incident import Incident
from detector.domain.interaction import Interaction
from detector.domain.kpi import Kpi
from detector.domain.notification import WaitingIncident
from detector.domain.outlook import Outlook
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from detector.web.care_list import affected_page, care_view, permitted_now, waits
from detector.web.service import AffectedPage, CareView, Update, update_of

if TYPE_CHECKING:
    from detector.domain.evidence import Band

NOTHING_MEASURED = Coverage(at=0, objects=0, measured=0, since=None, until=None, kpis=())


@dataclass(kw_only=True)
class InMemoryWebService:
    """Implements `WebService` over its fields. `at`: event time (s). By incident id: `impacts`, `outlooks`, `bands_of`,
    `waiting` and `notified` (`impact` of the last alert).
    `reference.raw_ids` is the vault; `key_of` gives the pseudonym of a raw identity, by default the one that the vault has.
    `audit` holds (actor, action, subject) of every question that is audited.
    """

    at: float = 0.0
    problems: list[str] = field(default_factory=list)
    known: list[Incident] = field(default_factory=list)
    evidence: list[Degradation] = field(default_factory=list)
    impacts: dict[str, Impact] = field(default_factory=dict)
    notified: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    waiting: dict[str, WaitingIncident] = field(default_factory=dict)
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)
    watches: dict[str, Watch] = field(default_factory=dict)
    """Pseudonym -> the watch of a person whom no incident touches."""
    communications: list[Communication] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)
    bands_of: dict[str, "Sequence[Band]"] = field(default_factory=dict)
    kpis: list[Kpi] = field(default_factory=list)
    measured: Coverage = NOTHING_MEASURED
    reference: Reference = field(default_factory=Reference)
    care_policy: CarePolicy = field(default_factory=CarePolicy)
    key_of: Callable[[str], str] | None = None
    metrics_text: str = ""
    audit: list[tuple[str, str, str]] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def ready(self) -> Sequence[str]:
        return self.problems

    def knows_people(self) -> bool:
        return bool(self.reference.customers.subscribers)

    def incidents(self, state: str | None, limit: int, offset: int) -> Sequence[Incident]:
        found = [one for one in self.known if state in (None, one.state)]
        return sorted(found, key=lambda one: (-one.opened_at, one.incident_id))[offset : offset + limit]

    def incident(self, incident_id: str) -> Incident | None:
        return next((one for one in self.known if one.incident_id == incident_id), None)

    def degradations(self, incident_id: str) -> Sequence[Degradation]:
        incident = self.incident(incident_id)
        return [one for one in self.evidence if incident and one.degradation_id in incident.degradation_ids]

    def impact(self, incident_id: str) -> Impact | None:
        return self.impacts.get(incident_id)

    def notified_impact(self, incident_id: str) -> Mapping[str, Any]:
        return self.notified.get(incident_id, {})

    def care(self, incident_id: str) -> CareView | None:
        from detector import feedback

        incident = self.incident(incident_id)
        if incident is None:
            return None
        alerts, listings = self._alerts(incident_id), self._listings(incident_id)
        made = [one for one in self.interactions if incident.started_at <= one.at <= self.at]
        return care_view(
            listings,
            say=self._say(incident),
            alert=alerts[-1].data if alerts else None,
            waiting=self.waiting.get(incident_id) if waits(incident) else None,
            first_complaint_at=feedback.first_complaint(
                made, cells=incident.cells, people={one.subscriber for one in listings}
            ),
            outlook=self.outlooks.get(incident_id) if incident.state == "open" else None,
        )

    def _say(self, incident: Incident) -> Mapping[str, str]:
        zone, lead = self.reference.operator.timezone, self._leading(incident)
        facts = care.facts_of(incident, now=self.at, timezone=zone, lead=lead)
        return {language: care.sentence(facts, language) for language in self.care_policy.languages}

    def _leading(self, incident: Incident) -> Degradation | None:
        own = self.degradations(incident.incident_id)
        return leading(own, incident.kind) if own else None

    def _alerts(self, incident_id: str) -> list[Alert]:
        return sorted((one for one in self.alerts if one.incident_id == incident_id), key=lambda one: one.sequence)

    def _current(self) -> list[Listing]:
        return [one for one in self.listings if one.delisted_at is None]

    def _listings(self, incident_id: str) -> Sequence[Listing]:
        own = [one for one in self._current() if one.incident_id == incident_id]
        return list(permitted_now(own, reference=self.reference, care_policy=self.care_policy, now=self.at))

    def affected(self, incident_id: str, limit: int, offset: int, actor: str, *, identify: bool = False) -> AffectedPage:
        self.audit.append((actor, "affected", incident_id))
        about = [one for one in self.communications if one.incident_id == incident_id]
        raw_of = self.reference.raw_ids.get if identify else None
        return affected_page(self._listings(incident_id), about, limit=limit, offset=offset, raw_of=raw_of)

    def lookup(self, raw_subscriber: str, actor: str, caller: str = "self") -> LookupAnswer:
        key = self._key(SubscriberId(raw_subscriber))
        self.audit.append((actor, "lookup", key))
        listings = [one for one in self._current() if one.subscriber == key]
        incidents = [one for one in self.known if one.incident_id in {row.incident_id for row in listings}]
        context = self._context(
            ContactHistory.of(self.communications, {one.incident_id for one in self.known if one.state == "open"})
        )
        leads = {one.incident_id: lead for one in incidents if (lead := self._leading(one)) is not None}
        return care.lookup(
            key,
            context=context,
            incidents=incidents,
            listings=listings,
            caller=caller,
            leads=leads,
            watch=self.watches.get(key),
        )

    def account(self, raw_account: str, actor: str) -> AccountAnswer:
        key = self._key(AccountId(raw_account))
        self.audit.append((actor, "account", key))
        people = set(self.reference.customers.people_of.get(key, ()))
        listings = [one for one in self._current() if one.subscriber in people]
        return care.account_lookup(key, context=self._context(ContactHistory()), incidents=self.known, listings=listings)

    def _key(self, raw: str) -> str:
        if self.key_of is not None:
            return self.key_of(raw)
        return next((key for key, own in self.reference.raw_ids.items() if own == raw), f"unknown:{raw}")

    def _context(self, contacts: ContactHistory) -> DecisionContext:
        return DecisionContext(
            reference=self.reference, care_policy=self.care_policy, now=int(self.at), contact_history=contacts
        )

    def bands(self, incident_id: str) -> "Sequence[Band]":
        return self.bands_of.get(incident_id, ())

    def timeline(self, incident_id: str) -> Sequence[Update]:
        return [update_of(one.time, one.type, one.severity, one.data) for one in self._alerts(incident_id)]

    def kpi(self, kpi_id: str) -> Kpi | None:
        return next((one for one in self.kpis if one.id == kpi_id), None)

    def coverage(self) -> Coverage:
        return self.measured

    def metrics(self) -> str:
        return self.metrics_text
