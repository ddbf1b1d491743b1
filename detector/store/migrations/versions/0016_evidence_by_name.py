"""Evidence of a degradation and what it had to reach, under the names of the field: neg_log10_p and threshold"""

from collections.abc import Mapping

from alembic import op

from detector.store.migrations.decision_log import rename_fields

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

RENAMED = {"strength": "neg_log10_p", "bar": "threshold"}


def upgrade() -> None:
    rename(RENAMED)


def downgrade() -> None:
    rename({new: old for old, new in RENAMED.items()})


def rename(columns: Mapping[str, str]) -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        for old, new in columns.items():
            batch_op.alter_column(old, new_column_name=new)
    rename_fields(op.get_bind(), "degradations", columns)
