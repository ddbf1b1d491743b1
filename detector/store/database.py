"""The SQL database: SQLite embedded, PostgreSQL in production; one engine, short transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoneFree

from detector.database_limits import DatabaseLimits, answer_within, left_s, no_limit
from detector.domain.errors import Misconfigured, PrecallError, Transient
from detector.store.driver_errors import failure_of
from detector.store.tables import metadata

_ONE_WRITER = text("SELECT pg_advisory_xact_lock(7312583)")
_PATIENCE_S = 30.0
"""How long a writer waits for another one. Chosen: the largest tick is written in less."""
_READ_PATIENCE_S = 8.0
"""How long a reader waits for a transaction where there is no write-ahead log. Chosen: under the time limit of a request
with its answer."""
_LOOK_S = 0.25
"""Time between two attempts to become the writer. Chosen: a service that stops need not wait for another process."""
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
    What was committed survives a power cut, unless `durable` is false: for a store that ends with its process.
    No call takes longer than `limits` and the caller's `answer_within` allow. Raises Transient when the database is locked,
    full, away or frozen; Misconfigured for a URL, a file or rights that cannot be used; Permanent for a value that no
    database takes.
    """

    def __init__(self, url: str, limits: DatabaseLimits | None = None, *, durable: bool = True) -> None:
        self.url, self.limits, self._durable = url, limits or DatabaseLimits(), durable
        self.journal = ""
        self._aborted = Event()
        self.engine = self._sqlite(url) if url.startswith("sqlite") else self._server(url)
        event.listen(self.engine, "handle_error", _handle)

    def _server(self, url: str) -> Engine:
        try:
            from detector.store.postgres import postgres_engine

            named = make_url(url.replace("postgresql://", "postgresql+psycopg://"))
            return postgres_engine(named, self.limits, self._aborted)
        except (ValueError, ImportError, ArgumentError, NoSuchModuleError, DBAPIError) as error:
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
        engine = create_engine(
            url, module=module, connect_args={"timeout": _READ_PATIENCE_S, "check_same_thread": False}, pool_timeout=5.0
        )
        file = _SameFile(Path(path))

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: Any, _record: Any, _cargs: list[Any], cparams: dict[str, Any]) -> None:
            file.check()
            cparams["timeout"] = left_s(_READ_PATIENCE_S)

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not open transactions of its own
            connection.execute(f"PRAGMA journal_mode={self.journal}")
            connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'OFF'}")  # NORMAL: a power cut undoes
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten

        @event.listens_for(engine, "checkout")
        def _checkout(_connection: Any, _record: Any, _proxy: Any) -> None:
            file.check()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            options = connection.get_execution_options()
            if options.get("reading", False):
                driver: Any = connection.connection.driver_connection  # a look is short: statements of its own cost as much
                driver.execute(f"PRAGMA busy_timeout={_ms(left_s(_READ_PATIENCE_S))}")
                driver.execute("BEGIN")
            else:
                self._become_writer(connection, module, left_s(options.get("patience_s", _PATIENCE_S)))

        return engine

    def _become_writer(self, connection: Connection, module: ModuleType, patience_s: float) -> None:
        """BEGIN IMMEDIATE, for a late writer lock loses to others; tried until the patience is over or the service stops."""
        driver: Any = connection.connection.driver_connection
        until = monotonic() + patience_s
        while (left := until - monotonic()) > _LOOK_S and not self._aborted.is_set():
            driver.execute(f"PRAGMA busy_timeout={_ms(_LOOK_S)}")
            try:
                driver.execute("BEGIN IMMEDIATE")
            except module.OperationalError as error:
                if "locked" not in str(error) and "busy" not in str(error):
                    break  # the last attempt gives the reason
                continue
            driver.execute(f"PRAGMA busy_timeout={_ms(left)}")
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={0 if self._aborted.is_set() else _ms(max(0.0, left))}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def begin(self, patience_s: float | None = None) -> Iterator[Connection]:
        """One transaction: commits at the end of the block, rolls back on any error. Another writer is waited for; who has
        but a short limit (`patience_s`) gets Transient, and in PostgreSQL only adds rows, which is always free."""
        options = {"patience_s": patience_s or _PATIENCE_S}
        with _no_connection_free(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if connection.dialect.name == "postgresql" and patience_s is None:
                connection.execute(_ONE_WRITER)  # one writer at a time, as in SQLite: what it checks stays true
            yield connection

    @contextmanager
    def unlimited(self) -> Iterator[Connection]:
        """One transaction that may take its time: a migration of large tables."""
        with no_limit(), self.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look that waits for no writer, and that no writer waits for."""
        with _no_connection_free(), self.engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection

    def problem(self, within_s: float) -> str:
        """Why the database does not answer within this time, in one line; empty if it does."""
        try:
            with answer_within(within_s), self.read() as connection:
                connection.execute(text("SELECT 1"))
        except PrecallError as error:
            return str(error)
        return ""

    def abort(self) -> None:
        """Every call that waits for the database, and every later one, fails with Transient at once: the service stops."""
        self._aborted.set()

    def rewrite(self) -> None:
        """Deleted rows leave the file and its log as well: SQLite writes both anew, PostgreSQL frees them. Raises Transient
        while another process is at it."""
        sqlite = self.engine.dialect.name == "sqlite"
        connection = self.engine.raw_connection()
        try:
            driver: Any = connection.driver_connection
            driver.rollback()
            if sqlite:
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            else:
                self._vacuum(driver)
        except self.engine.dialect.loaded_dbapi.OperationalError as error:
            raise Transient(str(error), where="database", mend="let the daemon rest, and do it again") from error
        finally:
            connection.close()

    def _vacuum(self, driver: Any) -> None:
        """PostgreSQL; it may take its time."""
        driver.autocommit = True
        with no_limit():
            driver.execute("SET statement_timeout = 0")
            driver.execute("VACUUM")
            driver.execute("RESET statement_timeout")
        driver.autocommit = False

    def create(self) -> None:
        """All tables at once, for a store that ends with a backtest."""
        metadata.create_all(self.engine)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _no_connection_free() -> Iterator[None]:
    try:
        yield
    except NoneFree as error:
        raise Transient("no connection is free", where="database", mend="it is tried again") from error


def _handle(context: ExceptionContext) -> None:
    """Whatever a statement or a connection fails of is one of our errors, in one line."""
    error = context.sqlalchemy_exception or context.original_exception
    if (known := failure_of(error)) is not None:
        raise known from context.original_exception


def _ms(seconds: float) -> int:
    return int(min(1000 * seconds, 2**31 - 1))


class _SameFile:
    """The file that was opened first: one that is gone or another is not written, and none is made in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None

    def check(self) -> None:
        """Raises Misconfigured if the file is not the one it was."""
        if not self._path.name or str(self._path).startswith(("sqlite:", ":memory:")):
            return
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            found = None
        except OSError as error:
            raise Transient(error.strerror or str(error), where=str(self._path), mend="it is tried again") from error
        else:
            found = stat.st_dev, stat.st_ino
        if self._opened is None:
            self._opened = found
        elif found != self._opened:
            what = "the file is gone" if found is None else "another file lies in its place"
            raise Misconfigured(what, where=str(self._path), mend="stop the service, restore the file, and start it again")
