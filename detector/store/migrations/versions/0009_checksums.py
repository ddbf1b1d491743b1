"""Checksums of the files of the store, and ticks whose file was damaged"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("after_at", sa.Float(), nullable=True),
        sa.Column("until_at", sa.Float(), nullable=True),
        sa.Column("state", sa.String(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("path", "sha256", name="pk_stored_file"),
    )
    with op.batch_alter_table("tick", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("tick", schema=None) as batch_op:
        batch_op.drop_column("state")
    op.drop_table("stored_file")
