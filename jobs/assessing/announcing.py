"""What an assessment changes: impact, lists, what care is asked to say, and the alert, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from detector import feedback, pipeline
from detector.care import AlertContext
from detector.delivery import Receiver
from detector.domain.alert import Alert
from detector.domain.assessment import Assessment
from detector.domain.incident import Incident
from detector.domain.ports import Reference
from detector.kpis import Catalogue
from detector.settings import Settings
from detector.store import Store
from jobs.assessing.asking import Asking
from jobs.assessing.holding import Holding
from jobs.assessing.listing import relist
from jobs.assessing.weighing import Weighed

_NEWSWORTHY = 0.5
"""Care hears of a change in the number of affected people by more than this share."""


@dataclass(frozen=True, kw_only=True)
class Announcing:
    """To `receivers`; the alerts may go out from `due_at` (wall time) on."""

    store: Store
    reference: Reference
    catalogue: Catalogue
    settings: Settings
    receivers: Sequence[Receiver]
    now: int
    due_at: float

    def record(self, connection: Connection, found: Weighed, holding: Holding, asking: Asking) -> Alert | None:
        """The incident as it stands now; the alert, if there is news for somebody."""
        one = asking.anew(found.assessed, found.context)
        type_ = self._news(one, asking)
        contact_history = self._withdraw(connection, one.incident) if type_ else None
        if contact_history == []:  # nobody heard of it: what was asked of care reached nobody
            one = replace(one, decisions=(), follow_ups=(), accounts=())
            asking.take_back(connection, one.incident.incident_id)
        self.store.impacts.save(connection, one.impact)
        relist(connection, self.store, one, self.reference.customers, self.now)
        if one.outlook is not None:
            self.store.notes.put(connection, f"outlook:{one.incident.incident_id}", asdict(one.outlook))
        if not type_ and one.incident.state != "open":
            holding.let_go(connection, one.incident)
        if not type_ or contact_history == []:
            return None
        alert = self._compose(connection, one, type_)
        if type_ == "opened" and holding.holds(connection, one.incident, one.degradations, alert):
            return None
        asking.ask(connection, one)
        said = {part: alert.data[part] for part in ("serviceProblem", "impact", "expected")}
        told = {"type": type_, "version": one.incident.version, "affected": one.impact.affected, "said": said}
        told |= {"withdrawn": one.incident.withdrawn_at is not None}
        self.store.notes.put(connection, f"told:{one.incident.incident_id}", told)
        team = str(alert.data.get("action", {}).get("team") or "")
        wanting = [r.name for r in self.receivers if r.wants(alert.severity, team)]
        self.store.outbox.add(connection, alert, wanting if contact_history is None else contact_history, self.due_at)
        return alert

    def _withdraw(self, connection: Connection, incident: Incident) -> list[str] | None:
        """Of a false alarm hear exactly those who heard of it, and what nobody heard of stays unsaid. None: it is none."""
        if incident.withdrawn_at is None:
            return None
        contact_history = self.store.outbox.withdraw(connection, incident.incident_id, self.due_at)
        if not contact_history:
            self.store.notes.put(connection, f"told:{incident.incident_id}", None)
        return contact_history

    def _compose(self, connection: Connection, one: Assessment, type_: str) -> Alert:
        told = self.store.notes.get(f"told:{one.incident.incident_id}") or {}
        alert = pipeline.compose(
            AlertContext(
                assessment=one,
                type_=type_,
                sequence=self.store.outbox.sequence(connection, one.incident.incident_id) + 1,
                now=self.now,
                reference=self.reference,
                kpis=self.catalogue.by_id,
                care_policy=self.settings.care,
                privacy_floor=self.settings.impact.privacy_floor,
                link_base=self.settings.web.link_base,
                before=told.get("said") or {},
            )
        )
        return alert if type_ == "opened" else self._with_lead_time(alert, one)

    def _with_lead_time(self, alert: Alert, one: Assessment) -> Alert:
        """How long care knew before the first complaint came (negative: after it); left out while nobody complained."""
        people = {person.subscriber for person in one.impact.people}
        contacts = self.store.interactions.between(one.incident.started_at, self.now + 1)
        first = feedback.first_complaint(contacts, cells=one.incident.cells, people=people)
        if first is None:
            return alert
        told = alert.data["impact"] | {"leadTimeS": first - one.incident.opened_at}
        return replace(alert, data={**alert.data, "impact": told})

    def _news(self, one: Assessment, asking: Asking) -> str:
        """opened, updated, resolved, or nothing that a receiver would want to hear. A merged incident is resolved for
        those who heard of it: the older one goes on. A false alarm is taken back even after it was resolved; one that is
        open again, as late data show, is an update, and so is an incident with many people whom care may tell only now.
        Whoever could not hear in the night that it is over hears it in the morning."""
        incident = one.incident
        told = self.store.notes.get(f"told:{incident.incident_id}")
        if told is None:
            return "opened" if incident.state == "open" and not incident.silent else ""
        if incident.withdrawn_at is not None and not told.get("withdrawn"):
            return "resolved"
        if incident.state != "open":
            return "" if told["type"] == "resolved" and not asking.all_clear(one) else "resolved"
        moved = abs(one.impact.affected - told["affected"])
        notable = max(_NEWSWORTHY * told["affected"], 2 * self.settings.impact.privacy_floor)
        again = told["type"] == "resolved"
        waiting = asking.waiting(one, _NEWSWORTHY, 2 * self.settings.impact.privacy_floor)
        return "updated" if again or incident.version > told["version"] or moved > notable or waiting else ""
