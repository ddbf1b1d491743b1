"""The table of incidents."""

from collections.abc import Iterable

from sqlalchemy import Connection, Select, or_, select

from detector.domain.identity import Choice
from detector.domain.incident import Incident, check_transition
from detector.domain.window import Window
from detector.store.database import Database
from detector.store.records import batches, noun_of, row_of, upsert
from detector.store.tables import incident as table


class IncidentRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection, incidents: Iterable[Incident], *, corrected: bool = False) -> None:
        """Adds them, or replaces those of the same id. Raises IllegalTransition for one that is over and would go on, unless
        `corrected` data show it."""
        todo = list(incidents)
        known = {one.incident_id: one.phase for one in self._known(connection, [i.incident_id for i in todo])}
        for one in todo:
            if (before := known.get(one.incident_id)) not in (None, one.phase):
                check_transition(before or "", one, corrected=corrected)
        upsert(connection, table, map(row_of, todo))

    def get(self, incident_id: str) -> Incident | None:
        """The incident of this id."""
        return next(iter(self._rows(select(table).where(table.c.incident_id == incident_id))), None)

    def all(self, *, state: str | None = None, limit: int | None = None, offset: int = 0) -> list[Incident]:
        """Newest first; of one state, or of all. InvalidIdentity for a blank state."""
        query = select(table).order_by(table.c.opened_at.desc(), table.c.incident_id)
        query = query.where(table.c.state == Choice(state)) if state is not None else query
        return self._rows(query.limit(limit).offset(offset) if limit is not None else query)

    def named(self, ids: Iterable[str]) -> list[Incident]:
        """Those of these ids that are known."""
        queries = (select(table).where(table.c.incident_id.in_(part)) for part in batches(ids))
        return [incident for query in queries for incident in self._rows(query)]

    def since(self, start: int) -> list[Incident]:
        """Those that stand and were not yet over at `start`."""
        here = (or_(table.c.resolved_at.is_(None), table.c.resolved_at > start), table.c.withdrawn_at.is_(None))
        return self._rows(select(table).where(*here).order_by(table.c.incident_id))

    def within(self, window: Window) -> list[Incident]:
        """Those that stand and were on in some part of the window."""
        return [i for i in self.since(window.start) if i.started_at < window.end]

    def changed_since(self, updated_at: int) -> list[Incident]:
        """Those open, or changed at this clock or later."""
        query = select(table).where(or_(table.c.state == "open", table.c.updated_at >= updated_at))
        return self._rows(query.order_by(table.c.opened_at, table.c.incident_id))

    def _known(self, connection: Connection, ids: list[str]) -> list[Incident]:
        """As the caller's transaction sees them."""
        queries = (select(table).where(table.c.incident_id.in_(part)) for part in batches(ids))
        return [noun_of(Incident, row) for query in queries for row in connection.execute(query)]

    def _rows(self, query: Select[Incident]) -> list[Incident]:
        with self._database.read() as connection:
            return [noun_of(Incident, row) for row in connection.execute(query)]
