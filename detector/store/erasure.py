"""One person out of every table, file and waiting message; and the search that proves it."""

from pathlib import Path

import numpy as np
from sqlalchemy import delete, func, or_, select

from detector.store import tables
from detector.store.arrays import ArrayStore
from detector.store.database import Database
from detector.store.parquet import read_columns, write_columns


class Erasure:
    """`erase` deletes; `mentions` looks again, everywhere."""

    def __init__(self, database: Database, presence: Path, arrays: ArrayStore) -> None:
        self._database, self._presence, self._arrays = database, presence, arrays

    def erase(self, pseudonym: str) -> dict[str, int]:
        """Rows gone by where they were. Another person's listing that names this one as guardian loses only the name."""
        listing = tables.listing
        rules = {
            "listings": delete(listing).where(listing.c.subscriber == pseudonym),
            "interactions": delete(tables.interaction).where(tables.interaction.c.subscriber == pseudonym),
            "vault entries": delete(tables.vault).where(tables.vault.c.pseudonym == pseudonym),
        }
        with self._database.begin() as connection:
            gone = {name: connection.execute(rule).rowcount for name, rule in rules.items()}
            connection.execute(
                listing.update().where(listing.c.recipient == pseudonym).values(recipient="", contactable=False)
            )
        gone["attachments"] = sum(self._rewrite(path, pseudonym) for path in self._files())
        gone["habits"] = self._forget_habit(pseudonym)
        return gone

    def mentions(self, pseudonym: str) -> list[str]:
        """Where the person still is: empty when erased."""
        listing = tables.listing
        asks = {
            "listings": select(func.count()).where(or_(listing.c.subscriber == pseudonym, listing.c.recipient == pseudonym)),
            "interactions": select(func.count()).where(tables.interaction.c.subscriber == pseudonym),
            "the vault": select(func.count()).where(tables.vault.c.pseudonym == pseudonym),
        }
        with self._database.read() as connection:
            found = [name for name, ask in asks.items() if connection.execute(ask).scalar()]
        found += [str(p.name) for p in self._files() if (read_columns([p])["subscriber"] == pseudonym).any()]
        habit = self._arrays.load("habit", "habit")
        return found + (["habits"] if habit is not None and (habit["subscribers"] == pseudonym).any() else [])

    def _files(self) -> list[Path]:
        return sorted(self._presence.rglob("[!.]*.parquet"))

    def _rewrite(self, path: Path, pseudonym: str) -> int:
        columns = read_columns([path])
        keep = columns["subscriber"] != pseudonym
        if keep.all():
            return 0
        write_columns(path, {name: column[keep] for name, column in columns.items()})
        return int((~keep).sum())

    def _forget_habit(self, pseudonym: str) -> int:
        """The person's rows go and its name is blanked; positions of the others stay."""
        habit = self._arrays.load("habit", "habit")
        if habit is None or not (habit["subscribers"] == pseudonym).any():
            return 0
        who = int(np.flatnonzero(habit["subscribers"] == pseudonym)[0])
        keep = habit["subscriber"] != who
        before = np.concatenate([[0], np.cumsum(keep)])
        rows = ("subscriber", "cell", "seconds", "attempts")
        left = {name: habit[name][keep] if name in rows else habit[name] for name in habit}
        left["hour_start"] = before[habit["hour_start"]]
        left["subscribers"] = np.where(habit["subscribers"] == pseudonym, "", habit["subscribers"])
        self._arrays.save("habit", left, "habit")
        return int((~keep).sum())
