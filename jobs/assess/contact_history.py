"""What people have been notified of lately, and the communications requested with the alerts of one assessment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from detector import care, pipeline
from detector.care import DecisionContext
from detector.domain.alert import AccountDecision, Decision
from detector.domain.assessment import Assessment
from detector.domain.communication import ALL_CLEAR, Communication, ContactHistory
from detector.domain.incident import Incident
from detector.domain.window import WEEK_S
from detector.store import Store


def load_contact_history(store: Store, about: Sequence[Incident], now: int) -> ContactHistory:
    """Loads all communications of the last week, and older ones about these incidents. Communications on an incident that
    was merged counts for the one that it was merged into."""
    since = now - WEEK_S
    recent = store.communications.since(since)
    older = [row for row in store.communications.of(one.incident_id for one in about) if row.at < since]
    named = {one.incident_id: one for one in store.incidents.named({row.incident_id for row in recent})}
    named |= {one.incident_id: one for one in about}
    merged = {key: _merged_into(key, named) for key in named}
    rows = [_about(row, merged.get(row.incident_id, row.incident_id)) for row in (*older, *recent)]
    return ContactHistory.of(rows, _open(store, set(merged.values()), named))


def _merged_into(incident_id: str, named: Mapping[str, Incident]) -> str:
    """The incident that it became part of, in the end; itself mostly."""
    key, seen = incident_id, set[str]()
    while key not in seen and key in named and (into := named[key].merged_into) is not None:
        seen.add(key)
        key = into
    return key


def _about(row: Communication, incident_id: str) -> Communication:
    if row.incident_id == incident_id:
        return row
    return replace(row, incident_id=incident_id)


def _open(store: Store, ids: Iterable[str], named: Mapping[str, Incident]) -> list[str]:
    unknown = [key for key in ids if key not in named]
    known = [named[key] for key in ids if key in named] + store.incidents.named(unknown)
    return [one.incident_id for one in known if one.state == "open"]


@dataclass
class NewCommunications:
    """`contact_history`: communications so far, the incidents of this assessment that were recorded before included."""

    store: Store
    contact_history: ContactHistory
    now: int
    said: bool = False

    def redecided(self, one: Assessment, context: DecisionContext) -> Assessment:
        """Decides again if there was a communication since the decision: a person in two new incidents is notified of
        one."""
        return pipeline.decide_care(one, replace(context, contact_history=self.contact_history)) if self.said else one

    def rows(self, one: Assessment) -> tuple[Communication, ...]:
        """What is new to a recipient."""
        decided: tuple[Decision | AccountDecision, ...] = (*one.decisions, *one.follow_ups, *one.accounts)
        return care.new_communications(one.incident, one.service, decided, self.contact_history, self.now)

    def all_clear_due(self, one: Assessment) -> bool:
        """Whether a recipient waits for the all-clear and may be contacted."""
        return any(row.action == ALL_CLEAR for row in self.rows(one))

    def more_waiting(self, one: Assessment, share: float, least: int) -> bool:
        """Whether recipients wait and none was notified yet (for instance, the quiet hours are over), or clearly more than
        were."""
        waiting = len(self.rows(one))
        notified = len(self.contact_history.notified(one.incident.incident_id))
        return waiting > 0 if not notified else waiting > max(share * notified, least)

    def save(self, connection: Connection, one: Assessment) -> None:
        rows = self.rows(one)
        self.store.communications.add(connection, rows)
        self.contact_history, self.said = self.contact_history.adding(rows), self.said or bool(rows)

    def retract(self, connection: Connection, incident_id: str) -> None:
        """The communications on this incident reached nobody."""
        rows = care.retracted(self.contact_history.by_incident.get(incident_id, ()), self.now)
        self.store.communications.add(connection, rows)
        self.contact_history = self.contact_history.adding(rows)
