"""One attempt each: what the receiver answers, and what becomes of the alert."""

import pytest

from detector.delivery import FrozenAlert, deliver, verify
from detector.delivery.backoff import MAX_ATTEMPTS
from detector.delivery.signing import demo_secret
from detector.domain.errors import Permanent, Transient
from detector.domain.transport import Answer
from tests.receiving import ORIGIN, InMemoryTransport, signed_receiver

SECRET, URL = demo_secret("relay"), "https://care.example/hook"
RECEIVER = signed_receiver("desk", URL, SECRET)
EVENT, WALL = 1_774_339_200.0, 1_790_000_000.0


def attempt(answer=None, *, attempts=0, expires_at=EVENT + 3600, receiver=RECEIVER):
    transport = InMemoryTransport([answer or answers(204)])
    frozen = FrozenAlert("evt_1", b"{}", attempts, expires_at)
    return deliver(frozen, receiver, transport, event_now=EVENT, wall_now=WALL), transport


def answers(status, retry_after=""):
    return Answer(status, {"retry-after": retry_after} if retry_after else {}, origin=ORIGIN)


#  the other side ...                            attempts before, state, answered, disable, wait at least, at most
CASES = {
    "takes it": (answers(204), 0, "sent", True, False, None),
    "is busy": (answers(503), 0, "retry", False, False, (5, 6)),
    "is busy for the third time": (answers(503), 2, "retry", False, False, (300, 360)),
    "wants ten minutes": (answers(429, "600"), 0, "retry", False, False, (600, 720)),
    "wants a second": (answers(429, "1"), 2, "retry", False, False, (300, 360)),
    "is busy for the last time": (answers(503), MAX_ATTEMPTS - 1, "dead", False, False, None),
    "does not answer": (Transient("no answer in time", where=ORIGIN), 0, "retry", False, False, (5, 6)),
    "refuses it": (answers(400), 0, "dead", True, False, None),
    "is gone": (answers(410), 0, "dead", True, True, None),
}


@pytest.mark.parametrize(("answer", "before", "state", "answered", "disable", "wait"), CASES.values(), ids=CASES.keys())
def test_what_becomes_of_it(answer, before, state, answered, disable, wait):
    outcome, _ = attempt(answer, attempts=before)
    assert (outcome.state, outcome.attempts, outcome.answered, outcome.disable) == (state, before + 1, answered, disable)
    assert outcome.reason.startswith("" if state == "sent" else f"{ORIGIN}: ")
    assert (outcome.reason == "") == (state == "sent")
    assert "\n" not in outcome.reason
    if wait:
        assert wait[0] <= outcome.at - WALL <= wait[1]
    else:
        assert outcome.at is None


def test_an_alert_that_came_too_late_is_not_sent():
    outcome, transport = attempt(expires_at=EVENT)
    assert (outcome.state, outcome.attempts, outcome.answered) == ("expired", 0, None)
    assert transport.sent == []


def test_signed_with_wall_time_though_the_clock_is_simulated():
    _, transport = attempt()
    ((request, _),) = transport.sent
    assert (request.url, request.body, request.headers["webhook-id"]) == (URL, b"{}", "evt_1")
    assert request.headers["webhook-timestamp"] == str(int(WALL))
    assert request.headers["content-type"] == "application/cloudevents+json"


def test_every_attempt_carries_the_same_id_and_a_signature_of_its_own():
    first, again = (attempt(attempts=n)[1].sent[0][0].headers for n in (0, 4))
    assert first["webhook-id"] == again["webhook-id"]
    with pytest.raises(Permanent):
        verify(b"other", first, [SECRET])


def test_what_the_operator_can_mend_is_kept_for_later():
    outcome, transport = attempt(receiver=signed_receiver("desk", URL))
    assert (outcome.state, outcome.answered, transport.sent) == ("retry", None, [])
    assert "receivers: secrets" in outcome.reason


def test_neither_secret_nor_address_shows_in_a_receivers_name_tag():
    assert SECRET not in repr(RECEIVER)
    assert "hook" not in repr(RECEIVER)


@pytest.mark.parametrize(
    ("keys", "severity", "team", "wants"),
    [
        ({}, "warning", "", True),
        ({"min_severity": "major"}, "minor", "", False),
        ({"min_severity": "major"}, "major", "", True),
        ({"teams": ("b2b",)}, "major", "b2b", True),
        ({"teams": ("b2b",)}, "major", "consumer-care", False),
        ({"audience": "operations"}, "critical", "", False),
    ],
)
def test_who_takes_what(keys, severity, team, wants):
    assert signed_receiver("a", URL, **keys).wants(severity, team) is wants
