"""The tables of what is measured and decided: files, ticks, degradations, incidents."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

from detector.store.pii_columns import FREE, OBJECT, TEXT, declare
from detector.store.tables.columns import count, instant, json_list, maybe_instant, metadata, number, text, word

source_file = Table(
    "source_file",
    metadata,
    text("feed", primary_key=True),
    text("name", primary_key=True),
    text("sha256", primary_key=True),
    Column("window_start", BigInteger, primary_key=True, default=-1, autoincrement=False),
    Column("window_end", BigInteger, nullable=False, default=-1),
    Column("arrived_at", Float, nullable=False),
    Column("size", BigInteger, nullable=False),
    text("state"),
    Column("reason", Text, nullable=False, default=""),
)

tick = Table(
    "tick",
    metadata,
    instant("start", primary_key=True),
    instant("duration_s", primary_key=True),
    Column("version", Integer, nullable=False),
    text("path"),
    Column("objects", Integer, nullable=False),
    word("state"),
    Index(None, "path"),
)

stored_file = Table(
    "stored_file",
    metadata,
    text("path", primary_key=True),
    text("sha256", primary_key=True),
    Column("size", BigInteger, nullable=False),
    number("after_at"),
    number("until_at"),
    word("state"),
)

tick_source_file = Table(
    "tick_source_file",
    metadata,
    instant("start", primary_key=True),
    instant("duration_s", primary_key=True),
    text("feed", primary_key=True),
    text("name", primary_key=True),
    text("sha256", primary_key=True),
    instant("window_start", primary_key=True),
)

pending_step = Table(
    "pending_step",
    metadata,
    text("step"),
    instant("start"),
    instant("duration_s"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("step", "start", "duration_s"),
)

completed_step = Table(
    "completed_step",
    metadata,
    text("step"),
    instant("start"),
    instant("duration_s"),
    Column("version", Integer, nullable=False),
    Column("completed_at", Float, nullable=False),
    PrimaryKeyConstraint("step", "start", "duration_s"),
)

degradation = Table(
    "degradation",
    metadata,
    text("degradation_id", primary_key=True),
    text("object_id"),
    text("family"),
    text("kpi"),
    text("kind"),
    instant("started_at"),
    instant("detected_at"),
    text("severity"),
    number("neg_log10_p"),
    number("expected"),
    number("observed"),
    number("numerator"),
    number("denominator"),
    number("excess"),
    Column("periods", Integer, nullable=False),
    Column("duration_s", Integer, nullable=False),
    maybe_instant("cleared_at"),
    Column("quiet_periods", Integer, nullable=False),
    json_list("confirmed_by"),
    instant("updated_at"),
    json_list("parts"),
    count("siblings"),
    count("siblings_alike"),
    number("neighbour_load"),
    maybe_instant("withdrawn_at"),
    Column("superseded_by", String, nullable=False, server_default=""),
    Column("threshold", Float, nullable=False, server_default="0"),
    Column("raised_at", BigInteger, nullable=False, server_default="0"),
    json_list("readings"),
    maybe_instant("no_data_since"),
    Column("reporting_gap", Boolean, nullable=False, server_default=false()),
    Index(None, "cleared_at"),
    Index(None, "started_at"),
)

incident = Table(
    "incident",
    metadata,
    text("incident_id", primary_key=True),
    text("root_kind"),
    text("root_id"),
    text("kind"),
    instant("started_at"),
    instant("opened_at"),
    text("severity"),
    Column("degradation_ids", JSON, nullable=False),
    Column("cells", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    text("state"),
    maybe_instant("resolved_at"),
    instant("updated_at"),
    Column("version", Integer, nullable=False),
    text("alarm_id"),
    text("ticket_id"),
    maybe_instant("expected_clear_at"),
    text("expected_clear_source"),
    Column("suppression", String, nullable=True),
    Column("merged_into", String, nullable=True),
    Column("joined_by_onset", Boolean, nullable=False, server_default=false()),
    number("confidence"),
    json_list("root_candidates"),
    maybe_instant("withdrawn_at"),
    maybe_instant("works_until"),
    maybe_instant("ended_at"),
    maybe_instant("no_data_since"),
    Index(None, "state"),
    Index(None, "opened_at"),
)

decision = Table(
    "decision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    instant("start"),
    instant("duration_s"),
    instant("decided_at"),
    Column("before", LargeBinary, nullable=False),
)

declare(
    metadata,
    {
        "source_file": {FREE: "feed name sha256 state", TEXT: "reason"},
        "tick": {FREE: "path state"},
        "stored_file": {FREE: "path sha256 state"},
        "tick_source_file": {FREE: "feed name sha256"},
        "pending_step": {FREE: "step"},
        "completed_step": {FREE: "step"},
        "degradation": {
            FREE: "degradation_id family kpi kind severity confirmed_by parts readings superseded_by",
            OBJECT: "object_id",
        },
        "incident": {
            FREE: "incident_id root_kind kind severity degradation_ids reason state alarm_id ticket_id expected_clear_source"
            " suppression merged_into root_candidates",
            OBJECT: "root_id cells",
        },
        "decision": {FREE: "before"},
    },
)
