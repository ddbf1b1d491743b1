"""People who were erased: what is dated before that does not come in again with an old file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from sqlalchemy import Connection, delete, select

from detector.domain.exposure import Presence
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import tombstone as table


@dataclass(frozen=True)
class Tombstones:
    """`until`: digest of a pseudonym -> the moment (s, event time) of its erasure. The pseudonym itself is not kept."""

    until: Mapping[str, int]

    def covers(self, pseudonym: str, at: int) -> bool:
        """Whether this is of before the erasure of this person.

        >>> Tombstones({_digest("sub_1"): 100}).covers("sub_1", 99), Tombstones({_digest("sub_1"): 100}).covers("sub_1", 100)
        (True, False)
        """
        return bool(self.until) and at < self.until.get(_digest(pseudonym), at)

    def without(self, presence: Presence) -> Presence:
        """The same presence, what is covered left out."""
        if not self.until or not len(presence):
            return presence
        nobody = int(presence.start.min())
        until = np.array([self.until.get(_digest(name), nobody) for name in presence.subscribers])
        stays = presence.start >= until[presence.subscriber]
        return presence if stays.all() else presence.take(stays)


class TombstoneRepository:
    """Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Tombstones:
        """All of them."""
        with self._database.read() as connection:
            return Tombstones({row.digest: row.erased_at for row in connection.execute(select(table))})

    def add(self, connection: Connection, names: Iterable[str], at: float) -> None:
        """These people were erased at `at` (s, event time)."""
        upsert(connection, table, [{"digest": _digest(name), "erased_at": int(at)} for name in names])

    def prune(self, connection: Connection, before: float) -> int:
        """Drop those of before, when files so old would be deleted anyway; returns how many."""
        return connection.execute(delete(table).where(table.c.erased_at < before)).rowcount


def _digest(pseudonym: str) -> str:
    return sha256(f"erased\n{pseudonym}".encode()).hexdigest()[:32]
