"""One attempt each: what the other side does, and what becomes of the message."""

import pytest

from detector.delivery import Gone, Message, Receiver, deliver, verify
from detector.delivery.backoff import MAX_ATTEMPTS
from detector.delivery.signing import demo_secret
from detector.domain.errors import Permanent, Transient

SECRET = demo_secret("relay")
RECEIVER = Receiver(name="desk", url="https://care.example/hook", secrets=(SECRET,))
EVENT, WALL = 1_774_339_200.0, 1_790_000_000.0


class Line:
    """A transport that answers as told and remembers the last request."""

    def __init__(self, error=None):
        self.error, self.sent = error, None

    def send(self, url, body, headers, route):
        self.sent = (url, body, dict(headers))
        if self.error:
            raise self.error


def attempt(error=None, *, attempts=0, expires_at=EVENT + 3600, receiver=RECEIVER):
    line = Line(error)
    return deliver(Message("evt_1", b"{}", attempts, expires_at), receiver, line, event_now=EVENT, wall_now=WALL), line


#  the other side ...                            attempts before, state, reached, disable, wait at least, at most
STORY = {
    "takes it": (None, 0, "sent", True, False, None),
    "is busy": (Transient("answered 503"), 0, "retry", False, False, (5, 6)),
    "is busy for the third time": (Transient("answered 503"), 2, "retry", False, False, (300, 360)),
    "wants ten minutes": (Transient("answered 429", retry_after_s=600), 0, "retry", False, False, (600, 720)),
    "wants a second": (Transient("answered 429", retry_after_s=1), 2, "retry", False, False, (300, 360)),
    "is busy for the last time": (Transient("answered 503"), MAX_ATTEMPTS - 1, "dead", False, False, None),
    "refuses it": (Permanent("answered 400"), 0, "dead", True, False, None),
    "is gone": (Gone("answered 410"), 0, "dead", True, True, None),
}


@pytest.mark.parametrize(("error", "before", "state", "reached", "disable", "wait"), STORY.values(), ids=STORY.keys())
def test_what_becomes_of_it(error, before, state, reached, disable, wait):
    outcome, _ = attempt(error, attempts=before)
    assert (outcome.state, outcome.attempts, outcome.reached, outcome.disable) == (state, before + 1, reached, disable)
    assert (outcome.reason == "") == (state == "sent")
    assert "\n" not in outcome.reason
    if wait:
        assert wait[0] <= outcome.at - WALL <= wait[1]
    else:
        assert outcome.at is None


def test_an_alert_that_came_too_late_is_not_sent():
    outcome, line = attempt(expires_at=EVENT)
    assert (outcome.state, outcome.attempts, outcome.reached) == ("expired", 0, None)
    assert line.sent is None


def test_signed_with_wall_time_though_the_clock_is_simulated():
    _, line = attempt()
    url, body, headers = line.sent
    assert (url, body, headers["webhook-id"]) == (RECEIVER.url, b"{}", "evt_1")
    assert headers["webhook-timestamp"] == str(int(WALL))
    assert headers["content-type"] == "application/cloudevents+json"


def test_every_attempt_carries_the_same_id_and_a_signature_of_its_own():
    first, again = (attempt(attempts=n)[1].sent[2] for n in (0, 4))
    assert first["webhook-id"] == again["webhook-id"]
    with pytest.raises(Permanent):
        verify(b"other", first, [SECRET])


@pytest.mark.parametrize(
    "receiver",
    [
        Receiver(name="desk", url=RECEIVER.url, secrets=()),
        Receiver(name="desk", url=RECEIVER.url, secrets=(SECRET,), format="morse"),
    ],
    ids=["no secret", "unknown format"],
)
def test_what_the_operator_can_mend_is_kept_for_later(receiver):
    outcome, line = attempt(receiver=receiver)
    assert (outcome.state, outcome.reached, line.sent) == ("retry", None, None)
    assert "receivers: " in outcome.reason


def test_neither_secret_nor_address_shows_in_a_receivers_name_tag():
    assert SECRET not in repr(RECEIVER)
    assert "hook" not in repr(RECEIVER)


@pytest.mark.parametrize(
    ("receiver", "severity", "team", "wants"),
    [
        (Receiver(name="a", url="", secrets=()), "warning", "", True),
        (Receiver(name="a", url="", secrets=(), enabled=False), "critical", "", False),
        (Receiver(name="a", url="", secrets=(), min_severity="major"), "minor", "", False),
        (Receiver(name="a", url="", secrets=(), min_severity="major"), "major", "", True),
        (Receiver(name="a", url="", secrets=(), teams=("b2b",)), "major", "b2b", True),
        (Receiver(name="a", url="", secrets=(), teams=("b2b",)), "major", "consumer-care", False),
    ],
)
def test_who_wants_what(receiver, severity, team, wants):
    assert receiver.wants(severity, team) is wants
