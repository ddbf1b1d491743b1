"""The log of decisions names the fields of degradations and incidents in packed rows: a renamed column is renamed there,
too."""

import json
import zlib
from collections.abc import Mapping

import sqlalchemy as sa

_DECISION = sa.table("decision", sa.column("number", sa.Integer), sa.column("before", sa.LargeBinary))


def rename_fields(
    connection: sa.Connection, *, degradation: Mapping[str, str] | None = None, incident: Mapping[str, str] | None = None
) -> None:
    """Old name -> new name, of the fields of all degradations and of all incidents in the log."""
    names = {"degradations": degradation or {}, "incidents": incident or {}}
    rows = connection.execute(sa.select(_DECISION)).fetchall()
    for row in rows:
        body = json.loads(zlib.decompress(row.before))
        for part, renamed in names.items():
            if body[part]:
                body[part][0] = [renamed.get(name, name) for name in body[part][0]]
        packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)
        connection.execute(_DECISION.update().where(_DECISION.c.number == row.number).values(before=packed))
