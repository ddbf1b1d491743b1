"""Raw identities, encrypted with a key of their own."""

from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import bindparam, select, update

from detector.domain.errors import Misconfigured
from detector.store.database import Database
from detector.store.tables import vault as table


class Vault:
    """Pseudonym -> sealed identity. Only the audited API and `--identify` open it. It seals with `key`, and opens what was
    sealed with one of `previous`, too, until `reseal` has sealed that anew."""

    def __init__(self, database: Database, key: bytes, previous: Sequence[bytes] = ()) -> None:
        self._database = database
        self._sealed: Mapping[str, str] | None = None
        self._earlier = bool(previous)
        try:
            self._present = Fernet(key)
            self._fernet = MultiFernet([self._present, *map(Fernet, previous)])
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
            raise _wrong_key() from error

    def shut(self) -> int:
        """How many sealed identities none of the keys opens."""
        with self._database.read() as connection:
            sealed = connection.execution_options(yield_per=2000).execute(select(table.c.sealed)).scalars()
            return sum(not self._opens(one) for one in sealed)

    def _opens(self, sealed: bytes) -> bool:
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self) -> int:
        """Seal anew what an earlier key sealed, so that it may go; returns how many. Raises Misconfigured for what none of
        the keys opens."""
        if not self._earlier:
            return 0
        with self._database.read() as connection:
            rows = [(r.pseudonym, r.sealed) for r in connection.execute(select(table))]
        old = [(key, sealed) for key, sealed in rows if not self._is_present(sealed)]
        try:
            renewed = [{"who": key, "anew": self._fernet.rotate(sealed)} for key, sealed in old]
        except InvalidToken as error:
            raise _wrong_key() from error
        change = update(table).where(table.c.pseudonym == bindparam("who")).values(sealed=bindparam("anew"))
        with self._database.begin() as connection:
            for at in range(0, len(renewed), 500):
                connection.execute(change, renewed[at : at + 500])
        return len(renewed)

    def _is_present(self, sealed: bytes) -> bool:
        try:
            self._present.decrypt(sealed)
        except InvalidToken:
            return False
        return True


def _wrong_key() -> Misconfigured:
    mend = "name the key that sealed it among storage.previous_vault_keys"
    return Misconfigured("the vault was sealed with another key", where="storage: vault key", mend=mend)
