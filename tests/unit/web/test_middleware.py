"""HEAD answers wherever GET does: the same status and headers, and no content (RFC 9110 9.3.2)."""

import asyncio
import re

import pytest

from detector.domain.errors import Transient
from detector.web.middleware import HeadLikeGet

FITTING = {"incident_id": "inc_open", "subscriber": "+41790000001", "account": "acc_1", "name": "planning"}
PATHS = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/incidents",
    "/v1/incidents/inc_open",
    "/v1/incidents/inc_open/affected",
    "/v1/lookup/+41790000001",
    "/v1/accounts/acc_1",
    "/static/precall.css",
    "/v1/incidents/none",
    "/nowhere",
]


def same_without_content(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    kept = ("content-type", "content-length", "content-security-policy", "cache-control", "www-authenticate")
    assert {name: head.headers.get(name) for name in kept} == {name: got.headers.get(name) for name in kept}


@pytest.mark.parametrize("path", PATHS)
def test_a_program_requests_the_head(path, program):
    same_without_content(program, path)


@pytest.mark.parametrize("path", ["/", "/incidents/inc_open"])
def test_a_person_requests_the_head(path, person):
    same_without_content(person, path)


def test_every_route_that_there_is_has_a_head(app, program, person):
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods]
    assert len(paths) >= 8
    for template in paths:
        path = re.sub(r"{(\w+)}", lambda found: FITTING[found[1]], template)
        for client in (program, person):
            assert client.head(path).status_code == client.get(path).status_code != 405, path


def test_an_unready_service_shows_it_in_its_head(program, service):
    service.problems = ["job pull: the folder is gone"]
    same_without_content(program, "/readyz")
    assert program.head("/readyz").status_code == 503


def test_without_the_token_the_head_is_refused_as_well(outsider, service):
    same_without_content(outsider, "/v1/lookup/+41790000001")
    assert service.audit == []


def test_trouble_has_its_head(program, service):
    service.failure = Transient("the database is locked", where="database")
    same_without_content(program, "/v1/incidents")


def test_what_only_takes_posts_has_no_head(program):
    assert program.head("/v1/incidents/inc_open/feedback/none").status_code in (404, 405)


def test_an_answer_without_end_ends_after_its_headers():
    sent = []

    async def stream(scope, receive, send):
        assert scope["method"] == "GET"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": b"event", "more_body": True})

    async def request():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def keep(message):
        sent.append(message)

    asyncio.run(asyncio.wait_for(HeadLikeGet(stream)({"type": "http", "method": "HEAD"}, request, keep), timeout=30))
    assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
    assert sent[1] == {"type": "http.response.body", "body": b"", "more_body": False}
