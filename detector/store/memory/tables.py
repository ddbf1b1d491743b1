"""Rows in memory, and transactions over them that roll back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Rows = dict[Any, Any]


@dataclass
class Tables:
    """Name -> its rows by key: `committed` is what reads see; a transaction works on a copy of what it touches."""

    committed: dict[str, Rows] = field(default_factory=dict)
    numbered: int = 0

    def read(self, name: str) -> Rows:
        return self.committed.get(name, {})

    @contextmanager
    def begin(self) -> Iterator["InMemoryTransaction"]:
        transaction = InMemoryTransaction(self)
        yield transaction
        self.committed.update(transaction.changed)


@dataclass
class InMemoryTransaction:
    """What was changed in it, table by table; dropped with it after an error."""

    tables: Tables
    changed: dict[str, Rows] = field(default_factory=dict)

    def rows(self, name: str) -> Rows:
        """The rows of a table, to be changed."""
        return self.changed.setdefault(name, dict(self.tables.read(name)))

    def number(self) -> int:
        self.tables.numbered += 1
        return self.tables.numbered


@dataclass(frozen=True)
class InMemoryRepository:
    tables: Tables
    name: str

    def _all(self) -> list[Any]:
        return list(self.tables.read(self.name).values())
