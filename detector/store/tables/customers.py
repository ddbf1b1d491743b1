"""The tables about people: each column states what it holds of them."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from detector.store.pii_columns import FREE, KEPT, KEYED, NAMED, OBJECT, SEALED, SUBJECT, TEXT, declare
from detector.store.tables.columns import count, instant, maybe_instant, metadata, number, real, text, word

impact = Table(
    "impact",
    metadata,
    text("incident_id", primary_key=True),
    instant("assessed_at", primary_key=True),
    Column("exposed", Integer, nullable=False),
    number("affected"),
    number("affected_low"),
    number("affected_high"),
    Column("accounts", JSON, nullable=False),
)

listing = Table(
    "listing",
    metadata,
    Column("row", Integer, primary_key=True),
    text("incident_id"),
    text("subscriber"),
    text("account"),
    text("basis"),
    number("probability"),
    number("exposure_s"),
    instant("listed_at"),
    maybe_instant("delisted_at"),
    Column("contactable", Boolean, nullable=False),
    text("why_not"),
    text("action"),
    text("channel"),
    text("recipient"),
    instant("decided_at"),
    real("degraded_s"),
    real("failures"),
    maybe_instant("next_exposure_at"),
    number("risk"),
    word("rule"),
    word("team"),
    word("offer"),
    Index(None, "incident_id", "delisted_at"),
    Index(None, "subscriber", "delisted_at"),
    Index(None, "decided_at"),
)

outbox = Table(
    "outbox",
    metadata,
    text("key", primary_key=True),
    text("receiver", primary_key=True),
    text("incident_id"),
    text("type"),
    Column("sequence", Integer, nullable=False),
    text("severity"),
    instant("time"),
    instant("expires_at"),
    Column("data", JSON, nullable=False),
    Column("body", LargeBinary, nullable=True),
    text("state"),
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
    text("interaction_id", primary_key=True),
    instant("at"),
    text("kind"),
    text("channel"),
    text("subscriber"),
    text("category"),
    text("sorted_by"),
    number("sentiment"),
    text("cell_id"),
    number("score"),
    text("trigger"),
    text("outcome"),
    text("reaction"),
    Index(None, "at"),
    Index(None, "subscriber"),
)

subscriber_event = Table(
    "subscriber_event",
    metadata,
    text("subscriber", primary_key=True),
    instant("at", primary_key=True),
    text("kind", primary_key=True),
    Index(None, "at"),
)

experience = Table(
    "experience",
    metadata,
    instant("day", primary_key=True),
    text("holder_kind", primary_key=True),
    text("holder", primary_key=True),
    number("index"),
    number("degraded_s"),
    number("failures"),
    number("worst"),
    count("incidents"),
    number("trend"),
    Column("by_harm", JSON, nullable=False, server_default="{}"),
    Index(None, "holder"),
)

communication = Table(
    "communication",
    metadata,
    Column("row", Integer, primary_key=True),
    text("incident_id"),
    text("subscriber"),
    text("recipient"),
    instant("at"),
    text("action"),
    text("channel"),
    text("offer"),
    text("rule"),
    text("severity"),
    text("service"),
    Index(None, "incident_id"),
    Index(None, "subscriber"),
    Index(None, "recipient", "at"),
    Index(None, "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("row", Integer, primary_key=True),
    text("incident_id"),
    Column("at", Float, nullable=False),
    text("actor"),
    text("verdict"),
    text("subscriber"),
    text("outcome"),
    Index(None, "incident_id"),
    Index(None, "subscriber"),
)

vault = Table(
    "vault",
    metadata,
    text("pseudonym", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    maybe_instant("gone_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    text("actor"),
    text("action"),
    text("subject"),
    Column("detail", Text, nullable=False, default=""),
    word("hash"),
)

web_session = Table(
    "web_session",
    metadata,
    text("secret_hash", primary_key=True),
    text("name"),
    text("fingerprint"),
    Column("began_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    text("code", primary_key=True),
    Column("where", String, primary_key=True),
    Column("example", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Float, nullable=False),
)

declare(
    metadata,
    {
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
