"""Incidents that care is not told of yet: not sure enough, or its team has no room; kept visible until it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from detector import care
from detector.care import Room
from detector.domain.alert import Alert
from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.incident import Incident
from detector.domain.notification import WaitingIncident
from detector.settings import Settings
from detector.store import Store

UNSURE, CAPACITY, LATE = "unsure", "capacity", "late"
"""Why care is not told: what the page says."""
_HOUR = 3600


@dataclass(frozen=True)
class Holding:
    """The room that the care teams have at `now`, and who waits for it. Ask for the gravest incidents first."""

    store: Store
    settings: Settings
    now: int
    room: Room

    @classmethod
    def at(cls, connection: Connection, store: Store, settings: Settings, now: int) -> "Holding":
        capacity = dict(settings.care.capacity_per_hour)
        opened = store.outbox.opened_since(connection, now - _HOUR) if capacity else Counter[str]()
        return cls(store, settings, now, Room(capacity, opened))

    def holds(self, connection: Connection, incident: Incident, own: Sequence[Degradation], alert: Alert) -> bool:
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
        self.room.fill(team)
        if before is not None:
            self.let_go(connection, incident)
        return False

    def _count(self, connection: Connection, why: str, team: str, example: str) -> None:
        findings = Findings()
        if why == LATE:
            findings.add("care_late", team, example)
        else:
            findings.add("care_capacity", team, example)
        self.store.findings.add(connection, findings, self.now)

    def let_go(self, connection: Connection, incident: Incident) -> None:
        """It waits no longer: told, or over untold."""
        self.store.waiting.drop(connection, incident.incident_id)

    def _why(self, incident: Incident, own: Sequence[Degradation], team: str, since: int, *, sure_before: bool) -> str:
        """Empty if it may be told."""
        policy = self.settings.care
        accepted = self.settings.detection.false_degradations_per_1000_cells_week
        beyond = care.margin(accepted, policy.false_care_alerts_per_1000_cells_week)
        if not sure_before and not care.sure(incident, own, beyond):
            return UNSURE
        if self.now - since > policy.alert_ttl_hours * _HOUR:
            return LATE
        return "" if self.room.takes(team, incident.severity) else CAPACITY
