"""A care team at its desk, over the whole service: it is told of an outage, looks at the people, and says what it found."""

import json

import pytest
from fastapi.testclient import TestClient

from detector.web import create_app
from jobs.web_wiring import care_service_of, web_service_of
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import AFFECTED, FAULT, PEOPLE, QUARTER, UNAFFECTED, write_operator

pytestmark = pytest.mark.xdist_group("desk")

TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An hour after the fault began: the site is still failing."""
    root = tmp_path_factory.mktemp("desk")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    for at in range(FAULT[0] + QUARTER + 300, FAULT[1] + 600, QUARTER):
        app.tick(at)
    app.jobs.run("experience")
    yield app
    app.close()


@pytest.fixture
def client(app):
    web_app = create_app(web_service_of(app.wired), care_service_of(app.wired), token=TOKEN)
    return TestClient(web_app, headers={"authorization": f"Bearer {TOKEN}", "x-actor": "desk-7"})


@pytest.fixture
def incident(app):
    return next(i.incident_id for i in app.store.incidents.all() if set(i.cells) & {"c11", "c12"})


def test_an_agent_sees_what_is_known_of_each_person_beside_the_incident(client, incident, app):
    rows = client.get(f"/v1/incidents/{incident}/affected", params={"context": True}).json()["affected"]
    assert len(rows) >= 8
    assert all(row["degraded_s"] > 0 or row["failures"] > 0 for row in rows), "as assessed"
    mine = next(row["context"] for row in rows if row["subscriber"] == app.names.subscriber(AFFECTED))
    assert (mine["person"]["segment"], mine["person"]["language"]) == ("consumer", "en")
    assert mine["incidents"] == [], "the incident at hand is no past"
    assert mine["history"]["index"] < 100
    caller = client.get(f"/v1/lookup/{AFFECTED}", params={"context": True}).json()["context"]
    assert [one["incident_id"] for one in caller["incidents"]] == [incident]
    assert client.get(f"/v1/lookup/{UNAFFECTED}", params={"context": True}).json()["context"]["history"]["index"] == 100


def test_feedback_of_care_is_kept_by_pseudonym_and_audited(client, incident, app):
    body = {"verdict": "resolved_for_customer", "subscriber": f" {AFFECTED} ", "outcome": "reached"}
    link = app.store.outbox.alerts_of(incident)[0].data["links"]["feedback"]
    assert client.post(link, json=body).status_code == 201
    (kept,) = app.store.feedback.of(incident)
    said = ("api as desk-7", body["verdict"], app.names.subscriber(AFFECTED))
    assert (kept.actor, kept.verdict, kept.subscriber) == said
    noted = app.store.audit.entries(1)[0]
    assert (noted["actor"], noted["action"], noted["subject"]) == ("api as desk-7", "feedback", kept.subscriber)


def test_reports_count_the_same_people_and_name_none(client, incident, app):
    rows = client.get("/v1/reports/planning", params={"by": "site"}).json()["rows"]
    assert [(row["what"], row["incidents"]) for row in rows] == [("s1", 1)]
    groups = client.get("/v1/reports/experience", params={"by": "segment"}).json()["rows"]
    assert [(row["what"], row["people"]) for row in groups] == [("consumer", 10)]
    reports = client.get("/v1/reports").json()["reports"]
    answers = json.dumps([client.get(f"/v1/reports/{report['name']}").json() for report in reports])
    assert not [p for p in PEOPLE if p.msisdn in answers or app.names.subscriber(p.msisdn) in answers]


def test_no_file_of_the_service_holds_a_raw_identity(app, client):
    files = [path.read_bytes() for path in (app.root / "var").rglob("*") if path.is_file()]
    assert not [p.msisdn for p in PEOPLE if any(p.msisdn.encode() in body for body in files)]
