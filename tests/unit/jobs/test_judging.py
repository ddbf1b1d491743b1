"""`precall run --judge 24h`: the past hours are judged in order at the first start, and nobody is sent what is past."""

import pytest

from jobs.judging import Judging
from tests.acceptance.small_house import MOMENTS, SmallHouse, outcome
from tests.acceptance.small_operator import DELAY_S, FAULT, LIVE, QUARTER, UNTIL, write_operator

HEARS = "http://127.0.0.1:9/alerts"
"""Nothing is pushed in these tests: a receiver only has to be configured."""


def opened_at(root, now, **changes):
    """A service that starts for the first time at `now`, with everything up to UNTIL on disk."""
    house = SmallHouse(root=root, url=HEARS, **changes)
    house.clock.at = house.wall.at = now
    return house


@pytest.fixture
def root(tmp_path):
    write_operator(tmp_path / "operator")
    return tmp_path


def stepwise(root):
    """The same hours lived through one by one by a service that had learned before them."""
    house = SmallHouse(root=root)
    house.jobs.decide_from()
    house.jobs.run("pull")
    house.jobs.run("learn")
    for moment in MOMENTS:
        house.tick(moment)
    return house


def seen(house):
    return [
        (i.incident_id, i.root_id, i.state, i.started_at, i.opened_at, i.resolved_at) for i in house.store.book.incidents()
    ]


def test_it_finds_what_a_service_would_have_found_that_ran_all_along(root, tmp_path):
    late, early = opened_at(root, UNTIL + DELAY_S), tmp_path / "early"
    said = Judging(late.jobs, UNTIL + DELAY_S - LIVE).run()
    write_operator(early / "operator")
    there = stepwise(early)
    assert seen(late) == seen(there) != []
    assert outcome(late)["decided"] == outcome(there)["decided"]
    assert "1 incidents since 2026-03-24T12:00Z" in said
    there.close()
    late.close()


def test_it_learns_only_from_what_lies_before(root):
    house = opened_at(root, UNTIL + DELAY_S)
    Judging(house.jobs, UNTIL + DELAY_S - LIVE).run()
    (extent,) = house.store.notes.get("learned_from")
    assert extent["until"] == LIVE
    assert (extent["objects"], extent["days"]) == (4, 5.0)
    house.close()


def test_what_is_over_is_kept_for_the_record_and_sent_to_nobody(root):
    house = opened_at(root, UNTIL + DELAY_S)
    Judging(house.jobs, UNTIL + DELAY_S - LIVE).run()
    told = house.store.outbox.messages()
    assert {m.type for m in told} >= {"opened", "resolved"}
    assert {(m.receiver, m.state) for m in told} == {("-", "sent")}
    house.close()


def test_what_goes_on_is_told_once_as_opened_at_the_present_time(root):
    now = FAULT[0] + 2 * QUARTER + DELAY_S
    house = opened_at(root, now)
    said = Judging(house.jobs, now - LIVE).run()
    assert "1 of them going on" in said
    (message,) = [m for m in house.store.outbox.messages() if m.receiver != "-"]
    assert (message.type, message.time, message.state) == ("opened", now, "pending")
    assert message.expires_at > now
    house.close()


def test_what_was_asked_of_care_for_incidents_that_are_over_counts_as_unsaid(root):
    from detector.domain.communication import standing

    house = opened_at(root, UNTIL + DELAY_S)
    Judging(house.jobs, UNTIL + DELAY_S - LIVE).run()
    ids = [i.incident_id for i in house.store.book.incidents()]
    assert house.store.communications.of(ids)
    assert standing(house.store.communications.of(ids)) == []
    house.close()


def test_a_store_that_judges_already_is_left_as_it_is(root):
    house = opened_at(root, LIVE)
    house.jobs.decide_from()
    house.clock.at = UNTIL + DELAY_S
    assert "has been judging since 2026-03-24T12:00Z" in Judging(house.jobs, 86_400).run()
    assert house.store.ticks.all_done("decide") == []
    house.close()
