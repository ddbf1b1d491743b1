"""What programs get: the domain's names, ISO times, counts only; and what happens without a token."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from detector.domain.degradation import Part
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import RootCandidate
from detector.web import create_app
from tests.unit.web.conftest import OPEN, degradation, set_evidence

PRIVATE = [
    "/v1/incidents",
    "/v1/incidents/inc_open",
    "/v1/incidents/inc_open/affected",
    "/v1/lookup/+41790000001",
    "/v1/accounts/acc_1",
    "/metrics",
]
PAGES = ["/", "/incidents/inc_open"]


@pytest.mark.parametrize("path", PRIVATE + PAGES)
@pytest.mark.parametrize("authorization", ["", "Bearer wrong-token-for-tests", "Basic YTpi", "Bearer", "Bearer tökén"])
def test_without_the_token_nothing_is_shown(outsider, service, path, authorization):
    answer = outsider.get(path, headers={"authorization": authorization.encode()})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert service.audit == []


@pytest.mark.parametrize("path", PRIVATE)
def test_the_token_in_the_address_or_the_cookie_opens_pages_only(person, path):
    assert person.get(path).status_code == 401
    assert person.get(path, params={"token": "a-token-for-the-tests"}).status_code == 401


@pytest.mark.parametrize("path", PRIVATE + PAGES)
def test_the_token_opens_everything(program, path):
    assert program.get(path).status_code == 200


def test_health_is_open_and_readiness_shows_outsiders_only_whether(outsider, program, service):
    assert outsider.get("/healthz").json() == {"status": "ok"}
    assert outsider.get("/readyz").json() == {"ready": True}
    service.problems = ["detect is two ticks behind"]
    assert (outsider.get("/readyz").status_code, outsider.get("/readyz").json()) == (503, {"ready": False})
    assert program.get("/readyz").json() == {"ready": False, "problems": ["detect is two ticks behind"]}


def test_a_guessable_token_is_refused_at_the_start(service):
    with pytest.raises(Misconfigured, match=r"web\.token"):
        create_app(service, token="")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["inc_open", "inc_works", "inc_over"]),
        ({"state": "open"}, ["inc_open", "inc_works"]),
        ({"state": "resolved"}, ["inc_over"]),
        ({"limit": 1, "offset": 1}, ["inc_works"]),
    ],
)
def test_incidents_by_state_and_page(program, query, ids):
    assert [one["incident_id"] for one in program.get("/v1/incidents", params=query).json()["incidents"]] == ids


@pytest.mark.parametrize(
    ("query", "named"),
    [({"limit": 0}, "limit"), ({"limit": "x"}, "limit"), ({"offset": -1}, "offset"), ({"state": "odd"}, "state")],
)
def test_a_wrong_parameter_is_named_in_one_line(program, query, named):
    answer = program.get("/v1/incidents", params=query)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{named}: ")
    assert "\n" not in answer.json()["detail"]


def test_an_incident_in_full(program):
    body = program.get("/v1/incidents/inc_open").json()
    assert (body["started_at"], body["resolved_at"], body["priority"]) == ("2026-03-24T08:00:00Z", None, 2)
    assert body["degradations"][0]["numerator"] == 10220
    assert body["impact"] | {"named_accounts": []} == {
        "assessed_at": "2026-03-24T08:45:00Z",
        "exposed": 2310,
        "affected": 610,
        "affected_low": 540,
        "affected_high": 695,
        "accounts": 480,
        "named_accounts": [],
        "privacy_floor": 5,
    }
    assert body["links"] == {"affected": "/v1/incidents/inc_open/affected", "page": "/incidents/inc_open"}


def test_the_root_has_candidates_and_each_degradation_an_explanation(program, service):
    candidates = (RootCandidate("site", "s010", 3, 3, 1e-9, 1.0), RootCandidate("edge", "hub-2", 3, 18, 4e-5, 1.0))
    service.known[0] = replace(OPEN, root_candidates=candidates)
    explained = {
        "parts": (Part("lte_rrc_sr", 3, 12.0, 0.914, 0.992),),
        "siblings": 2,
        "siblings_alike": 2,
        "neighbour_load": 1.0,
    }
    set_evidence(service, degradation("c01010", **explained))
    found = program.get(f"/v1/incidents/{OPEN.incident_id}").json()
    assert [(r["root_id"], r["bad"], r["testable"], r["chance"], r["coverage"]) for r in found["rivals"]] == [
        ("s010", 3, 3, 1e-9, 1.0),
        ("hub-2", 3, 18, 4e-5, 1.0),
    ]
    (bad,) = found["degradations"]
    assert bad["parts"] == [{"kpi": "lte_rrc_sr", "periods": 3, "strength": 12.0, "observed": 0.914, "expected": 0.992}]
    assert "over 45 min, expected 99.2 %; neighbours normal; the other 2 cells of its site alike" in bad["explanation"]


def test_counts_under_the_privacy_floor_and_small_accounts_are_withheld(program, service):
    service.impacts["inc_open"] = Impact(
        incident_id="inc_open",
        assessed_at=60,
        exposed=4,
        affected=3.2,
        affected_low=1.1,
        affected_high=6.0,
        people=(),
        accounts=(AccountImpact(account="acc_home", kind="family", tier="", affected_lines=3, lines=4),),
    )
    body = program.get("/v1/incidents/inc_open").json()
    hidden = ("exposed", "affected", "affected_low", "affected_high", "accounts")
    assert [body["impact"][name] for name in hidden] == [None] * 5
    assert body["impact"]["named_accounts"] == []
    assert body["care"]["withheld"] == {"no_consent": 70, "quiet_hours": 130, "cap": None}


def test_an_incident_never_names_a_person(program):
    assert "sub_" not in program.get("/v1/incidents/inc_open").text
    assert "acc_small" not in program.get("/v1/incidents/inc_open").text


def test_not_a_number_is_null(program, service, nan_degradation):
    set_evidence(service, nan_degradation)
    assert program.get("/v1/incidents/inc_open").json()["degradations"][0]["observed"] is None


def test_the_list_of_people_is_paged_and_audited(program, service):
    seen, offset = [], 0
    while offset is not None:
        page = program.get(
            "/v1/incidents/inc_open/affected", params={"limit": 250, "offset": offset}, headers={"x-actor": "desk 7\u007f"}
        ).json()
        seen += page["affected"]
        offset = page["next_offset"]
    assert (len(seen), len({row["subscriber"] for row in seen}), page["total"]) == (606, 606, 606)
    assert seen[0]["decision"]["channel"] == "sms"
    assert service.audit == [("api as desk 7", "affected", "inc_open")] * 3


def test_a_caller_is_looked_up_and_the_number_is_not_repeated(program, service):
    answer = program.get("/v1/lookup/+41790000001")
    body = answer.json()
    (match,) = body["incidents"]
    assert (body["affected"], body["answer"], body["probability"]) == (True, "yes", 0.83)
    assert (body["since"], body["expected_clear"]) == ("2026-03-24T08:00:00Z", "2026-03-24T12:00:00Z")
    assert body["next_exposure_at"] == "2026-03-24T18:00:00Z"
    assert body["contact"] == {"contactable": False, "why_not": "no_consent"}
    assert (match["started_at"], match["probability"], match["say"], match["told"]) == (
        "2026-03-24T08:00:00Z",
        0.83,
        body["say"],
        True,
    )
    assert "4179" not in answer.text


def test_a_communication_on_another_line_does_not_reveal_its_incident(program):
    other, own = program.get("/v1/lookup/+41790000001").json()["said"]
    assert (own["own_line"], own["incident_id"], own["at"]) == (True, "inc_open", "2026-03-24T08:50:00Z")
    assert (other["own_line"], other["incident_id"]) == (False, "")


def test_nobody_known_is_answered_politely_and_the_caller_is_noted(program, service):
    body = program.get("/v1/lookup/+41790000002", params={"caller": "guardian"}).json()
    assert (body["affected"], body["answer"], body["incidents"]) == (False, "unknown", [])
    assert body["say"] == {"en": "We cannot say for certain whether the network is the cause."}
    assert [one[:2] for one in service.audit] == [("api", "lookup")]
    assert program.get("/v1/lookup/1", params={"caller": "neighbour"}).status_code == 422


@pytest.mark.parametrize("raw", ["41 79/000?x", "%2F", "ümlaut#1", "a" * 256])
def test_identities_may_hold_any_character(program, service, raw):
    assert program.get(f"/v1/lookup/{quote(raw, safe='')}").json()["answer"] == "unknown"


def test_an_account_learns_of_its_lines_and_of_no_place(program, service):
    body = program.get(f"/v1/accounts/{quote('A/7 & sons', safe='')}").json()
    assert (body["affected"], body["affected_lines"], body["lines"], body["tier"]) == ("yes", 168.0, 210, "gold")
    assert program.get("/v1/accounts/nobody").json()["affected"] == "unknown"
    assert [one[:2] for one in service.audit] == [("api", "account")] * 2


@pytest.mark.parametrize(
    "path", ["/v1/incidents/inc_none", "/v1/incidents/inc_none/affected", "/v1/nothing", "/incidents/inc_none"]
)
def test_what_is_not_there_is_404(program, service, path):
    assert (program.get(path).status_code, program.get(path).json()["title"]) == (404, "Not Found")
    assert service.audit == []


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Transient("database is locked", where="var/precall.db"), 503, "var/precall.db: database is locked"),
        (Permanent("no such tick"), 422, "no such tick"),
        (Misconfigured("unknown key", where="kpis.toml"), 500, "kpis.toml: unknown key"),
        (ZeroDivisionError("secret detail"), 500, "unforeseen ZeroDivisionError; the log has the details"),
    ],
)
def test_every_failure_is_one_line_of_problem_json(program, service, error, status, detail):

    def fails(state, limit, offset):
        raise error

    service.incidents = fails
    answer = program.get("/v1/incidents")
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert ("retry-after" in answer.headers) == (status == 503)


def test_metrics_are_plain_text(program):
    answer = program.get("/metrics")
    assert answer.text.startswith("precall_ticks_total 3\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_nothing_is_cached_framed_or_sniffed(outsider: TestClient):
    headers = outsider.get("/healthz").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_only_whom_care_may_contact_is_named_and_only_on_request(program, service):
    path = "/v1/incidents/inc_open/affected"
    plain = program.get(path).json()["affected"]
    named = program.get(path, params={"identify": True}).json()["affected"]
    assert not any("contact" in row for row in plain)
    assert {row["decision"]["contactable"] for row in named if "contact" in row} == {True}
    assert service.audit[-1] == ("api", "affected", "inc_open")
