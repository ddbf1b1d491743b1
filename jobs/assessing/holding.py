"""Incidents that care is not told of yet: not sure enough, or its team has no room; kept visible until it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from detector import care
from detector.care import TeamCapacity
from detector.domain.alert import Alert
from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.incident import Incident
from detector.settings import Settings
from detector.store import Store

UNSURE, CAPACITY, LATE = "unsure", "capacity", "late"
"""Why care is not told: what the page and the notes say."""
_HOUR = 3600


@dataclass(frozen=True)
class Holding:
    """The room that the care teams have at `now`, and who waits for it. Ask for the gravest incidents first."""

    store: Store
    settings: Settings
    now: int
    capacity: TeamCapacity

    @classmethod
    def at(cls, connection: Connection, store: Store, settings: Settings, now: int) -> "Holding":
        capacity = dict(settings.care.capacity_per_hour)
        opened = store.outbox.opened_since(connection, now - _HOUR) if capacity else Counter[str]()
        return cls(store, settings, now, TeamCapacity(capacity, opened))

    def holds(self, connection: Connection, incident: Incident, own: Sequence[Degradation], alert: Alert) -> bool:
        """The `opened` alert waits; it is composed anew at every tick, so that it is true when it goes out."""
        team = str(alert.data["action"]["team"])
        before = self.store.notes.get(note_of(incident)) or {}
        waited = before.get("why") in (CAPACITY, LATE) and before["severity"] == incident.severity
        since = int(before["since"]) if waited else self.now
        why = self._why(incident, own, team, since, sure_before=before.get("why") in (CAPACITY, LATE))
        if why in (CAPACITY, LATE) and why != before.get("why"):
            self._count(connection, why, team, f"{incident.incident_id}, {incident.severity}")
        if why:
            note = {"why": why, "since": since, "severity": incident.severity, "team": team, "say": alert.data["say"]}
            self.store.notes.put(connection, note_of(incident), note)
            return True
        self.capacity.fill(team)
        if before:
            self.let_go(connection, incident)
        return False

    def _count(self, connection: Connection, why: str, team: str, example: str) -> None:
        findings = Findings()
        if why == LATE:
            findings.add("care_late", team, example)
        else:
            findings.add("care_capacity", team, example)
        self.store.notes.count(connection, findings, self.now)

    def let_go(self, connection: Connection, incident: Incident) -> None:
        """It waits no longer: told, or over untold."""
        if self.store.notes.get(note_of(incident)):
            self.store.notes.put(connection, note_of(incident), None)

    def _why(self, incident: Incident, own: Sequence[Degradation], team: str, since: int, *, sure_before: bool) -> str:
        """Empty if it may be told."""
        policy = self.settings.care
        accepted = self.settings.detection.false_degradations_per_1000_cells_week
        beyond = care.margin(accepted, policy.false_care_alerts_per_1000_cells_week)
        if not sure_before and not care.sure(incident, own, beyond):
            return UNSURE
        if self.now - since > policy.alert_ttl_hours * _HOUR:
            return LATE
        return "" if self.capacity.takes(team, incident.severity) else CAPACITY


def note_of(incident: Incident) -> str:
    """The pointer under which the store keeps why it waits."""
    return f"held:{incident.incident_id}"
