"""From the outbox over a real socket: what each answer of a care system does to the alert, and to those behind it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.delivery.backoff import SCHEDULE_S
from detector.domain.alert import Alert, alert_key
from detector.domain.communication import Communication, standing
from detector.domain.message import Message
from detector.domain.policy import LawfulBasis
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import AFFECTED, LIVE, SILENT, withdrawn, write_reference
from tests.listings import listing_of


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording() as record:
        yield record


@pytest.fixture
def app(tmp_path: Path, recorded: Recording) -> Iterator[SmallApp]:
    write_reference(tmp_path / "operator")
    app = opened(tmp_path, recorded.url)
    yield app
    app.close()


def opened(root: Path, url: str, **options) -> SmallApp:
    return SmallApp(root=root, url=url, timeout_s=0.3, **options)


def tell(app: SmallApp, incident: str = "inc_1", sequence: int = 1, type_: str = "opened", hours: int = 6) -> str:
    """Put one alert into the outbox, as `assess` does; returns its webhook-id."""
    key = alert_key(incident, type_, sequence)
    data = {"impact": {"affected": 10, "suppressedByConsent": 7}, "say": {"en": "Hello"}}
    alert = Alert(
        key=key,
        incident_id=incident,
        type=type_,
        sequence=sequence,
        severity="major",
        time=LIVE,
        expires_at=LIVE + hours * 3600,
        data=data,
    )
    with app.store.begin() as connection:
        app.store.outbox.add(connection, alert, ["desk"], float(LIVE))
    return key


def push(app: SmallApp, after_s: float = 0, *, event_after_s: float = 0) -> dict[str, int]:
    """One push so long after the alert was composed, by the wall clock and by that of events."""
    app.clock.at, app.wall.at = LIVE + event_after_s, LIVE + after_s
    relay = app.jobs.relay
    return dict(relay.push(event_now=app.clock.now(), wall_now=app.wall.now()))


def message(app: SmallApp, key: str) -> Message:
    return next(m for m in app.store.outbox.messages() if m.key == key)


def test_taken_at_once(app, recorded):
    key = tell(app)
    assert push(app) == {"sent": 1}
    assert recorded.keys == [key]
    assert push(app, 3600) == {}, "and never again"


def test_refused_with_400_is_dead_and_the_next_goes_on(app, recorded):
    recorded.statuses = [400, 204]
    dead, fine = tell(app), tell(app, "inc_2")
    assert push(app) == {"dead": 1, "sent": 1}
    assert (message(app, dead).state, message(app, fine).state) == ("dead", "sent")
    assert "answered 400" in message(app, dead).last_error


def test_a_refused_opening_does_not_hold_back_its_resolution(app, recorded):
    recorded.statuses = [400, 204]
    tell(app)
    second = tell(app, sequence=2, type_="resolved")
    assert push(app) == {"dead": 1}
    assert push(app, 1) == {"sent": 1}
    assert recorded.keys[-1] == second


def test_gone_with_410_switches_it_off_for_good_even_over_a_restart(app, recorded, tmp_path):
    recorded.statuses = [410]
    tell(app)
    assert push(app) == {"dead": 1}
    later = tell(app, "inc_2")
    assert push(app, 1) == {"dead": 1}
    assert "switched off" in message(app, later).last_error
    again = opened(tmp_path, recorded.url)
    tell(again, "inc_3")
    assert push(again, 2) == {"dead": 1}
    assert len(recorded.got) == 1, "asked once, and never more"
    again.close()


def test_a_receiver_that_was_gone_comes_back_by_redrive_or_by_a_new_address(app, recorded, tmp_path):
    recorded.statuses = [410, 204]
    key = tell(app)
    push(app)
    moved = opened(tmp_path, recorded.url + "/new")
    other = tell(moved, "inc_2")
    assert push(moved, 1) == {"sent": 1}
    moved.close()
    assert app.store.outbox.redrive(LIVE + 2.0, "desk") == 1
    assert push(app, 3) == {"sent": 1}
    assert recorded.keys == [key, other, key]


def test_busy_with_429_is_tried_again_at_the_stated_time_and_not_before(app, recorded):
    recorded.statuses, recorded.headers = [429, 204], {"retry-after": "600"}
    key = tell(app)
    assert push(app) == {"retry": 1}
    assert push(app, 599) == {}
    assert push(app, 600 * 1.2 + 1) == {"sent": 1}
    assert recorded.keys == [key, key]
    assert len(recorded.meanings[key]) == 1


def test_broken_with_500_is_tried_on_the_published_schedule(app, recorded):
    recorded.statuses = [500, 500, 500, 204]
    key, at = tell(app), 0.0
    for step in SCHEDULE_S[1:4]:
        assert push(app, at) == {"retry": 1}
        due = message(app, key).next_at - LIVE
        assert step <= due - at <= 1.2 * step
        assert push(app, due - 1) == {}, "not early"
        at = due
    assert push(app, at) == {"sent": 1}
    assert recorded.keys == [key] * 4
    assert len(recorded.meanings[key]) == 1


def test_one_that_never_answers_costs_its_timeout_and_not_the_alert(app, recorded):
    recorded.silent = True
    key = tell(app)
    assert push(app) == {"retry": 1}
    assert message(app, key).last_error.endswith("no answer in time")
    recorded.silent = False
    recorded.released.set()
    assert push(app, 10) == {"sent": 1}


def test_one_that_stays_down_is_left_in_peace_and_its_alerts_keep(app, recorded):
    recorded.statuses = [503]
    for n in range(8):
        tell(app, f"inc_{n}")
    assert push(app) == {"retry": 5, "held": 3}
    assert len(recorded.got) == 5
    recorded.statuses = [204]
    for minutes in range(1, 40):
        push(app, 60 * minutes)
    assert {m.state for m in app.store.outbox.messages()} == {"sent"}


def test_after_the_last_attempt_it_is_dead_until_somebody_redrives_it(app, recorded, tmp_path):
    recorded.statuses = [500, 500, 204]
    patient = opened(tmp_path, recorded.url, max_attempts=2)
    key = tell(patient)
    assert push(patient) == {"retry": 1}
    assert push(patient, 60) == {"dead": 1}
    assert "gave up after 2 attempts" in message(patient, key).last_error
    assert push(patient, 9e6) == {}
    assert patient.store.outbox.redrive(LIVE + 100.0) == 1
    assert push(patient, 100) == {"sent": 1}
    assert len(recorded.meanings[key]) == 1, "the same bytes as at the first attempt"
    patient.close()


def test_expiry_goes_by_the_time_of_events_not_by_the_wall(app, recorded):
    tell(app, hours=1)
    tell(app, "inc_2", hours=3)
    assert push(app, after_s=10, event_after_s=2 * 3600) == {"expired": 1, "sent": 1}
    assert len(recorded.got) == 1


def test_an_incidents_alerts_arrive_in_order_whatever_happens(app, recorded):
    recorded.statuses = [500, 204]
    keys = [tell(app), tell(app, sequence=2, type_="updated"), tell(app, sequence=3, type_="resolved")]
    for second in range(0, 60, 10):
        push(app, second)
    assert recorded.keys == [keys[0], *keys]


def listed(app: SmallApp, msisdn: str) -> None:
    person = app.names.subscriber(msisdn)
    decided = {"action": "proactive_message", "channel": "sms", "recipient": person, "decided_at": LIVE}
    row = listing_of(
        incident_id="inc_1",
        subscriber=person,
        account="",
        basis="present",
        probability=0.9,
        exposure_s=600.0,
        listed_at=LIVE,
        contactable=True,
        **decided,
    )
    with app.store.begin() as connection:
        app.store.listings.relist(connection, [], [row], LIVE)


def contactable(app: SmallApp) -> dict[str, str]:
    """Person -> why not (empty = may be contacted) as the list stands."""
    return {one.subscriber: one.why_not for one in app.store.listings.all(incident_id="inc_1", current=True)}


def test_permission_withdrawn_between_decision_and_sending_counts(app, recorded, tmp_path):
    listed(app, AFFECTED)
    listed(app, SILENT)
    key = tell(app)
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    app.jobs.relay.final_check.floor = 1
    assert push(app) == {"sent": 1}
    assert contactable(app) == {
        app.names.subscriber(AFFECTED): "withdrawn",
        app.names.subscriber(SILENT): "no_consent",
    }
    said = json.loads(recorded.got[0][1])["data"]["impact"]
    assert (said["suppressedByConsent"], said["withheld"]) == (2, {"no_consent": 1, "withdrawn": 1})
    assert message(app, key).data["impact"] == said


def test_a_recount_at_sending_keeps_to_the_privacy_floor(app, recorded, tmp_path):
    listed(app, AFFECTED)
    tell(app)
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    assert push(app) == {"sent": 1}
    said = json.loads(recorded.got[0][1])["data"]["impact"]
    assert (said["suppressedByConsent"], said["withheld"], said["note"]) == (None, {}, "null: under 5, withheld")


def test_what_would_be_sent_in_the_quiet_hours_is_refused_and_sent_in_the_morning(app, recorded, tmp_path):
    listed(app, AFFECTED)
    who = app.names.subscriber(AFFECTED)
    tell(app)
    asked = Communication(
        incident_id="inc_1",
        subscriber=who,
        recipient=who,
        at=LIVE,
        action="proactive_message",
        channel="sms",
        offer="",
        rule="everyone else",
        severity="major",
        service="connecting",
    )
    with app.store.begin() as connection:
        app.store.communications.add(connection, [asked])
    app.jobs.relay.final_check.care_policy = replace(app.settings.care, quiet_from="11:00", quiet_to="13:00")
    assert push(app) == {"sent": 1}
    assert contactable(app) == {who: "quiet_hours"}
    rows = app.store.communications.of(["inc_1"])
    assert [row.action for row in rows] == ["proactive_message", "retracted"]
    assert standing(rows) == [], "it counts for no cap, and may be said later"


def test_a_survey_needs_its_own_consent_at_the_moment_of_sending(app, recorded):
    listed(app, AFFECTED)
    who = app.names.subscriber(AFFECTED)
    over = Communication(incident_id="inc_1", subscriber=who, recipient=who, at=LIVE, action="all_clear", channel="sms")
    with app.store.begin() as connection:
        app.store.communications.add(connection, [over, replace(over, action="survey")])
    tell(app, type_="resolved")
    assert push(app) == {"sent": 1}
    assert standing(app.store.communications.of(["inc_1"])) == [over]


def test_the_communications_of_an_alert_that_came_too_late_may_be_requested_again(app, recorded):
    who = app.names.subscriber(AFFECTED)
    earlier = Communication(
        incident_id="inc_1",
        subscriber=who,
        recipient=who,
        at=LIVE - 900,
        action="proactive_message",
        channel="sms",
        severity="minor",
    )
    with app.store.begin() as connection:
        app.store.communications.add(connection, [earlier, replace(earlier, at=LIVE, severity="major")])
    tell(app, hours=1)
    assert push(app, after_s=10, event_after_s=2 * 3600) == {"expired": 1}
    assert standing(app.store.communications.of(["inc_1"])) == [earlier]


def test_a_lawful_basis_holds_at_the_moment_of_sending_too(app, recorded, tmp_path):
    listed(app, SILENT)
    tell(app)
    basis = LawfulBasis("proactive_contact", "*", "contract")
    app.jobs.relay.final_check.care_policy = replace(app.settings.care, lawful_basis=(basis,))
    assert push(app) == {"sent": 1}
    assert contactable(app) == {app.names.subscriber(SILENT): ""}


def test_permission_withdrawn_between_two_attempts_ends_the_listing_though_the_bytes_stay(app, recorded, tmp_path):
    recorded.statuses = [500, 204]
    listed(app, AFFECTED)
    key = tell(app)
    push(app)
    assert set(contactable(app).values()) == {""}
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    assert push(app, 60) == {"sent": 1}
    assert set(contactable(app).values()) == {"withdrawn"}
    assert len(recorded.meanings[key]) == 1


def test_a_table_of_consents_that_cannot_be_read_holds_the_alert_and_does_not_kill_it(app, recorded, tmp_path):
    key = tell(app)
    path = tmp_path / "operator" / "consents.csv"
    good = path.read_text()
    path.write_text("holder\n1\n")
    assert push(app) == {"held": 1}
    assert "consents.csv" in message(app, key).last_error
    path.write_text(good)
    assert push(app, 100) == {"sent": 1}


def test_two_pushes_that_freeze_at_once_agree_on_the_bytes(app):
    key = tell(app)
    (mine,) = app.store.outbox.claim(float(LIVE))
    assert app.store.outbox.freeze(mine, mine.data, b"first") == b"first"
    assert app.store.outbox.freeze(mine, mine.data, b"second") == b"first"
    app.store.outbox.finish(mine, state="sent", at=LIVE)
    app.store.outbox.retry(mine, at=LIVE, error="the slower push got no answer")
    app.store.outbox.finish(mine, state="dead", at=LIVE)
    assert message(app, key).state == "sent", "what was delivered stays delivered"
