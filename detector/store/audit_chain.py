"""The audit log's rows, each with a hash over itself and the row before it: what is changed, removed or put in shows.

    hash(n) = sha256(hash(n - 1), row, at, actor, action, subject, detail)

The newest hash is kept twice beside the table (the table `audit_head`, a file), so that rows missing at the end show as
well. Rows whose retention is over go from the beginning; an entry in the chain itself states up to which row, and with which
hash."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, func, select, text

from detector.domain.window import DAY_S
from detector.store.tables import audit as table
from detector.store.tables import audit_head

PRUNED = "retention"
"""Action of the entry that states which rows have gone."""
FIRST = ""
"""What stands for the hash before the first row."""
_ONE_APPENDER = text("SELECT pg_advisory_xact_lock(7312584)")
_A_QUERY = 2000
"""Rows of the chain read at a time. Chosen: a megabyte."""


@dataclass(frozen=True)
class Head:
    """The newest row of the chain; row 0: there is none yet."""

    row: int = 0
    hash: str = FIRST


@dataclass(frozen=True)
class Broken:
    """The first row at which the chain does not hold; row 0: no row at all is left."""

    row: int
    reason: str

    def __str__(self) -> str:
        return f"audit log, row {self.row}: {self.reason}"


def digest(before: str, row: int, entry: Mapping[str, Any]) -> str:
    """The hash of a row that follows the one with the hash `before`.

    >>> one = {"at": 60.0, "actor": "api", "action": "lookup", "subject": "sub_1", "detail": ""}
    >>> digest("", 1, one)[:16], digest("", 1, one | {"detail": "x"})[:16]
    ('3ade85075a00f875', '3629c267b2239c6f')
    """
    content = [before, row, float(entry["at"]), *(entry[name] for name in ("actor", "action", "subject", "detail"))]
    return sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def append(connection: Connection, entries: Iterable[Mapping[str, Any]], patience_s: float | None = None) -> Head:
    """Add the entries at the end, within the caller's transaction; the new head. One appends at a time: in SQLite the
    writer, in PostgreSQL the holder of the lock, for which `patience_s` is waited."""
    _lock(connection, patience_s)
    head, rows = head_of(connection), []
    for entry in entries:
        number = head.row + 1
        head = Head(number, digest(head.hash, number, entry))
        rows.append({**entry, "row": head.row, "hash": head.hash})
    if rows:
        connection.execute(table.insert(), rows)
        connection.execute(delete(audit_head))
        connection.execute(audit_head.insert(), [{"row": head.row, "hash": head.hash}])
    return head


def _lock(connection: Connection, patience_s: float | None) -> None:
    if connection.dialect.name == "postgresql":
        if patience_s is not None:
            connection.execute(text(f"SET LOCAL lock_timeout = '{int(1000 * patience_s)}ms'"))
        connection.execute(_ONE_APPENDER)


def head_of(connection: Connection) -> Head:
    """As `audit_head` has it; numbers go on after every row that is there."""
    noted = connection.execute(select(audit_head).order_by(audit_head.c.row.desc())).first()
    known = Head() if noted is None else Head(noted.row, noted.hash)
    last = connection.execute(select(func.max(table.c.row))).scalar() or 0
    return known if last <= known.row else Head(last, known.hash)


def prune(connection: Connection, before: float, at: float) -> int:
    """Delete the rows from the beginning on that were written before this instant (s, wall), with an entry in the chain; how
    many went. Rows behind one that is kept are kept, too; one that a wrong clock has dated after `at` keeps none."""
    young = table.c.at.between(before, at + DAY_S)
    kept = connection.execute(select(func.min(table.c.row)).where(young)).scalar()
    old = table.c.row < kept if kept is not None else table.c.row.is_not(None)
    last = connection.execute(select(table.c.row, table.c.hash).where(old).order_by(table.c.row.desc()).limit(1)).first()
    if last is None:
        return 0
    _lock(connection, None)
    gone = connection.execute(delete(table).where(table.c.row <= last.row)).rowcount
    anchor = json.dumps({"row": last.row, "hash": last.hash})
    append(connection, [{"at": at, "actor": "retention", "action": PRUNED, "subject": "", "detail": anchor}])
    return gone


def broken(connection: Connection, noted: Head | None = None) -> Broken | None:
    """The first row that does not fit, None if all do. `noted`: a head that was kept outside the store at some time."""
    anchor, last = _anchor(connection), Head()
    before = anchor
    for row in _rows(connection):
        if row.row <= anchor.row:
            return Broken(row.row, f"stands before row {anchor.row}, up to which the retention has deleted")
        if row.hash != digest(before.hash, row.row, row._mapping):
            return Broken(row.row, "it was changed, or a row before it was removed or put in")
        if noted is not None and row.row == noted.row and row.hash != noted.hash:
            return Broken(row.row, "it is another than the one that was noted beside the database")
        before = last = Head(row.row, row.hash)
    known = max((one for one in (head_of(connection), noted or Head()) if one.row), key=lambda one: one.row, default=last)
    if known.row > last.row:
        return Broken(last.row, f"the rows after it are missing, up to row {known.row}")
    return Broken(last.row, "it is another than the newest that was noted") if known != last else None


def _rows(connection: Connection) -> Iterator[Any]:
    at = -1
    while True:
        query = select(table).where(table.c.row > at).order_by(table.c.row).limit(_A_QUERY)
        rows = connection.execute(query).fetchall()
        yield from rows
        if len(rows) < _A_QUERY:
            return
        at = rows[-1].row


def _anchor(connection: Connection) -> Head:
    """The last row that went by retention, by the newest entry about it."""
    query = select(table.c.detail).where(table.c.action == PRUNED).order_by(table.c.row.desc()).limit(1)
    try:
        read = json.loads(connection.execute(query).scalar() or "{}")
        return Head(int(read.get("row", 0)), str(read.get("hash", FIRST)))
    except (ValueError, TypeError, AttributeError):
        return Head()
