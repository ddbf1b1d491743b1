"""What care teams tell and ask: feedback on an incident, reports as rows and as pages, what is known of a customer."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from detector.care.context import Context, Membership, PastIncident
from detector.clock import MovingClock
from detector.domain.communication import Communication
from detector.domain.customer import Customers, Subscriber
from detector.domain.experience import CustomerHistory
from detector.domain.impact import AccountImpact
from detector.domain.interaction import Interaction
from detector.domain.ports import Reference
from detector.reports import Column, Report
from detector.sources.identity import Pseudonymiser
from detector.sources.memory import InMemoryReference
from detector.store.memory import InMemoryStore
from detector.web import create_app, serializers
from detector.web.store_care_service import StoreCareService
from tests.unit.web.conftest import START, TOKEN

NAMES, RAW = Pseudonymiser(b"0123456789abcdef"), "41790000001"
ROWS = (("2026-W13", "all", "", 3, 610, 812.5, None, 40.0), ("2026-W13", "cause", "site / outage", 2, 610, 810.0, 20, 40.0))
MADE = Report(
    "planning",
    "What incidents cost",
    (
        Column("period", "Period"),
        Column("by", "By"),
        Column("what", "What"),
        Column("incidents", "Incidents", "count"),
        Column("people", "People", "people"),
        Column("hours", "Hours", "hours"),
        Column("complaints", "Complaints", "people"),
        Column("goodwill", "Goodwill", "money"),
    ),
    ROWS,
    ("About 10 people who withdrew are in no figure.",),
)


@pytest.fixture
def reports() -> list[tuple]:
    """What was asked of the maker of reports."""
    return []


@pytest.fixture
def care(reports):
    """The service over a store in memory."""

    def make_report(name, /, *, now, window, step):
        reports.append((name, window.start, window.end, step))
        return MADE

    people = {key: Subscriber(key=key, segment="gold") for key in ("sub_000", "sub_001", NAMES.subscriber(RAW))}
    reference = InMemoryReference("reference", {0.0: Reference(customers=Customers(people))})
    wall = MovingClock(START + 60.0)
    return StoreCareService(InMemoryStore(), reference, MovingClock(START), NAMES, make_report, wall)


def asked(care) -> list[tuple[str, str, str]]:
    return [(one["action"], one["subject"], one["actor"]) for one in reversed(care.store.audit.entries())]


@pytest.fixture
def app(service, care):
    return create_app(service, care, token=TOKEN, timezone="Europe/Zurich")


def test_a_care_team_states_what_it_found(program, care):
    body = {"verdict": "resolved_for_customer", "subscriber": "491701234567", "outcome": "reached"}
    answer = program.post("/v1/incidents/inc_open/feedback", json=body, headers={"x-actor": "desk-7"})
    assert answer.status_code == 201
    assert answer.json() == {
        "incident_id": "inc_open",
        "at": "2026-03-24T08:01:00Z",
        "actor": "api as desk-7",
        "verdict": "resolved_for_customer",
        "subscriber": NAMES.subscriber("491701234567"),
        "outcome": "reached",
    }
    assert program.get("/v1/incidents/inc_open/feedback").json()["feedback"] == [answer.json()]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"verdict": "very bad"}, 422, "verdict is one of confirmed"),
        ({"verdict": "confirmed", "outcome": "shouted"}, 422, "outcome is one of reached"),
        ({"verdict": "confirmed", "text": "Mrs Miller cried"}, 422, "text"),
        ({"verdict": "confirmed", "subscriber": "4" * 300}, 422, "subscriber"),
        ({}, 422, "verdict"),
    ],
)
def test_what_nobody_could_read_is_refused(program, care, body, status, says):
    answer = program.post("/v1/incidents/inc_open/feedback", json=body)
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)
    assert care.feedback("inc_open") == []


def test_feedback_needs_the_token_and_an_incident(outsider, program, care):
    assert outsider.post("/v1/incidents/inc_open/feedback", json={"verdict": "confirmed"}).status_code == 401
    assert program.post("/v1/incidents/inc_none/feedback", json={"verdict": "confirmed"}).status_code == 404
    assert program.get("/v1/incidents/inc_none/feedback").status_code == 404
    assert care.feedback("inc_open") == []


def test_the_incidents_page_shows_the_feedback_of_care(person, program):
    for verdict in ("confirmed", "confirmed", "wrong_cause"):
        program.post("/v1/incidents/inc_open/feedback", json={"verdict": verdict})
    page = person.get("/incidents/inc_open").text
    assert "Care says: <strong>confirmed</strong> (2), <strong>wrong cause</strong>." in page


def test_a_report_is_the_same_rows_everywhere(program, person, reports):
    listed = program.get("/v1/reports").json()["reports"]
    assert {
        "name": "planning",
        "title": "What incidents cost, by place, cause, release and segment",
        "href": "/v1/reports/planning",
    } in listed
    answer = program.get(
        "/v1/reports/planning", params={"from": "2026-03-01", "to": "2026-04-01T00:00Z", "per": "month"}
    ).json()
    assert answer["rows"] == MADE.records()
    assert reports == [("planning", 1772323200, 1775001600, "month")]
    assert [row["by"] for row in program.get("/v1/reports/planning", params={"by": "cause"}).json()["rows"]] == ["cause"]
    page = person.get("/reports/planning").text
    assert all(words in page for words in ("site / outage", "610", "812.5", "40.00", "–", MADE.notes[0]))
    assert "site / outage" not in person.get("/reports/planning", params={"by": "all"}).text
    assert "/reports/planning" in person.get("/reports").text
    assert 'href="/reports"' in person.get("/").text


def test_reports_need_the_token(outsider):
    for path in ("/v1/reports", "/v1/reports/planning", "/reports", "/reports/planning"):
        assert outsider.get(path).status_code == 401


def test_a_wrong_question_has_a_plain_answer(program):
    assert program.get("/v1/reports/weather").status_code == 404
    assert program.get("/v1/reports/planning", params={"per": "year"}).status_code == 422
    assert program.get("/v1/reports/planning", params={"from": "soon"}).status_code == 422
    backwards = program.get("/v1/reports/planning", params={"from": "2026-04-01", "to": "2026-03-01"})
    assert (backwards.status_code, "before it begins" in backwards.json()["detail"]) == (422, True)


def test_the_page_of_a_report_is_opened_with_the_token_once(app):
    browser = TestClient(app, headers={"accept": "text/html"}, raise_server_exceptions=False)
    opened = browser.get("/reports/planning", params={"by": "cause", "token": TOKEN})
    assert (opened.status_code, str(opened.url.query, "ascii")) == (200, "by=cause")


def test_a_context_is_shown_without_keys_of_people():
    known = Context(
        person=Subscriber(
            key="sub_1", account="acc_1", segment="gold", vip=True, guardian="sub_2", language="de", lifetime_value=900.0
        ),
        accounts=(Membership("acc_1", "enterprise", "gold", roles=("executive",)),),
        contacts=(
            Interaction(
                interaction_id="k1",
                at=START,
                kind="contact",
                channel="call",
                subscriber="sub_1",
                category="network",
                sentiment=-0.5,
                reaction="repeat",
            ),
        ),
        surveys=(
            Interaction(
                interaction_id="v1", at=START, kind="survey", channel="sms", subscriber="sub_1", score=3.0, trigger="contact"
            ),
        ),
        incidents=(
            PastIncident(
                incident_id="inc_1",
                kind="outage",
                severity="major",
                started_at=START,
                resolved_at=START + 3600,
                ticket_id="T-1",
            ),
        ),
        said=(
            Communication(
                incident_id="inc_1", subscriber="sub_1", recipient="sub_2", at=START, action="call", channel="call"
            ),
        ),
        events=(),
        history=CustomerHistory(incidents=1, degraded_s=60.0, index=71.0),
    )
    answer = serializers.context(known)
    assert "sub_" not in str(answer)
    assert answer["contacts"][0]["at"] == answer["surveys"][0]["at"] == answer["said"][0]["at"] == "2026-03-24T08:00:00Z"
    assert (answer["surveys"][0]["score"], answer["accounts"][0]["roles"], answer["history"]["index"]) == (
        3.0,
        ("executive",),
        71.0,
    )


def test_an_incidents_list_and_a_lookup_give_the_context_on_request(program, care):
    rows = program.get("/v1/incidents/inc_open/affected", params={"limit": 2, "context": True}).json()["affected"]
    assert [row["context"]["person"]["segment"] for row in rows] == ["gold", "gold"]
    assert "context" not in program.get("/v1/incidents/inc_open/affected", params={"limit": 2}).json()["affected"][0]
    caller = f"/v1/lookup/{RAW}"
    assert program.get(caller, params={"context": True}).json()["context"]["person"]["segment"] == "gold"
    assert "context" not in program.get(caller, params={"context": True, "caller": "manager"}).json(), (
        "nobody else's business"
    )
    assert asked(care) == [("context", "inc_open", "api"), ("context", NAMES.subscriber(RAW), "api")]


def test_roles_that_too_few_hold_are_not_shown_of_an_account(program, service):
    firm = AccountImpact(
        account="acc_9f",
        kind="enterprise",
        tier="gold",
        affected_lines=34,
        lines=210,
        roles=(("executive", 2), ("manager", 6)),
        cell_shares=(("c01010", 0.666),),
    )
    service.impacts["inc_open"] = replace(service.impacts["inc_open"], accounts=(firm,))
    (answer,) = program.get("/v1/incidents/inc_open").json()["impact"]["named_accounts"]
    assert (answer["roles"], answer["cell_shares"]) == ({"manager": 5}, {"c01010": 0.67})
