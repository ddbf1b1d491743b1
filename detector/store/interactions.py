"""Interactions of customers, kept without their text, and customer events."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from detector.domain.customer import SubscriberEvent
from detector.domain.identity import SubscriberId
from detector.domain.interaction import Interaction
from detector.store.database import Database
from detector.store.records import batches, noun_of, nouns_of, row_of, upsert
from detector.store.tables import interaction as table
from detector.store.tables import subscriber_event


class InteractionRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, interactions: Iterable[Interaction]) -> None:
        upsert(connection, table, map(row_of, interactions))

    def add_events(self, connection: Connection, events: Iterable[SubscriberEvent]) -> None:
        upsert(connection, subscriber_event, map(row_of, events))

    def between(self, start: int, end: int) -> Sequence[Interaction]:
        """Those made in [start, end), in order of time."""
        query = select(table).where(table.c.at >= start, table.c.at < end).order_by(table.c.at, table.c.interaction_id)
        with self._database.read() as connection:
            return nouns_of(Interaction, connection.execute(query))

    def recent(self, subscribers: Iterable[str], since: int) -> Sequence[Interaction]:
        """Interactions of these people from `since` on, in order of time."""
        named, found = sorted({key for key in subscribers if key}), list[Interaction]()
        with self._database.read() as connection:
            for part in batches(named):
                own = table.c.subscriber.in_(part)
                query = select(table).where(own, table.c.at >= since)
                found += [noun_of(Interaction, row) for row in connection.execute(query)]
        return sorted(found, key=lambda i: (i.at, i.interaction_id))

    def of(self, subscriber: str, since: int = 0) -> Sequence[Interaction]:
        """One person's, the newest first."""
        query = (
            select(table)
            .where(table.c.subscriber == SubscriberId(subscriber), table.c.at >= since)
            .order_by(table.c.at.desc())
        )
        with self._database.read() as connection:
            return [noun_of(Interaction, row) for row in connection.execute(query)]

    def events_between(self, start: int, end: int) -> Sequence[SubscriberEvent]:
        """Departures, offers and credits of [start, end), in order of time."""
        events = subscriber_event.c
        query = select(subscriber_event).where(events.at >= start, events.at < end).order_by(events.at)
        with self._database.read() as connection:
            return [noun_of(SubscriberEvent, row) for row in connection.execute(query)]

    def events_of(self, subscriber: str, since: int = 0) -> Sequence[SubscriberEvent]:
        """One person's, the newest first."""
        events = subscriber_event.c
        query = select(subscriber_event).where(events.subscriber == SubscriberId(subscriber), events.at >= since)
        with self._database.read() as connection:
            return [noun_of(SubscriberEvent, row) for row in connection.execute(query.order_by(events.at.desc()))]
