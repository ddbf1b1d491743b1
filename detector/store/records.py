"""Domain nouns to rows and back: the columns are the noun's fields; tuples travel as JSON lists."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from importlib import import_module
from operator import itemgetter
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable, Row, Table

from detector.domain.degradation import Part, Reading
from detector.domain.incident import RootCandidate

Noun = TypeVar("Noun")
Key = TypeVar("Key")
_ROWS_A_STATEMENT = 500
"""Rows of one insert. Chosen: under the 32,766 values of a statement in SQLite for sixty columns."""
KEYS_A_QUERY = 500
"""Keys that are named in one query: databases bound the number of values (SQLite: 32,766, before 3.32 999)."""
_ROWS_WITHIN: Mapping[str, Any] = {
    "parts": Part,
    "readings": Reading,
    "root_candidates": RootCandidate,
    "roles": lambda *pair: pair,
    "cell_shares": lambda *pair: pair,
}
"""Fields that hold rows of their own."""


def row_of(noun: Any) -> dict[str, Any]:
    """The noun's fields as plain column values."""
    values = ((name, getattr(noun, name)) for name in _names(noun.__class__))
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values}


@lru_cache(maxsize=64)
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def noun_of(kind: type[Noun], row: Row[Any]) -> Noun:
    """A noun from a row that has its fields; other columns are ignored."""
    columns = row._mapping
    return noun_from(kind, {f.name: columns[f.name] for f in fields(kind) if f.name in columns})  # type: ignore[arg-type]


def nouns_of(kind: type[Noun], result: CursorResult[Any]) -> list[Noun]:
    """All of a query's nouns; many are made four times as fast together as one by one."""
    columns = list(result.keys())
    names = [f.name for f in fields(kind) if f.name in columns]  # type: ignore[arg-type]
    pick = itemgetter(*map(columns.index, names)) if len(names) > 1 else lambda row: (row[columns.index(names[0])],)
    return [
        kind(**{name: _tuple(name, v) if type(v) is list else v for name, v in zip(names, pick(row), strict=True)})
        for row in result
    ]


def noun_from(kind: type[Noun], values: Mapping[str, Any]) -> Noun:
    """A noun from plain values of its fields, lists as the tuples that they were."""
    return kind(**{name: _tuple(name, v) if isinstance(v, list) else v for name, v in values.items()})


def _tuple(name: str, values: list[Any]) -> tuple[Any, ...]:
    item = _ROWS_WITHIN.get(name)
    return tuple(item(*v) for v in values) if item else tuple(values)


def batches(keys: Iterable[Key], size: int = KEYS_A_QUERY) -> list[list[Key]]:
    """The keys in lists of at most `size`, in their order.

    >>> batches("abcde", 2)
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    listed = list(keys)
    return [listed[at : at + size] for at in range(0, len(listed), size)]


def upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert, or replace the row that has the same primary key: running it twice leaves one row."""
    todo = list(rows)
    if not todo:
        return
    statement = _upserting(table, tuple(todo[0]), connection.dialect.name)
    for at in range(0, len(todo), _ROWS_A_STATEMENT):
        connection.execute(statement, todo[at : at + _ROWS_A_STATEMENT])


@lru_cache(maxsize=128)
def _upserting(table: Table, columns: tuple[str, ...], dialect: str) -> Executable:
    """Kept, for making the statement takes longer than the database takes to run it."""
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    keys = [c.name for c in table.primary_key]
    rest = {name: insert.excluded[name] for name in columns if name not in keys}
    return cast(
        "Executable",
        insert.on_conflict_do_update(index_elements=keys, set_=rest) if rest else insert.on_conflict_do_nothing(),
    )
