"""Evidence of a degradation and what it had to reach, under the names of the field: neg_log10_p and threshold"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

RENAMED = {"strength": "neg_log10_p", "bar": "threshold"}
DECISION = sa.table("decision", sa.column("number", sa.BigInteger), sa.column("before", sa.LargeBinary))


def upgrade() -> None:
    rename(RENAMED)


def downgrade() -> None:
    rename({new: old for old, new in RENAMED.items()})


def rename(columns: Mapping[str, str]) -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        for old, new in columns.items():
            batch_op.alter_column(old, new_column_name=new)
    connection = op.get_bind()
    for number, before in connection.execute(sa.select(DECISION.c.number, DECISION.c.before)).all():
        change = sa.update(DECISION).where(DECISION.c.number == number)
        connection.execute(change.values(before=renamed(before, columns)))


def renamed(before: bytes, columns: Mapping[str, str]) -> bytes:
    """What a decision began with, its degradations' fields renamed: the names stand once, before the rows of values."""
    body: dict[str, Any] = json.loads(zlib.decompress(before))
    if rows := body["degradations"]:
        rows[0] = [columns.get(name, name) for name in rows[0]]
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)
