"""People who have signed in at the pages: the secret stands in their cookie, and only its hash here."""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select

from detector.store.database import Database
from detector.store.tables import web_session as table

_PATIENCE_S = 5.0
"""How long a sign-in waits for a tick that is being written. Chosen: the time limit of a request."""


class WebSessions:
    """Implements the web's `Sessions`. Times are wall time (s)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, fingerprint: str, *, now: float, until: float) -> str:
        """A new session; those that are over go. Raises Transient."""
        secret = secrets.token_urlsafe(32)
        row = {"secret_hash": _hash(secret), "name": name, "fingerprint": fingerprint, "began_at": now, "ends_at": until}
        with self._database.begin(_PATIENCE_S) as connection:
            connection.execute(delete(table).where(table.c.ends_at < now))
            connection.execute(table.insert(), [row])
        return secret

    def name_of(self, secret: str, fingerprint: str, *, now: float) -> str | None:
        """Whose session this is; None if it is over, revoked, or won with a token that is no longer the present one."""
        query = select(table.c.name).where(
            table.c.secret_hash == _hash(secret), table.c.fingerprint == fingerprint, table.c.ends_at > now
        )
        with self._database.read() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def end(self, secret: str) -> None:
        with self._database.begin(_PATIENCE_S) as connection:
            connection.execute(delete(table).where(table.c.secret_hash == _hash(secret)))

    def revoke(self) -> int:
        """End them all; how many there were."""
        with self._database.begin() as connection:
            return connection.execute(delete(table)).rowcount

    def all(self, now: float) -> list[Mapping[str, Any]]:
        """Sessions that may still be used, the newest first."""
        query = select(table.c.name, table.c.began_at, table.c.ends_at).where(table.c.ends_at > now)
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(table.c.began_at.desc()))]


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
