"""Bring a database to the present schema: Alembic's scripts live in `migrations/` beside this file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from detector.domain.errors import Misconfigured
from detector.store.database import Database


def migrate(database: Database) -> None:
    """To the newest revision; nothing happens if it is there. Misconfigured for a database newer than this program."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            mend = "use the version of precall that wrote it, or restore a backup"
            raise Misconfigured(str(error), where="storage.database", mend=mend) from error
