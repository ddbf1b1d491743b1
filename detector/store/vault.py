"""Raw identities, encrypted with a key of their own, and the log of everyone who asked for one."""

from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select

from detector.domain.errors import Misconfigured
from detector.store.database import Database
from detector.store.tables import audit as audit_table
from detector.store.tables import vault as table


class Vault:
    """Pseudonym -> sealed identity. Only the audited API and `--identify` open it."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._sealed: Mapping[str, str] | None = None
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise Misconfigured("not a Fernet key", where="storage: vault key", mend="32 url-safe base64 bytes") from error

    def seal(self, raw_ids: Mapping[str, str]) -> int:
        """Add those not there yet; returns how many. The same mapping again costs nothing."""
        if raw_ids is self._sealed:
            return 0
        with self._database.begin() as connection:
            known = set(connection.execute(select(table.c.pseudonym)).scalars())
            fresh = [(p, raw) for p, raw in raw_ids.items() if p not in known]
            for at in range(0, len(fresh), 500):
                rows = [{"pseudonym": p, "sealed": self._fernet.encrypt(raw.encode())} for p, raw in fresh[at : at + 500]]
                connection.execute(table.insert(), rows)
        self._sealed = raw_ids
        return len(fresh)

    def open(self, pseudonym: str) -> str | None:
        """The raw identity, or None if it is not known. Raises Misconfigured under a wrong key."""
        with self._database.read() as connection:
            sealed = connection.execute(select(table.c.sealed).where(table.c.pseudonym == pseudonym)).scalar()
        if sealed is None:
            return None
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Misconfigured("the vault was sealed with another key", where="storage: vault key") from error


class AuditLog:
    """Append-only: who asked what about whom. Subjects are pseudonyms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, at: float, actor: str, action: str, subject: str, detail: str = "") -> None:
        row = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}
        with self._database.begin() as connection:
            connection.execute(audit_table.insert(), [row])

    def entries(self, limit: int = 100) -> list[Mapping[str, Any]]:
        query = select(audit_table).order_by(audit_table.c.row.desc()).limit(limit)
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]
