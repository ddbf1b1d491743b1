"""How sure a degradation had to be, and since when it is, so that care hears of the surer ones only"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bar", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("raised_at", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        for name in ("raised_at", "bar"):
            batch_op.drop_column(name)
