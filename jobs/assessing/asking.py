"""What care is asked to say with the alerts of one assessment, written down as it is decided."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from detector import care, pipeline
from detector.care import DecisionContext
from detector.domain.alert import AccountDecision, Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ALL_CLEAR, Communication, ContactHistory
from detector.store import Store


@dataclass
class Asking:
    """`contact_history`: what people know by now, the incidents of this assessment that were recorded before included."""

    store: Store
    contact_history: ContactHistory
    now: int
    said: bool = False

    def anew(self, one: Assessment, context: DecisionContext) -> Assessment:
        """Decided again, if something was said since it was decided: a person in two new incidents hears of one."""
        return pipeline.decide_care(one, replace(context, contact_history=self.contact_history)) if self.said else one

    def rows(self, one: Assessment) -> tuple[Communication, ...]:
        """What is new to somebody."""
        decided: tuple[Decision | AccountDecision, ...] = (*one.decisions, *one.follow_ups, *one.accounts)
        return care.new_communications(one.incident, one.service, decided, self.contact_history, self.now)

    def all_clear(self, one: Assessment) -> bool:
        """Somebody waits to hear that it is over, and may be told."""
        return any(row.action == ALL_CLEAR for row in self.rows(one))

    def waiting(self, one: Assessment, share: float, least: int) -> bool:
        """Somebody waits to be told and nobody was yet (the quiet hours are over, say), or clearly more than were."""
        waiting = len(self.rows(one))
        notified = len(self.contact_history.notified(one.incident.incident_id))
        return waiting > 0 if not notified else waiting > max(share * notified, least)

    def ask(self, connection: Connection, one: Assessment) -> None:
        rows = self.rows(one)
        self.store.communications.add(connection, rows)
        self.contact_history, self.said = self.contact_history.adding(rows), self.said or bool(rows)

    def take_back(self, connection: Connection, incident_id: str) -> None:
        """What was asked about this incident reached nobody."""
        rows = care.retracted(self.contact_history.by_incident.get(incident_id, ()), self.now)
        self.store.communications.add(connection, rows)
        self.contact_history = self.contact_history.adding(rows)
