"""How far each feed was taken in, and how far each job has come."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from detector.domain.ports import Cursor
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import cursor, progress

DECIDE_FROM, ASSESS, EXPERIENCE, LEARN, BURSTS = "decide_from", "assess", "experience", "learn", "bursts"
"""Jobs whose progress is kept. `decide_from`: ticks before it are history to learn from."""


class CursorRepository:
    """One cursor for each feed and each of the things that it brings (`what`: counters, presence, contacts, ...). Methods
    that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, feed: str, what: str) -> Cursor:
        """The feed's cursor; Cursor() before the first time."""
        query = select(cursor.c.until, cursor.c.position).where(cursor.c.feed == feed, cursor.c.what == what)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Cursor() if row is None else Cursor(row.until, row.position)

    def put(self, connection: Connection, feed: str, what: str, at: Cursor) -> None:
        """Saves the feed's cursor."""
        upsert(connection, cursor, [{"feed": feed, "what": what, "until": at.until, "position": at.position}])

    def all(self) -> Mapping[tuple[str, str], Cursor]:
        """(feed, what) -> its cursor."""
        with self._database.read() as connection:
            return {(r.feed, r.what): Cursor(r.until, r.position) for r in connection.execute(select(cursor))}


class ProgressRepository:
    """Until when each job has done its work. Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def until(self, job: str) -> float | None:
        """The moment (s, event time) up to which the job has come; None = it has not run, or does all again."""
        with self._database.read() as connection:
            found: float | None = connection.execute(select(progress.c.until).where(progress.c.job == job)).scalar()
        return found

    def made_for(self, job: str) -> str:
        """The settings for which the job last ran; empty = not known."""
        with self._database.read() as connection:
            found = connection.execute(select(progress.c.made_for).where(progress.c.job == job)).scalar()
        return found or ""

    def save(self, connection: Connection, job: str, until: float | None) -> None:
        """The job has come so far; for which settings stays as it is."""
        row = {"job": job, "until": until, "made_for": self._made_for(connection, job)}
        upsert(connection, progress, [row])

    def save_made_for(self, connection: Connection, job: str, made_for: str) -> None:
        """The job ran for these settings; how far it has come stays as it is."""
        until = connection.execute(select(progress.c.until).where(progress.c.job == job)).scalar()
        upsert(connection, progress, [{"job": job, "until": until, "made_for": made_for}])

    def drop(self, connection: Connection, job: str) -> None:
        """As if the job had never run."""
        connection.execute(delete(progress).where(progress.c.job == job))

    def _made_for(self, connection: Connection, job: str) -> str:
        return connection.execute(select(progress.c.made_for).where(progress.c.job == job)).scalar() or ""
