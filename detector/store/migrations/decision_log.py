"""Changes to what the log of decisions holds packed: fields of degradations and incidents, whose names stand once before
the rows of their values. For migrations: a renamed column is renamed there, too."""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

_DECISION = sa.table("decision", sa.column("number", sa.BigInteger), sa.column("before", sa.LargeBinary))
Fields = dict[str, Any]


def rename_fields(connection: sa.Connection, noun: str, names: Mapping[str, str]) -> None:
    """Fields of the noun (`degradations`, `incidents`) get new names: old -> new."""
    change_fields(connection, noun, lambda fields: {names.get(name, name): value for name, value in fields.items()})


def change_fields(connection: sa.Connection, noun: str, change: Callable[[Fields], Fields]) -> None:
    """Each of the noun's rows becomes what `change` makes of its fields: of the same names, in the same order, for all."""
    for number in connection.execute(sa.select(_DECISION.c.number).order_by(_DECISION.c.number)).scalars().all():
        here = _DECISION.c.number == number
        before = connection.execute(sa.select(_DECISION.c.before).where(here)).scalar_one()
        body: dict[str, Any] = json.loads(zlib.decompress(before))
        if body[noun]:
            body[noun] = _changed(body[noun], change)
            packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)
            connection.execute(sa.update(_DECISION).where(here).values(before=packed))


def _changed(rows: list[list[Any]], change: Callable[[Fields], Fields]) -> list[list[Any]]:
    fields = [change(dict(zip(rows[0], values, strict=True))) for values in rows[1:]]
    return [list(fields[0]), *(list(one.values()) for one in fields)]
