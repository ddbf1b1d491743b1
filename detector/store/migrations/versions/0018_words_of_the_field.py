"""Tables and columns by the words of the field, and in columns of their own what was read out of texts: into which incident
one was merged, why it is suppressed, whether its cells were joined by their onset, who confirms a degradation"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from detector.store.migrations.decision_log import change_fields

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MERGED = "merged:"
_TOGETHER = "began together"
_FILES = "files "
_RENAMED = {
    "piece": ("source_file", {"source": "feed"}),
    "tick_piece": ("tick_source_file", {"source": "feed"}),
    "owed": ("pending_step", {}),
    "done": ("completed_step", {"done_at": "completed_at"}),
}
"""Table -> its name from now on, and those of its columns that change."""
_COMMUNICATION = sa.table("communication", sa.column("action", sa.String))
_DEGRADATION = sa.table(
    "degradation", sa.column("confirmed_by", sa.String), sa.column("confirmations", sa.JSON), sa.column("degradation_id")
)
_FEED_PART = sa.table("feed_part", sa.column("part", sa.String), sa.column("series", sa.String))
_INCIDENT = sa.table(
    "incident",
    sa.column("root_kind", sa.String),
    sa.column("reason", sa.Text),
    sa.column("suppressed_reason", sa.String),
    sa.column("suppression", sa.String),
    sa.column("merged_into", sa.String),
    sa.column("joined_by_onset", sa.Boolean),
)


def upgrade() -> None:
    for old, (new, columns) in _RENAMED.items():
        _rename_table(old, new, columns)
    _set(_COMMUNICATION, {"action": "retracted"}, _COMMUNICATION.c.action == "taken_back")
    _upgrade_incidents()
    _upgrade_degradations()
    with op.batch_alter_table("feed_part", schema=None) as batch_op:
        batch_op.add_column(sa.Column("series", sa.String(), server_default="", nullable=False))
    series = sa.func.substr(_FEED_PART.c.part, len(_FILES) + 1)
    _set(_FEED_PART, {"series": series}, _FEED_PART.c.part.startswith(_FILES))
    change_fields(op.get_bind(), "incidents", incident_upgraded)
    change_fields(op.get_bind(), "degradations", _confirmed(lambda names: names.split(",") if names else []))


def downgrade() -> None:
    change_fields(op.get_bind(), "degradations", _confirmed(",".join))
    change_fields(op.get_bind(), "incidents", incident_downgraded)
    with op.batch_alter_table("feed_part", schema=None) as batch_op:
        batch_op.drop_column("series")
    _downgrade_degradations()
    _downgrade_incidents()
    _set(_COMMUNICATION, {"action": "taken_back"}, _COMMUNICATION.c.action == "retracted")
    for old, (new, columns) in _RENAMED.items():
        _rename_table(new, old, {after: before for before, after in columns.items()})


def _set(table: sa.TableClause, values: Mapping[str, Any], where: sa.ColumnElement[bool]) -> None:
    op.get_bind().execute(sa.update(table).where(where).values(**values))


def _rename_table(old: str, new: str, columns: Mapping[str, str]) -> None:
    """Made anew, so that its constraints have the new name, too, and filled from the old one."""
    connection = op.get_bind()
    before = sa.Table(old, sa.MetaData(), autoload_with=connection)
    own = [sa.Column(columns.get(c.name, c.name), c.type, nullable=c.nullable, autoincrement=False) for c in before.columns]
    keys = [columns.get(c.name, c.name) for c in before.primary_key.columns]
    made = op.create_table(new, *own, sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{new}")))
    connection.execute(made.insert().from_select([c.name for c in own], sa.select(*before.columns)))
    op.drop_table(old)


def _upgrade_incidents() -> None:
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.alter_column("rivals", new_column_name="root_candidates")
        batch_op.add_column(sa.Column("suppression", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("joined_by_onset", sa.Boolean(), server_default=sa.false(), nullable=False))
    own = _INCIDENT.c
    merged = own.suppressed_reason.startswith(_MERGED)
    _set(_INCIDENT, {"merged_into": sa.func.substr(own.suppressed_reason, len(_MERGED) + 1)}, merged)
    _set(_INCIDENT, {"suppression": own.suppressed_reason}, (own.suppressed_reason != "") & ~merged)
    together = (own.root_kind == "cell") & own.reason.contains(_TOGETHER)
    _set(_INCIDENT, {"joined_by_onset": True}, together)
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_column("suppressed_reason")


def _downgrade_incidents() -> None:
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.alter_column("root_candidates", new_column_name="rivals")
        batch_op.add_column(sa.Column("suppressed_reason", sa.String(), server_default="", nullable=False))
    own = _INCIDENT.c
    _set(_INCIDENT, {"suppressed_reason": own.suppression}, own.suppression.is_not(None))
    _set(_INCIDENT, {"suppressed_reason": _MERGED + own.merged_into}, own.merged_into.is_not(None))
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.alter_column("suppressed_reason", server_default=None)
        batch_op.drop_column("joined_by_onset")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("suppression")


def _upgrade_degradations() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmations", sa.JSON(), server_default="[]", nullable=False))
    own, connection = _DEGRADATION.c, op.get_bind()
    for names in connection.execute(sa.select(own.confirmed_by).where(own.confirmed_by != "").distinct()).scalars().all():
        _set(_DEGRADATION, {"confirmations": names.split(",")}, own.confirmed_by == names)
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.drop_column("confirmed_by")
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.alter_column("confirmations", new_column_name="confirmed_by")


def _downgrade_degradations() -> None:
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.alter_column("confirmed_by", new_column_name="confirmations")
    with op.batch_alter_table("degradation", schema=None) as batch_op:  # in a batch of its own: the name is free only now
        batch_op.add_column(sa.Column("confirmed_by", sa.String(), server_default="", nullable=False))
    own, connection = _DEGRADATION.c, op.get_bind()
    as_text = sa.cast(own.confirmations, sa.Text)
    for names in connection.execute(sa.select(as_text).where(as_text != "[]").distinct()).scalars().all():
        _set(_DEGRADATION, {"confirmed_by": ",".join(json.loads(names))}, as_text == names)
    with op.batch_alter_table("degradation", schema=None) as batch_op:
        batch_op.drop_column("confirmations")
        batch_op.alter_column("confirmed_by", server_default=None)


def incident_upgraded(fields: dict[str, Any]) -> dict[str, Any]:
    """Of an incident in the log of decisions, the columns as they are from now on."""
    found = dict(fields)
    why = found.pop("suppressed_reason")
    merged = why.startswith(_MERGED)
    return found | {
        "root_candidates": found.pop("rivals"),
        "suppression": None if merged else why or None,
        "merged_into": why.removeprefix(_MERGED) if merged else None,
        "joined_by_onset": found["root_kind"] == "cell" and _TOGETHER in found["reason"],
    }


def incident_downgraded(fields: dict[str, Any]) -> dict[str, Any]:
    found = dict(fields)
    into, why = found.pop("merged_into"), found.pop("suppression")
    del found["joined_by_onset"]
    return found | {"rivals": found.pop("root_candidates"), "suppressed_reason": f"{_MERGED}{into}" if into else why or ""}


def _confirmed(change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: fields | {"confirmed_by": change(fields["confirmed_by"])}
