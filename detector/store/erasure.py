"""One person out of every column, file and waiting note that holds identities; and the search that proves it."""

import json
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Row, String, Table, cast, delete, false, or_, select, update

from detector.store import tables
from detector.store.arrays import ArrayStore
from detector.store.damage import FOLDER as QUARANTINE
from detector.store.database import Database
from detector.store.parquet import rewrite_without, rows_naming
from detector.store.person_match import PersonMatcher
from detector.store.pii_columns import KEYED, NAMED, OBJECT, SUBJECT, TEXT, of_kind, packed, subject_tables, texts
from detector.store.pii_search import files_naming
from detector.store.stored_files import StoredFiles

PRESENCE, PROFILES, NAMES = "attachments", "habits", "names"
"""Places besides the tables in the answer of `erase`: rows of Parquet, entries of arrays, mentions in another person's
rows."""
KEPT_TABLES: Mapping[str, str] = {"audit": "who asked about this person, and that it was erased, for retention.audit_days"}
"""Tables that keep a person's pseudonym on purpose."""


class Erasure:
    """`holds` counts, `erase` deletes, `mentions` looks again, everywhere. What is changed follows from what each column is
    declared to hold (`store.pii`)."""

    def __init__(self, database: Database, stored: StoredFiles, arrays: ArrayStore) -> None:
        self._database, self._stored, self._arrays = database, stored, arrays
        self._root = stored.root

    def person(self, names: Sequence[str], raw: str = "", objects: Collection[str] = ()) -> PersonMatcher:
        """Whom to look for. `objects`: names of cells, sites and the like that are known besides those in the tables."""
        return PersonMatcher(tuple(names), raw, bool(raw) and (raw in objects or self._is_object(raw)))

    def holds(self, person: PersonMatcher) -> dict[str, int]:
        """Rows that would change, by "table.column": for a person who is not known, none."""
        with self._database.read() as connection:
            found = {f"{c.table.name}.{c.name}": len(_rows(connection, c, person)) for c in _declared()}
        files = rows_naming(self._readable(), person.names, ("subscriber",))
        found |= {"presence.subscriber": sum(files.values()), "habit.subscribers": self._arrays.entries_of(person.names)}
        return {place: count for place, count in found.items() if count}

    def erase(self, person: PersonMatcher) -> dict[str, int]:
        """Rows gone by where they were, `names` those of others that lost the name. What was deleted is overwritten in an
        SQLite file too. Raises Transient while another process holds the database."""
        with self._database.begin() as connection:
            gone = {
                table.name: connection.execute(delete(table).where(_is(of_kind(table, SUBJECT), person))).rowcount
                for table in subject_tables(tables.metadata)
            }
            gone[NAMES] = sum(_blank(connection, c, person) for c in _declared(NAMED))
            gone[NAMES] += sum(_scrub(connection, table, person) for table in tables.metadata.sorted_tables)
        found = rows_naming(self._readable(), person.names, ("subscriber",))
        gone[PRESENCE] = sum(found.values())
        for path in found:
            self._rewrite(path, person)
        self._drop_damaged(person)
        gone[PROFILES] = self._arrays.forget(person.names)
        self._database.rewrite()
        return gone

    def mentions(self, person: PersonMatcher, other_folders: Collection[Path] = ()) -> list[str]:
        """Where the person still is, tables kept on purpose left out: empty when erased. Looks at every text, JSON and
        packed column of every table, whatever it is declared to hold, at every column of text in Parquet and arrays, and
        at the bytes of every other file below the store, the database's own and its log included. `other_folders`: folders
        that are not the store's."""
        with self._database.read() as connection:
            found = [table.name for table in _searched() if _names_anywhere(connection, table, person)]
            found += [
                f"{table.name}.{column.name}"
                for table in _searched()
                for column in packed(table)
                if any(_inside(row[0], person) for row in connection.execute(select(column).where(column.is_not(None))))
            ]
        return found + sorted(files_naming(self._root, person, other_folders))

    def kept(self, names: Sequence[str]) -> dict[str, int]:
        """Rows that stay on purpose, by table."""
        person = PersonMatcher(tuple(names))
        with self._database.read() as connection:
            return {name: len(_mentioning(connection, tables.metadata.tables[name], person)) for name in KEPT_TABLES}

    def rows(self, names: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Every row of every table that mentions the person in any of its columns, by table."""
        person = PersonMatcher(tuple(names))
        with self._database.read() as connection:
            found = {t.name: _mentioning(connection, t, person) for t in tables.metadata.sorted_tables}
        return {name: [dict(row._mapping) for row in rows] for name, rows in found.items() if rows}

    def shared(self, accounts: Collection[str], names: Sequence[str]) -> set[str]:
        """Those of these accounts under which another person is listed."""
        listing = tables.listing.c
        other = select(listing.account).where(listing.account.in_(accounts), listing.subscriber.not_in(names)).distinct()
        with self._database.read() as connection:
            return set(connection.execute(other).scalars())

    def attachments(self, names: Sequence[str]) -> list[Path]:
        """Files that hold presence of this person."""
        return sorted(rows_naming(self._readable(), names, ("subscriber",)))

    def _rewrite(self, path: Path, person: PersonMatcher) -> None:
        """The file without the person; its old and its new content both count as whole until it is in place."""

        def expect(part: Path) -> None:
            with self._database.begin() as connection:
                self._stored.renew(connection, path, self._stored.measured(part))

        rewrite_without(path, "subscriber", person.names, expect)
        with self._database.begin() as connection:
            self._stored.settle(connection, path, self._stored.measured(path))

    def _drop_damaged(self, person: PersonMatcher) -> None:
        """Damaged files of attachments and mobility profiles that may hold the person are of no use to anybody else."""
        for name in files_naming(self._root / QUARANTINE, person):
            (self._root / QUARANTINE / name).unlink(missing_ok=True)

    def _readable(self) -> list[Path]:
        """Files of attachments that are whole; the others are set aside when they are read next."""
        files = self._files("presence")
        damaged = self._stored.troubles(files)
        return [path for path in files if path not in damaged]

    def _files(self, folder: str) -> list[Path]:
        return sorted((self._root / folder).rglob("[!.]*.parquet"))

    def _is_object(self, raw: str) -> bool:
        """Whether an object of the network has this name in one of the tables."""
        columns = [c for table in tables.metadata.sorted_tables for c in of_kind(table, OBJECT)]
        with self._database.read() as connection:
            words, means = [raw, json.dumps(raw)[1:-1]], _naming(raw)
            return any(
                means(value)
                for column in columns
                for value in connection.execute(select(column).where(_contains(column, words))).scalars()
            )


def _declared(*kinds: str) -> list[Column[Any]]:
    """Columns that `erase` changes; those of some kinds."""
    asked = kinds or (SUBJECT, NAMED, KEYED, TEXT)
    return [column for table in tables.metadata.sorted_tables for column in of_kind(table, *asked)]


def _searched() -> Iterator[Table]:
    return (table for table in tables.metadata.sorted_tables if table.name not in KEPT_TABLES)


def _is(columns: Sequence[Column[Any]], person: PersonMatcher) -> ColumnElement[bool]:
    return or_(*(column.in_(person.names) for column in columns))


def _blank(connection: Connection, column: Column[Any], person: PersonMatcher) -> int:
    """Rows of other people lose the name; a listing without its recipient is no longer contactable."""
    change: dict[str, Any] = {column.name: ""}
    if (column.table.name, column.name) == ("listing", "recipient"):
        change["contactable"] = False
    return connection.execute(update(column.table).where(_is([column], person)).values(change)).rowcount


def _scrub(connection: Connection, table: Table, person: PersonMatcher) -> int:
    """What else mentions the person, in notes, counts or examples: how many rows."""
    columns, keys = of_kind(table, KEYED, TEXT), list(table.primary_key)
    rows = _mentioning(connection, table, person, columns)
    for row in rows:
        here = [key == row._mapping[key.name] for key in keys]
        after = {c.name: person.without(row._mapping[c.name]) for c in columns}
        change = {name: value for name, value in after.items() if value != row._mapping[name]}
        there = [key == change.get(key.name, row._mapping[key.name]) for key in keys]
        if any(key.name in change for key in keys) and connection.execute(select(*keys).where(*there)).first():
            connection.execute(delete(table).where(*here))  # the same without the person is there already
        else:
            connection.execute(update(table).where(*here).values(change))
    return len(rows)


def _mentioning(
    connection: Connection, table: Table, person: PersonMatcher, columns: Sequence[Column[Any]] | None = None
) -> list[Row[Any]]:
    """Rows in which one of these columns (all of text and JSON) names the person, each once."""
    asked = texts(table) if columns is None else columns
    keys = list(table.primary_key)
    found = {
        tuple(row._mapping[key.name] for key in keys): row for column in asked for row in _rows(connection, column, person)
    }
    return list(found.values())


def _names_anywhere(connection: Connection, table: Table, person: PersonMatcher) -> bool:
    """Whether a row of the table names the person in a column of text or JSON: one look at the table for all of them."""
    asked = [(column, _holds(column, person), _means(column, person)) for column in texts(table)]
    held = [condition for _, condition, _ in asked if condition is not None]
    rows = connection.execute(select(*(column for column, _, _ in asked)).where(or_(*held))) if held else ()
    return any(v is not None and means(v) for row in rows for v, (_, _, means) in zip(row, asked, strict=True))


def _rows(connection: Connection, column: Column[Any], person: PersonMatcher) -> list[Row[Any]]:
    """Rows of this column's table that name the person in it."""
    held, means = _holds(column, person), _means(column, person)
    if held is None:
        return []
    return [row for row in connection.execute(select(column.table).where(held)) if means(row._mapping[column.name])]


def _holds(column: Column[Any], person: PersonMatcher) -> ColumnElement[bool] | None:
    """What is true of every value that names the person, and of few others; None if there is no name to look for."""
    if column.info.get("pii") in (SUBJECT, NAMED):
        return _is([column], person) if person.names else None
    return _contains(column, person.stored) if person.stored else None


def _means(column: Column[Any], person: PersonMatcher) -> Callable[[Any], bool]:
    """Whether a value of the column names the person."""
    if column.info.get("pii") in (SUBJECT, NAMED):
        return lambda value: value in person.names
    return person.in_json if isinstance(column.type, JSON) else person.in_text


def _contains(column: Column[Any], words: Sequence[str]) -> ColumnElement[bool]:
    """Whether the value holds one of these words, somewhere and in letters of any size; false if there are no words."""
    text = cast(column, String) if isinstance(column.type, JSON) else column
    return or_(false(), *(text.contains(word, autoescape=True) for word in words))


def _naming(raw: str) -> Any:
    """Whether a value is this name, or a list that holds it."""
    return lambda value: value == raw or (isinstance(value, list) and raw in value)


def _inside(value: bytes, person: PersonMatcher) -> bool:
    try:
        data = zlib.decompress(value)
    except zlib.error:
        data = value
    spelled = person.spelled()
    return spelled is not None and spelled.search(data) is not None
