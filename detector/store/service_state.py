"""State of the service: the running daemons, the accepted clock, the keys with which the store was
made."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from detector.domain.daemon_lease import DaemonLease
from detector.domain.key_fingerprints import KeyFingerprints
from detector.domain.saved_clock import SavedClock
from detector.store.database import Database
from detector.store.records import batches, noun_of, row_of, upsert
from detector.store.tables import daemon_lease, key_fingerprint, saved_clock

_ONLY_ROW = 1
"""Key of the table's only row. Definition."""
_IDENTITY, _VAULT = "identity", "vault"


class DaemonLeaseRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[DaemonLease]:
        """Of every daemon that has not taken its own back, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(daemon_lease).order_by(daemon_lease.c.name))
            return [noun_of(DaemonLease, row) for row in rows]

    def save(self, connection: Connection, lease: DaemonLease) -> None:
        """A new one, or one renewed."""
        upsert(connection, daemon_lease, [row_of(lease)])

    def drop(self, connection: Connection, names: Iterable[str]) -> None:
        """These daemons work no more."""
        for part in batches(names):
            connection.execute(delete(daemon_lease).where(daemon_lease.c.name.in_(part)))


class SavedClockRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> SavedClock | None:
        """The clock as it was accepted last; None before the first time."""
        with self._database.read() as connection:
            row = connection.execute(select(saved_clock)).first()
        return None if row is None else noun_of(SavedClock, row)

    def save(self, connection: Connection, clock: SavedClock) -> None:
        """In place of the one before."""
        upsert(connection, saved_clock, [row_of(clock) | {"row": _ONLY_ROW}])

    def drop(self, connection: Connection) -> None:
        """Removes the accepted clock."""
        connection.execute(delete(saved_clock))


class KeyFingerprintRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> KeyFingerprints | None:
        """Of the keys with which the store was made; None for a store of a version that kept none."""
        query = select(key_fingerprint).order_by(key_fingerprint.c.version)
        with self._database.read() as connection:
            rows = connection.execute(query).fetchall()
        if not rows:
            return None
        identity = {row.version: row.fingerprint for row in rows if row.purpose == _IDENTITY}
        return KeyFingerprints(identity, tuple(row.fingerprint for row in rows if row.purpose == _VAULT))

    def replace(self, connection: Connection, found: KeyFingerprints) -> None:
        """These in place of all that are kept."""
        connection.execute(delete(key_fingerprint))
        identity = [(_IDENTITY, version, one) for version, one in found.identity.items()]
        vault = [(_VAULT, number, one) for number, one in enumerate(found.vault)]
        rows = [{"purpose": purpose, "version": n, "fingerprint": one} for purpose, n, one in (*identity, *vault)]
        upsert(connection, key_fingerprint, rows)
