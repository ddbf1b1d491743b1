"""The web's questions answered from the store."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from detector import care
from detector.care import AccountAnswer, DecisionContext, LookupAnswer
from detector.clock import WallClock
from detector.domain.communication import Communication, Heard, standing
from detector.domain.coverage import Coverage
from detector.domain.degradation import Degradation
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.notification import WaitingIncident
from detector.domain.outlook import Outlook
from detector.domain.ports import Clock, Reference, ReferenceFeed
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.store import Message, Store
from detector.web.service import CareView, Listed, ListedPage, Update

if TYPE_CHECKING:
    from detector.domain.evidence import Band
    from detector.kpis import Catalogue

_READY_S = 2.0
"""A database that does not answer within this is not ready; a supervisor asks every few seconds."""
_SAID_S = 28 * 86_400
"""How far back a caller is told what was said."""


@dataclass(kw_only=True)
class StoreService:
    """Implements `WebService`; of a caller only what is found by key is loaded. `problems` tells what keeps the daemon from
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
        """What the newest alert said, and the listings as they stand."""
        from detector import feedback

        incident = self.incident(incident_id)
        if incident is None:
            return None
        notified = self.store.outbox.alerts_of(incident_id)
        waiting = self._waiting(incident)
        data: dict[str, Any] = (
            notified[-1].data if notified else {"action": {"team": None if waiting is None else waiting.team}}
        )
        action = data.get("action") or {}
        listed = self.store.listings.all(incident_id=incident_id, current=True)
        withheld = Counter(one.why_not for one in listed if one.why_not)
        return CareView(
            say=self._say(incident),
            action=str(action.get("kind") or ""),
            team=str(action.get("team") or ""),
            listed=len(listed),
            contactable=sum(one.contactable for one in listed),
            proposed=sum(one.proposed for one in listed),
            withheld=dict(withheld),
            first_complaint_at=feedback.first_complaint(
                self.store.interactions.between(incident.started_at, int(self.now()) + 1),
                cells=incident.cells,
                people={one.subscriber for one in listed},
            ),
            outlook=self._outlook(incident),
            held="" if waiting is None else waiting.why,
        )

    def _say(self, incident: Incident) -> Mapping[str, str]:
        zone, lead = self._known().operator.timezone, self.store.degradations.leading(incident)
        facts = care.facts_of(incident, now=self.now(), timezone=zone, lead=lead)
        return {language: care.sentence(facts, language) for language in self.settings.care.languages}

    def _waiting(self, incident: Incident) -> WaitingIncident | None:
        """Why no alert of it went out yet."""
        waits = incident.state == "open" and not incident.silent
        return self.store.waiting.get(incident.incident_id) if waits else None

    def _outlook(self, incident: Incident) -> Outlook | None:
        return self.store.outlooks.get(incident.incident_id) if incident.state == "open" else None

    def affected(self, incident_id: str, limit: int, offset: int, actor: str, *, identify: bool = False) -> ListedPage:
        how = f"{limit} from {offset}{', identified' if identify else ''}"
        self.store.audit.note(WallClock().now(), actor, "affected", incident_id, how)
        listings = self.store.listings.all(incident_id=incident_id, current=True)
        rows = standing(self.store.communications.of([incident_id]))
        asked = {key: tuple(own) for key, own in groupby(sorted(rows, key=_line), key=_line)}
        page = [
            Listed(one.affected, one.decision, asked=asked.get(one.subscriber, ()))
            for one in listings[offset : offset + limit]
        ]
        return ListedPage(len(listings), [self._identified(row) for row in page] if identify else page)

    def _identified(self, row: Listed) -> Listed:
        """Whoever care is to approach (a minor's guardian instead of the minor), by name; the others stay pseudonyms."""
        decision = row.decision
        if decision is None or not decision.contactable or decision.action == "none":
            return row
        return replace(row, contact=self.store.vault.open(decision.recipient))

    def lookup(self, raw_subscriber: str, actor: str, caller: str = "self") -> LookupAnswer:
        keys = self.pseudonymiser.subscribers(raw_subscriber)
        self._note(actor, "lookup", keys[0], "" if caller == "self" else f"for the {caller}")
        reference = self._known()
        key = next((one for one in keys if one in reference.customers.subscribers), keys[0])
        listings = [row for one in keys for row in self.store.listings.all(subscriber=one, current=True)]
        incidents = self.store.incidents.named({row.incident_id for row in listings})
        person = reference.customers.subscribers.get(key)
        recipients = {key, (person.guardian if person and person.minor else "") or key}
        heard = [row for one in recipients for row in self.store.communications.to(one, int(self.now()) - _SAID_S)]
        context = self._context(reference, Heard.of(heard, {i.incident_id for i in incidents if i.state == "open"}))
        leads = {i.incident_id: lead for i in incidents if (lead := self.store.degradations.leading(i)) is not None}
        return care.lookup(key, context=context, incidents=incidents, listings=listings, caller=caller, leads=leads)

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

    def _context(self, reference: Reference, heard: Heard | None = None) -> DecisionContext:
        return DecisionContext(
            reference=reference, care_policy=self.settings.care, now=int(self.now()), heard=heard or Heard()
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
        return [_update(message) for _, message in sorted(by_sequence.items())]

    def kpi(self, kpi_id: str) -> Kpi | None:
        return next((k for k in self.catalogue().kpis if k.id == kpi_id), None)

    def coverage(self) -> Coverage:
        from jobs.coverage import CoverageReader  # with the formulas, which nothing else here needs

        return CoverageReader(self.store, self.catalogue(), self._known(), self.now()).coverage()

    def metrics(self) -> str:
        return self.metrics_text()


def _line(row: Communication) -> str:
    return row.subscriber


def _update(message: Message) -> Update:
    problem = message.data.get("serviceProblem") or {}
    return Update(message.time, message.type, str(problem.get("reason") or ""), message.severity)
