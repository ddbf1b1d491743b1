"""Everything that the store holds, looked at: database, references, checksums, manifest, vault, bodies, arrays."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from detector.clock import WallClock
from detector.domain.errors import Misconfigured, PrecallError
from detector.store import FOLDERS, Store, tables
from detector.store.migrate import newest, present
from detector.store.parquet import read_columns
from detector.store.repair import REFERENCES
from detector.store.ticks import DAMAGED as WAITING
from detector.store.ticks import UNKNOWN

REBUILD, RESTORE = "run `precall rebuild`", "restore the store from your backup"
_SETTLED_S = 600.0
"""Files without a reference that were written later may belong to a running job. Chosen: the longest write takes a
minute."""
_EXAMPLES = 3
"""Examples of each fault. Chosen: a line of the report."""
_Row = tuple[object, ...]


@dataclass(frozen=True)
class Trouble:
    """One fault: `kind` determines what `precall rebuild` does about it, `where` is a file, table or setting."""

    kind: str
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return " ".join(f"{self.where}: {self.what}; {self.mend}".split())


class Verification:
    """Reads, and changes nothing, beside a running daemon too (`at_work`: what it may be writing now is left out)."""

    def __init__(self, store: Store, *, at_work: bool) -> None:
        self._store, self._at_work = store, at_work
        self.notes: list[str] = []
        """What is worth knowing and no trouble, in one line each."""

    def database(self) -> Iterator[Trouble]:
        """The pages and indices of the database, and its schema. Anything else is worth looking at only if this is whole."""
        database = self._store.database
        try:
            check = self._sqlite if database.engine.dialect.name == "sqlite" else self._server
            problems = check()
        except (PrecallError, SQLAlchemyError) as error:
            yield Trouble("database", "database", _first_line(error), RESTORE)
            return
        index = all("index" in problem.lower() for problem in problems)
        for problem in problems[:_EXAMPLES]:
            yield Trouble("index" if index else "database", "database", problem, REBUILD if index else RESTORE)
        if (revision := present(database)) is None:
            yield Trouble("database", "database", "it is empty", RESTORE)
        elif revision != newest():
            mend = "start precall once to upgrade it, or use the version that wrote it"
            yield Trouble("schema", "database", f"schema {revision}, this version has {newest()}", mend)

    def _sqlite(self) -> list[str]:
        with self._store.database.read() as connection:
            found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(100)")]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        said = [line for answer in found for line in str(answer).splitlines() if not line.startswith("***")]
        return [line for line in said if line != "ok"] + [f"a reference of table {row[0]} leads nowhere" for row in broken]

    def _server(self) -> list[str]:
        """Indices by amcheck where that is installed, and every row of every table is read."""
        problems = []
        with self._store.database.read() as connection:
            there = connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")).first()
            names = [name for table in inspect(connection).get_table_names() for name in _indices(connection, table)]
            for name in names if there else ():
                point = connection.begin_nested()
                try:
                    connection.execute(text("SELECT bt_index_check(CAST(:name AS regclass))"), {"name": f'"{name}"'})
                    point.commit()
                except SQLAlchemyError as error:
                    point.rollback()
                    problems.append(f"index {name}: {_first_line(error)}")
        return problems

    def rows(self) -> Iterator[Trouble]:
        """Every row of every table can be read, and frozen bodies are what a receiver can be sent."""
        for table in tables.metadata.sorted_tables:
            try:
                with self._store.database.read() as connection:
                    count = sum(1 for _ in connection.execution_options(yield_per=2000).execute(select(table)))
            except (ValueError, PrecallError, SQLAlchemyError) as error:
                yield Trouble("row", f"table {table.name}", f"a row cannot be read ({_first_line(error)})", RESTORE)
                continue
            if table.name == "vault":
                self.notes.append(f"{count} sealed identities")
        outbox = tables.outbox.c
        torn = []
        with self._store.database.read() as connection:
            for key, body in connection.execute(select(outbox.key, outbox.body).where(outbox.body.is_not(None))):
                if not _parses(bytes(body)):
                    torn.append(key)
        if torn:
            yield Trouble("body", "table outbox", f"{len(torn)} bodies are no JSON, that of {torn[0]} first", RESTORE)

    def references(self) -> Iterator[Trouble]:
        """Rows that need another row have it."""
        for one in REFERENCES:
            with self._store.database.read() as connection:
                query = select(func.count()).select_from(one.table).where(one.broken)
                count = int(connection.execute(query).scalar() or 0)
            if count:
                yield Trouble("reference", f"table {one.table.name}", f"{count} rows without their {one.to.name}", REBUILD)

    def audit(self) -> Iterator[Trouble]:
        """Each row of the audit log follows from the one before, and the newest is the one noted beside the database."""
        if broken := self._store.audit.verify():
            mend = "find out who changed it; a backup shows what was there"
            yield Trouble("chain", f"audit log, row {broken.row}", broken.reason, mend)
        if unread := sorted(path.name for path in (self._store.root / "audit-waiting").glob("*.unreadable")):
            self.notes.append(f"{len(unread)} entries of the audit log could not be read: audit-waiting/{unread[0]}")

    def vault(self) -> Iterator[Trouble]:
        """Every sealed identity opens."""
        try:
            shut = self._store.vault.shut()
        except Misconfigured as error:
            yield Trouble("vault", error.where, error.what, error.mend)
            return
        if shut:
            mend = "name the key that sealed them among storage.previous_vault_keys, or restore keys.json from your backup"
            yield Trouble("vault", "table vault", f"{shut} identities do not open", mend)

    def files(self) -> Iterator[Trouble]:
        """History and attachments against their checksums, and what lies there against the manifest."""
        yield from self._marked()
        yield from self._history()
        yield from self._attachments()
        yield from self._left_over()

    def _marked(self) -> Iterator[Trouble]:
        waiting, unknown = self._store.ticks.in_state(WAITING), self._store.ticks.in_state(UNKNOWN)
        files = self._store.stored.damaged("presence")
        again = f"the next pull reads them again, or {REBUILD}"
        if waiting:
            yield Trouble("waiting", "KPI history", f"{len(waiting)} ticks were in damaged files", again)
        if files:
            yield Trouble("waiting", "attachments", f"{len(files)} files were damaged", again)
        if unknown:
            self.notes.append(f"{len(unknown)} ticks are not known: their files were lost, and what they came from is gone")

    def _history(self) -> Iterator[Trouble]:
        paths = self._history_paths()
        wrong = self._store.stored.checked(paths)
        unnamed = self._store.stored.unnamed(paths)
        for path in unnamed:
            if path not in wrong and (why := _unreadable(path)):
                wrong[path] = why
        still = set(self._history_paths()) if wrong else set()
        for path, why in sorted(wrong.items()):
            if path in still:  # no compaction has put another file in its place meanwhile
                yield Trouble("history", self._store.stored.name(path), why, REBUILD)
        if left := len([path for path in unnamed if path not in wrong]):
            self.notes.append(f"{left} files of KPI history have no checksum yet: the next prune records it")

    def _history_paths(self) -> list[Path]:
        with self._store.database.read() as connection:
            named = self._store.ticks.whole_paths(connection)
        return [self._store.root / "kpi" / name for name in sorted(named)]

    def _attachments(self) -> Iterator[Trouble]:
        root, stored = self._store.root, self._store.stored
        there = list((root / "presence").rglob("[!.]*.parquet"))
        marked = {one.path for one in stored.damaged("presence")}
        listed = sorted({*there, *(root / name for name in stored.named("presence"))})
        wrong = stored.checked([path for path in listed if stored.name(path) not in marked])
        still = stored.named("presence") if wrong else set()
        for path, why in sorted(wrong.items()):
            if stored.name(path) in still or path.exists():
                yield Trouble("presence", stored.name(path), why, REBUILD)
        for path in stored.unnamed(there):
            if self._settled(path) and (why := _unreadable(path)):
                yield Trouble("presence", stored.name(path), why, REBUILD)

    def _left_over(self) -> Iterator[Trouble]:
        """Files to which nothing refers, and parts of writers that were killed."""
        with self._store.database.read() as connection:
            kept = self._store.ticks.paths(connection)
        root = self._store.root
        for path in sorted((root / "kpi").rglob("[!.]*.parquet")):
            name = str(path.relative_to(root / "kpi"))
            if name not in kept and self._settled(path):
                yield Trouble("orphan", f"kpi/{name}", "no tick refers to it", f"the next prune deletes it, or {REBUILD}")
        for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob(".*.part")):
            if self._settled(path):
                what = "part of a file, left by a writer that was killed"
                yield Trouble("part", path.relative_to(root).as_posix(), what, f"{REBUILD}, or delete it")

    def arrays(self) -> Iterator[Trouble]:
        """What was learned and judged, as arrays."""
        for path in sorted((self._store.root / "state").rglob("[!.]*.npz")):
            if (why := self._store.arrays.trouble(path)) and path.exists():
                yield Trouble("array", path.relative_to(self._store.root).as_posix(), why, REBUILD)

    def folders(self) -> Iterator[Trouble]:
        """The folders, what waits for the log of audits, and the file with the daemon's address."""
        root = self._store.root
        for name in FOLDERS:
            if not (root / name).is_dir():
                gone = not (root / name).exists() and not (root / name).is_symlink()
                yield Trouble("folder", name, "it is gone" if gone else "it is no folder", REBUILD)
        for path in sorted((root / "audit-waiting").glob("[0-9]*.json")):
            if not _parses(_bytes(path)):
                yield Trouble("audit", f"audit-waiting/{path.name}", "torn entry of the log of audits", REBUILD)
        path = root / "daemon.json"
        if (path.exists() or path.is_symlink()) and not _parses(_bytes(path)):
            yield Trouble("daemon", "daemon.json", "it says nothing", REBUILD)

    def everything(self) -> Iterator[Trouble]:
        """All of it, most fundamental first."""
        broken = False
        for trouble in self.database():
            broken = broken or trouble.kind in {"database", "schema"}
            yield trouble
        yield from self.folders()
        if broken:
            return
        checks: tuple[Callable[[], Iterator[Trouble]], ...] = (
            self.rows,
            self.references,
            self.audit,
            self.vault,
            self.files,
            self.arrays,
        )
        for check in checks:
            try:
                yield from check()
            except PrecallError as error:
                yield Trouble("database", error.where or "store", error.what, error.mend or RESTORE)

    def _settled(self, path: Path) -> bool:
        try:
            return not self._at_work or WallClock().now() - path.lstat().st_mtime > _SETTLED_S
        except OSError:  # gone meanwhile
            return False


def _indices(connection: Connection, table: str) -> list[str]:
    look = inspect(connection)
    keys = look.get_pk_constraint(table).get("name")
    return [str(one["name"]) for one in look.get_indexes(table)] + ([str(keys)] if keys else [])


def _unreadable(path: Path) -> str:
    """Why DuckDB cannot read a file of which no checksum is known; empty if it can."""
    try:
        read_columns([path])
    except PrecallError as error:
        return error.what
    return ""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parses(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    said = error.what if isinstance(error, PrecallError) else str(getattr(error, "orig", None) or error)
    return (said.strip().splitlines() or [type(error).__name__])[0]
