"""The SQL database: SQLite embedded, PostgreSQL in production; one engine, short transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from detector.domain.errors import Misconfigured, Transient
from detector.store.tables import metadata

_ONE_WRITER = text("SELECT pg_advisory_xact_lock(7312583)")
_PATIENCE_S = 30.0
_WAL_SAFE = (3, 51, 3)
"""SQLite before this has a WAL-reset corruption bug with several writers."""


def _sqlite_module() -> tuple[ModuleType, bool]:
    """The newest SQLite at hand, and whether its write-ahead log can be trusted."""
    if sqlite3.sqlite_version_info >= _WAL_SAFE:
        return sqlite3, True
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3, False
    return dbapi2, dbapi2.sqlite_version_info >= _WAL_SAFE


class Database:
    """`begin()` gives a connection whose work commits whole at the end or not at all.

    `url` is an SQLAlchemy URL; an SQLite file's folder is made. Tables are made or migrated by `store.migrate`.
    What was committed survives a power cut, unless `durable` is false: for a store that lives no longer than its process.
    Raises Transient when the database is locked, full or away; Misconfigured for a URL that cannot be used.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url, self._durable = url, durable
        self.journal = ""
        self.engine = self._sqlite(url) if url.startswith("sqlite") else self._server(url)

    def _server(self, url: str) -> Engine:
        try:
            return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_pre_ping=True)
        except (ValueError, ImportError, ArgumentError, DBAPIError) as error:
            mend = "write it as postgresql://user@host/name"
            raise Misconfigured(f"unusable URL ({error})", where="storage.database", mend=mend) from error

    def _sqlite(self, url: str) -> Engine:
        path = url.removeprefix("sqlite:///")
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            mend = "name a folder that can be written"
            raise Misconfigured(error.strerror or str(error), where=f"storage: {path}", mend=mend) from error
        module, trusted = _sqlite_module()
        self.journal = "wal" if trusted else "truncate"
        engine = create_engine(url, module=module, connect_args={"timeout": _PATIENCE_S, "check_same_thread": False})

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not open transactions of its own
            connection.execute(f"PRAGMA journal_mode={self.journal}")
            connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'OFF'}")  # NORMAL: a power cut takes back
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            options = connection.get_execution_options()
            reading = options.get("reading", False)
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * options.get('patience_s', _PATIENCE_S))}")
            connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")  # a late writer lock loses to others

        return engine

    @contextmanager
    def begin(self, patience_s: float | None = None) -> Iterator[Connection]:
        """One transaction: commits at the end of the block, rolls back on any error. Another writer is waited for; who has
        but little patience (`patience_s`) is told Transient, and in PostgreSQL only adds rows, which is always free."""
        options = {"patience_s": patience_s or _PATIENCE_S}
        try:
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                if connection.dialect.name == "postgresql" and patience_s is None:
                    connection.execute(_ONE_WRITER)  # one writer at a time, as in SQLite: what it checks stays true
                yield connection
        except DatabaseError as error:
            _tell(error)
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look that waits for no writer, and that no writer waits for."""
        try:
            with self.engine.connect().execution_options(reading=True) as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            _tell(error)
            raise

    def rewrite(self) -> None:
        """Deleted rows leave the file and its log as well: SQLite writes both anew, PostgreSQL frees them. Raises Transient
        while another process is at it."""
        sqlite = self.engine.dialect.name == "sqlite"
        connection = self.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            driver.rollback()
            if not sqlite:
                driver.autocommit = True
            driver.execute("VACUUM")
            if sqlite:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            else:
                driver.autocommit = False
        except self.engine.dialect.loaded_dbapi.OperationalError as error:
            raise Transient(str(error), where="database", mend="let the daemon rest, and do it again") from error
        finally:
            connection.close()

    def create(self) -> None:
        """All tables at once, for a store that lives no longer than a backtest."""
        metadata.create_all(self.engine)

    def close(self) -> None:
        self.engine.dispose()


def _tell(error: DatabaseError) -> None:
    """In one line what time or the operator can mend; the rest are mistakes of ours, which the caller raises as they are."""
    what = str(error.orig).splitlines()[0]
    if isinstance(error, OperationalError):
        raise Transient(what, where="database", mend="the job tries again") from error
    if type(error) is DatabaseError:  # "file is not a database", "database disk image is malformed"
        raise Misconfigured(what, where="storage.database", mend="restore it from a backup") from error
