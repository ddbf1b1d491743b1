"""What is kept beside an incident while it goes on: what receivers were sent, why care is not notified yet, and its
outlook."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import Connection, Table, delete, select

from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.outlook import Breach, Outlook
from detector.store.database import Database
from detector.store.records import batches, noun_of, row_of, upsert
from detector.store.tables import notification, outlook, waiting_incident

PER_INCIDENT = (notification, waiting_incident, outlook)
"""Tables with one row an incident, which go with its list."""


class NotificationRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, incident_id: str) -> NotificationState | None:
        """The last notification; None = none, or it reached nobody."""
        query = select(notification).where(notification.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else noun_of(NotificationState, row)

    def save(self, connection: Connection, state: NotificationState) -> None:
        """Saves the last notification."""
        upsert(connection, notification, [row_of(state)])

    def drop(self, connection: Connection, incident_id: str) -> None:
        """Removes the notification: the incident is opened anew for its receivers."""
        _drop(connection, notification, [incident_id])


class WaitingRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, incident_id: str) -> WaitingIncident | None:
        """Why no alert of it went out; None = it does not wait."""
        query = select(waiting_incident).where(waiting_incident.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else noun_of(WaitingIncident, row)

    def save(self, connection: Connection, one: WaitingIncident) -> None:
        """It waits, for this."""
        upsert(connection, waiting_incident, [row_of(one)])

    def drop(self, connection: Connection, incident_id: str) -> None:
        """It waits no longer."""
        _drop(connection, waiting_incident, [incident_id])


class OutlookRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, incident_id: str) -> Outlook | None:
        """The newest; None = there was none yet."""
        query = select(outlook).where(outlook.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        values = {name: value for name, value in row._mapping.items() if name != "breaches"}
        return Outlook(**values, breaches=tuple(Breach(**one) for one in row.breaches))

    def save(self, connection: Connection, one: Outlook) -> None:
        """The newest."""
        upsert(connection, outlook, [row_of(one) | {"breaches": [asdict(breach) for breach in one.breaches]}])


def _drop(connection: Connection, table: Table, incident_ids: Iterable[str]) -> int:
    rules = (delete(table).where(table.c.incident_id.in_(part)) for part in batches(incident_ids))
    return sum(connection.execute(rule).rowcount for rule in rules)


def forget_incidents(connection: Connection, incident_ids: Iterable[str]) -> dict[str, int]:
    """Drop everything of these incidents; table -> how many rows."""
    ids = list(incident_ids)
    return {table.name: _drop(connection, table, ids) for table in PER_INCIDENT}
