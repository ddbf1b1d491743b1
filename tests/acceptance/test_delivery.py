"""From the outbox over a real socket: what each answer of a care system does to the alert, and to those behind it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detector.delivery.backoff import SCHEDULE_S
from detector.domain.alert import Alert, alert_key
from detector.domain.communication import Communication, standing
from detector.domain.policy import LawfulBasis
from detector.store import Message
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_house import SmallHouse
from tests.acceptance.small_operator import AFFECTED, LIVE, SILENT, withdrawn, write_reference
from tests.listings import listing_of


@pytest.fixture
def desk() -> Iterator[Recording]:
    with recording() as record:
        yield record


@pytest.fixture
def house(tmp_path: Path, desk: Recording) -> Iterator[SmallHouse]:
    write_reference(tmp_path / "operator")
    house = opened(tmp_path, desk.url)
    yield house
    house.close()


def opened(root: Path, url: str, **options) -> SmallHouse:
    return SmallHouse(root=root, url=url, timeout_s=0.3, **options)


def tell(house: SmallHouse, incident: str = "inc_1", sequence: int = 1, type_: str = "opened", hours: int = 6) -> str:
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
    with house.store.begin() as connection:
        house.store.outbox.add(connection, alert, ["desk"], float(LIVE))
    return key


def push(house: SmallHouse, after_s: float = 0, *, event_after_s: float = 0) -> dict[str, int]:
    """One push so long after the alert was composed, by the wall clock and by that of events."""
    house.clock.at, house.wall.at = LIVE + event_after_s, LIVE + after_s
    relay = house.jobs.relay
    return dict(relay.push(event_now=house.clock.now(), wall_now=house.wall.now()))


def message(house: SmallHouse, key: str) -> Message:
    return next(m for m in house.store.outbox.messages() if m.key == key)


def test_taken_at_once(house, desk):
    key = tell(house)
    assert push(house) == {"sent": 1}
    assert desk.keys == [key]
    assert push(house, 3600) == {}, "and never again"


def test_refused_with_400_is_dead_and_the_next_goes_on(house, desk):
    desk.statuses = [400, 204]
    dead, fine = tell(house), tell(house, "inc_2")
    assert push(house) == {"dead": 1, "sent": 1}
    assert (message(house, dead).state, message(house, fine).state) == ("dead", "sent")
    assert "answered 400" in message(house, dead).last_error


def test_a_refused_opening_does_not_hold_back_its_resolution(house, desk):
    desk.statuses = [400, 204]
    tell(house)
    second = tell(house, sequence=2, type_="resolved")
    assert push(house) == {"dead": 1}
    assert push(house, 1) == {"sent": 1}
    assert desk.keys[-1] == second


def test_gone_with_410_switches_it_off_for_good_even_over_a_restart(house, desk, tmp_path):
    desk.statuses = [410]
    tell(house)
    assert push(house) == {"dead": 1}
    later = tell(house, "inc_2")
    assert push(house, 1) == {"dead": 1}
    assert "switched off" in message(house, later).last_error
    again = opened(tmp_path, desk.url)
    tell(again, "inc_3")
    assert push(again, 2) == {"dead": 1}
    assert len(desk.got) == 1, "asked once, and never more"
    again.close()


def test_a_receiver_that_was_gone_comes_back_by_redrive_or_by_a_new_address(house, desk, tmp_path):
    desk.statuses = [410, 204]
    key = tell(house)
    push(house)
    moved = opened(tmp_path, desk.url + "/new")
    other = tell(moved, "inc_2")
    assert push(moved, 1) == {"sent": 1}
    moved.close()
    assert house.store.outbox.redrive(LIVE + 2.0, "desk") == 1
    assert push(house, 3) == {"sent": 1}
    assert desk.keys == [key, other, key]


def test_busy_with_429_is_asked_again_when_it_said_and_not_before(house, desk):
    desk.statuses, desk.headers = [429, 204], {"retry-after": "600"}
    key = tell(house)
    assert push(house) == {"retry": 1}
    assert push(house, 599) == {}
    assert push(house, 600 * 1.2 + 1) == {"sent": 1}
    assert desk.keys == [key, key]
    assert len(desk.meanings[key]) == 1


def test_broken_with_500_is_tried_on_the_published_schedule(house, desk):
    desk.statuses = [500, 500, 500, 204]
    key, at = tell(house), 0.0
    for step in SCHEDULE_S[1:4]:
        assert push(house, at) == {"retry": 1}
        due = message(house, key).next_at - LIVE
        assert step <= due - at <= 1.2 * step
        assert push(house, due - 1) == {}, "not early"
        at = due
    assert push(house, at) == {"sent": 1}
    assert desk.keys == [key] * 4
    assert len(desk.meanings[key]) == 1


def test_one_that_never_answers_costs_its_timeout_and_not_the_alert(house, desk):
    desk.silent = True
    key = tell(house)
    assert push(house) == {"retry": 1}
    assert message(house, key).last_error.endswith("no answer in time")
    desk.silent = False
    desk.released.set()
    assert push(house, 10) == {"sent": 1}


def test_one_that_stays_down_is_left_in_peace_and_its_alerts_keep(house, desk):
    desk.statuses = [503]
    for n in range(8):
        tell(house, f"inc_{n}")
    assert push(house) == {"retry": 5, "held": 3}
    assert len(desk.got) == 5
    desk.statuses = [204]
    for minutes in range(1, 40):
        push(house, 60 * minutes)
    assert {m.state for m in house.store.outbox.messages()} == {"sent"}


def test_after_the_last_attempt_it_is_dead_until_somebody_redrives_it(house, desk, tmp_path):
    desk.statuses = [500, 500, 204]
    patient = opened(tmp_path, desk.url, max_attempts=2)
    key = tell(patient)
    assert push(patient) == {"retry": 1}
    assert push(patient, 60) == {"dead": 1}
    assert "gave up after 2 attempts" in message(patient, key).last_error
    assert push(patient, 9e6) == {}
    assert patient.store.outbox.redrive(LIVE + 100.0) == 1
    assert push(patient, 100) == {"sent": 1}
    assert len(desk.meanings[key]) == 1, "the same bytes as at the first attempt"
    patient.close()


def test_expiry_goes_by_the_time_of_events_not_by_the_wall(house, desk):
    tell(house, hours=1)
    tell(house, "inc_2", hours=3)
    assert push(house, after_s=10, event_after_s=2 * 3600) == {"expired": 1, "sent": 1}
    assert len(desk.got) == 1


def test_an_incidents_alerts_arrive_in_order_whatever_happens(house, desk):
    desk.statuses = [500, 204]
    keys = [tell(house), tell(house, sequence=2, type_="updated"), tell(house, sequence=3, type_="resolved")]
    for second in range(0, 60, 10):
        push(house, second)
    assert desk.keys == [keys[0], *keys]


def listed(house: SmallHouse, msisdn: str) -> None:
    person = house.names.subscriber(msisdn)
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
    with house.store.begin() as connection:
        house.store.book.relist(connection, [], [row], LIVE)


def contactable(house: SmallHouse) -> dict[str, str]:
    """Person -> why not (empty = may be contacted) as the list stands."""
    return {one.subscriber: one.why_not for one in house.store.book.listings(incident_id="inc_1", current=True)}


def test_permission_withdrawn_between_decision_and_sending_counts(house, desk, tmp_path):
    listed(house, AFFECTED)
    listed(house, SILENT)
    key = tell(house)
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    house.jobs.relay.floor = 1
    assert push(house) == {"sent": 1}
    assert contactable(house) == {
        house.names.subscriber(AFFECTED): "withdrawn",
        house.names.subscriber(SILENT): "no_consent",
    }
    said = json.loads(desk.got[0][1])["data"]["impact"]
    assert (said["suppressedByConsent"], said["withheld"]) == (2, {"no_consent": 1, "withdrawn": 1})
    assert message(house, key).data["impact"] == said


def test_a_recount_at_sending_keeps_to_the_privacy_floor(house, desk, tmp_path):
    listed(house, AFFECTED)
    tell(house)
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    assert push(house) == {"sent": 1}
    said = json.loads(desk.got[0][1])["data"]["impact"]
    assert (said["suppressedByConsent"], said["withheld"], said["note"]) == (None, {}, "null: under 5, withheld")


def test_what_would_be_sent_in_the_quiet_hours_is_refused_and_said_in_the_morning(house, desk, tmp_path):
    listed(house, AFFECTED)
    who = house.names.subscriber(AFFECTED)
    tell(house)
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
    with house.store.begin() as connection:
        house.store.communications.add(connection, [asked])
    house.jobs.relay.policy = replace(house.settings.care, quiet_from="11:00", quiet_to="13:00")
    assert push(house) == {"sent": 1}
    assert contactable(house) == {who: "quiet_hours"}
    rows = house.store.communications.of(["inc_1"])
    assert [row.action for row in rows] == ["proactive_message", "taken_back"]
    assert standing(rows) == [], "it counts for no cap, and may be said later"


def test_a_survey_needs_its_own_consent_at_the_moment_of_sending(house, desk):
    listed(house, AFFECTED)
    who = house.names.subscriber(AFFECTED)
    over = Communication(incident_id="inc_1", subscriber=who, recipient=who, at=LIVE, action="all_clear", channel="sms")
    with house.store.begin() as connection:
        house.store.communications.add(connection, [over, replace(over, action="survey")])
    tell(house, type_="resolved")
    assert push(house) == {"sent": 1}
    assert standing(house.store.communications.of(["inc_1"])) == [over]


def test_what_was_asked_with_an_alert_that_came_too_late_may_be_asked_again(house, desk):
    who = house.names.subscriber(AFFECTED)
    earlier = Communication(
        incident_id="inc_1",
        subscriber=who,
        recipient=who,
        at=LIVE - 900,
        action="proactive_message",
        channel="sms",
        severity="minor",
    )
    with house.store.begin() as connection:
        house.store.communications.add(connection, [earlier, replace(earlier, at=LIVE, severity="major")])
    tell(house, hours=1)
    assert push(house, after_s=10, event_after_s=2 * 3600) == {"expired": 1}
    assert standing(house.store.communications.of(["inc_1"])) == [earlier]


def test_a_lawful_basis_holds_at_the_moment_of_sending_too(house, desk, tmp_path):
    listed(house, SILENT)
    tell(house)
    basis = LawfulBasis("proactive_contact", "*", "contract")
    house.jobs.relay.policy = replace(house.settings.care, lawful_basis=(basis,))
    assert push(house) == {"sent": 1}
    assert contactable(house) == {house.names.subscriber(SILENT): ""}


def test_permission_withdrawn_between_two_attempts_ends_the_listing_though_the_bytes_stay(house, desk, tmp_path):
    desk.statuses = [500, 204]
    listed(house, AFFECTED)
    key = tell(house)
    push(house)
    assert set(contactable(house).values()) == {""}
    withdrawn(tmp_path / "operator", AFFECTED, LIVE)
    assert push(house, 60) == {"sent": 1}
    assert set(contactable(house).values()) == {"withdrawn"}
    assert len(desk.meanings[key]) == 1


def test_a_table_of_consents_that_cannot_be_read_holds_the_alert_and_does_not_kill_it(house, desk, tmp_path):
    key = tell(house)
    path = tmp_path / "operator" / "consents.csv"
    good = path.read_text()
    path.write_text("holder\n1\n")
    assert push(house) == {"held": 1}
    assert "consents.csv" in message(house, key).last_error
    path.write_text(good)
    assert push(house, 100) == {"sent": 1}


def test_two_pushes_that_freeze_at_once_agree_on_the_bytes(house):
    key = tell(house)
    (mine,) = house.store.outbox.claim(float(LIVE))
    assert house.store.outbox.freeze(mine, mine.data, b"first") == b"first"
    assert house.store.outbox.freeze(mine, mine.data, b"second") == b"first"
    house.store.outbox.finish(mine, state="sent", at=LIVE)
    house.store.outbox.retry(mine, at=LIVE, error="the slower push got no answer")
    house.store.outbox.finish(mine, state="dead", at=LIVE)
    assert message(house, key).state == "sent", "what was delivered stays delivered"
