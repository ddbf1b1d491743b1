"""Whether missing data were a reporting gap: people were seen as usual"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reporting_gap", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.drop_column("reporting_gap")
