"""The tables of the jobs' state from one run to the next."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, Table

from detector.store.pii_columns import FREE, KEYED, OBJECT, TEXT, declare
from detector.store.tables.columns import count, instant, json_list, maybe_instant, metadata, number, text, word


def _float(name: str) -> Column[float]:
    return Column(name, Float, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


cursor = Table(
    "cursor",
    metadata,
    text("feed", primary_key=True),
    text("what", primary_key=True),
    _float("until"),
    text("position"),
)
progress = Table("progress", metadata, text("job", primary_key=True), number("until"), text("made_for"))
feed_state = Table("feed_state", metadata, text("feed", primary_key=True), number("last_seen"), _flag("backlog"))
feed_part = Table(
    "feed_part",
    metadata,
    text("feed", primary_key=True),
    text("part", primary_key=True),
    word("series"),
    count("number"),
    number("advanced_at"),
    instant("data_until"),
    instant("duration_s"),
    json_list("gaps"),
    json_list("starts"),
    count("times"),
)
feed_stop = Table(
    "feed_stop",
    metadata,
    text("feed", primary_key=True),
    text("part", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    maybe_instant("since"),
    count("objects"),
    count("of"),
    instant("noticed_at"),
)
counter_name = Table(
    "counter_name", metadata, text("name", primary_key=True), _flag("known"), _flag("unused"), text("meant")
)
notification = Table(
    "notification",
    metadata,
    text("incident_id", primary_key=True),
    text("type"),
    Column("version", Integer, nullable=False),
    _float("affected"),
    _flag("withdrawn"),
    Column("said", JSON, nullable=False),
)
waiting_incident = Table(
    "waiting_incident",
    metadata,
    text("incident_id", primary_key=True),
    text("why"),
    instant("since"),
    text("severity"),
    text("team"),
    Column("say", JSON, nullable=False),
)
outlook = Table(
    "outlook",
    metadata,
    text("incident_id", primary_key=True),
    instant("made_at"),
    instant("clear_at"),
    instant("clear_low"),
    instant("clear_high"),
    count("past"),
    json_list("breaches"),
)
missing_data = Table(
    "missing_data",
    metadata,
    instant("duration_s", primary_key=True),
    Column("periods", JSON, nullable=False),
)
learned_extent = Table(
    "learned_extent",
    metadata,
    instant("duration_s", primary_key=True),
    _float("days"),
    count("objects"),
    count("kpis"),
    instant("until"),
)
adopted_level = Table(
    "adopted_level", metadata, text("object_id", primary_key=True), text("kpi", primary_key=True), instant("since")
)
learned_model = Table(
    "learned_model",
    metadata,
    text("name", primary_key=True),
    Column("body", JSON, nullable=False),
    text("why_not"),
)
contact_burst = Table(
    "contact_burst",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    text("place_kind"),
    text("place_id"),
    instant("since"),
    instant("until"),
    count("contacts"),
    count("people"),
    _float("expected"),
    _float("chance"),
)
tombstone = Table("tombstone", metadata, text("digest", primary_key=True), instant("erased_at"))
key_fingerprint = Table(
    "key_fingerprint",
    metadata,
    text("purpose", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    text("fingerprint"),
)
saved_clock = Table(
    "saved_clock",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    text("boot"),
    _float("at"),
    _float("steady"),
    _flag("borne_out"),
    _float("sure_at"),
    number("jump_since"),
    number("jump_at"),
    number("jump_to"),
    number("jump_newest"),
    _flag("jump_reported"),
)
daemon_lease = Table(
    "daemon_lease",
    metadata,
    text("name", primary_key=True),
    text("host"),
    Column("pid", BigInteger, nullable=False),
    text("url"),
    _float("at"),
)
audit_head = Table("audit_head", metadata, Column("row", Integer, primary_key=True, autoincrement=False), text("hash"))
delivery_clock = Table("delivery_clock", metadata, text("machine", primary_key=True), _float("offset_s"))
receiver_state = Table(
    "receiver_state",
    metadata,
    text("receiver", primary_key=True),
    count("failures"),
    number("since"),
    text("gone_url"),
)

declare(
    metadata,
    {
        "cursor": {FREE: "feed what position"},
        "progress": {FREE: "job made_for"},
        "feed_state": {FREE: "feed"},
        "feed_part": {FREE: "feed gaps starts", TEXT: "part series"},
        "feed_stop": {FREE: "feed", TEXT: "part"},
        "counter_name": {FREE: "name meant"},
        "notification": {FREE: "incident_id type", KEYED: "said"},
        "waiting_incident": {FREE: "incident_id why severity team", KEYED: "say"},
        "outlook": {FREE: "incident_id breaches"},
        "missing_data": {FREE: "periods"},
        "adopted_level": {OBJECT: "object_id", FREE: "kpi"},
        "learned_model": {FREE: "name body why_not"},
        "contact_burst": {OBJECT: "place_id", FREE: "place_kind"},
        "tombstone": {FREE: "digest"},
        "key_fingerprint": {FREE: "purpose fingerprint"},
        "saved_clock": {FREE: "boot"},
        "daemon_lease": {FREE: "name host url"},
        "audit_head": {FREE: "hash"},
        "delivery_clock": {FREE: "machine"},
        "receiver_state": {FREE: "receiver gone_url"},
    },
)
