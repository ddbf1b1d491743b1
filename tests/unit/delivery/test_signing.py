"""What is signed verifies, whatever is changed does not, and no secret is ever shown."""

import time
from base64 import b64encode

import pytest
from standardwebhooks import Webhook

from detector.delivery import signed_headers, verify
from detector.delivery.signing import demo_secret
from detector.domain.errors import Misconfigured, Permanent

OLD, NEW, FOREIGN = demo_secret("old"), demo_secret("new"), demo_secret("foreign")
BODY = '{"say":"Zürich"}'.encode()


def headers(secrets=(NEW,), at=None):
    return signed_headers("evt_1", BODY, secrets, wall_now=time.time() if at is None else at)


def test_the_reference_implementation_accepts_it():
    assert Webhook(NEW).verify(BODY, headers()) == {"say": "Zürich"}


@pytest.mark.parametrize("trusted", [(OLD,), (NEW,), (FOREIGN, NEW), (OLD, NEW)])
def test_while_secrets_rotate_either_side_may_be_ahead(trusted):
    assert verify(BODY, headers((NEW, OLD)), trusted) == "evt_1"


CHANGED = {
    "another body": (BODY + b" ", {}, "No matching signature"),
    "another id": (BODY, {"webhook-id": "evt_2"}, "No matching signature"),
    "six minutes old": (BODY, {"age": -360}, "too old"),
    "from the future": (BODY, {"age": 360}, "too new"),
    "no version": (BODY, {"webhook-signature": "abc"}, "malformed"),
    "not base64": (BODY, {"webhook-signature": "v1,a"}, "malformed"),
    "no signature": (BODY, {"webhook-signature": ""}, "Missing"),
    "not text": (b"\xff", {}, "malformed"),
}


@pytest.mark.parametrize(("body", "change", "why"), CHANGED.values(), ids=CHANGED.keys())
def test_whatever_is_changed_is_refused(body, change, why):
    age = change.get("age", 0)  # as of now, not as of when the tests were collected
    with pytest.raises(Permanent, match=why):
        verify(body, headers(at=time.time() + age) | {k: v for k, v in change.items() if k != "age"}, (NEW,))


def test_a_foreign_secret_is_refused():
    with pytest.raises(Permanent):
        verify(BODY, headers((FOREIGN,)), (NEW, OLD))


def test_header_names_are_case_insensitive():
    assert verify(BODY, {k.title(): v for k, v in headers().items()}, (NEW,)) == "evt_1"


BAD_SECRETS = ["", "hunter2hunter2hunter2hunter2", "whsec_§§§", "whsec_" + b64encode(b"short").decode()]


@pytest.mark.parametrize("secret", BAD_SECRETS)
def test_a_bad_secret_is_the_operators_to_mend_and_is_not_shown(secret):
    with pytest.raises(Misconfigured, match=r"receivers: secrets") as caught:
        headers((secret,))
    assert len(secret) < 10 or secret.removeprefix("whsec_") not in str(caught.value)


def test_without_any_secret_nothing_is_sent():
    with pytest.raises(Misconfigured, match="no secret"):
        headers(())
