"""The book of degradations, incidents, impacts and the people listed on them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, case, or_, select, update

from detector.domain.degradation import REMEMBERED_S, SEVERITIES, Degradation, leading
from detector.domain.detection import remembered_degradations
from detector.domain.identity import Choice, IncidentId, SubscriberId
from detector.domain.impact import AccountImpact, Impact, Listing
from detector.domain.incident import Incident
from detector.domain.window import Window
from detector.store import tables
from detector.store.database import Database
from detector.store.records import noun_from, noun_of, nouns_of, row_of, upsert


class Book:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection, degradations: Iterable[Degradation], incidents: Iterable[Incident]) -> None:
        upsert(connection, tables.degradation, map(row_of, degradations))
        upsert(connection, tables.incident, map(row_of, incidents))

    def open_degradations(self) -> list[Degradation]:
        return self.degradations(tables.degradation.c.cleared_at.is_(None))

    def degradations_wanted(self, at: int, incidents: Sequence[Incident]) -> tuple[Degradation, ...]:
        """What the decision over a tick that starts `at` (s) needs, these incidents being open: see `domain.wanted`."""
        column = tables.degradation.c.cleared_at
        lately = self.degradations(or_(column.is_(None), column > at - REMEMBERED_S))
        known = {d.degradation_id for d in lately}
        rest = {name for incident in incidents for name in incident.degradation_ids} - known
        return remembered_degradations([*lately, *self.degradations_named(sorted(rest))], incidents, at)

    def degradations_of(self, incident: Incident) -> list[Degradation]:
        return self.degradations_named(incident.degradation_ids)

    def leading(self, incident: Incident) -> Degradation | None:
        """The one that its reason speaks of, see domain.degradation.leading: of each part of the ids only that is read."""
        column = tables.degradation.c
        order = (
            case((column.kind == incident.kind, 0), else_=1),
            case((column.cleared_at.is_(None), 0), else_=1),
            case({name: -i for i, name in enumerate(SEVERITIES)}, value=column.severity),
            column.strength.desc(),
            column.started_at,
            column.degradation_id,
        )
        found: list[Degradation] = []
        with self._database.read() as connection:
            for part in _parts(incident.degradation_ids):
                query = select(tables.degradation).where(column.degradation_id.in_(part)).order_by(*order).limit(1)
                found += [noun_of(Degradation, row) for row in connection.execute(query)]
        return leading(found, incident.kind) if found else None

    def leading_drift(self, incident: Incident) -> Degradation | None:
        """The strongest degradation of a drift: it tells what the drift does to people. None of other kinds."""
        drifting = self.degradations_of(incident) if incident.kind == "drift" else ()
        return max(drifting, key=lambda d: (d.strength, d.degradation_id), default=None)

    def degradations_named(self, ids: Iterable[str]) -> list[Degradation]:
        column = tables.degradation.c.degradation_id
        return [d for part in _parts(ids) for d in self.degradations(column.in_(part))]

    def incidents_named(self, ids: Iterable[str]) -> list[Incident]:
        table = tables.incident
        with self._database.read() as connection:
            rows = [
                row for part in _parts(ids) for row in connection.execute(select(table).where(table.c.incident_id.in_(part)))
            ]
        return [noun_of(Incident, row) for row in rows]

    def degradations_since(self, start: int) -> list[Degradation]:
        """Those that stand and were not yet over at `start`."""
        table = tables.degradation.c
        return self.degradations(or_(table.cleared_at.is_(None), table.cleared_at > start), table.withdrawn_at.is_(None))

    def degradations(self, *where: ColumnElement[bool]) -> list[Degradation]:
        query = (
            select(tables.degradation)
            .where(*where)
            .order_by(tables.degradation.c.started_at, tables.degradation.c.degradation_id)
        )
        with self._database.read() as connection:
            return [noun_of(Degradation, row) for row in connection.execute(query)]

    def incidents(self, *, state: str | None = None, limit: int | None = None, offset: int = 0) -> list[Incident]:
        """Newest first; of one state, or of all."""
        query = select(tables.incident).order_by(tables.incident.c.opened_at.desc(), tables.incident.c.incident_id)
        query = query.where(tables.incident.c.state == Choice(state)) if state is not None else query
        query = query.limit(limit).offset(offset) if limit is not None else query
        with self._database.read() as connection:
            return [noun_of(Incident, row) for row in connection.execute(query)]

    def incident(self, incident_id: str) -> Incident | None:
        query = select(tables.incident).where(tables.incident.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return noun_of(Incident, row) if row else None

    def incidents_since(self, start: int) -> list[Incident]:
        """Those that stand and were not yet over at `start`."""
        table = tables.incident
        here = (or_(table.c.resolved_at.is_(None), table.c.resolved_at > start), table.c.withdrawn_at.is_(None))
        query = select(table).where(*here).order_by(table.c.incident_id)
        with self._database.read() as connection:
            return [noun_of(Incident, row) for row in connection.execute(query)]

    def incidents_within(self, window: Window) -> list[Incident]:
        """Those that stand and were on in some part of the window."""
        return [i for i in self.incidents_since(window.start) if i.started_at < window.end]

    def incidents_changed_at(self, updated_at: int) -> list[Incident]:
        """Those open, or changed by the decision of this moment."""
        query = (
            select(tables.incident)
            .where(or_(tables.incident.c.state == "open", tables.incident.c.updated_at >= updated_at))
            .order_by(tables.incident.c.opened_at, tables.incident.c.incident_id)
        )
        with self._database.read() as connection:
            return [noun_of(Incident, row) for row in connection.execute(query)]

    def save_impact(self, connection: Connection, impact: Impact) -> None:
        row = row_of(impact)
        del row["people"]
        upsert(connection, tables.impact, [row | {"accounts": [row_of(a) for a in impact.accounts]}])

    def impact(self, incident_id: str) -> Impact | None:
        """The newest assessment, without its people: they are in the listings."""
        table = tables.impact
        query = select(table).where(table.c.incident_id == incident_id).order_by(table.c.assessed_at.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        accounts = tuple(noun_from(AccountImpact, a) for a in row.accounts)
        return Impact(
            incident_id=row.incident_id,
            assessed_at=row.assessed_at,
            exposed=row.exposed,
            affected=row.affected,
            affected_low=row.affected_low,
            affected_high=row.affected_high,
            people=(),
            accounts=accounts,
        )

    def listings(
        self,
        *,
        incident_id: str | None = None,
        subscriber: str | None = None,
        current: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Listing]:
        """Rows of one incident, of one person, or all; `current` leaves out those that ended. InvalidIdentity for a blank
        name: that asks for nobody, not for everybody."""
        table = tables.listing
        query = select(table).order_by(table.c.row)
        query = query.where(table.c.incident_id == IncidentId(incident_id)) if incident_id is not None else query
        query = query.where(table.c.subscriber == SubscriberId(subscriber)) if subscriber is not None else query
        query = query.where(table.c.delisted_at.is_(None)) if current else query
        query = query.limit(limit).offset(offset) if limit is not None else query
        with self._database.read() as connection:
            return [noun_of(Listing, row) for row in connection.execute(query)]

    def listings_of(self, ids: Iterable[str]) -> list[Listing]:
        """The current rows of these incidents' lists."""
        table = tables.listing
        query = select(table).where(table.c.delisted_at.is_(None)).order_by(table.c.row)
        with self._database.read() as connection:
            return [
                listing
                for part in _parts(ids)
                for listing in nouns_of(Listing, connection.execute(query.where(table.c.incident_id.in_(part))))
            ]

    def held_out_within(self, window: Window) -> list[Listing]:
        """Rows begun in the window of those whom the holdout left out."""
        table = tables.listing
        begun = (table.c.listed_at >= window.start, table.c.listed_at < window.end)
        query = select(table).where(table.c.why_not == "holdout", *begun).order_by(table.c.row)
        with self._database.read() as connection:
            return [noun_of(Listing, row) for row in connection.execute(query)]

    def listings_about(self, people: Iterable[str]) -> Sequence[Listing]:
        """The current rows of these people."""
        table = tables.listing
        query = select(table).where(table.c.delisted_at.is_(None))
        with self._database.read() as connection:
            return [
                noun_of(Listing, row)
                for part in _parts(people)
                for row in connection.execute(query.where(table.c.subscriber.in_(map(SubscriberId, part))))
            ]

    def relist(self, connection: Connection, ended: Sequence[Listing], begun: Sequence[Listing], at: int) -> None:
        """End these rows and begin those."""
        for start in range(0, len(ended), 500):
            rows = [listing.row for listing in ended[start : start + 500]]
            connection.execute(update(tables.listing).where(tables.listing.c.row.in_(rows)).values(delisted_at=at))
        if begun:
            rows_begun = [{name: v for name, v in row_of(listing).items() if name != "row"} for listing in begun]
            connection.execute(tables.listing.insert(), rows_begun)

    def refuse(self, connection: Connection, row: int, why_not: str) -> None:
        """At the last moment a permission was gone: this person is not to be contacted after all."""
        change = {"contactable": False, "why_not": why_not, "action": "none", "channel": "", "recipient": ""}
        connection.execute(update(tables.listing).where(tables.listing.c.row == row).values(**change))


def _parts(ids: Iterable[str]) -> list[list[str]]:
    """As many as one query takes."""
    named = list(ids)
    return [named[at : at + 500] for at in range(0, len(named), 500)]
