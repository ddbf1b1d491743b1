"""DuckDB engines for tables whose rows are in memory: an engine takes longer to make than a small table takes to read."""

import os
import threading
from collections import defaultdict

import duckdb

LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "3GB",
    "threads": "2",
}
_MOST_IDLE = 4
"""Engines that wait for the next table. Chosen: as many as there are jobs that read tables at the same time."""
_lock = threading.Lock()
_idle: dict[int, list[duckdb.DuckDBPyConnection]] = defaultdict(list)
"""By process, for the threads of an engine do not live on in a fork."""


def borrow_engine() -> duckdb.DuckDBPyConnection:
    """An engine that can read and write no file, and that nobody else uses; a table takes a `cursor()` of it."""
    with _lock:
        if waiting := _idle[os.getpid()]:
            return waiting.pop()
    engine = duckdb.connect(":memory:", config=LIMITS)
    engine.execute("SET GLOBAL TimeZone='UTC'")
    engine.execute("SET enable_external_access=false")
    engine.execute("SET lock_configuration=true")
    return engine


def return_engine(engine: duckdb.DuckDBPyConnection) -> None:
    """For the next table; not after an error of DuckDB's own, which may leave it unusable."""
    with _lock:
        waiting = _idle[os.getpid()]
        if len(waiting) < _MOST_IDLE:
            waiting.append(engine)
            return
    engine.close()
