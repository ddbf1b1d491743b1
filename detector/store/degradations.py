"""The table of degradations."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from detector.domain.degradation import REMEMBERED_S, SEVERITIES, Degradation, leading
from detector.domain.degradation_kind import DEGRADATION_KINDS, MISSING_DATA
from detector.domain.detection import remembered_degradations
from detector.domain.incident import Incident
from detector.store.database import Database
from detector.store.records import batches, noun_of, row_of, upsert
from detector.store.tables import degradation as table


class DegradationRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection, degradations: Iterable[Degradation]) -> None:
        """Adds them, or replaces those of the same id."""
        upsert(connection, table, map(row_of, degradations))

    def open(self) -> list[Degradation]:
        """Those that are not cleared."""
        return self._where(table.c.cleared_at.is_(None))

    def all(self) -> list[Degradation]:
        """All, in order of their start."""
        return self._where()

    def wanted(self, at: int, incidents: Sequence[Incident]) -> tuple[Degradation, ...]:
        """What the decision over a tick that starts `at` (s) needs, these incidents being open: see `domain.detection`."""
        lately = self._where(or_(table.c.cleared_at.is_(None), table.c.cleared_at > at - REMEMBERED_S))
        known = {d.degradation_id for d in lately}
        members = {name for incident in incidents for name in incident.degradation_ids} - known
        return remembered_degradations([*lately, *self.named(sorted(members))], incidents, at)

    def of(self, incident: Incident) -> list[Degradation]:
        """Members of the incident."""
        return self.named(incident.degradation_ids)

    def named(self, ids: Iterable[str]) -> list[Degradation]:
        """Those of these ids that are known."""
        return [d for part in batches(ids) for d in self._where(table.c.degradation_id.in_(part))]

    def since(self, start: int) -> list[Degradation]:
        """Those that stand and were not yet over at `start`."""
        return self._where(or_(table.c.cleared_at.is_(None), table.c.cleared_at > start), table.c.withdrawn_at.is_(None))

    def leading(self, incident: Incident) -> Degradation | None:
        """The member that the incident's reason names, see domain.degradation.leading: of each batch of ids one
        row is read."""
        column = table.c
        order = (
            case((column.kind == incident.kind, 0), else_=1),
            case((column.cleared_at.is_(None), 0), else_=1),
            case({name: -i for i, name in enumerate(SEVERITIES)}, value=column.severity),
            column.neg_log10_p.desc(),
            column.started_at,
            column.degradation_id,
        )
        found: list[Degradation] = []
        with self._database.read() as connection:
            for part in batches(incident.degradation_ids):
                query = select(table).where(column.degradation_id.in_(part)).order_by(*order).limit(1)
                found += [noun_of(Degradation, row) for row in connection.execute(query)]
        return leading(found, incident.kind) if found else None

    def leading_drift(self, incident: Incident) -> Degradation | None:
        """The worst degradation of a drift: it shows what the drift does to people. None of other kinds."""
        drifting = self.of(incident) if incident.traits.trend else ()
        return max(drifting, key=lambda d: (d.neg_log10_p, d.degradation_id), default=None)

    def missing_data_outcomes(self, start: int) -> tuple[int, int]:
        """(episodes of missing data that were not yet over at `start` (s) and are over or confirmed now, those of them that
        proved to be outages)."""
        column, outage = table.c, table.c.kind.in_([k.name for k in DEGRADATION_KINDS.values() if k.affects_service])
        later = or_(column.cleared_at > start, and_(column.cleared_at.is_(None), outage))
        where = (column.family == MISSING_DATA, column.withdrawn_at.is_(None), later)
        query = select(func.count(), func.coalesce(func.sum(case((outage, 1), else_=0)), 0)).where(*where)
        with self._database.read() as connection:
            cases, outages = connection.execute(query).one()
        return int(cases), int(outages)

    def _where(self, *where: ColumnElement[bool]) -> list[Degradation]:
        query = select(table).where(*where).order_by(table.c.started_at, table.c.degradation_id)
        with self._database.read() as connection:
            return [noun_of(Degradation, row) for row in connection.execute(query)]
