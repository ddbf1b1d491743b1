"""One person out of every table, file and waiting note; and the search that proves it."""

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Row, String, Table, cast, delete, or_, select, update

from detector.store import tables
from detector.store.arrays import ArrayStore
from detector.store.database import Database
from detector.store.parquet import rewrite_without, rows_naming
from detector.store.people import KEPT, named_tables, packed, worded
from detector.store.traces import SHORTEST_RAW, traces

GONE = "(erased)"
"""What stands in a text where a name stood."""


class Erasure:
    """`erase` deletes; `mentions` looks again, everywhere. `names`: all pseudonyms of one person, of every version of the
    key, and of accounts that are this person's alone."""

    def __init__(self, database: Database, root: Path, arrays: ArrayStore) -> None:
        self._database, self._root, self._arrays = database, root, arrays

    def erase(self, names: Sequence[str], raw: str = "") -> dict[str, int]:
        """Rows gone by where they were, `names` those of others that lost the name. What was deleted is overwritten in an
        SQLite file too. Raises Transient while another process holds the database."""
        with self._database.begin() as connection:
            gone = {
                table.name: connection.execute(delete(table).where(_any(table, named.own, names))).rowcount
                for table, named in named_tables().items()
            }
            gone["names"] = sum(_blank(connection, table, named.other, names) for table, named in named_tables().items())
            gone["names"] += sum(_scrub(connection, table, _told(names, raw)) for table in _searched())
        found = rows_naming(self._files("presence"), names)
        gone["attachments"] = sum(found.values())
        for path in found:
            rewrite_without(path, "subscriber", names)
        gone["habits"] = self._arrays.forget(names)
        self._database.rewrite()
        return gone

    def mentions(self, names: Sequence[str], raw: str = "", elsewhere: Collection[Path] = ()) -> list[str]:
        """Where the person still is, tables kept on purpose left out: empty when erased. Looks at every text, JSON and
        packed column of every table, every column of text in Parquet and arrays, and the bytes of every other file below
        the store, the database's own and its log included. `elsewhere`: folders that are not the store's."""
        told = _told(names, raw)
        with self._database.read() as connection:
            found = [table.name for table in _searched() if _mentioning(connection, table, told)]
            found += [
                f"{table.name}.{column.name}" for table in _searched() for column in packed(table)
                if any(_inside(row[0], told) for row in connection.execute(select(column).where(column.is_not(None))))
            ]  # fmt: skip
        return found + sorted(traces(self._root, names, raw, elsewhere))

    def kept(self, names: Sequence[str]) -> dict[str, int]:
        """Rows that stay on purpose, by table."""
        with self._database.read() as connection:
            return {name: len(_mentioning(connection, tables.metadata.tables[name], names)) for name in KEPT}

    def rows(self, names: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Every row of every table that mentions the person in any of its columns, by table."""
        with self._database.read() as connection:
            found = {t.name: _mentioning(connection, t, names) for t in tables.metadata.sorted_tables}
        return {name: [dict(row._mapping) for row in rows] for name, rows in found.items() if rows}

    def shared(self, accounts: Collection[str], names: Sequence[str]) -> set[str]:
        """Those of these accounts under which somebody else is listed."""
        listing = tables.listing.c
        other = select(listing.account).where(listing.account.in_(accounts), listing.subscriber.not_in(names)).distinct()
        with self._database.read() as connection:
            return set(connection.execute(other).scalars())

    def attachments(self, names: Sequence[str]) -> list[Path]:
        """Files that hold presence of this person."""
        return sorted(rows_naming(self._files("presence"), names))

    def _files(self, folder: str) -> list[Path]:
        return sorted((self._root / folder).rglob("[!.]*.parquet"))


def _searched() -> Iterator[Table]:
    return (table for table in tables.metadata.sorted_tables if table.name not in KEPT)


def _told(names: Sequence[str], raw: str) -> list[str]:
    return [*names, *([raw] if len(raw) >= SHORTEST_RAW else [])]


def _any(table: Table, columns: Sequence[str], names: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(table.c[column].in_(names) for column in columns))


def _blank(connection: Connection, table: Table, columns: Sequence[str], names: Sequence[str]) -> int:
    """Somebody else's rows lose the name; a listing without its recipient is no longer contactable."""
    count = 0
    for column in columns:
        change: dict[str, Any] = {column: ""}
        if (table.name, column) == ("listing", "recipient"):
            change["contactable"] = False
        count += connection.execute(update(table).where(table.c[column].in_(names)).values(change)).rowcount
    return count


def _scrub(connection: Connection, table: Table, names: Sequence[str]) -> int:
    """Whatever else mentions the person, in notes, counts or examples."""
    keys = list(table.primary_key)
    rows = _mentioning(connection, table, names)
    for row in rows:
        change = {c.name: _without(row._mapping[c.name], names) for c in worded(table)}
        here = [key == row._mapping[key.name] for key in keys]
        connection.execute(update(table).where(*here).values(change))
    return len(rows)


def _mentioning(connection: Connection, table: Table, names: Sequence[str]) -> Sequence[Row[Any]]:
    columns = worded(table)
    if not columns or not names:
        return []
    holds = [_text(column).contains(name, autoescape=True) for column in columns for name in names]
    return connection.execute(select(table).where(or_(*holds))).fetchall()


def _text(column: Column[Any]) -> ColumnElement[str]:
    return cast(column, String) if isinstance(column.type, JSON) else column


def _without(value: Any, names: Sequence[str]) -> Any:
    """
    >>> _without({"of": ["sub_1", "sub_2"], "by": {"sub_1": 3}, "why": "sub_1 called"}, ["sub_1"])
    {'of': ['sub_2'], 'by': {}, 'why': '(erased) called'}
    """
    if isinstance(value, dict):
        return {key: _without(one, names) for key, one in value.items() if key not in names}
    if isinstance(value, list):
        return [_without(one, names) for one in value if not _is_of(one, names)]
    if isinstance(value, str):
        for name in names:
            value = value.replace(name, GONE)
    return value


def _is_of(value: Any, names: Sequence[str]) -> bool:
    """The name itself, or an item that is about it."""
    return value in names if isinstance(value, str) else isinstance(value, dict) and any(n in value.values() for n in names)


def _inside(value: bytes, names: Sequence[str]) -> bool:
    try:
        data = zlib.decompress(value)
    except zlib.error:
        data = value
    return any(name.encode() in data for name in names)
