"""The log of everyone who asked about somebody: written before the answer, whatever else is being written."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from detector.domain.errors import Transient
from detector.domain.identity import Choice
from detector.store.database import Database
from detector.store.tables import audit as table
from detector.store.whole_file import whole_file

PATIENCE_S = 0.05
"""A caller waits so long for whoever is writing (a tick that lists a hundred thousand people takes seconds)."""
Entry = dict[str, Any]


class AuditLog:
    """Append-only. Subjects are pseudonyms. What finds the database busy is kept in the folder `waiting`, a file each, and
    enters the table with the next entry that finds it free."""

    def __init__(self, database: Database, waiting: Path) -> None:
        self._database, self._waiting = database, waiting

    def note(self, at: float, actor: str, action: str, subject: str, detail: str = "") -> None:
        """Noted, and on the disk, when this returns. Raises Transient if it cannot be."""
        entry = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}
        try:
            self._add([entry], PATIENCE_S)
        except Transient:
            self._keep(entry)

    def settle(self) -> None:
        """What waits enters the table. Raises Transient."""
        if any(self._files()):
            self._add([], None)

    def _add(self, entries: list[Entry], patience_s: float | None) -> None:
        with self._database.begin(patience_s) as connection:
            waited = list(self._files())
            entries = [*filter(None, map(self._waiting_entry, waited)), *entries]
            if entries:
                connection.execute(table.insert(), entries)
        for path in waited:
            path.unlink(missing_ok=True)  # after it is in the table: rather there twice than nowhere

    def _keep(self, entry: Entry) -> None:
        path = self._waiting / f"{int(1000 * entry['at'])}-{uuid4().hex}.json"
        try:
            with whole_file(path) as part:
                part.write_text(json.dumps(entry), encoding="utf-8")
        except OSError as error:
            mend = "free space: nobody is answered before it is noted"
            raise Transient(error.strerror or str(error), where=str(path), mend=mend) from error

    def _waiting_entry(self, path: Path) -> Entry | None:
        """What the file holds; None for one that is torn or holds something else: it is set aside under another name, and
        never keeps anybody from an answer."""
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            found = {name: entry[name] for name in ("actor", "action", "subject", "detail")}
            return {"at": float(entry["at"])} | {name: str(value) for name, value in found.items()}
        except FileNotFoundError:  # another process was faster
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            aside = path.with_name(f"torn-{path.name}")
            import structlog

            structlog.get_logger().warning(
                "torn entry of the log of audits", file=path.name, kept_as=aside.name, reason=str(error)[:200]
            )
            path.replace(aside)
            return None

    def _files(self) -> Iterator[Path]:
        return iter(sorted(self._waiting.glob("[0-9]*.json")))

    def entries(self, limit: int = 100) -> list[Mapping[str, Any]]:
        """The newest first."""
        self.settle()
        query = select(table).order_by(table.c.row.desc()).limit(limit)
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def about(self, subjects: Collection[str], action: str | None = None) -> list[Mapping[str, Any]]:
        """Everything noted of these, oldest first; of one kind of action, or of all."""
        self.settle()
        query = select(table).order_by(table.c.row)
        query = query if action is None else query.where(table.c.action == Choice(action))
        with self._database.read() as connection:
            found = [connection.execute(query.where(table.c.subject.in_(part))).fetchall() for part in _parts(subjects)]
        return [dict(row._mapping) for rows in found for row in rows]


def _parts(subjects: Iterable[str]) -> list[list[str]]:
    named = sorted(subjects)
    return [named[at : at + 500] for at in range(0, len(named), 500)]
