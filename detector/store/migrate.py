"""Bring a database to the present schema: Alembic's scripts live in `migrations/` beside this file."""

import re
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text

from detector.domain.errors import Misconfigured
from detector.store.database import Database
from detector.store.tables import metadata

_REVISION_TABLE = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it (`MigrationContext._version`)."""
_SCRIPTS = Path(__file__).parent / "migrations"
_REVISION = re.compile(r'^(down_)?revision\b[^=]*= "(\w+)"', re.MULTILINE)


def newest() -> str:
    """The revision on which no other builds, as the scripts have it: found without importing Alembic, which takes longer
    than all that a command reads."""
    said = [pair for path in (_SCRIPTS / "versions").glob("*.py") for pair in _REVISION.findall(path.read_text("utf-8"))]
    (last,) = {name for down, name in said if not down} - {name for down, name in said if down}
    return str(last)


def present(database: Database) -> str | None:
    """The revision at which the database is; None: not known, so Alembic has to look."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if len(found) == 1 else None


def migrate(database: Database) -> None:
    """To the newest revision; nothing happens if it is there. Misconfigured for a database newer than this program.

    An empty database gets the present tables at once: a tenth of the time of all revisions one by one, the same schema.
    """
    if present(database) == newest():
        return
    with database.unlimited() as connection:
        if not inspect(connection).get_table_names():
            _create(connection)
            return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    with database.unlimited() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            mend = "use the version of precall that wrote it, or restore a backup"
            raise Misconfigured(str(error), where="storage.database", mend=mend) from error


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    _REVISION_TABLE.create(connection, checkfirst=False)
    connection.execute(_REVISION_TABLE.insert().values(version_num=newest()))
