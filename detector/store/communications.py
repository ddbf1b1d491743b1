"""Communications requested of care: rows are added, never changed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, select

from detector.domain.communication import Communication
from detector.domain.identity import SubscriberId
from detector.store.database import Database
from detector.store.records import batches, noun_of, row_of
from detector.store.tables import communication as table


class CommunicationRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, rows: Iterable[Communication]) -> None:
        todo = [row_of(row) for row in rows]
        if todo:
            connection.execute(table.insert(), todo)

    def since(self, at: int) -> Sequence[Communication]:
        """Of all incidents, at or after `at` (s)."""
        return self._rows(table.c.at >= at)

    def of(self, incident_ids: Iterable[str]) -> Sequence[Communication]:
        """All about these incidents, whenever they were."""
        return [row for part in batches(incident_ids) for row in self._rows(table.c.incident_id.in_(part))]

    def about(self, subscriber: str, since: int = 0) -> Sequence[Communication]:
        """Communications on one person's line, to any recipient."""
        return self._rows(table.c.subscriber == SubscriberId(subscriber), table.c.at >= since)

    def to(self, recipient: str, since: int = 0) -> Sequence[Communication]:
        """Communications to one recipient, on any line."""
        return self._rows(table.c.recipient == SubscriberId(recipient), table.c.at >= since)

    def _rows(self, *where: ColumnElement[bool]) -> list[Communication]:
        query = select(table).where(*where).order_by(table.c.row)
        with self._database.read() as connection:
            return [noun_of(Communication, row) for row in connection.execute(query)]
