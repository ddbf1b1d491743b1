"""Retention: subscriber data first, and nothing that is still needed."""

import os
from dataclasses import replace

import numpy as np
import pytest

from detector.domain.alert import Alert
from detector.domain.impact import Impact, Listing
from detector.domain.interaction import Interaction
from detector.domain.policy import RetentionPolicy
from detector.domain.window import Tick, Window
from tests.acceptance.small_house import SmallHouse
from tests.acceptance.small_operator import DAY, LIVE, write_operator, write_reference
from tests.unit.jobs.test_assess import FIRST

NOW = LIVE
POLICY = RetentionPolicy(attachments_days=3, affected_days=90, kpi_days=4, deliveries_days=30, audit_days=365)


@pytest.fixture
def house(tmp_path):
    write_reference(tmp_path / "operator")
    house = SmallHouse(tmp_path)
    house.settings = house.settings.model_copy(update={"retention": POLICY})
    house.jobs.settings = house.settings
    house.clock.at = house.wall.at = NOW
    yield house
    house.close()


def ago(days: int) -> int:
    return NOW - days * DAY


def listing(incident: str, person: str, delisted_at: int | None) -> Listing:
    decided = ago(100)
    return Listing(
        incident,
        person,
        "",
        "present",
        0.9,
        60.0,
        decided,
        delisted_at,
        contactable=True,
        action="none",
        recipient=person,
        decided_at=decided,
    )


def incident(name: str, state: str, updated_at: int):
    over = updated_at if state == "resolved" else None
    return replace(FIRST, incident_id=name, state=state, resolved_at=over, updated_at=updated_at)


def test_people_on_a_list_are_forgotten_in_time(house):
    rows = {
        "delisted long ago": listing("inc_new", "sub_a", ago(91)),
        "delisted lately": listing("inc_new", "sub_b", ago(89)),
        "still listed on an incident that is open": listing("inc_open", "sub_c", None),
        "still listed on one that was over long ago": listing("inc_old", "sub_d", None),
        "still listed on one that was over lately": listing("inc_new", "sub_e", None),
    }
    store = house.store
    with store.begin() as connection:
        known = [("inc_open", "open", ago(100)), ("inc_old", "resolved", ago(91)), ("inc_new", "resolved", ago(89))]
        store.book.save(connection, [], [incident(*one) for one in known])
        store.book.relist(connection, [], list(rows.values()), ago(100))
        for days in (91, 89):
            store.book.save_impact(connection, Impact("inc_open", ago(days), 9, 5.0, 4.0, 6.0, (), ()))
            store.interactions.add(connection, [Interaction(f"k{days}", ago(days), "contact", "call", "sub_a")])
    assert house.jobs.run("prune").startswith("0 attachments, 2 listing, 1 impact, 1 interaction, ")
    assert [one.subscriber for one in store.book.listings()] == ["sub_b", "sub_c", "sub_e"]
    assert [i.interaction_id for i in store.interactions.between(0, NOW)] == ["k89"]


def test_deliveries_and_the_audit_log_are_kept_as_long_as_promised_and_what_waits_stays(house):
    store = house.store
    made = {"sent": ago(31), "dead": ago(29), "waits": None}
    for n, (name, finished) in enumerate(made.items()):
        alert = Alert(f"evt_{name}", "inc_1", "opened", n, "major", ago(31), NOW, {})
        with store.begin() as connection:
            store.outbox.add(connection, alert, ["desk"], float(ago(31)))
        if finished:
            (message,) = [m for m in store.outbox.messages() if m.key == alert.key]
            store.outbox.finish(message, state=name, at=finished)
    for days in (366, 364):
        store.audit.note(ago(days), "cli", "lookup", "sub_a")
    assert house.jobs.run("prune").split(", ")[4:6] == ["1 outbox", "1 audit"]
    assert [m.key for m in store.outbox.messages()] == ["evt_dead", "evt_waits"]


def test_history_and_attachments_go_day_by_day_and_what_was_just_written_stays(house, tmp_path):
    write_operator(tmp_path / "operator", until=LIVE)
    house.jobs.run("pull")
    unrecorded = tmp_path / "var" / "kpi" / "20260324" / "1200-900-v1-0000abcd.parquet"
    unrecorded.parent.mkdir(exist_ok=True)
    unrecorded.write_bytes(b"a pull is about to record it")
    os.utime(unrecorded, (NOW - 60, NOW - 60))
    abandoned = unrecorded.with_name(".1145.parquet.1-2.part")
    abandoned.write_bytes(b"its writer was killed")
    os.utime(abandoned, (ago(2), ago(2)))
    house.jobs.run("prune")
    with house.store.begin() as connection:
        (span,) = house.store.ticks.span(connection).values()
    assert span.start == ago(4)
    days = sorted(p.name for p in (tmp_path / "var" / "presence").iterdir())
    assert days[0] == "20260321"
    assert unrecorded.exists()
    assert not abandoned.exists()
    frame = house.store.history.read(900, span)
    assert len(frame.starts) == 4 * 96 - 1, "the last quarter has not arrived yet"
    assert frame.present.all()


def test_a_day_compacted_twice_under_one_version_keeps_its_newest_file(house, tmp_path):
    write_operator(tmp_path / "operator", until=LIVE)
    house.jobs.run("pull")
    store, day = house.store, (LIVE // DAY - 2) * DAY
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
