"""`WebService` over the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from detector import care
from detector.care import AccountAnswer, DecisionContext, LookupAnswer
from detector.clock import WallClock
from detector.domain.communication import ContactHistory
from detector.domain.coverage import Coverage
from detector.domain.degradation import Degradation
from detector.domain.impact import Impact, Listing, Watch
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.notification import WaitingIncident
from detector.domain.outlook import Outlook
from detector.domain.ports import Clock, Reference, ReferenceFeed
from detector.domain.window import DAY_S
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.web.care_list import affected_page, care_view, permitted_now, waits
from detector.web.service import AffectedPage, CareView, Update, update_of

if TYPE_CHECKING:
    from detector.domain.evidence import Band
    from detector.kpis import Catalogue

_READY_S = 2.0
"""A database that does not answer within this is not ready. Chosen: a supervisor polls every few seconds."""
_SAID_S = 28 * DAY_S
"""How far back communications are shown to a caller. Chosen: four weeks, a month's bill."""


@dataclass(kw_only=True)
class StoreService:
    """Implements `WebService`; of a caller only what is found by key is loaded. `problems` gives what keeps the daemon from
    its work."""

    store: Store
    source: Callable[[], ReferenceFeed]
    catalogue: Callable[[], "Catalogue"]
    settings: Settings
    clock: Clock
    pseudonymiser: Pseudonymiser
    metrics_text: Callable[[], str]
    problems: Callable[[], Sequence[str]]
    reference: Callable[[], Reference] | None = None
    """What is known of network and customers, at once; read from the source if not given."""

    def now(self) -> float:
        return self.clock.now()

    def ready(self) -> Sequence[str]:
        away = self.store.database.problem(_READY_S)
        return [away] if away else self.problems()

    def knows_people(self) -> bool:
        return bool(self._known().customers.subscribers)

    def incidents(self, state: str | None, limit: int, offset: int) -> Sequence[Incident]:
        return self.store.incidents.all(state=state, limit=limit, offset=offset)

    def incident(self, incident_id: str) -> Incident | None:
        return self.store.incidents.get(incident_id)

    def degradations(self, incident_id: str) -> Sequence[Degradation]:
        incident = self.incident(incident_id)
        return self.store.degradations.of(incident) if incident else ()

    def impact(self, incident_id: str) -> Impact | None:
        return self.store.impacts.latest(incident_id)

    def notified_impact(self, incident_id: str) -> Mapping[str, Any]:
        notified = self.store.notifications.get(incident_id)
        return {} if notified is None else notified.said.get("impact") or {}

    def care(self, incident_id: str) -> CareView | None:
        """The newest alert, and the present listings."""
        from detector import feedback

        incident = self.incident(incident_id)
        if incident is None:
            return None
        alerts = self.store.outbox.alerts_of(incident_id)
        listings = self._listings(incident_id)
        made = self.store.interactions.between(incident.started_at, int(self.now()) + 1)
        people = {one.subscriber for one in listings}
        return care_view(
            listings,
            say=self._say(incident),
            alert=alerts[-1].data if alerts else None,
            waiting=self._waiting(incident),
            first_complaint_at=feedback.first_complaint(made, cells=incident.cells, people=people),
            outlook=self._outlook(incident),
        )

    def _listings(self, incident_id: str) -> Sequence[Listing]:
        return list(
            permitted_now(
                self.store.listings.all(incident_id=incident_id, current=True),
                reference=self._known(),
                care_policy=self.settings.care,
                now=self.now(),
            )
        )

    def _say(self, incident: Incident) -> Mapping[str, str]:
        zone, lead = self._known().operator.timezone, self.store.degradations.leading(incident)
        facts = care.facts_of(incident, now=self.now(), timezone=zone, lead=lead)
        return {language: care.sentence(facts, language) for language in self.settings.care.languages}

    def _waiting(self, incident: Incident) -> WaitingIncident | None:
        """Why no alert of it went out yet; None if it does not wait."""
        return self.store.waiting.get(incident.incident_id) if waits(incident) else None

    def _outlook(self, incident: Incident) -> Outlook | None:
        return self.store.outlooks.get(incident.incident_id) if incident.state == "open" else None

    def affected(self, incident_id: str, limit: int, offset: int, actor: str, *, identify: bool = False) -> AffectedPage:
        self._note(actor, "affected", incident_id, f"{limit} from {offset}{', identified' if identify else ''}")
        return affected_page(
            self._listings(incident_id),
            self.store.communications.of([incident_id]),
            limit=limit,
            offset=offset,
            raw_of=self.store.vault.open if identify else None,
        )

    def lookup(self, raw_subscriber: str, actor: str, caller: str = "self") -> LookupAnswer:
        keys = self.pseudonymiser.subscribers(raw_subscriber)
        self._note(actor, "lookup", keys[0], "" if caller == "self" else f"for the {caller}")
        reference = self._known()
        key = next((one for one in keys if one in reference.customers.subscribers), keys[0])
        listings = [row for one in keys for row in self.store.listings.all(subscriber=one, current=True)]
        incidents = self.store.incidents.named({row.incident_id for row in listings})
        person = reference.customers.subscribers.get(key)
        recipients = {key, (person.guardian if person and person.minor else "") or key}
        contacts = [row for one in recipients for row in self.store.communications.to(one, int(self.now()) - _SAID_S)]
        context = self._context(
            reference, ContactHistory.of(contacts, {i.incident_id for i in incidents if i.state == "open"})
        )
        leads = {i.incident_id: lead for i in incidents if (lead := self.store.degradations.leading(i)) is not None}
        found = care.lookup(key, context=context, incidents=incidents, listings=listings, caller=caller, leads=leads)
        if found.incidents or found.probability:
            return found
        watch = self._watch(keys, reference.operator.timezone)
        return (
            found
            if watch is None
            else care.lookup(key, context=context, incidents=(), listings=(), caller=caller, watch=watch)
        )

    def _watch(self, keys: Sequence[str], timezone: str) -> Watch | None:
        from jobs.watch import watch  # with the profiles, which nothing else here needs

        found = (watch(self.store, key, now=int(self.now()), timezone=timezone) for key in keys)
        return next((one for one in found if one is not None), None)

    def account(self, raw_account: str, actor: str) -> AccountAnswer:
        keys = self.pseudonymiser.accounts(raw_account)
        self._note(actor, "account", keys[0])
        reference = self._known()
        customers = reference.customers
        key = next((one for one in keys if one in customers.accounts or one in customers.lines), keys[0])
        listings = self.store.listings.about(customers.people_of.get(key, ()))
        incidents = self.store.incidents.named({row.incident_id for row in listings})
        return care.account_lookup(key, context=self._context(reference), incidents=incidents, listings=listings)

    def _note(self, actor: str, action: str, subject: str, detail: str = "") -> None:
        self.store.audit.note(WallClock().now(), actor, action, subject, detail)

    def _known(self) -> Reference:
        return (self.reference or self._read_reference)()

    def _read_reference(self) -> Reference:
        return self.source().reference(self.now())

    def _context(self, reference: Reference, contacts: ContactHistory | None = None) -> DecisionContext:
        return DecisionContext(
            reference=reference,
            care_policy=self.settings.care,
            now=int(self.now()),
            contact_history=contacts or ContactHistory(),
        )

    def bands(self, incident_id: str) -> "Sequence[Band]":
        from jobs import models  # with the scorers, which nothing else here needs

        incident = self.incident(incident_id)
        if incident is None:
            return ()
        zone = self._known().operator.timezone
        policy = self.settings.detection
        return models.bands_of(self.store, self.catalogue(), policy, incident, timezone=zone, until=int(self.now()))

    def timeline(self, incident_id: str) -> Sequence[Update]:
        by_sequence = {m.sequence: m for m in self.store.outbox.alerts_of(incident_id)}
        return [
            update_of(message.time, message.type, message.severity, message.data)
            for _, message in sorted(by_sequence.items())
        ]

    def kpi(self, kpi_id: str) -> Kpi | None:
        return next((k for k in self.catalogue().kpis if k.id == kpi_id), None)

    def coverage(self) -> Coverage:
        from jobs.coverage import CoverageReader  # with the formulas, which nothing else here needs

        return CoverageReader(self.store, self.catalogue(), self._known(), self.now()).coverage()

    def metrics(self) -> str:
        return self.metrics_text()
