"""Findings about the input, counted by code and place."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from detector.domain.finding import Finding
from detector.store.database import Database
from detector.store.records import noun_of, upsert
from detector.store.tables import finding as table

_LONGEST_EXAMPLE = 500
"""Characters of a finding's example. Chosen: five lines of a terminal."""


class FindingRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, findings: Iterable[Finding], at: float) -> None:
        """Adds to the counts, as of `at` (s); the first example of each stays."""
        for f in findings:
            key = (table.c.code == f.code) & (table.c.where == f.where)
            old = connection.execute(select(table.c.example, table.c["count"]).where(key)).first()
            example, count = old if old else (f.example[:_LONGEST_EXAMPLE], 0)
            row = {"code": f.code, "where": f.where, "example": example, "count": count + f.count, "last_at": at}
            upsert(connection, table, [row])

    def all(self) -> list[Finding]:
        """All counts so far, the most frequent first."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c["count"].desc(), table.c.code))
            return [noun_of(Finding, row) for row in rows]
