"""What corrected data withdraw, and the log of decisions to go back in"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("superseded_by", sa.String(), server_default="", nullable=False))
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("works_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "decision",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("duration_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decision")),
    )


def downgrade() -> None:
    op.drop_table("decision")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        for name in ("works_until", "withdrawn_at"):
            batch_op.drop_column(name)
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        for name in ("superseded_by", "withdrawn_at"):
            batch_op.drop_column(name)
