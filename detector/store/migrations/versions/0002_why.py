"""What explains a degradation, and what else could be the root of an incident"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parts", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("siblings", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("siblings_alike", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("neighbour_load", sa.Float(), nullable=True))
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rivals", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_column("rivals")
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        for name in ("neighbour_load", "siblings_alike", "siblings", "parts"):
            batch_op.drop_column(name)
