"""The audit log of reads about people: written before the answer, whatever else is being written."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from detector.domain.errors import Transient
from detector.domain.identity import Choice
from detector.store import audit_chain
from detector.store.atomic_write import atomic_write
from detector.store.audit_chain import Broken, Head
from detector.store.database import Database
from detector.store.records import batches
from detector.store.tables import audit as table

PATIENCE_S = 0.05
"""How long a caller waits for another writer. Chosen: a tick that lists a hundred thousand people takes seconds, a call must
not."""
Entry = dict[str, Any]


class AuditLog:
    """Append-only, chained (see `audit_chain`). Subjects are pseudonyms. What finds the database busy is kept in the folder
    `waiting`, a file each, and enters the table with the next entry that finds it free."""

    def __init__(self, database: Database, waiting: Path) -> None:
        self._database, self._waiting = database, waiting
        self._head = waiting.with_name("audit-head.json")

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
            waited = [(path, entry) for path in self._files() if (entry := _read(path)) is not None]
            head = audit_chain.append(connection, [*(entry for _, entry in waited), *entries], patience_s)
        for path, _ in waited:
            path.unlink(missing_ok=True)  # after it is in the table: rather there twice than nowhere
        self._note_head(head)

    def _note_head(self, head: Head) -> None:
        """Beside the database, so that a log that was cut short there shows. Not forced to the disk, and no reason to refuse
        an answer: an older head is still one that the log must contain."""
        part = self._head.with_name(f".{self._head.name}.{os.getpid()}-{get_ident()}.part")
        try:
            part.write_text(json.dumps({"row": head.row, "hash": head.hash}), encoding="ascii")
            part.replace(self._head)
        except OSError as error:
            _log().warning("the head of the audit log was not noted", file=str(self._head), reason=str(error))

    def noted_head(self) -> Head | None:
        """The head as it was last noted beside the database; None if nothing readable is there."""
        try:
            read = json.loads(self._head.read_text(encoding="ascii"))
            return Head(int(read["row"]), str(read["hash"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def head(self) -> Head:
        """The newest row and its hash: a copy kept outside the store shows later that nothing before it was changed."""
        with self._database.read() as connection:
            return audit_chain.head_of(connection)

    def verify(self) -> Broken | None:
        """The first row at which the log is not what was written; None: it is whole. What waits is no part of it yet. Raises
        Transient."""
        noted = self.noted_head()  # before the look at the table, which has whatever was noted by then
        with self._database.read() as connection:
            return audit_chain.broken(connection, noted)

    def _keep(self, entry: Entry) -> None:
        path = self._waiting / f"{int(1000 * entry['at'])}-{uuid4().hex}.json"
        try:
            with atomic_write(path) as part:
                part.write_text(json.dumps(entry), encoding="utf-8")
        except OSError as error:
            mend = "free space: nobody is answered before it is noted"
            raise Transient(error.strerror or str(error), where=str(path), mend=mend) from error

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
            found = [connection.execute(query.where(table.c.subject.in_(part))).fetchall() for part in batches(subjects)]
        return [dict(row._mapping) for rows in found for row in rows]


def _read(path: Path) -> Entry | None:
    """An entry that waited; None for one that another process has entered meanwhile, or that nobody can read: it is kept
    under another name."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {"at": float(read["at"]), **{name: str(read[name]) for name in ("actor", "action", "subject", "detail")}}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log().error("an entry of the audit log cannot be read, kept beside it", file=str(path), reason=str(error))
        with suppress(OSError):
            path.replace(path.with_suffix(".unreadable"))
        return None


def _log() -> Any:
    """Imported at the first log line: most commands never do."""
    import structlog

    return structlog.get_logger()
