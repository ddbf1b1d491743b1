"""Small things the jobs remember: pointers and counted findings."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from detector.domain.finding import Finding
from detector.store import tables
from detector.store.database import Database
from detector.store.records import noun_of, upsert


class Notes:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str, default: Any = None) -> Any:
        """A pointer's JSON value."""
        with self._database.read() as connection:
            row = connection.execute(select(tables.state.c.body).where(tables.state.c.name == name)).first()
        return default if row is None else row[0]

    def put(self, connection: Connection, name: str, body: Any) -> None:
        upsert(connection, tables.state, [{"name": name, "body": body}])

    def named(self, prefix: str) -> dict[str, Any]:
        """Pointers whose name begins so, with their values."""
        query = select(tables.state).where(tables.state.c.name.startswith(prefix, autoescape=True))
        with self._database.read() as connection:
            return {row.name: row.body for row in connection.execute(query)}

    def drop(self, connection: Connection, names: Sequence[str]) -> None:
        """Forget these pointers."""
        if names:
            connection.execute(delete(tables.state).where(tables.state.c.name.in_(names)))

    def count(self, connection: Connection, findings: Iterable[Finding], at: float) -> None:
        """Add to the counts; the first example stays."""
        table = tables.finding
        for f in findings:
            key = (table.c.code == f.code) & (table.c.where == f.where)
            old = connection.execute(select(table.c.example, table.c["count"]).where(key)).first()
            example, count = old if old else (f.example[:500], 0)
            row = {"code": f.code, "where": f.where, "example": example, "count": count + f.count, "last_at": at}
            upsert(connection, table, [row])

    def findings(self) -> list[Finding]:
        """All counts so far, the most frequent first."""
        table = tables.finding
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c["count"].desc(), table.c.code))
            return [noun_of(Finding, row) for row in rows]
