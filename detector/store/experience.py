"""What people and accounts went through, a row a day, and what is known of listed people's past in one go."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, Integer, delete, func, select

from detector.domain.experience import Experience, Touch
from detector.domain.interaction import MAYBE_NETWORK
from detector.domain.window import Window
from detector.store import tables
from detector.store.database import Database
from detector.store.records import batches, nouns_of, row_of, upsert

table = tables.experience
LIKELY = 0.5
"""Probability from which an incident counts as one that the person met. Chosen: more likely than not."""


class ExperienceRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, connection: Connection, days: Window, rows: Iterable[Experience]) -> None:
        """These rows instead of whatever the days that begin in this window had."""
        connection.execute(delete(table).where(table.c.day >= days.start, table.c.day < days.end))
        upsert(connection, table, ({**row_of(row), "by_harm": dict(row.by_harm)} for row in rows))

    def between(self, days: Window) -> list[Experience]:
        """Rows of the days that begin in this window, in order of time."""
        query = select(table).where(table.c.day >= days.start, table.c.day < days.end)
        query = query.order_by(table.c.day, table.c.holder_kind, table.c.holder)
        with self._database.read() as connection:
            return nouns_of(Experience, connection.execute(query))

    def of(self, holders: Iterable[str], days: Window) -> Mapping[tuple[str, str], list[Experience]]:
        """(holder kind, holder) -> its rows of the days that begin in this window, in order of time."""
        found: dict[tuple[str, str], list[Experience]] = defaultdict(list)
        with self._database.read() as connection:
            for part in batches(holders):
                query = select(table).where(table.c.holder.in_(part), table.c.day >= days.start, table.c.day < days.end)
                for row in nouns_of(Experience, connection.execute(query.order_by(table.c.day))):
                    found[row.holder_kind, row.holder].append(row)
        return found

    def forget(self, connection: Connection, holders: Collection[str], before: int | None = None) -> int:
        """All rows of these people and accounts, or those of days that began before a moment (s)."""
        older = [] if before is None else [table.c.day < before]
        rules = (delete(table).where(table.c.holder.in_(part), *older) for part in batches(sorted(holders)))
        return sum(connection.execute(rule).rowcount for rule in rules)

    def incidents_of(self, people: Iterable[str], since: int) -> Mapping[str, frozenset[str]]:
        """Person -> ids of the incidents by which it has more likely suffered than not, listed since then (s)."""
        listing = tables.listing
        found: dict[str, set[str]] = defaultdict(set)
        with self._database.read() as connection:
            for part in batches(people):
                query = select(listing.c.subscriber, listing.c.incident_id).where(
                    listing.c.subscriber.in_(part),
                    listing.c.delisted_at.is_(None),
                    listing.c.listed_at >= since,
                    listing.c.probability >= LIKELY,
                )
                for row in connection.execute(query):
                    found[row.subscriber].add(row.incident_id)
        return {person: frozenset(own) for person, own in found.items()}

    def contacts_of(self, people: Iterable[str], since: int) -> Mapping[str, Touch]:
        """Person -> its interactions since then (s)."""
        interaction = tables.interaction
        about = func.sum((interaction.c.category.in_(MAYBE_NETWORK) & (interaction.c.kind != "survey")).cast(Integer))
        found: dict[str, Touch] = {}
        with self._database.read() as connection:
            for part in batches(people):
                query = select(interaction.c.subscriber, about, func.max(interaction.c.at))
                query = query.where(interaction.c.subscriber.in_(part), interaction.c.at >= since).group_by(
                    interaction.c.subscriber
                )
                found |= {row[0]: Touch(int(row[1] or 0), row[2]) for row in connection.execute(query)}
        return found

    def last_notified_of(self, people: Iterable[str]) -> Mapping[str, int]:
        """Person -> when (s) care was last requested to contact about its line."""
        communication = tables.communication
        found: dict[str, int] = {}
        with self._database.read() as connection:
            for part in batches(people):
                query = select(communication.c.subscriber, func.max(communication.c.at)).where(
                    communication.c.subscriber.in_(part)
                )
                found |= {row[0]: int(row[1]) for row in connection.execute(query.group_by(communication.c.subscriber))}
        return found
