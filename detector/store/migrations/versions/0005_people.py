"""From cells to people: interactions instead of contacts, experience, communications, feedback, and more of each listing"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LISTING = (
    sa.Column("degraded_s", sa.Float(), server_default="0", nullable=False),
    sa.Column("failures", sa.Float(), server_default="0", nullable=False),
    sa.Column("next_exposure_at", sa.BigInteger(), nullable=True),
    sa.Column("risk", sa.Float(), nullable=True),
    sa.Column("rule", sa.String(), server_default="", nullable=False),
    sa.Column("team", sa.String(), server_default="", nullable=False),
    sa.Column("offer", sa.String(), server_default="", nullable=False),
)


def upgrade() -> None:
    with op.batch_alter_table("listing", schema=None) as batch_op:
        for column in LISTING:
            batch_op.add_column(column)
    with op.batch_alter_table("vault", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gone_at", sa.BigInteger(), nullable=True))
    _interactions()
    _experience()
    _communications()
    _feedback()


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False, primary_key=key) for name in names]


def _interactions() -> None:
    op.create_table(
        "interaction",
        *_texts("interaction_id", key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("kind", "channel", "subscriber", "category", "sorted_by"),
        sa.Column("sentiment", sa.Float(), nullable=True),
        *_texts("cell_id"),
        sa.Column("score", sa.Float(), nullable=True),
        *_texts("trigger", "outcome", "reaction"),
    )
    op.execute(
        "INSERT INTO interaction (interaction_id, at, kind, channel, subscriber, category, sorted_by, cell_id, trigger, "
        "outcome, reaction) SELECT contact_id, at, 'contact', channel, subscriber, category, 'told', cell_id, '', '', '' "
        "FROM contact"
    )
    op.drop_table("contact")
    op.create_index("ix_interaction_at", "interaction", ["at"])
    op.create_index("ix_interaction_subscriber", "interaction", ["subscriber"])
    op.create_table(
        "subscriber_event",
        *_texts("subscriber", key=True),
        sa.Column("at", sa.BigInteger(), nullable=False, primary_key=True),
        *_texts("kind", key=True),
    )
    op.create_index("ix_subscriber_event_at", "subscriber_event", ["at"])


def _experience() -> None:
    op.create_table(
        "experience",
        sa.Column("day", sa.BigInteger(), nullable=False, primary_key=True),
        *_texts("holder_kind", "holder", key=True),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("index", "degraded_s", "failures", "worst")),
        sa.Column("incidents", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trend", sa.Float(), nullable=True),
        sa.Column("by_harm", sa.JSON(), server_default="{}", nullable=False),
    )
    op.create_index("ix_experience_holder", "experience", ["holder"])


def _communications() -> None:
    op.create_table(
        "communication",
        sa.Column("row", sa.Integer(), primary_key=True),
        *_texts("incident_id", "subscriber", "recipient"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("action", "channel", "offer", "rule", "severity", "service"),
    )
    op.create_index("ix_communication_incident_id", "communication", ["incident_id"])
    op.create_index("ix_communication_subscriber", "communication", ["subscriber"])
    op.create_index("ix_communication_recipient_at", "communication", ["recipient", "at"])
    op.create_index("ix_communication_at", "communication", ["at"])


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("row", sa.Integer(), primary_key=True),
        *_texts("incident_id"),
        sa.Column("at", sa.Float(), nullable=False),
        *_texts("actor", "verdict", "subscriber", "outcome"),
    )
    op.create_index("ix_feedback_incident_id", "feedback", ["incident_id"])
    op.create_index("ix_feedback_subscriber", "feedback", ["subscriber"])


def downgrade() -> None:
    for name in ("feedback", "communication", "experience", "subscriber_event", "interaction"):
        op.drop_table(name)
    op.create_table(
        "contact",
        *_texts("contact_id", key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("channel", "subscriber", "category", "cell_id"),
    )
    with op.batch_alter_table("listing", schema=None) as batch_op:
        for column in LISTING:
            batch_op.drop_column(column.name)
    with op.batch_alter_table("vault", schema=None) as batch_op:
        batch_op.drop_column("gone_at")
