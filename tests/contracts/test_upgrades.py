"""A database that an earlier version wrote is upgraded with all that it holds, on SQLite and on PostgreSQL."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, inspect, text

import detector.store
from detector.domain.communication import RETRACTED, standing
from detector.domain.contact_burst import Burst, ContactRates
from detector.domain.daemon_lease import DaemonLease
from detector.domain.degradation import Part
from detector.domain.detection import DetectionState
from detector.domain.feed import FeedPart, FeedState, FeedStop
from detector.domain.incident import RootCandidate
from detector.domain.key_fingerprints import KeyFingerprints
from detector.domain.learned_models import AdoptedLevel, LearnedExtent
from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.outlook import Breach, Outlook
from detector.domain.ports import Cursor, SourceFile
from detector.domain.saved_clock import SavedClock
from detector.domain.window import Tick
from detector.store import Store
from detector.store.database import Database
from detector.store.migrate import migrate, newest, present
from detector.store.tables import metadata
from detector.store.ticks import PendingTick
from tests.contracts.conftest import empty_database

pytestmark = pytest.mark.xdist_group("postgres")
VAULT_KEY = b"A" * 43 + b"="
SAID = {"serviceProblem": {"id": "inc_1"}, "impact": {"affected": 4}, "expected": {"clear": None}}
DIGEST = "0123456789abcdef0123456789abcdef"
BREACH = {"object_id": "c1", "kpi": "k", "severity": "major", "limit": 0.5, "made_at": 90, "at": 99, "low": 95, "high": None}
PART = {"advanced_at": 95.5, "data_until": 90, "duration_s": 900, "gaps": [900.5], "starts": [0, 900], "times": 7}
BURST = {
    "place_kind": "site",
    "place_id": "s1",
    "since": 10,
    "until": 20,
    "contacts": 9,
    "people": 8,
    "expected": 0.5,
    "chance": 1e-9,
}
STATE: dict[str, Any] = {
    "pulled:counters": 100.5,
    "pulled:people": 80.0,
    "pulled:presence": 90.0,
    "version:contacts": "v1",
    "assessed_until": 100,
    "decide_from": 50,
    "experience_until": None,
    "learned_at": 70.5,
    "learned_for": "settings",
    "learned_from": [{"duration_s": 900, "days": 5.0, "objects": 4, "kpis": 3, "until": 60}],
    "adopted": {"c1 k1": 40},
    "risk": None,
    "risk_why_not": "too few days",
    "bursts": [BURST],
    "bursts:scanned_at": 95,
    "bursts:usual": {"made_at": 60, "hours": 72.5, "profile": [1.0, 0.5], "by_cell": {"c1": 3}},
    "counters": {"known": ["RRC.A", "RRC.B"], "unused": {"RRC.X": "RRC.A"}},
    "feed:dataset": {"parts": {"all": PART, "files a": {**PART, "times": 1}}, "last_seen": 99.5},
    "stops:dataset": [{"feed": "dataset", "part": "files a", "since": None, "objects": 0, "of": 4, "noticed_at": 96}],
    "pull:backlog": True,
    "missing:900": {"c1": 2},
    "told:inc_1": {"type": "updated", "version": 3, "affected": 4.5, "said": SAID, "withdrawn": False},
    "told:inc_2": None,
    "held:inc_3": {"why": "capacity", "since": 77, "severity": "major", "team": "care", "say": {"en": "Slow."}},
    "held:inc_4": None,
    "outlook:inc_1": {
        "incident_id": "inc_1",
        "made_at": 90,
        "clear_at": 120,
        "clear_low": 100,
        "clear_high": 200,
        "past": 5,
        "breaches": [BREACH],
    },
    "clock": {
        "at": 100.5,
        "steady": 7.5,
        "borne_out": True,
        "sure_at": 99.0,
        "boot": "b",
        "doubt": {"since": 7.0, "at": 100.0, "to": 9e3, "newest": 98.0, "reported": True},
    },
    "daemon:aa": {"host": "h", "pid": 12, "url": "http://127.0.0.1:1", "at": 100.0},
    "erased": {DIGEST: 33},
    "keys": {"identity": {"1": "f1", "2": "f2"}, "vault": ["v1", "v2"]},
    "audit_head": {"row": 3, "hash": "abc"},
    "delivery_clock:m": {"offset": 12.5},
    "receiver:desk": {"failures": 2, "since": 55.5},
    "gone:old": {"url": "https://old.example/"},
}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with empty_database(request.param, request, tmp_path, tables=False) as database:
        yield database


def at_revision(database: Database, revision: str, *, down: bool = False) -> None:
    """The schema as the version with this revision left it; `down`: from a later one."""
    config = Config()
    config.set_main_option("script_location", str(Path(detector.store.__file__).parent / "migrations"))
    with database.unlimited() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


def test_what_the_jobs_remembered_as_json_is_there_in_tables(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    with database.begin() as connection:
        for name, body in STATE.items():
            connection.execute(
                text("INSERT INTO state (name, body) VALUES (:name, :body)"), {"name": name, "body": json.dumps(body)}
            )
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    assert store.cursors.all() == {
        ("dataset", "counters"): Cursor(100.5),
        ("dataset", "presence"): Cursor(90.0),
        ("dataset", "contacts"): Cursor(80.0, "v1"),
        ("dataset", "surveys"): Cursor(80.0),
        ("dataset", "subscriber_events"): Cursor(80.0),
    }
    jobs = ("decide_from", "assess", "experience", "learn", "bursts")
    assert [store.progress.until(job) for job in jobs] == [50, 100, None, 70.5, 95]
    assert store.progress.made_for("learn") == "settings"
    assert store.models.extents() == [LearnedExtent(900, 5.0, 4, 3, 60)]
    assert store.models.adopted() == [AdoptedLevel("c1", "k1", 40)]
    assert (store.models.risk(), store.models.risk_why_not()) == (None, "too few days")
    rates = ContactRates(made_at=60, hours=72.5, profile=(1.0, 0.5), by_cell={"c1": 3})
    assert store.models.contact_rates() == rates
    assert store.contact_bursts.all() == [Burst(**BURST)]
    seen = store.counter_names.get()
    assert (seen.known, seen.unused) == (("RRC.A", "RRC.B"), {"RRC.X": "RRC.A"})


def test_what_was_known_of_feeds_incidents_and_the_service_is_there_in_tables(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    with database.begin() as connection:
        for name, body in STATE.items():
            connection.execute(
                text("INSERT INTO state (name, body) VALUES (:name, :body)"), {"name": name, "body": json.dumps(body)}
            )
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    assert store.feeds.all() == [FeedState("dataset", 99.5, backlog=True)]
    whole = FeedPart(
        feed="dataset",
        part="all",
        advanced_at=95.5,
        data_until=90,
        duration_s=900,
        gaps=(900.5,),
        starts=(0, 900),
        times=7,
    )
    assert [part.part for part in store.feeds.parts("dataset")] == ["all", "files a"]
    assert store.feeds.parts("dataset")[0] == whole
    assert store.feeds.stops("dataset") == [FeedStop("dataset", "files a", None, 0, 4, 96)]
    assert store.missing_data.get(900) == {"c1": 2}
    assert store.notifications.get("inc_1") == NotificationState("inc_1", "updated", 3, 4.5, said=SAID)
    assert store.notifications.get("inc_2") is store.waiting.get("inc_4") is None
    assert store.waiting.get("inc_3") == WaitingIncident("inc_3", "capacity", 77, "major", "care", {"en": "Slow."})
    outlook = Outlook(
        incident_id="inc_1",
        made_at=90,
        clear_at=120,
        clear_low=100,
        clear_high=200,
        past=5,
        breaches=(Breach(**BREACH),),
    )
    assert store.outlooks.get("inc_1") == outlook
    assert store.saved_clock.get() == SavedClock(
        boot="b",
        at=100.5,
        steady=7.5,
        borne_out=True,
        sure_at=99.0,
        jump_since=7.0,
        jump_at=100.0,
        jump_to=9e3,
        jump_newest=98.0,
        jump_reported=True,
    )
    assert store.daemon_leases.all() == [DaemonLease("aa", "h", 12, "http://127.0.0.1:1", 100.0)]
    assert store.tombstones.read().until == {DIGEST: 33}
    assert store.key_fingerprints.get() == KeyFingerprints({1: "f1", 2: "f2"}, ("v1", "v2"))
    assert (store.audit.head().row, store.audit.head().hash) == (3, "abc")
    states = store.receiver_states.all()
    assert (states["desk"].outage.failures, states["desk"].outage.since) == (2, 55.5)
    assert store.outbox.is_off("old", "https://old.example/")
    assert not store.outbox.is_off("desk", "")
    assert store.outbox.follow_clock("m", 12.5, 1.0) == 0.0
    assert "state" not in inspect(database.engine).get_table_names()


def schema(database: Database) -> dict[str, list[str]]:
    """Every table's columns, keys and indexes, as the database describes them."""
    there = inspect(database.engine)
    read = (there.get_columns, there.get_indexes, there.get_unique_constraints, there.get_foreign_keys)
    found = {name: [*(sorted(map(str, one(name))) for one in read)] for name in there.get_table_names()}
    return {name: [str(there.get_pk_constraint(name)), *map(str, parts)] for name, parts in found.items()}


def test_an_empty_database_gets_the_schema_to_which_the_revisions_lead_one_by_one(database: Database) -> None:
    at_revision(database, "head")
    step_by_step = schema(database)
    metadata.drop_all(database.engine)
    with database.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    migrate(database)
    assert schema(database) == step_by_step
    assert present(database) == newest()


def test_an_empty_database_of_an_earlier_version_is_upgraded(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    assert store.cursors.all() == {}
    assert store.key_fingerprints.get() is None
    assert store.saved_clock.get() is None


EVIDENCE: dict[str, Any] = {
    "degradation_id": "deg_1",
    "object_id": "c1",
    "family": "accessibility",
    "kpi": "rrc_sr",
    "kind": "accessibility",
    "started_at": 900,
    "detected_at": 1800,
    "severity": "minor",
    "strength": 7.5,
    "expected": 0.99,
    "observed": 0.9,
    "numerator": 90.0,
    "denominator": 100.0,
    "excess": 9.0,
    "periods": 1,
    "duration_s": 900,
    "quiet_periods": 0,
    "confirmed_by": "",
    "updated_at": 0,
    "parts": [["rrc_sr", 1, 7.5, 0.9, 0.99]],
    "bar": 6.3,
    "readings": [],
}
"""Of a degradation, as version 0012 called the fields."""


def test_evidence_keeps_its_values_under_the_names_of_the_field(database: Database, tmp_path: Path) -> None:
    """`strength` is `neg_log10_p` and `bar` is `threshold`, in the table and in the log of decisions."""
    at_revision(database, "0012")
    earlier = MetaData()
    earlier.reflect(database.engine, only=["degradation", "decision"])
    before = {"degradations": [list(EVIDENCE), list(EVIDENCE.values())], "incidents": [], "missing": {"c2": 1}}
    nothing: dict[str, Any] = {"degradations": [], "incidents": [], "missing": {}}
    with database.begin() as connection:
        connection.execute(earlier.tables["degradation"].insert(), EVIDENCE)
        for number, body in enumerate((before, nothing), 1):
            row = {"number": number, "start": 900 * number, "duration_s": 900, "decided_at": 900 * number + 900}
            packed = zlib.compress(json.dumps(body).encode())
            connection.execute(earlier.tables["decision"].insert(), row | {"before": packed})
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    (kept,) = store.degradations.named(["deg_1"])
    assert (kept.neg_log10_p, kept.threshold, kept.observed) == (7.5, 6.3, 0.9)
    assert kept.parts == (Part("rrc_sr", 1, 7.5, 0.9, 0.99),)
    first, second = store.decisions.since(1)
    assert first.before == DetectionState((kept,), (), {"c2": 1})
    assert second.before == DetectionState((), (), {})


TOGETHER = "RRC setup success 91.4 %; cell c1 and c2, c3 began together"
INCIDENT: dict[str, Any] = {
    "incident_id": "inc_alone",
    "root_kind": "cell",
    "root_id": "c1",
    "kind": "accessibility",
    "started_at": 900,
    "opened_at": 1800,
    "severity": "minor",
    "degradation_ids": ["deg_1"],
    "cells": ["c1"],
    "reason": "cell c1",
    "state": "open",
    "updated_at": 1800,
    "version": 1,
    "alarm_id": "",
    "ticket_id": "",
    "expected_clear_source": "",
    "suppressed_reason": "",
    "confidence": 0.5,
    "rivals": [["cell", "c1", 1, 1, 1e-4, 1.0]],
}
"""As version 0012 called the fields."""
EARLIER_INCIDENTS = (
    INCIDENT,
    INCIDENT | {"incident_id": "inc_together", "reason": TOGETHER},
    INCIDENT | {"incident_id": "inc_site", "root_kind": "site", "reason": TOGETHER},
    INCIDENT | {"incident_id": "inc_works", "suppressed_reason": "maintenance"},
    INCIDENT | {"incident_id": "inc_silenced", "suppressed_reason": "silenced"},
    INCIDENT | {"incident_id": "inc_younger", "state": "merged", "suppressed_reason": "merged:inc_alone"},
)
TYPED = {
    "inc_alone": ("", None, None, False),
    "inc_together": ("", None, None, True),
    "inc_site": ("", None, None, False),
    "inc_works": ("maintenance", "maintenance", None, False),
    "inc_silenced": ("silenced", "silenced", None, False),
    "inc_younger": ("merged:inc_alone", None, "inc_alone", False),
}
"""Incident -> suppressed_reason, suppression, merged_into, joined_by_onset."""
CONFIRMED = {"deg_1": "", "deg_2": "neighbours", "deg_3": "core,alarm"}
SAID_TO_ANN = {
    "incident_id": "inc_alone",
    "subscriber": "ann",
    "recipient": "ann",
    "channel": "sms",
    "offer": "",
    "rule": "",
    "severity": "minor",
    "service": "",
}


def earlier_rows(database: Database) -> None:
    """What version 0012 wrote of files, steps, incidents, degradations, decisions and people."""
    earlier = MetaData()
    earlier.reflect(database.engine)
    file = {"source": "dataset", "name": "a.xml", "sha256": "00ff", "window_start": -1}
    step = {"step": "score", "start": 900, "duration_s": 900, "version": 2}
    degradations = [EVIDENCE | {"degradation_id": name, "confirmed_by": said} for name, said in CONFIRMED.items()]
    before = {
        "degradations": [list(EVIDENCE), *(list(one.values()) for one in degradations)],
        "incidents": [list(INCIDENT), *(list(one.values()) for one in EARLIER_INCIDENTS)],
        "missing": {},
    }
    packed = zlib.compress(json.dumps(before).encode())
    rows: dict[str, list[dict[str, Any]]] = {
        "piece": [file | {"window_end": -1, "arrived_at": 10.5, "size": 7, "state": "set_aside", "reason": "torn"}],
        "tick_piece": [file | {"start": 900, "duration_s": 900}],
        "owed": [step],
        "done": [step | {"start": 0, "done_at": 99.5}],
        "incident": list(EARLIER_INCIDENTS),
        "degradation": degradations,
        "decision": [{"number": 1, "start": 900, "duration_s": 900, "decided_at": 1800, "before": packed}],
        "communication": [SAID_TO_ANN | {"at": 10, "action": "call"}, SAID_TO_ANN | {"at": 20, "action": "taken_back"}],
        "state": [{"name": name, "body": body} for name, body in STATE.items()],
    }
    with database.begin() as connection:
        for name, own in rows.items():
            connection.execute(earlier.tables[name].insert(), own)


def test_what_was_read_out_of_texts_stands_in_columns(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    earlier_rows(database)
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    kept = store.incidents.all()
    (decided,) = store.decisions.since(1)
    for incidents in (kept, decided.before.incidents):
        assert {
            one.incident_id: (one.suppressed_reason, one.suppression, one.merged_into, one.joined_by_onset)
            for one in incidents
        } == TYPED
    assert {one.root_candidates for one in kept} == {(RootCandidate("cell", "c1", 1, 1, 1e-4, 1.0),)}
    assert sorted(decided.before.incidents, key=lambda one: one.incident_id) == kept
    confirmed = {name: tuple(said.split(",")) if said else () for name, said in CONFIRMED.items()}
    for degradations in (store.degradations.named(CONFIRMED), decided.before.degradations):
        assert {one.degradation_id: one.confirmed_by for one in degradations} == confirmed
    assert [(part.part, part.series) for part in store.feeds.parts("dataset")] == [("all", ""), ("files a", "a")]


def test_files_steps_and_communications_are_there_under_the_words_of_the_field(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    earlier_rows(database)
    migrate(database)
    store = Store(tmp_path, database, [], VAULT_KEY)
    file = SourceFile("dataset", "a.xml", "00ff", 10.5, 7)
    assert store.source_files.unread([file]) == []
    assert store.source_files.refused([file]) == [(file, "torn")]
    assert store.ticks.pending("score") == [PendingTick("score", Tick(900, 900), 2)]
    assert store.ticks.completed("score") == [PendingTick("score", Tick(0, 900), 2)]
    with database.read() as connection:
        assert [tuple(row) for row in connection.execute(text("SELECT feed, name FROM tick_source_file"))] == [
            ("dataset", "a.xml")
        ]
    asked, retracted = store.communications.since(0)
    assert (asked.action, retracted.action) == ("call", RETRACTED)
    assert standing([asked, retracted]) == []
    left = {"piece", "tick_piece", "owed", "done"} & set(inspect(database.engine).get_table_names())
    assert left == set()


def test_a_database_goes_back_to_the_schema_before_with_its_rows_and_forth_again(database: Database, tmp_path: Path) -> None:
    at_revision(database, "0012")
    earlier_rows(database)
    at_revision(database, "0017")
    before = everything(database)
    migrate(database)
    after = everything(database)
    at_revision(database, "0017", down=True)
    assert everything(database) == before
    migrate(database)
    assert everything(database) == after
    assert Store(tmp_path, database, [], VAULT_KEY).incidents.get("inc_younger") is not None


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Table -> its rows; what is packed in the log of decisions by name."""
    present = MetaData()
    present.reflect(database.engine)
    with database.read() as connection:
        found = {
            name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for name, table in present.tables.items()
            if name != "alembic_version"
        }
    for row in found["decision"]:
        body = json.loads(zlib.decompress(row["before"]))
        row["before"] = {
            noun: [dict(zip(body[noun][0], values, strict=True)) for values in body[noun][1:]]
            for noun in ("degradations", "incidents")
        }
    return {name: sorted(rows, key=str) for name, rows in found.items()}
