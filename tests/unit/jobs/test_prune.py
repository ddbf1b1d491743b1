"""Retention: subscriber data first, and nothing that is still needed."""

import os
from dataclasses import fields, replace

import numpy as np
import pytest
from sqlalchemy import select

from detector.domain.alert import Alert
from detector.domain.impact import Impact, Listing
from detector.domain.interaction import Interaction
from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.policy import RetentionPolicy
from detector.domain.window import Tick, Window
from detector.store.retention import REASONS, RULES
from detector.store.tables import metadata
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import AFFECTED, DAY, LIVE, UNAFFECTED, write_operator, write_reference
from tests.listings import listing_of
from tests.unit.jobs.test_assess import FIRST

NOW = LIVE
POLICY = RetentionPolicy(attachments_days=3, affected_days=90, kpi_days=4, deliveries_days=30, audit_days=365)


@pytest.fixture
def app(tmp_path):
    write_reference(tmp_path / "operator")
    app = SmallApp(root=tmp_path)
    app.settings = app.settings.model_copy(update={"retention": POLICY})
    app.jobs.settings = app.settings
    app.clock.at = app.wall.at = NOW
    yield app
    app.close()


def ago(days: int) -> int:
    return NOW - days * DAY


def listing(incident: str, person: str, delisted_at: int | None) -> Listing:
    decided = ago(100)
    return listing_of(
        incident_id=incident,
        subscriber=person,
        account="",
        basis="present",
        probability=0.9,
        exposure_s=60.0,
        listed_at=decided,
        delisted_at=delisted_at,
        contactable=True,
        action="none",
        recipient=person,
        decided_at=decided,
    )


def incident(name: str, state: str, updated_at: int):
    over = updated_at if state == "resolved" else None
    return replace(FIRST, incident_id=name, state=state, resolved_at=over, updated_at=updated_at)


def test_people_on_a_list_are_forgotten_in_time(app):
    rows = {
        "delisted long ago": listing("inc_new", "sub_a", ago(91)),
        "delisted lately": listing("inc_new", "sub_b", ago(89)),
        "still listed on an incident that is open": listing("inc_open", "sub_c", None),
        "still listed on one that was over long ago": listing("inc_old", "sub_d", None),
        "still listed on one that was over lately": listing("inc_new", "sub_e", None),
    }
    store = app.store
    with store.begin() as connection:
        known = [("inc_open", "open", ago(100)), ("inc_old", "resolved", ago(91)), ("inc_new", "resolved", ago(89))]
        store.incidents.save(connection, [incident(*one) for one in known])
        store.listings.relist(connection, [], list(rows.values()), ago(100))
        for days in (91, 89):
            store.impacts.save(
                connection,
                Impact(
                    incident_id="inc_open",
                    assessed_at=ago(days),
                    exposed=9,
                    affected=5.0,
                    affected_low=4.0,
                    affected_high=6.0,
                    people=(),
                    accounts=(),
                ),
            )
            store.interactions.add(
                connection,
                [Interaction(interaction_id=f"k{days}", at=ago(days), kind="contact", channel="call", subscriber="sub_a")],
            )
    assert app.jobs.run("prune") == "2 listing, 1 impact, 1 interaction"
    assert [one.subscriber for one in store.listings.all()] == ["sub_b", "sub_c", "sub_e"]
    assert [i.interaction_id for i in store.interactions.between(0, NOW)] == ["k89"]


def test_deliveries_and_the_audit_log_are_kept_as_long_as_promised_and_what_waits_stays(app):
    store = app.store
    made = {"sent": ago(31), "dead": ago(29), "waits": None}
    for n, (name, finished) in enumerate(made.items()):
        alert = Alert(
            key=f"evt_{name}",
            incident_id="inc_1",
            type="opened",
            sequence=n,
            severity="major",
            time=ago(31),
            expires_at=NOW,
            data={},
        )
        with store.begin() as connection:
            store.outbox.add(connection, alert, ["desk"], float(ago(31)))
        if finished:
            (message,) = [m for m in store.outbox.messages() if m.key == alert.key]
            store.outbox.finish(message, state=name, at=finished)
    for days in (366, 364):
        store.audit.note(ago(days), "cli", "lookup", "sub_a")
    assert app.jobs.run("prune") == "1 outbox, 1 audit"
    assert [m.key for m in store.outbox.messages()] == ["evt_dead", "evt_waits"]


def test_history_and_attachments_go_day_by_day_and_what_was_just_written_stays(app, tmp_path):
    write_operator(tmp_path / "operator", until=LIVE)
    app.jobs.run("pull")
    unrecorded = tmp_path / "var" / "kpi" / "20260324" / "1200-900-v1-0000abcd.parquet"
    unrecorded.parent.mkdir(exist_ok=True)
    unrecorded.write_bytes(b"a pull is about to record it")
    os.utime(unrecorded, (NOW - 60, NOW - 60))
    abandoned = unrecorded.with_name(".1145.parquet.1-2.part")
    abandoned.write_bytes(b"its writer was killed")
    os.utime(abandoned, (ago(2), ago(2)))
    app.jobs.run("prune")
    with app.store.begin() as connection:
        (span,) = app.store.ticks.span(connection).values()
    assert span.start == ago(4)
    days = sorted(p.name for p in (tmp_path / "var" / "presence").iterdir())
    assert days[0] == "20260321"
    assert unrecorded.exists()
    assert not abandoned.exists()
    frame = app.store.history.read(900, span)
    assert len(frame.starts) == 4 * 96 - 1, "the last quarter has not arrived yet"
    assert frame.present.all()


def test_a_day_compacted_twice_under_one_version_keeps_its_newest_file(app, tmp_path):
    write_operator(tmp_path / "operator", until=LIVE)
    app.jobs.run("pull")
    store, day = app.store, (LIVE // DAY - 2) * DAY
    window = Window(day, day + DAY)
    before = store.history.read(900, window)
    for quarter in (5, 7, 9):
        one = store.history.read(900, Window(day + quarter * 900, day + quarter * 900 + 900))
        tick = Tick(int(one.starts[0]), 900)
        with store.begin() as connection:
            for path in store.history.write(one, {tick: 2}).values():
                store.history.record(connection, tick, 2, path, len(one.objects))
        store.history.compact(before=day + DAY)
    after = store.history.read(900, window)
    np.testing.assert_array_equal(before.numerator, after.numerator)


# --- every table, every file --------------------------------------------------------------------------------------------

SPEAKS_OF_PEOPLE = {"subscriber", "recipient", "holder", "pseudonym", "account", "accounts", "guardian", "subject"}


def test_every_table_has_a_rule_or_a_reason_and_every_rule_a_setting_of_its_own():
    named = set(metadata.tables)
    assert RULES.keys() | REASONS.keys() == named, "a new table: how long is it kept, and why?"
    assert not RULES.keys() & REASONS.keys()
    settings = [rule.days for rule in RULES.values()]
    assert len(set(settings)) == len(settings)
    assert set(settings) <= {f.name for f in fields(RetentionPolicy)}
    speaking = {name for name, table in metadata.tables.items() if SPEAKS_OF_PEOPLE & set(table.columns.keys())}
    assert speaking <= RULES.keys(), "a reason is not enough where people are named"


def rows_of_every_kind(days: int) -> dict[str, dict[str, object]]:
    """A row of each table that is so many days old; the rest of its columns as the table would have them."""
    at = ago(days)
    return {
        "listing": {
            "incident_id": "inc_1",
            "subscriber": f"sub_{days}",
            "account": "",
            "basis": "",
            "listed_at": at,
            "delisted_at": at,
            "contactable": False,
            "why_not": "",
            "action": "",
            "channel": "",
            "recipient": "",
            "decided_at": at,
        },
        "impact": {"incident_id": "inc_1", "assessed_at": at, "exposed": 9, "accounts": []},
        "interaction": {"interaction_id": f"k{days}", "at": at, "kind": "contact"},
        "subscriber_event": {"subscriber": "sub_1", "at": at, "kind": "left"},
        "experience": {"day": at, "holder_kind": "subscriber", "holder": "sub_1"},
        "communication": {"incident_id": "inc_1", "subscriber": "sub_1", "recipient": "sub_1", "at": at},
        "feedback": {"incident_id": "inc_1", "at": at, "actor": "", "verdict": "", "subscriber": "sub_1", "outcome": ""},
        "outbox": {
            "key": f"evt_{days}",
            "receiver": "-",
            "incident_id": "inc_1",
            "type": "opened",
            "sequence": 1,
            "severity": "major",
            "time": at,
            "expires_at": at,
            "data": {},
            "state": "sent",
            "attempts": 1,
            "next_at": 0.0,
            "finished_at": float(at),
        },
        "finding": {"code": f"late_{days}", "where": "a.csv", "example": "", "count": 1, "last_at": at},
        "vault": {"pseudonym": f"sub_{days}", "sealed": b"", "gone_at": at},
        "audit": {"at": at, "actor": "cli", "action": "lookup", "subject": "sub_1"},
    }


@pytest.mark.parametrize("name", RULES)
def test_each_table_is_pruned_by_its_own_setting_and_by_no_other(name, app):
    table, setting = metadata.tables[name], RULES[name].days
    long = {f.name: 10_000 for f in fields(RetentionPolicy)}
    app.jobs.settings = app.settings.model_copy(update={"retention": RetentionPolicy(**long | {setting: 10})})
    with app.store.begin() as connection:
        for days in (11, 9):
            connection.execute(table.insert().values(**rows_of_every_kind(days)[name]))
    assert app.jobs.run("prune") == f"1 {name}"
    with app.store.begin() as connection:
        rows = connection.execute(select(table)).mappings()
        (left,) = [row for row in rows if row.get("actor") != "retention"]  # which notes in the audit log what it deleted
    assert {name: left[name] for name in rows_of_every_kind(9)[name]} == rows_of_every_kind(9)[name]


def test_a_sealed_identity_goes_when_its_person_has_been_gone_for_so_long(app, tmp_path):
    app.jobs.run("pull")
    people = tmp_path / "operator" / "subscribers.csv"
    everyone = people.read_text()
    sealed = {one: app.names.subscriber(one) for one in (AFFECTED, UNAFFECTED)}

    def prune_after(days: int) -> list[bool]:
        app.clock.at = app.wall.at = NOW + days * DAY
        app.jobs.run("prune")
        return [app.store.vault.open(key) is not None for key in sealed.values()]

    for table in ("subscribers.csv", "consents.csv"):
        path = tmp_path / "operator" / table
        path.write_text("".join(line for line in path.read_text().splitlines(True) if AFFECTED not in line))
    assert prune_after(1) == [True, True], "marked as gone"
    assert prune_after(30) == [True, True]
    assert prune_after(32) == [False, True]
    for path in (people, tmp_path / "operator" / "consents.csv"):
        path.unlink()
    assert prune_after(99) == [False, True], "a table that is not there says of nobody that they are gone"
    people.write_text(everyone)
    app.jobs.run("pull")
    assert prune_after(100) == [True, True], "who is back is known again"


def test_files_of_counters_are_forgotten_with_their_ticks_unless_they_still_lie_there(app, tmp_path):
    write_operator(tmp_path / "operator", until=LIVE)
    app.jobs.run("pull")
    known = len(app.store.source_files.unread([])) or len(rows(app, "source_file"))
    assert "source_file" not in app.jobs.run("prune"), "they would be read again"
    for path in (tmp_path / "operator" / "counters").iterdir():
        path.unlink()
    app.clock.at = app.wall.at = NOW + 3 * DAY
    did = app.jobs.run("prune")
    left = rows(app, "source_file")
    assert f"{known - len(left)} source_file" in did
    assert left
    assert min(row["window_end"] for row in left) > NOW - DAY


def rows(app, name: str) -> list[dict[str, object]]:
    with app.store.begin() as connection:
        return [dict(row) for row in connection.execute(select(metadata.tables[name])).mappings()]


def test_profiles_that_nobody_learns_anew_and_files_set_aside_go_too(app, tmp_path):
    app.store.arrays.save("habit", {"subscribers": np.array(["sub_1"])}, "habit")
    aside = tmp_path / "var" / "quarantine" / "counters" / "broken.xml"
    aside.parent.mkdir(parents=True)
    aside.write_text("<html/>")
    made = max(aside.stat().st_ctime, (tmp_path / "var" / "state" / "habit.npz").stat().st_mtime)
    app.wall.at = made + 34 * DAY
    assert app.jobs.run("prune") == "nothing is older than it may be"
    app.wall.at = made + 36 * DAY
    assert app.jobs.run("prune") == "1 habits"
    app.wall.at = made + 91 * DAY
    assert app.jobs.run("prune") == "1 quarantine"
    assert not aside.parent.exists()


def test_what_was_noted_of_an_incident_goes_with_its_list(app):
    with app.store.begin() as connection:
        app.store.incidents.save(connection, [incident("inc_old", "resolved", ago(91)), incident("inc_new", "open", ago(1))])
        notified = NotificationState("inc_new", "opened", 1, 3.0)
        for one in (notified, replace(notified, incident_id="inc_old")):
            app.store.notifications.save(connection, one)
        app.store.waiting.save(connection, WaitingIncident("inc_old", "unsure", ago(91), "major", "care"))
    assert app.jobs.run("prune") == "1 notification, 1 waiting_incident"
    assert app.store.notifications.get("inc_new") == notified
