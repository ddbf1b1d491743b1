"""The web's questions answered from the store."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from detector import feedback
from detector.clock import WallClock
from detector.domain.alert import Decision
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band
from detector.domain.finding import Findings
from detector.domain.impact import Affected, Impact, Listing
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Breach, Outlook
from detector.domain.ports import Clock, Source
from detector.kpis import Catalogue
from detector.settings import Settings
from detector.sources.identity import Pseudonymiser
from detector.store import Message, Store
from detector.telemetry import Telemetry
from detector.web.service import CareView, Listed, ListedPage, Match, Update
from jobs import fitted
from jobs.holding import note_of


@dataclass
class StoreService:
    """Implements `WebService`. `problems` tells what keeps the daemon from its work."""

    store: Store
    source: Source
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    pseudonymiser: Pseudonymiser
    telemetry: Telemetry
    problems: Callable[[], Sequence[str]]

    def now(self) -> float:
        return self.clock.now()

    def ready(self) -> Sequence[str]:
        return self.problems()

    def incidents(self, state: str, limit: int, offset: int) -> Sequence[Incident]:
        return self.store.book.incidents(state=state, limit=limit, offset=offset)

    def incident(self, incident_id: str) -> Incident | None:
        return self.store.book.incident(incident_id)

    def degradations(self, incident_id: str) -> Sequence[Degradation]:
        incident = self.incident(incident_id)
        return self.store.book.degradations_of(incident) if incident else ()

    def impact(self, incident_id: str) -> Impact | None:
        return self.store.book.impact(incident_id)

    def care(self, incident_id: str) -> CareView | None:
        """What the newest alert said, and the listings as they stand."""
        incident = self.incident(incident_id)
        if incident is None:
            return None
        told = self.store.outbox.told(incident_id)
        held = self._held(incident)
        data: dict[str, Any] = told[-1].data if told else {"say": held.get("say"), "action": {"team": held.get("team")}}
        action = data.get("action") or {}
        listed = self.store.book.listings(incident_id=incident_id, current=True)
        withheld = Counter(one.why_not for one in listed if one.why_not)
        return CareView(
            say=data.get("say") or {}, action=str(action.get("kind") or ""), team=str(action.get("team") or ""),
            contactable=sum(one.contactable and one.action != "none" for one in listed), withheld=dict(withheld),
            first_complaint_at=feedback.first_complaint(
                self.store.interactions.between(incident.started_at, int(self.now()) + 1),
                cells=incident.cells, people={one.subscriber for one in listed},
            ),
            outlook=self._outlook(incident), held=str(held.get("why") or ""),
        )  # fmt: skip

    def _held(self, incident: Incident) -> dict[str, Any]:
        """What is known of an incident that waits to be told."""
        waits = incident.state == "open" and not incident.silent
        return (self.store.notes.get(note_of(incident)) or {}) if waits else {}

    def _outlook(self, incident: Incident) -> Outlook | None:
        note = self.store.notes.get(f"outlook:{incident.incident_id}")
        if not note or incident.state != "open":
            return None
        return Outlook(**note | {"breaches": tuple(Breach(**one) for one in note.get("breaches", ()))})

    def affected(self, incident_id: str, limit: int, offset: int, actor: str, *, identify: bool = False) -> ListedPage:
        how = f"{limit} from {offset}{', identified' if identify else ''}"
        self.store.audit.note(WallClock().now(), actor, "affected", incident_id, how)
        listings = self.store.book.listings(incident_id=incident_id, current=True)
        page = [_listed(one) for one in listings[offset : offset + limit]]
        return ListedPage(len(listings), [self._identified(row) for row in page] if identify else page)

    def _identified(self, row: Listed) -> Listed:
        """Whoever care is to approach (a minor's guardian instead of the minor), by name; the others stay pseudonyms."""
        decision = row.decision
        if decision is None or not decision.contactable or decision.action == "none":
            return row
        return replace(row, contact=self.store.vault.open(decision.recipient))

    def lookup(self, raw_subscriber: str, actor: str) -> Sequence[Match]:
        key = self.pseudonymiser.subscriber(raw_subscriber)
        self.store.audit.note(WallClock().now(), actor, "lookup", key)
        listings = self.store.book.listings(subscriber=key, current=True)
        found = [(one, self.incident(one.incident_id)) for one in listings]
        matches = [self._match(one, i) for one, i in found if i and i.state == "open" and not i.silent]
        return sorted(matches, key=lambda match: -match.probability)

    def _match(self, listing: Listing, incident: Incident) -> Match:
        told = self.store.outbox.told(incident.incident_id)
        say = ((told[-1].data if told else self._held(incident)).get("say")) or {}
        return Match(
            incident.incident_id, incident.severity, incident.started_at, listing.probability, incident.reason, say,
            incident.expected_clear_at, incident.expected_clear_source,
        )  # fmt: skip

    def bands(self, incident_id: str) -> Sequence[Band]:
        incident = self.incident(incident_id)
        if incident is None:
            return ()
        zone = self.source.reference(self.now(), Findings()).operator.timezone
        policy = self.settings.detection
        return fitted.bands_of(self.store, self.catalogue, policy, incident, timezone=zone, until=int(self.now()))

    def timeline(self, incident_id: str) -> Sequence[Update]:
        told = {m.sequence: m for m in self.store.outbox.told(incident_id)}
        return [_update(message) for _, message in sorted(told.items())]

    def kpi(self, kpi_id: str) -> Kpi | None:
        return next((k for k in self.catalogue.kpis if k.id == kpi_id), None)

    def metrics(self) -> str:
        return self.telemetry.text()


def _listed(one: Listing) -> Listed:
    affected = Affected(one.incident_id, one.subscriber, one.account, one.basis, one.probability, one.exposure_s)
    if one.decided_at is None:
        return Listed(affected)
    named = (one.incident_id, one.subscriber, one.contactable, one.why_not, one.action, one.channel, one.recipient)
    return Listed(affected, Decision(*named, decided_at=one.decided_at))


def _update(message: Message) -> Update:
    problem = message.data.get("serviceProblem") or {}
    return Update(message.time, message.type, str(problem.get("reason") or ""), message.severity)
