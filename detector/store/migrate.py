"""Bring a database to the present schema: Alembic's scripts live in `migrations/` beside this file."""

import re
from pathlib import Path

from sqlalchemy import inspect, text

from detector.domain.errors import Misconfigured
from detector.store.database import Database

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
    """To the newest revision; nothing happens if it is there. Misconfigured for a database newer than this program."""
    if present(database) == newest():
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
