"""All tables. Times are seconds since the epoch; tuples are JSON lists; subscriber ids are pseudonyms."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from detector.store.pii_columns import FREE, KEPT, KEYED, NAMED, OBJECT, SEALED, SUBJECT, TEXT, declare

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})


def _text(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, String, nullable=False, default="", primary_key=primary_key)


def _time(name: str, *, primary_key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, primary_key=primary_key, autoincrement=False)


def _maybe_time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _number(name: str) -> Column[float]:
    return Column(name, Float, nullable=True)


def _real(name: str) -> Column[float]:
    """Zero for rows of before there was such a column."""
    return Column(name, Float, nullable=False, server_default="0")


def _word(name: str) -> Column[str]:
    return Column(name, String, nullable=False, server_default="")


def _list(name: str) -> Column[Any]:
    return Column(name, JSON, nullable=False, server_default="[]")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


source_file = Table(
    "piece",
    metadata,
    _text("source", primary_key=True),
    _text("name", primary_key=True),
    _text("sha256", primary_key=True),
    Column("window_start", BigInteger, primary_key=True, default=-1, autoincrement=False),
    Column("window_end", BigInteger, nullable=False, default=-1),
    Column("arrived_at", Float, nullable=False),
    Column("size", BigInteger, nullable=False),
    _text("state"),
    Column("reason", Text, nullable=False, default=""),
)

tick = Table(
    "tick",
    metadata,
    _time("start", primary_key=True),
    _time("duration_s", primary_key=True),
    Column("version", Integer, nullable=False),
    _text("path"),
    Column("objects", Integer, nullable=False),
    _word("state"),
    Index(None, "path"),
)

stored_file = Table(
    "stored_file",
    metadata,
    _text("path", primary_key=True),
    _text("sha256", primary_key=True),
    Column("size", BigInteger, nullable=False),
    _number("after_at"),
    _number("until_at"),
    _word("state"),
)

tick_source_file = Table(
    "tick_piece",
    metadata,
    _time("start", primary_key=True),
    _time("duration_s", primary_key=True),
    _text("source", primary_key=True),
    _text("name", primary_key=True),
    _text("sha256", primary_key=True),
    _time("window_start", primary_key=True),
)

pending_step = Table(
    "owed",
    metadata,
    _text("step"),
    _time("start"),
    _time("duration_s"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("step", "start", "duration_s"),
)

completed_step = Table(
    "done",
    metadata,
    _text("step"),
    _time("start"),
    _time("duration_s"),
    Column("version", Integer, nullable=False),
    Column("done_at", Float, nullable=False),
    PrimaryKeyConstraint("step", "start", "duration_s"),
)

state = Table("state", metadata, _text("name", primary_key=True), Column("body", JSON, nullable=False))

degradation = Table(
    "degradation",
    metadata,
    _text("degradation_id", primary_key=True),
    _text("object_id"),
    _text("family"),
    _text("kpi"),
    _text("kind"),
    _time("started_at"),
    _time("detected_at"),
    _text("severity"),
    _number("neg_log10_p"),
    _number("expected"),
    _number("observed"),
    _number("numerator"),
    _number("denominator"),
    _number("excess"),
    Column("periods", Integer, nullable=False),
    Column("duration_s", Integer, nullable=False),
    _maybe_time("cleared_at"),
    Column("quiet_periods", Integer, nullable=False),
    _text("confirmed_by"),
    _time("updated_at"),
    _list("parts"),
    _count("siblings"),
    _count("siblings_alike"),
    _number("neighbour_load"),
    _maybe_time("withdrawn_at"),
    Column("superseded_by", String, nullable=False, server_default=""),
    Column("threshold", Float, nullable=False, server_default="0"),
    Column("raised_at", BigInteger, nullable=False, server_default="0"),
    _list("readings"),
    _maybe_time("no_data_since"),
    Index(None, "cleared_at"),
    Index(None, "started_at"),
)

incident = Table(
    "incident",
    metadata,
    _text("incident_id", primary_key=True),
    _text("root_kind"),
    _text("root_id"),
    _text("kind"),
    _time("started_at"),
    _time("opened_at"),
    _text("severity"),
    Column("degradation_ids", JSON, nullable=False),
    Column("cells", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    _text("state"),
    _maybe_time("resolved_at"),
    _time("updated_at"),
    Column("version", Integer, nullable=False),
    _text("alarm_id"),
    _text("ticket_id"),
    _maybe_time("expected_clear_at"),
    _text("expected_clear_source"),
    _text("suppressed_reason"),
    _number("confidence"),
    _list("rivals"),
    _maybe_time("withdrawn_at"),
    _maybe_time("works_until"),
    _maybe_time("ended_at"),
    _maybe_time("no_data_since"),
    Index(None, "state"),
    Index(None, "opened_at"),
)

decision = Table(
    "decision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _time("start"),
    _time("duration_s"),
    _time("decided_at"),
    Column("before", LargeBinary, nullable=False),
)

impact = Table(
    "impact",
    metadata,
    _text("incident_id", primary_key=True),
    _time("assessed_at", primary_key=True),
    Column("exposed", Integer, nullable=False),
    _number("affected"),
    _number("affected_low"),
    _number("affected_high"),
    Column("accounts", JSON, nullable=False),
)

listing = Table(
    "listing",
    metadata,
    Column("row", Integer, primary_key=True),
    _text("incident_id"),
    _text("subscriber"),
    _text("account"),
    _text("basis"),
    _number("probability"),
    _number("exposure_s"),
    _time("listed_at"),
    _maybe_time("delisted_at"),
    Column("contactable", Boolean, nullable=False),
    _text("why_not"),
    _text("action"),
    _text("channel"),
    _text("recipient"),
    _time("decided_at"),
    _real("degraded_s"),
    _real("failures"),
    _maybe_time("next_exposure_at"),
    _number("risk"),
    _word("rule"),
    _word("team"),
    _word("offer"),
    Index(None, "incident_id", "delisted_at"),
    Index(None, "subscriber", "delisted_at"),
    Index(None, "decided_at"),
)

outbox = Table(
    "outbox",
    metadata,
    _text("key", primary_key=True),
    _text("receiver", primary_key=True),
    _text("incident_id"),
    _text("type"),
    Column("sequence", Integer, nullable=False),
    _text("severity"),
    _time("time"),
    _time("expires_at"),
    Column("data", JSON, nullable=False),
    Column("body", LargeBinary, nullable=True),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("last_error", Text, nullable=False, default=""),
    Column("finished_at", Float, nullable=True),
    Index(None, "state", "next_at"),
    Index(None, "incident_id"),
)

interaction = Table(
    "interaction",
    metadata,
    _text("interaction_id", primary_key=True),
    _time("at"),
    _text("kind"),
    _text("channel"),
    _text("subscriber"),
    _text("category"),
    _text("sorted_by"),
    _number("sentiment"),
    _text("cell_id"),
    _number("score"),
    _text("trigger"),
    _text("outcome"),
    _text("reaction"),
    Index(None, "at"),
    Index(None, "subscriber"),
)

subscriber_event = Table(
    "subscriber_event",
    metadata,
    _text("subscriber", primary_key=True),
    _time("at", primary_key=True),
    _text("kind", primary_key=True),
    Index(None, "at"),
)

experience = Table(
    "experience",
    metadata,
    _time("day", primary_key=True),
    _text("holder_kind", primary_key=True),
    _text("holder", primary_key=True),
    _number("index"),
    _number("degraded_s"),
    _number("failures"),
    _number("worst"),
    _count("incidents"),
    _number("trend"),
    Column("by_harm", JSON, nullable=False, server_default="{}"),
    Index(None, "holder"),
)

communication = Table(
    "communication",
    metadata,
    Column("row", Integer, primary_key=True),
    _text("incident_id"),
    _text("subscriber"),
    _text("recipient"),
    _time("at"),
    _text("action"),
    _text("channel"),
    _text("offer"),
    _text("rule"),
    _text("severity"),
    _text("service"),
    Index(None, "incident_id"),
    Index(None, "subscriber"),
    Index(None, "recipient", "at"),
    Index(None, "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("row", Integer, primary_key=True),
    _text("incident_id"),
    Column("at", Float, nullable=False),
    _text("actor"),
    _text("verdict"),
    _text("subscriber"),
    _text("outcome"),
    Index(None, "incident_id"),
    Index(None, "subscriber"),
)

vault = Table(
    "vault",
    metadata,
    _text("pseudonym", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    _maybe_time("gone_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    _text("actor"),
    _text("action"),
    _text("subject"),
    Column("detail", Text, nullable=False, default=""),
    _word("hash"),
)

web_session = Table(
    "web_session",
    metadata,
    _text("secret_hash", primary_key=True),
    _text("name"),
    _text("fingerprint"),
    Column("began_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    _text("code", primary_key=True),
    Column("where", String, primary_key=True),
    Column("example", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Float, nullable=False),
)

declare(
    metadata,
    {
        "piece": {FREE: "source name sha256 state", TEXT: "reason"},
        "tick": {FREE: "path state"},
        "stored_file": {FREE: "path sha256 state"},
        "tick_piece": {FREE: "source name sha256"},
        "owed": {FREE: "step"},
        "done": {FREE: "step"},
        "state": {FREE: "name", KEYED: "body"},
        "degradation": {
            FREE: "degradation_id family kpi kind severity confirmed_by parts readings superseded_by",
            OBJECT: "object_id",
        },
        "incident": {
            FREE: "incident_id root_kind kind severity degradation_ids reason state alarm_id ticket_id expected_clear_source"
            " suppressed_reason rivals",
            OBJECT: "root_id cells",
        },
        "decision": {FREE: "before"},
        "impact": {FREE: "incident_id", KEYED: "accounts"},
        "listing": {
            SUBJECT: "subscriber",
            NAMED: "account recipient",
            FREE: "incident_id basis why_not action channel rule team offer",
        },
        "outbox": {FREE: "key receiver incident_id type severity body state", KEYED: "data", TEXT: "last_error"},
        "interaction": {
            SUBJECT: "subscriber",
            OBJECT: "cell_id",
            FREE: "interaction_id kind channel category sorted_by trigger outcome reaction",
        },
        "subscriber_event": {SUBJECT: "subscriber", FREE: "kind"},
        "experience": {SUBJECT: "holder", FREE: "holder_kind by_harm"},
        "communication": {
            SUBJECT: "subscriber",
            NAMED: "recipient",
            FREE: "incident_id action channel offer rule severity service",
        },
        "feedback": {SUBJECT: "subscriber", FREE: "incident_id actor verdict outcome"},
        "vault": {SUBJECT: "pseudonym", SEALED: "sealed"},
        "audit": {KEPT: "subject detail", FREE: "actor action hash"},
        "web_session": {FREE: "secret_hash name fingerprint"},
        "finding": {FREE: "code", TEXT: "where example"},
    },
)
