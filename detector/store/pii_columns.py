"""What a column holds of people: declared for every column of text, JSON or bytes, in `Column.info["pii"]`.

`precall forget` changes what is declared to hold identities, and nothing else. A test fails for a column that is declared
neither way.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, MetaData, String, Table

SUBJECT = "subject"
"""The pseudonym of whom the row is about: the row goes with the person."""
NAMED = "named"
"""The pseudonym of a person in another person's row: the name goes, the row stays."""
KEYED = "keyed"
"""JSON in which pseudonyms stand as keys, items or values: those go."""
TEXT = "text"
"""Written for people to read, and may mention somebody: the mention goes."""
SEALED = "sealed"
"""Encrypted, goes with its row: nobody can search it."""
KEPT = "kept"
"""Names people on purpose, for as long as the retention of its table."""
OBJECT = "object"
"""No identity: names of the network's objects. Never changed; a name that stands here is not a person's alone."""
FREE = "free"
"""No identity of a subscriber or an account. Never changed."""
KINDS = frozenset({SUBJECT, NAMED, KEYED, TEXT, SEALED, KEPT, OBJECT, FREE})


def declare(metadata: MetaData, declared: Mapping[str, Mapping[str, str]]) -> None:
    """Write down what each table's columns hold: table -> kind -> names of columns, separated by spaces."""
    for table, kinds in declared.items():
        for kind, names in kinds.items():
            for name in names.split():
                metadata.tables[table].c[name].info["pii"] = kind


def of_kind(table: Table, *kinds: str) -> list[Column[Any]]:
    """The columns of this table that are declared so."""
    return [column for column in table.columns if column.info.get("pii") in kinds]


def texts(table: Table) -> list[Column[Any]]:
    """Columns in which an identity could stand and be found: text and JSON."""
    return [column for column in table.columns if isinstance(column.type, String | JSON)]


def packed(table: Table) -> list[Column[Any]]:
    """Columns of bytes that can be searched."""
    return [c for c in table.columns if isinstance(c.type, LargeBinary) and c.info.get("pii") != SEALED]


def subject_tables(metadata: MetaData) -> Iterator[Table]:
    """Tables with rows about people."""
    return (table for table in metadata.sorted_tables if of_kind(table, SUBJECT))
