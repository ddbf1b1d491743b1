"""`precall run --judge 24h`: the past hours are judged in order at the first start, and nobody is sent what is past."""

import pytest

from jobs.backfill import Backfill
from tests.acceptance.small_app import MOMENTS, SmallApp, outcome
from tests.acceptance.small_operator import DELAY_S, FAULT, LIVE, QUARTER, UNTIL, write_operator

HEARS = "http://127.0.0.1:9/alerts"
"""Nothing is pushed in these tests: a receiver only has to be configured."""


def opened_at(root, now, **changes):
    """A service that starts for the first time at `now`, with everything up to UNTIL on disk."""
    app = SmallApp(root=root, url=HEARS, **changes)
    app.clock.at = app.wall.at = now
    return app


@pytest.fixture
def root(tmp_path):
    write_operator(tmp_path / "operator")
    return tmp_path


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A service that has judged the past, at the end of which nothing goes on; and the line about it."""
    root = tmp_path_factory.mktemp("judged")
    write_operator(root / "operator")
    app = opened_at(root, UNTIL + DELAY_S)
    said = Backfill(app.jobs, UNTIL + DELAY_S - LIVE).run()
    yield app, said
    app.close()


def stepwise(root):
    """The same hours lived through one by one by a service that had learned before them."""
    app = SmallApp(root=root)
    app.jobs.decide_from()
    app.jobs.run("pull")
    app.jobs.run("learn")
    for at in MOMENTS:
        app.tick(at)
    return app


def seen(app):
    return [(i.incident_id, i.root_id, i.state, i.started_at, i.opened_at, i.resolved_at) for i in app.store.incidents.all()]


def test_it_finds_what_a_service_would_have_found_that_ran_all_along(judged, root):
    late, said = judged
    there = stepwise(root)
    assert seen(late) == seen(there) != []
    assert outcome(late)["decided"] == outcome(there)["decided"]
    assert "1 incidents since 2026-03-24T12:00Z" in said
    there.close()


def test_it_learns_only_from_what_lies_before(judged):
    app, _ = judged
    (extent,) = app.store.models.extents()
    assert extent.until == LIVE
    assert (extent.objects, extent.days) == (4, 5.0)


def test_what_is_over_is_kept_for_the_record_and_sent_to_nobody(judged):
    app, _ = judged
    messages = app.store.outbox.messages()
    assert {m.type for m in messages} >= {"opened", "resolved"}
    assert {(m.receiver, m.state) for m in messages} == {("-", "sent")}


def test_what_goes_on_is_sent_once_as_opened_at_the_present_time(root):
    now = FAULT[0] + 2 * QUARTER + DELAY_S
    app = opened_at(root, now)
    said = Backfill(app.jobs, now - LIVE).run()
    assert "1 of them going on" in said
    (message,) = [m for m in app.store.outbox.messages() if m.receiver != "-"]
    assert (message.type, message.time, message.state) == ("opened", now, "pending")
    assert message.expires_at > now
    app.close()


def test_communications_on_incidents_that_are_over_count_as_retracted(judged):
    from detector.domain.communication import standing

    app, _ = judged
    ids = [i.incident_id for i in app.store.incidents.all()]
    assert app.store.communications.of(ids)
    assert standing(app.store.communications.of(ids)) == []


def test_a_store_that_judges_already_is_left_as_it_is(root):
    app = opened_at(root, LIVE)
    app.jobs.decide_from()
    app.clock.at = UNTIL + DELAY_S
    assert "has been judging since 2026-03-24T12:00Z" in Backfill(app.jobs, 86_400).run()
    assert app.store.ticks.completed("decide") == []
    app.close()
