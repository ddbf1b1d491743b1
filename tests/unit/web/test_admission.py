"""What a request must pass before the application sees it."""

import threading
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from detector.domain.errors import Transient
from detector.web import create_app
from detector.web.access import COOKIE, AccessOptions, InMemorySessions
from detector.web.in_memory import InMemoryWebService
from detector.web.limits import DEFAULT, Buckets, Limits
from detector.web.refusals import OTHERS, Refusals
from tests.unit.web.conftest import TOKEN, small_service

SIGNED = {"authorization": f"Bearer {TOKEN}"}


class RefusalLog:
    """Everything that was refused."""

    def __init__(self):
        self.rows = []

    def __call__(self, *row):
        self.rows.append(row)


def made(limits=DEFAULT, *, address="10.0.0.1", service=None, **entry):
    refusals = RefusalLog()
    app = create_app(service or small_service(), token=TOKEN, entry=AccessOptions(refused=refusals, limits=limits, **entry))
    return TestClient(app, client=(address, 1), raise_server_exceptions=False), refusals


def test_a_token_is_looked_at_before_the_body():
    client, refusals = made()
    read = []

    def body():
        read.append(1)
        yield b"x" * 1000

    answer = client.post("/v1/incidents/inc_open/feedback", content=body())
    assert answer.status_code == 401
    assert refusals.rows == [("refused", "10.0.0.1", "401 /v1/incidents")]


@pytest.mark.parametrize("signed", [True, False])
def test_so_many_requests_a_minute_and_then_later(signed):
    """Health is asked by supervisors, and is not counted."""
    client, _ = made(replace(DEFAULT, requests_per_minute=3, strangers_per_minute=3))
    headers = SIGNED if signed else {}
    answers = [client.get("/v1/incidents", headers=headers) for _ in range(5)]
    assert [one.status_code for one in answers] == [200 if signed else 401] * 3 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_guesser_is_not_looked_at_any_more_and_an_agent_beside_it_is():
    client, refusals = made(replace(DEFAULT, failures_per_minute=3))
    assert client.get("/v1/incidents", headers=SIGNED).status_code == 200
    wrong = {"authorization": "Bearer a-token-of-somebody-else"}
    assert [client.get("/v1/incidents", headers=wrong).status_code for _ in range(5)] == [401] * 3 + [429] * 2
    assert client.get("/v1/incidents", headers=SIGNED).status_code == 200
    assert [row[0] for row in refusals.rows] == ["sign-in failed"] * 5


def test_the_right_token_after_too_many_wrong_ones_is_no_oracle():
    client, _ = made(replace(DEFAULT, failures_per_minute=3))
    for _ in range(3):
        client.get("/", params={"token": "a-token-of-somebody-else"})
    assert client.get("/v1/incidents", headers=SIGNED).status_code == 429
    assert client.get("/", params={"token": TOKEN}).status_code == 429


@pytest.mark.parametrize(("secure", "expected"), [(True, True), (False, False)])
def test_a_session_is_a_random_secret_that_can_be_ended(secure, expected):
    sessions = InMemorySessions()
    client, _ = made(sessions=sessions, secure=secure)
    client.base_url = "https://testserver"
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    secret = client.cookies[COOKIE]
    assert TOKEN not in secret
    assert client.get("/").status_code == 200
    client.post("/sign-out", follow_redirects=False)
    assert client.get("/", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 401
    plain, _ = made(sessions=sessions, secure=secure)
    found = plain.get("/", params={"token": TOKEN}, follow_redirects=False).headers["set-cookie"]
    assert ("Secure" in found) is expected


def test_another_token_ends_all_sessions():
    sessions = InMemorySessions()
    client, _ = made(sessions=sessions)
    client.get("/", params={"token": TOKEN})
    secret = client.cookies[COOKIE]
    other = create_app(small_service(), token="another-token-of-tests", entry=AccessOptions(sessions))
    assert TestClient(other).get("/", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 401


def test_an_answer_that_does_not_come_is_reported_as_late():
    release = threading.Event()

    class Stuck(InMemoryWebService):
        def coverage(self):
            release.wait(60)
            return super().coverage()

    client, _ = made(Limits(answer_s=0.2), service=Stuck())
    answer = client.get("/v1/coverage", headers=SIGNED)
    release.set()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_gets_back_what_it_may_spend_and_strangers_are_forgotten():
    few = Buckets(60, keys=2)
    assert [few.spend("a", now=0.0) for _ in range(61)] == [0.0] * 60 + [1.0]
    assert few.spend("a", now=1.0) == 0.0
    few.spend("b", now=1.0)
    few.spend("c", now=1.0)
    assert few.spend("a", now=1.0) == 0.0


def test_refusals_are_counted_and_no_flood_of_rows():
    log = RefusalLog()
    refusals = Refusals(log, every_s=600)
    for address in range(100):
        for _ in range(10):
            refusals.note("refused", f"10.0.0.{address}", "401 /v1/lookup")
    refusals.end(60)
    first = [row for row in log.rows if "more" not in row[2]]
    assert len(first) == 60
    assert ("refused", "10.0.0.1", "401 /v1/lookup, 9 more") in log.rows
    assert ("refused", OTHERS, "401 /v1/lookup, 400 more") in log.rows
    assert len(log.rows) == 121


def test_a_row_that_cannot_be_written_costs_only_the_row():
    rows = []

    def write(*row):
        rows.append(row)
        if len(rows) == 1:
            raise Transient("full", where="disk", mend="free it")

    refusals = Refusals(write, every_s=600)
    refusals.note("refused", "a", "401")
    refusals.note("refused", "b", "401")
    refusals.end(60)
    assert len(rows) == 2
