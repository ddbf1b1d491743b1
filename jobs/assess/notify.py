"""Saves what an assessment changes: impact, listings, communications, and the alert, if there is news."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from detector import care, feedback, pipeline
from detector.care import AlertContext, TeamCapacity
from detector.delivery import Receiver
from detector.domain.alert import Alert
from detector.domain.assessment import Assessment
from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.incident import Incident
from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.ports import Reference
from detector.domain.window import HOUR_S
from detector.settings import Settings
from detector.store import Store
from jobs.assess.contact_history import NewCommunications
from jobs.assess.evaluate import Evaluation
from jobs.assess.listings import update_listings
from jobs.context import JobContext

_NOTABLE_SHARE = 0.5
"""Relative change of the number of affected people from which care is notified again. Chosen: half."""


@dataclass(frozen=True)
class Notifier:
    """To `receivers`; the alerts may go out from `due_at` (wall time) on."""

    job: JobContext
    reference: Reference
    receivers: Sequence[Receiver]
    now: int
    due_at: float

    @property
    def store(self) -> Store:
        return self.job.store

    def save_and_notify(
        self,
        connection: Connection,
        found: Evaluation,
        waiting_incidents: "WaitingIncidents",
        communications: NewCommunications,
    ) -> Alert | None:
        """The present incident; the alert, if there is news for a recipient."""
        one = communications.redecided(found.assessment, found.context)
        type_ = self._alert_type(one, communications)
        receivers_notified = self._withdraw(connection, one.incident) if type_ else None
        if receivers_notified == []:  # nobody was notified: the requested communications reached nobody
            one = replace(one, decisions=(), follow_ups=(), accounts=())
            communications.retract(connection, one.incident.incident_id)
        self.store.impacts.save(connection, one.impact)
        update_listings(connection, self.store, one, self.reference.customers, self.now)
        if one.outlook is not None:
            self.store.outlooks.save(connection, one.outlook)
        if not type_ and one.incident.state != "open":
            waiting_incidents.drop(connection, one.incident)
        if not type_ or receivers_notified == []:
            return None
        alert = self._compose(connection, one, type_)
        if type_ == "opened" and waiting_incidents.must_wait(connection, one.incident, one.degradations, alert):
            return None
        communications.save(connection, one)
        said = {part: alert.data[part] for part in ("serviceProblem", "impact", "expected")}
        notified = NotificationState(
            incident_id=one.incident.incident_id,
            type=type_,
            version=one.incident.version,
            affected=one.impact.affected,
            withdrawn=one.incident.withdrawn_at is not None,
            said=said,
        )
        self.store.notifications.save(connection, notified)
        team = str(alert.data.get("action", {}).get("team") or "")
        wanting = [r.name for r in self.receivers if r.wants(alert.severity, team)]
        self.store.outbox.add(connection, alert, wanting if receivers_notified is None else receivers_notified, self.due_at)
        return alert

    def _withdraw(self, connection: Connection, incident: Incident) -> list[str] | None:
        """A retraction goes to exactly the receivers that were notified; without any, none is sent. None: no false alarm."""
        if incident.withdrawn_at is None:
            return None
        receivers_notified = self.store.outbox.withdraw(connection, incident.incident_id, self.due_at)
        if not receivers_notified:
            self.store.notifications.drop(connection, incident.incident_id)
        return receivers_notified

    def _compose(self, connection: Connection, one: Assessment, type_: str) -> Alert:
        notified = self.store.notifications.get(one.incident.incident_id)
        alert = pipeline.compose(
            AlertContext(
                assessment=one,
                type_=type_,
                sequence=self.store.outbox.sequence(connection, one.incident.incident_id) + 1,
                now=self.now,
                reference=self.reference,
                kpis=self.job.catalogue.by_id,
                care_policy=self.job.settings.care,
                privacy_floor=self.job.settings.impact.privacy_floor,
                link_base=self.job.settings.web.link_base,
                before={} if notified is None else notified.said,
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
        notified = alert.data["impact"] | {"leadTimeS": first - one.incident.opened_at}
        return replace(alert, data={**alert.data, "impact": notified})

    def _alert_type(self, one: Assessment, communications: NewCommunications) -> str:
        """opened, updated, resolved, or nothing of interest to a receiver. A merged incident is resolved for
        those who were notified: the older one goes on. A false alarm is retracted even after it was resolved; one that is
        open again, as late data show, is an update, and so is an incident with many people whom care may contact only now.
        Those who could not get the all-clear in the night get it in the morning."""
        incident = one.incident
        notified = self.store.notifications.get(incident.incident_id)
        if notified is None:
            return "opened" if incident.state == "open" and not incident.silent else ""
        if incident.withdrawn_at is not None and not notified.withdrawn:
            return "resolved"
        if incident.state != "open":
            return "" if notified.type == "resolved" and not communications.all_clear_due(one) else "resolved"
        moved = abs(one.impact.affected - notified.affected)
        notable = max(_NOTABLE_SHARE * notified.affected, 2 * self.job.settings.impact.privacy_floor)
        again = notified.type == "resolved"
        waiting = communications.more_waiting(one, _NOTABLE_SHARE, 2 * self.job.settings.impact.privacy_floor)
        return "updated" if again or incident.version > notified.version or moved > notable or waiting else ""


UNSURE, CAPACITY, LATE = "unsure", "capacity", "late"
"""Why care is not notified: the text of the page."""


@dataclass(frozen=True)
class WaitingIncidents:
    """Incidents of which care is not notified yet: not sure enough, or the team has no capacity left at `now`. They stay
    visible until it is. Call it for the most urgent first."""

    store: Store
    settings: Settings
    now: int
    capacity: TeamCapacity

    @classmethod
    def at(cls, connection: Connection, store: Store, settings: Settings, now: int) -> "WaitingIncidents":
        capacity = dict(settings.care.capacity_per_hour)
        opened = store.outbox.opened_since(connection, now - HOUR_S) if capacity else Counter[str]()
        return cls(store, settings, now, TeamCapacity(capacity, opened))

    def must_wait(self, connection: Connection, incident: Incident, own: Sequence[Degradation], alert: Alert) -> bool:
        """The `opened` alert waits; it is composed anew at every tick, so that it is true when it goes out."""
        team = str(alert.data["action"]["team"])
        before = self.store.waiting.get(incident.incident_id)
        sure_before = before is not None and before.why in (CAPACITY, LATE)
        since = before.since if before is not None and sure_before and before.severity == incident.severity else self.now
        why = self._why(incident, own, team, since, sure_before=sure_before)
        if why in (CAPACITY, LATE) and (before is None or why != before.why):
            self._count(connection, why, team, f"{incident.incident_id}, {incident.severity}")
        if why:
            one = WaitingIncident(
                incident_id=incident.incident_id,
                why=why,
                since=since,
                severity=incident.severity,
                team=team,
                say=alert.data["say"],
            )
            self.store.waiting.save(connection, one)
            return True
        self.capacity.fill(team)
        if before is not None:
            self.drop(connection, incident)
        return False

    def _count(self, connection: Connection, why: str, team: str, example: str) -> None:
        findings = Findings()
        if why == LATE:
            findings.add("care_late", team, example)
        else:
            findings.add("care_capacity", team, example)
        self.store.findings.add(connection, findings, self.now)

    def drop(self, connection: Connection, incident: Incident) -> None:
        """It waits no longer: care is notified, or it is over without that."""
        self.store.waiting.drop(connection, incident.incident_id)

    def _why(self, incident: Incident, own: Sequence[Degradation], team: str, since: int, *, sure_before: bool) -> str:
        """Empty if care may be notified."""
        policy = self.settings.care
        accepted = self.settings.detection.false_degradations_per_1000_cells_week
        beyond = care.margin(accepted, policy.false_care_alerts_per_1000_cells_week)
        if not sure_before and not care.sure(incident, own, beyond):
            return UNSURE
        if self.now - since > policy.alert_ttl_hours * HOUR_S:
            return LATE
        return "" if self.capacity.takes(team, incident.severity) else CAPACITY
