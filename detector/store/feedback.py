"""Feedback of care teams on incidents: rows are added, never changed."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from detector.domain.feedback import Feedback
from detector.store.database import Database
from detector.store.records import noun_of, row_of
from detector.store.tables import feedback as table


class FeedbackRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, one: Feedback) -> None:
        connection.execute(table.insert(), row_of(one))

    def of(self, incident_id: str) -> Sequence[Feedback]:
        """In the order in which they came."""
        query = select(table).where(table.c.incident_id == incident_id).order_by(table.c.row)
        with self._database.read() as connection:
            return [noun_of(Feedback, row) for row in connection.execute(query)]
