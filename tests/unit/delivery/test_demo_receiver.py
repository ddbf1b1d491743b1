"""From alert to a person's terminal, over real HTTP."""

import time
from io import StringIO

import httpx2
import pytest
from rich.console import Console

from detector.delivery import DemoReceiver, FrozenAlert, HttpTransport, cloudevents, deliver, signed_headers
from detector.delivery.announcement import announcement
from detector.delivery.demo_receiver import LARGEST_BODY
from detector.delivery.signing import demo_secret
from tests.receiving import signed_receiver

SECRET = demo_secret("receiver")


@pytest.fixture
def care():
    """(receiver, its URL, what it printed)"""
    paper = StringIO()
    console = Console(file=paper, width=60, no_color=True)
    with DemoReceiver(
        [SECRET], console=console, page=lambda incident: f"http://127.0.0.1:8080/incidents/{incident}"
    ) as receiver:
        yield receiver, receiver.start(), paper


def send(url, alert, secret=SECRET):
    frozen = FrozenAlert(alert.key, cloudevents(alert, "/precall/test"), 0, alert.expires_at)
    with HttpTransport() as transport:
        receiver = signed_receiver("desk", url, secret)
        return deliver(frozen, receiver, transport, event_now=alert.time, wall_now=time.time())


def test_an_incident_opens_is_updated_and_resolves_and_nothing_is_sent_twice(care, make_alert):
    receiver, url, paper = care
    for type_, sequence in [("opened", 1), ("updated", 2), ("updated", 2), ("updated", 3), ("resolved", 4), ("opened", 1)]:
        assert send(url, make_alert(type_=type_, sequence=sequence)).state == "sent"
    assert receiver.summary == {"opened": 1, "updated": 2, "resolved": 1, "rejected": 0, "repeated": 2}
    assert paper.getvalue().count("site s010") == 4


def test_a_person_reads_what_where_how_many_what_to_say_and_where_to_look(care, make_alert):
    _, url, paper = care
    send(url, make_alert())
    assert paper.getvalue() == (
        "▲ OPENED    2026-03-24 08:20 UTC  MAJOR  site s010  RRC setup success 91.4 %, expected 99.2 %\n"
        "            about 610 people affected (540 to 690), 2,310 were there, larger accounts: 1, no consent: 71\n"
        "            47 min before the first complaint\n"
        "            say: “Mobile data is failing around the old harbour.”\n"
        "            next: proactive message by consumer-care\n"
        "            http://127.0.0.1:8080/incidents/inc_42\n"
    )


def test_what_is_not_signed_is_refused_and_counted(care, make_alert):
    receiver, url, paper = care
    outcome = send(url, make_alert(), secret=demo_secret("foreign"))
    assert (outcome.state, "401" in outcome.reason) == ("dead", True)
    assert httpx2.post(url, content=b"{}").status_code == 401
    assert receiver.summary["rejected"] == 2
    assert paper.getvalue() == ""


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b"{}", b'{"type":"com.other.v1"}', b'{"type":"care.incident.eaten.v1"}']
)
def test_signed_nonsense_is_refused(care, body):
    receiver, url, _ = care
    answer = httpx2.post(url, content=body, headers=signed_headers("evt_9", body, [SECRET], wall_now=time.time()))
    assert answer.status_code == 400
    assert receiver.summary["rejected"] == 1


def test_an_enormous_body_is_not_read(care):
    _, url, _ = care
    assert httpx2.post(url, content=b" " * (LARGEST_BODY + 1)).status_code == 413


def test_terminal_codes_in_an_alert_do_not_reach_the_terminal():
    text = announcement({"type": "care.incident.opened.v1", "data": {"serviceProblem": {"reason": "\x1b[2Jgone"}}})
    assert "\x1b" not in text.plain


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"impact": 3},
        {"impact": {"affected": "x", "accounts": None}, "action": []},
        {"serviceProblem": {"rootCauseResource": [1]}},
    ],
)
def test_odd_data_is_left_out_not_fatal(data):
    assert "RESOLVED" in announcement({"type": "care.incident.resolved.v1", "data": data}).plain


def test_a_withheld_count_is_shown_as_withheld():
    event = {
        "type": "care.incident.opened.v1",
        "data": {"impact": {"affected": None, "affectedInterval": None, "accounts": []}},
    }
    assert "few people affected (count withheld)" in announcement(event).plain


def test_stopping_twice_is_once():
    receiver = DemoReceiver([SECRET])
    receiver.start()
    receiver.stop()
    receiver.stop()
