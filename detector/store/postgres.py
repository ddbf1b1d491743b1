"""Connections to PostgreSQL that always come back: a frozen server, or a network that drops packets, gives no answer."""

from collections.abc import Callable, Generator
from math import inf
from threading import Event
from time import monotonic
from typing import Any, TypeVar, cast

import psycopg
from psycopg import OperationalError
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

from detector.database_limits import DatabaseLimits, answer_within, left_s

Result = TypeVar("Result")
_PING_S = 3.0
"""A connection of the pool that does not answer for so long is closed. Chosen: under the time limit of a request."""
_CHECKED_EVERY_S = 0.1
"""Time between two checks whether a statement may go on. Chosen: nobody notices it."""
_POOL, _OVERFLOW, _POOL_S = 5, 15, 5.0
_KEEPALIVES = {"keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
"""A peer that is gone without a word is noticed after 25 s (libpq: s, s, probes)."""
_CHECKS_CLIENTS, _CHECK_MS = 140_000, 2000
"""From this version on the server ends a statement of a client that is gone, and with it its locks."""
_TCP_USER_TIMEOUT_MS = "25000"


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up a statement when its time is over or `aborted` is set. No cancel request is sent: the server may be frozen.
    So the connection is closed, and the server rolls back when it notices."""

    answer_s: float = inf
    aborted: Event = Event()

    def wait(
        self, gen: Generator[Any, Any, Result], interval: float = _CHECKED_EVERY_S, timeout: float | None = None
    ) -> Result:
        return super().wait(self._within(gen, left_s(self.answer_s)), interval, timeout)

    def _within(self, gen: Generator[Any, Any, Result], seconds: float) -> Generator[Any, Any, Result]:
        """The same generator; a check after each wait decides whether it goes on."""
        deadline = monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and (self.aborted.is_set() or monotonic() >= deadline):
                    self.pgconn.finish()
                    why = "given up, the service stops" if self.aborted.is_set() else f"no answer within {seconds:.1f} s"
                    raise OperationalError(why)
                wanted = gen.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result


def postgres_engine(url: URL, limits: DatabaseLimits, aborted: Event) -> Engine:
    """An engine whose connections keep `limits`; parameters of the operator's own URL win over them."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_POOL_S,
        connect_args={name: value for name, value in _arguments(limits).items() if name not in url.query},
    )
    bounded: type[BoundedConnection] = type(
        "Bounded", (BoundedConnection,), {"answer_s": limits.answer_s, "aborted": aborted}
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Dialect, _record: Any, cargs: list[Any], cparams: dict[str, Any]) -> DBAPIConnection:
        left = left_s(limits.connect_timeout_s)
        if aborted.is_set() or left <= 0:
            raise OperationalError("no time is left to connect")
        if left < limits.connect_timeout_s:
            cparams["connect_timeout"] = str(max(1, int(left)))
        connection = bounded.connect(*cargs, **cparams)
        if connection.info.server_version >= _CHECKS_CLIENTS and "options" not in url.query:
            connection.execute(f"SET client_connection_check_interval = {_CHECK_MS}")
            connection.commit()
        return cast("DBAPIConnection", connection)

    setattr(engine.dialect, "do_ping", _quick(engine.dialect.do_ping))  # noqa: B010  a method of this one dialect object
    return engine


def _quick(ping: Callable[[DBAPIConnection], bool]) -> Callable[[DBAPIConnection], bool]:
    """The dialect's own question whether a connection still works, with a limit of its own."""

    def asked(connection: DBAPIConnection) -> bool:
        with answer_within(_PING_S):
            return ping(connection)

    return asked


def _arguments(limits: DatabaseLimits) -> dict[str, str]:
    options = {
        "statement_timeout": limits.statement_timeout_s,
        "lock_timeout": limits.lock_timeout_s,
        "idle_in_transaction_session_timeout": limits.idle_in_transaction_timeout_s,
    }
    return {
        "application_name": "precall",
        "connect_timeout": str(max(1, round(limits.connect_timeout_s))),
        "tcp_user_timeout": _TCP_USER_TIMEOUT_MS,
        **_KEEPALIVES,
        "options": " ".join(f"-c {name}={round(1000 * seconds)}" for name, seconds in options.items()),
    }
