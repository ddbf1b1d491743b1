"""What the jobs remember: a table for each kind of it, in place of JSON under names of their own"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STATE = sa.table("state", sa.column("name", sa.String), sa.column("body", sa.JSON))
_PIECE = sa.table("piece", sa.column("source", sa.String))
_OF_PEOPLE = ("presence", "contacts", "surveys", "subscriber_events")
"""Kinds in the names of pointers: what a cursor is of."""
_DEFAULT_FEED = "file_drop"
_JOBS = {
    "decide_from": "decide_from",
    "assessed_until": "assess",
    "experience_until": "experience",
    "learned_at": "learn",
    "bursts:scanned_at": "bursts",
}
_ROWS_A_STATEMENT = 500
Rows = list[dict[str, Any]]


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=default, autoincrement=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False)


def _real(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _json(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def _tables() -> dict[str, tuple[list[sa.Column[Any]], tuple[str, ...]]]:
    """Name -> columns and those of the primary key."""
    return {
        "cursor": ([_text("feed"), _text("what"), _real("until"), _text("position")], ("feed", "what")),
        "progress": ([_text("job"), _real("until", nullable=True), _text("made_for")], ("job",)),
        "feed_state": ([_text("feed"), _real("last_seen", nullable=True), _flag("backlog")], ("feed",)),
        "feed_part": (
            [
                _text("feed"),
                _text("part"),
                _whole("number", "0"),
                _real("advanced_at", nullable=True),
                _time("data_until"),
                _time("duration_s"),
                _json("gaps", "[]"),
                _json("starts", "[]"),
                _whole("times", "0"),
            ],
            ("feed", "part"),
        ),
        "feed_stop": (
            [
                _text("feed"),
                _text("part"),
                _whole("number"),
                _time("since", nullable=True),
                _whole("objects", "0"),
                _whole("of", "0"),
                _time("noticed_at"),
            ],
            ("feed", "part", "number"),
        ),
        "counter_name": ([_text("name"), _flag("known"), _flag("unused"), _text("meant")], ("name",)),
        "notification": (
            [_text("incident_id"), _text("type"), _whole("version"), _real("affected"), _flag("withdrawn"), _json("said")],
            ("incident_id",),
        ),
        "waiting_incident": (
            [_text("incident_id"), _text("why"), _time("since"), _text("severity"), _text("team"), _json("say")],
            ("incident_id",),
        ),
        "outlook": (
            [
                _text("incident_id"),
                _time("made_at"),
                _time("clear_at"),
                _time("clear_low"),
                _time("clear_high"),
                _whole("past", "0"),
                _json("breaches", "[]"),
            ],
            ("incident_id",),
        ),
        "missing_data": ([_time("duration_s"), _json("periods")], ("duration_s",)),
        "learned_extent": (
            [_time("duration_s"), _real("days"), _whole("objects", "0"), _whole("kpis", "0"), _time("until")],
            ("duration_s",),
        ),
        "adopted_level": ([_text("object_id"), _text("kpi"), _time("since")], ("object_id", "kpi")),
        "learned_model": ([_text("name"), _json("body"), _text("why_not")], ("name",)),
        "contact_burst": (
            [
                _whole("number"),
                _text("place_kind"),
                _text("place_id"),
                _time("since"),
                _time("until"),
                _whole("contacts", "0"),
                _whole("people", "0"),
                _real("expected"),
                _real("chance"),
            ],
            ("number",),
        ),
        "tombstone": ([_text("digest"), _time("erased_at")], ("digest",)),
        "key_fingerprint": ([_text("purpose"), _whole("version"), _text("fingerprint")], ("purpose", "version")),
        "saved_clock": (
            [
                _whole("row"),
                _text("boot"),
                _real("at"),
                _real("steady"),
                _flag("borne_out"),
                _real("sure_at"),
                _real("jump_since", nullable=True),
                _real("jump_at", nullable=True),
                _real("jump_to", nullable=True),
                _real("jump_newest", nullable=True),
                _flag("jump_reported"),
            ],
            ("row",),
        ),
        "daemon_lease": ([_text("name"), _text("host"), _time("pid"), _text("url"), _real("at")], ("name",)),
        "audit_head": ([_whole("row"), _text("hash")], ("row",)),
        "delivery_clock": ([_text("machine"), _real("offset_s")], ("machine",)),
        "receiver_state": (
            [_text("receiver"), _whole("failures", "0"), _real("since", nullable=True), _text("gone_url")],
            ("receiver",),
        ),
    }


def upgrade() -> None:
    made = {
        name: op.create_table(name, *columns, sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")))
        for name, (columns, keys) in _tables().items()
    }
    connection = op.get_bind()
    state = {row.name: row.body for row in connection.execute(sa.select(_STATE))}
    sources = list(connection.execute(sa.select(_PIECE.c.source).distinct()).scalars())
    for name, rows in rows_of(state, sources).items():
        for at in range(0, len(rows), _ROWS_A_STATEMENT):
            connection.execute(made[name].insert(), rows[at : at + _ROWS_A_STATEMENT])
    op.drop_table("state")


def downgrade() -> None:
    """What was remembered is not carried back: everything is pulled and learned again."""
    for name in _tables():
        op.drop_table(name)
    op.create_table(
        "state",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state")),
    )


def rows_of(state: Mapping[str, Any], sources: list[str]) -> dict[str, Rows]:
    """Table -> its rows, out of the JSON by name. `sources`: names of the sources of which files were read."""
    named = [name.removeprefix("feed:") for name in state if name.startswith("feed:")]
    feed = next(iter([*named, *sources]), _DEFAULT_FEED)
    return {
        "cursor": _cursors(state, feed),
        "progress": [
            {"job": job, "until": state[name], "made_for": state.get("learned_for", "") if job == "learn" else ""}
            for name, job in _JOBS.items()
            if name in state
        ],
        **_feeds(state),
        **_incidents(state),
        **_learned(state),
        **_service(state),
    }


def _part(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What stands under names that begin so, by the rest of the name; what was taken back (null) is left out."""
    return {n.removeprefix(prefix): body for n, body in state.items() if n.startswith(prefix) and body is not None}


def _cursors(state: Mapping[str, Any], feed: str) -> Rows:
    people = state.get("pulled:people")
    found: Rows = []
    if (counters := state.get("pulled:counters")) is not None:
        found.append({"feed": feed, "what": "counters", "until": counters, "position": ""})
    for kind in _OF_PEOPLE:
        until = state.get(f"pulled:{kind}", people)
        if until is not None:
            position = state.get(f"version:{kind}", "")
            found.append({"feed": feed, "what": kind, "until": until, "position": position})
    return found


def _feeds(state: Mapping[str, Any]) -> dict[str, Rows]:
    feeds, counters = _part(state, "feed:"), state.get("counters") or {"known": [], "unused": {}}
    backlog = bool(state.get("pull:backlog"))
    empty: dict[str, Any] = {"advanced_at": None, "data_until": 0, "duration_s": 0, "gaps": [], "starts": [], "times": 0}
    parts = [(feed, n, one) for feed, known in feeds.items() for n, one in enumerate(known.get("parts", {}).items())]
    stops = [(feed, n, stop) for feed, found in _part(state, "stops:").items() for n, stop in enumerate(found)]
    names = sorted({*counters["known"], *counters["unused"]})
    return {
        "feed_state": [
            {"feed": feed, "last_seen": known.get("last_seen"), "backlog": backlog} for feed, known in feeds.items()
        ],
        "feed_part": [
            {"feed": feed, "number": n, "part": name} | {key: body.get(key, value) for key, value in empty.items()}
            for feed, n, (name, body) in parts
        ],
        "feed_stop": [
            {"feed": feed, "number": n} | {key: stop[key] for key in ("part", "since", "objects", "of", "noticed_at")}
            for feed, n, stop in stops
        ],
        "counter_name": [
            {
                "name": name,
                "known": name in counters["known"],
                "unused": name in counters["unused"],
                "meant": counters["unused"].get(name, ""),
            }
            for name in names
        ],
    }


def _incidents(state: Mapping[str, Any]) -> dict[str, Rows]:
    told, held, outlooks = _part(state, "told:"), _part(state, "held:"), _part(state, "outlook:")
    times = ("made_at", "clear_at", "clear_low", "clear_high")
    return {
        "notification": [
            {
                "incident_id": key,
                "type": one["type"],
                "version": one["version"],
                "affected": one["affected"],
                "withdrawn": bool(one.get("withdrawn")),
                "said": one.get("said") or {},
            }
            for key, one in told.items()
            if one.keys() >= {"type", "version", "affected"}
        ],
        "waiting_incident": [
            {
                "incident_id": key,
                "why": one["why"],
                "since": one["since"],
                "severity": one.get("severity", ""),
                "team": one.get("team", ""),
                "say": one.get("say") or {},
            }
            for key, one in held.items()
            if one.keys() >= {"why", "since"}
        ],
        "outlook": [
            {"incident_id": key, "past": one.get("past", 0), "breaches": one.get("breaches") or []}
            | {name: one[name] for name in times}
            for key, one in outlooks.items()
            if one.keys() >= {*times}
        ],
        "missing_data": [
            {"duration_s": int(duration_s), "periods": periods} for duration_s, periods in _part(state, "missing:").items()
        ],
    }


def _learned(state: Mapping[str, Any]) -> dict[str, Rows]:
    models: Rows = []
    if "risk" in state or "risk_why_not" in state:
        models.append({"name": "risk", "body": state.get("risk"), "why_not": state.get("risk_why_not") or ""})
    if state.get("bursts:usual"):
        models.append({"name": "contact_rates", "body": state["bursts:usual"], "why_not": ""})
    adopted = ((name.rpartition(" "), since) for name, since in (state.get("adopted") or {}).items())
    return {
        "learned_extent": list(state.get("learned_from") or []),
        "adopted_level": [{"object_id": name[0], "kpi": name[2], "since": since} for name, since in adopted],
        "learned_model": models,
        "contact_burst": [one | {"number": n} for n, one in enumerate(state.get("bursts") or [])],
    }


def _service(state: Mapping[str, Any]) -> dict[str, Rows]:
    keys = state.get("keys") or {"identity": {}, "vault": []}
    identity = [{"purpose": "identity", "version": int(n), "fingerprint": one} for n, one in keys["identity"].items()]
    vault = [{"purpose": "vault", "version": n, "fingerprint": one} for n, one in enumerate(keys["vault"])]
    clock, head = state.get("clock"), state.get("audit_head")
    failing, gone = _part(state, "receiver:"), _part(state, "gone:")
    return {
        "tombstone": [{"digest": one, "erased_at": at} for one, at in (state.get("erased") or {}).items()],
        "key_fingerprint": [*identity, *vault],
        "saved_clock": [_saved_clock(clock)] if clock else [],
        "daemon_lease": [{"name": name} | lease for name, lease in _part(state, "daemon:").items()],
        "audit_head": [{"row": head["row"], "hash": head["hash"]}] if head else [],
        "delivery_clock": [
            {"machine": machine, "offset_s": one["offset"]} for machine, one in _part(state, "delivery_clock:").items()
        ],
        "receiver_state": [
            {
                "receiver": name,
                "failures": failing.get(name, {}).get("failures", 0),
                "since": failing.get(name, {}).get("since"),
                "gone_url": gone.get(name, {}).get("url", ""),
            }
            for name in sorted({*failing, *gone})
        ],
    }


def _saved_clock(clock: Mapping[str, Any]) -> dict[str, Any]:
    jump = clock.get("doubt") or {}
    return {
        "row": 1,
        "boot": clock["boot"],
        "at": clock["at"],
        "steady": clock["steady"],
        "borne_out": bool(clock["borne_out"]),
        "sure_at": clock["sure_at"],
        "jump_since": jump.get("since"),
        "jump_at": jump.get("at"),
        "jump_to": jump.get("to"),
        "jump_newest": jump.get("newest"),
        "jump_reported": bool(jump.get("reported")),
    }
