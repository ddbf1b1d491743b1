"""The tables of impacts (one row an assessment) and of listings (whom an incident affects, from when to when)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, CursorResult, select, update

from detector.domain.alert import Decision
from detector.domain.identity import IncidentId, SubscriberId
from detector.domain.impact import AccountImpact, Affected, Impact, Listing
from detector.domain.window import Window
from detector.store import tables
from detector.store.database import Database
from detector.store.records import batches, noun_from, row_of, upsert

table = tables.listing
_OF_AFFECTED = tuple(field.name for field in fields(Affected))
_OF_DECISION = tuple(field.name for field in fields(Decision) if field.name not in ("incident_id", "subscriber"))


class ImpactRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection, impact: Impact) -> None:
        """Keeps the assessment without its people: they are in the listings."""
        row = row_of(impact)
        del row["people"]
        upsert(connection, tables.impact, [row | {"accounts": [row_of(a) for a in impact.accounts]}])

    def latest(self, incident_id: str) -> Impact | None:
        """The newest assessment, without its people: they are in the listings."""
        impact = tables.impact
        query = select(impact).where(impact.c.incident_id == incident_id).order_by(impact.c.assessed_at.desc()).limit(1)
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
            accounts=accounts,
        )


class ListingRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(
        self,
        *,
        incident_id: str | None = None,
        subscriber: str | None = None,
        current: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Listing]:
        """Rows of one incident, of one person, or all; `current` leaves out those that ended. InvalidIdentity for a blank
        name: that selects nobody, not everybody."""
        query = select(table).order_by(table.c.row)
        query = query.where(table.c.incident_id == IncidentId(incident_id)) if incident_id is not None else query
        query = query.where(table.c.subscriber == SubscriberId(subscriber)) if subscriber is not None else query
        query = query.where(table.c.delisted_at.is_(None)) if current else query
        query = query.limit(limit).offset(offset) if limit is not None else query
        with self._database.read() as connection:
            return list(listings_from(connection.execute(query)))

    def of(self, incident_ids: Iterable[str]) -> list[Listing]:
        """The current rows of these incidents."""
        query = select(table).where(table.c.delisted_at.is_(None)).order_by(table.c.row)
        with self._database.read() as connection:
            return [
                listing
                for part in batches(incident_ids)
                for listing in listings_from(connection.execute(query.where(table.c.incident_id.in_(part))))
            ]

    def about(self, people: Iterable[str]) -> Sequence[Listing]:
        """The current rows of these people."""
        query = select(table).where(table.c.delisted_at.is_(None))
        with self._database.read() as connection:
            return [
                listing
                for part in batches(people)
                for listing in listings_from(
                    connection.execute(query.where(table.c.subscriber.in_(map(SubscriberId, part))))
                )
            ]

    def held_out_within(self, window: Window) -> list[Listing]:
        """Rows begun in the window of those whom the holdout left out."""
        begun = (table.c.listed_at >= window.start, table.c.listed_at < window.end)
        query = select(table).where(table.c.why_not == "holdout", *begun).order_by(table.c.row)
        with self._database.read() as connection:
            return list(listings_from(connection.execute(query)))

    def relist(self, connection: Connection, ended: Sequence[Listing], begun: Sequence[Listing], at: int) -> None:
        """Ends these rows at `at` (s) and adds those."""
        for part in batches([listing.row for listing in ended]):
            connection.execute(update(table).where(table.c.row.in_(part)).values(delisted_at=at))
        if begun:
            connection.execute(table.insert(), [columns_of(listing) for listing in begun])

    def refuse(self, connection: Connection, row: int, why_not: str) -> None:
        """At the last moment a permission was gone: this person is not to be contacted after all."""
        change = {"contactable": False, "why_not": why_not, "action": "none", "channel": "", "recipient": ""}
        connection.execute(update(table).where(table.c.row == row).values(**change))


def listings_from(result: CursorResult[Any]) -> Iterator[Listing]:
    """All listings of a query over the table."""
    columns = list(result.keys())
    affected_of, decision_of, own_of = (
        itemgetter(*map(columns.index, names)) for names in (_OF_AFFECTED, _OF_DECISION, ("listed_at", "delisted_at", "row"))
    )
    for row in result:
        affected = Affected(**dict(zip(_OF_AFFECTED, affected_of(row), strict=True)))
        listed_at, delisted_at, number = own_of(row)
        decided = dict(zip(_OF_DECISION, decision_of(row), strict=True))
        decision = Decision(incident_id=affected.incident_id, subscriber=affected.subscriber, **decided)
        yield Listing(affected=affected, listed_at=listed_at, delisted_at=delisted_at, decision=decision, row=number)


def columns_of(listing: Listing) -> dict[str, Any]:
    """Column values of a listing that is not stored yet: all but `row`, which the database counts."""
    return {
        **{name: getattr(listing.affected, name) for name in _OF_AFFECTED},
        **{name: getattr(listing.decision, name) for name in _OF_DECISION},
        "listed_at": listing.listed_at,
        "delisted_at": listing.delisted_at,
    }
