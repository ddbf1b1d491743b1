"""People who were erased: what is dated before that does not come in again with an old file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from sqlalchemy import Connection

from detector.domain.exposure import Presence
from detector.store.notes import Notes

_NOTE = "erased"


@dataclass(frozen=True)
class Tombstones:
    """`until`: digest of a pseudonym -> the moment (s, event time) of its erasure. The pseudonym itself is not kept."""

    until: Mapping[str, int]

    def covers(self, pseudonym: str, at: int) -> bool:
        """Whether this is of before the erasure of this person.

        >>> Erased({_digest("sub_1"): 100}).covers("sub_1", 99), Erased({_digest("sub_1"): 100}).covers("sub_1", 100)
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
    """Where the list is kept."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def read(self) -> Tombstones:
        return Tombstones(self._notes.get(_NOTE) or {})

    def add(self, connection: Connection, names: Iterable[str], at: float) -> None:
        known = self._notes.get(_NOTE) or {}
        self._notes.put(connection, _NOTE, known | {_digest(name): int(at) for name in names})

    def prune(self, connection: Connection, before: float) -> int:
        """Forget even that, when files so old would be deleted anyway; returns how many."""
        known = self._notes.get(_NOTE) or {}
        left = {digest: at for digest, at in known.items() if at >= before}
        if len(left) < len(known):
            self._notes.put(connection, _NOTE, left)
        return len(known) - len(left)


def _digest(pseudonym: str) -> str:
    return sha256(f"erased\n{pseudonym}".encode()).hexdigest()[:32]
