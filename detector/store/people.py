"""Which columns name people: what goes with a person, and where only the name goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, String, Table

from detector.store import tables


@dataclass(frozen=True)
class Named:
    """`own`: columns that say whom the row is about; `other`: columns in which somebody else's row names a person."""

    own: tuple[str, ...]
    other: tuple[str, ...] = ()


PEOPLE: Mapping[str, Named] = {
    "listing": Named(("subscriber",), ("recipient", "account")),
    "interaction": Named(("subscriber",)),
    "subscriber_event": Named(("subscriber",)),
    "experience": Named(("holder",)),
    "communication": Named(("subscriber",), ("recipient",)),
    "feedback": Named(("subscriber",)),
    "vault": Named(("pseudonym",)),
}
KEPT: Mapping[str, str] = {"audit": "who asked about this person, and that it was erased, for retention.audit_days"}
"""Tables that keep a person's pseudonym on purpose."""
SEALED = {("vault", "sealed")}
"""Columns that nobody can search."""


def worded(table: Table) -> list[Column[Any]]:
    """Columns that may hold a name: text and JSON."""
    return [c for c in table.columns if isinstance(c.type, String | JSON)]


def packed(table: Table) -> list[Column[Any]]:
    """Columns of bytes that may hold a name."""
    return [c for c in table.columns if isinstance(c.type, LargeBinary) and (table.name, c.name) not in SEALED]


def named_tables() -> Mapping[Table, Named]:
    return {tables.metadata.tables[name]: named for name, named in PEOPLE.items()}
