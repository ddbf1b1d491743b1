"""The audit log is chained by hashes; rows that are there already are chained as they are"""

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_PART = 2000
AUDIT = sa.table(
    "audit",
    sa.column("row", sa.Integer),
    sa.column("at", sa.Float),
    sa.column("actor", sa.String),
    sa.column("action", sa.String),
    sa.column("subject", sa.String),
    sa.column("detail", sa.Text),
    sa.column("hash", sa.String),
)
STATE = sa.table("state", sa.column("name", sa.String), sa.column("body", sa.JSON))


def upgrade() -> None:
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hash", sa.String(), nullable=False, server_default=""))
    connection, last, before = op.get_bind(), -1, ""
    while True:
        query = sa.select(AUDIT).where(AUDIT.c.row > last).order_by(AUDIT.c.row).limit(_PART)
        rows = connection.execute(query).fetchall()
        if not rows:
            break
        for row in rows:
            content = [before, row.row, float(row.at), row.actor, row.action, row.subject, row.detail]
            before = sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
            last = row.row
            connection.execute(AUDIT.update().where(AUDIT.c.row == row.row).values(hash=before))
    if before:
        connection.execute(STATE.insert().values(name="audit_head", body={"row": last, "hash": before}))


def downgrade() -> None:
    op.get_bind().execute(STATE.delete().where(STATE.c.name == "audit_head"))
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_column("hash")
