"""What is known of each feed: when it came last, of which parts, what of it is silent; and which counters it named."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from detector.domain.coverage import SeenCounters
from detector.domain.feed import FeedPart, FeedState, FeedStop
from detector.store.database import Database
from detector.store.records import noun_of, row_of, upsert
from detector.store.tables import counter_name, feed_part, feed_state, feed_stop


class FeedStateRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, feed: str) -> FeedState:
        """The state of the feed; FeedState(feed) if nothing ever came of it."""
        with self._database.read() as connection:
            row = connection.execute(select(feed_state).where(feed_state.c.feed == feed)).first()
        return FeedState(feed) if row is None else noun_of(FeedState, row)

    def all(self) -> Sequence[FeedState]:
        """Of every feed that anything is known of, by name."""
        with self._database.read() as connection:
            return [noun_of(FeedState, row) for row in connection.execute(select(feed_state).order_by(feed_state.c.feed))]

    def save(self, connection: Connection, state: FeedState) -> None:
        """Saves the state of the feed."""
        upsert(connection, feed_state, [row_of(state)])

    def parts(self, feed: str) -> Sequence[FeedPart]:
        """Its kinds of files, in the order in which they were kept."""
        query = select(feed_part).where(feed_part.c.feed == feed).order_by(feed_part.c.number)
        with self._database.read() as connection:
            return [noun_of(FeedPart, row) for row in connection.execute(query)]

    def replace_parts(self, connection: Connection, feed: str, parts: Iterable[FeedPart]) -> None:
        """These in place of all that are known of the feed."""
        connection.execute(delete(feed_part).where(feed_part.c.feed == feed))
        upsert(connection, feed_part, [row_of(part) | {"number": n} for n, part in enumerate(parts)])

    def stops(self, feed: str) -> list[FeedStop]:
        """What of it is silent, as it was seen last."""
        query = select(feed_stop).where(feed_stop.c.feed == feed).order_by(feed_stop.c.number)
        with self._database.read() as connection:
            return [noun_of(FeedStop, row) for row in connection.execute(query)]

    def replace_stops(self, connection: Connection, feed: str, stops: Iterable[FeedStop]) -> None:
        """These in place of all that are known of the feed, in their order."""
        connection.execute(delete(feed_stop).where(feed_stop.c.feed == feed))
        upsert(connection, feed_stop, [row_of(stop) | {"number": n} for n, stop in enumerate(stops)])


class CounterNameRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> SeenCounters:
        """Every name that was read."""
        with self._database.read() as connection:
            rows = connection.execute(select(counter_name).order_by(counter_name.c.name)).fetchall()
        known = tuple(sorted(row.name for row in rows if row.known))
        return SeenCounters(known, {row.name: row.meant for row in rows if row.unused})

    def replace(self, connection: Connection, names: SeenCounters) -> None:
        """These in place of all that are known."""
        connection.execute(delete(counter_name))
        known = set(names.known)
        rows = [
            {"name": name, "known": name in known, "unused": name in names.unused, "meant": names.unused.get(name, "")}
            for name in sorted(known | names.unused.keys())
        ]
        upsert(connection, counter_name, rows)
