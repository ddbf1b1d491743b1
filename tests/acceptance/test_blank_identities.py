"""A withheld number, an empty field of a form, a variable that was never set: nobody is named, and nobody is answered."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from detector.domain.communication import Communication
from detector.domain.customer import Subscriber
from detector.domain.finding import Findings
from detector.domain.identity import InvalidIdentity
from detector.web import create_app
from jobs.cli import main
from jobs.commands.explain import explain
from jobs.commands.forget import forget
from jobs.web_wiring import care_service_of, web_service_of
from tests.acceptance.small_app import MOMENTS, SmallApp
from tests.acceptance.small_operator import AFFECTED, FAULT, write_operator
from tests.listings import listing_of

pytestmark = pytest.mark.xdist_group("blank")
BLANKS = ("%20", "%C2%A0", "%E2%80%8B", "%09", "%0A", "%EF%BB%BF", "%2520", "null", "None", "undefined", "%00", "a%01b")
"""As they stand in an address; the last two are no blanks, but no identities either."""
WORDS = ("", " ", "\u00a0", "\u200b", "\t", "%20", "null")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallApp]:
    """In the middle of a fault, with people on a list."""
    root = tmp_path_factory.mktemp("blank")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    app.jobs.decide_from()
    for tick_time in (one for one in MOMENTS if one <= FAULT[1]):
        app.tick(tick_time)
    app.jobs.run("pull")
    assert app.store.listings.all(current=True), "there is somebody whose list could be shown to a stranger"
    inbox, var = root / "operator", root / "var"
    (root / "my.toml").write_text(
        f'[sources]\nkind = "dataset"\npath = "{inbox}"\nkpis = "{inbox}/kpis.toml"\n[storage]\npath = "{var}"\n'
        "[detection]\nhistory_days = 7\n"
    )
    yield app
    app.close()


@pytest.fixture
def client(app: SmallApp) -> Iterator[TestClient]:
    web_app = create_app(web_service_of(app.wired, list), care_service_of(app.wired), token=app.wired.keys.token)
    with TestClient(web_app, headers={"Authorization": f"Bearer {app.wired.keys.token}"}, follow_redirects=True) as client:
        yield client


def everything(app: SmallApp) -> dict[str, list[tuple[object, ...]]]:
    with app.store.database.read() as connection:
        names = ("listing", "interaction", "communication", "feedback", "outbox", "audit", "waiting_incident")
        return {name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")] for name in names}


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("path", ["/v1/lookup/{}", "/v1/lookup/{}?context=true", "/v1/accounts/{}"])
def test_the_api_answers_a_blank_name_with_a_problem(client: TestClient, app: SmallApp, path: str, blank: str) -> None:
    before = everything(app)
    answer = client.get(path.format(blank))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail"}
    assert "inc_" not in answer.text
    assert everything(app) == before, "nobody was looked up, so nothing is in the audit log"


def test_an_address_without_a_name_is_no_address(client: TestClient) -> None:
    for path in ("/v1/lookup/", "/v1/accounts/", "/v1/incidents/", "/v1/reports/", "/v1/incidents//affected"):
        answer = client.get(path)
        assert answer.status_code in (404, 422), path
        assert "inc_" not in answer.text


@pytest.mark.parametrize("blank", BLANKS[:6])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/incidents/{}",
        "/v1/incidents/{}/affected",
        "/v1/incidents/{}/feedback",
        "/v1/reports/{}",
        "/incidents/{}",
        "/v1/incidents?state={}",
        "/v1/reports/planning?by={}",
        "/?state={}",
    ],
)
def test_no_filter_means_all_by_being_blank(client: TestClient, path: str, blank: str) -> None:
    assert client.get(path.format(blank)).status_code == 422


@pytest.mark.parametrize("path", ["/v1/incidents?state=", "/v1/reports/planning?by=", "/?state=", "/reports/planning?by="])
def test_a_filter_without_a_value_is_refused_and_one_left_out_is_not(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 422
    assert client.get(path.partition("?")[0]).status_code == 200


def test_the_links_of_the_pages_are_taken(client: TestClient) -> None:
    page = client.get("/reports/planning")
    links = re.findall(r'href="(/reports/[^"]+)"', page.text)
    assert links
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("subscriber", WORDS)
def test_feedback_about_a_blank_customer_is_refused(client: TestClient, app: SmallApp, subscriber: str) -> None:
    (incident, *_) = app.store.incidents.all()
    where = f"/v1/incidents/{incident.incident_id}/feedback"
    before = everything(app)
    assert client.post(where, json={"verdict": "confirmed", "subscriber": subscriber}).status_code == 422
    assert everything(app) == before


def test_feedback_without_a_customer_is_about_the_incident(client: TestClient, app: SmallApp) -> None:
    (incident, *_) = app.store.incidents.all()
    answer = client.post(f"/v1/incidents/{incident.incident_id}/feedback", json={"verdict": "confirmed"})
    assert (answer.status_code, answer.json()["subscriber"]) == (201, "")


@pytest.mark.parametrize(
    "words",
    [
        *([command, blank] for command in ("lookup", "explain", "forget") for blank in WORDS),
        *(["rules", "try", option, blank] for option in ("--subscriber", "--incident") for blank in WORDS),
        *(["redrive", "--receiver", blank] for blank in WORDS),
        *([command, "--state", blank] for command in ("incidents", "deliveries") for blank in WORDS),
        *(["report", "planning", option, blank] for option in ("--by", "--from", "--to") for blank in WORDS[:3]),
        *(["report", blank] for blank in WORDS),
    ],
    ids=lambda words: "-".join(map(ascii, words)),
)
def test_a_command_reports_in_one_line_that_nobody_is_named(
    app: SmallApp, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(app)
    monkeypatch.setattr("sys.argv", ["precall", *words, "--config", str(app.root / "my.toml")])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith("precall: ")
    assert printed.err.count("\n") == 1
    assert everything(app) == before


@pytest.mark.parametrize("blank", WORDS)
def test_neither_the_service_nor_the_store_takes_a_blank_name(app: SmallApp, blank: str) -> None:
    questions, care_team, store = web_service_of(app.wired), care_service_of(app.wired), app.store
    before = everything(app)
    asks = {
        "lookup": lambda: questions.lookup(blank, "a test"),
        "account": lambda: questions.account(blank, "a test"),
        "context": lambda: care_team.context(blank, "a test"),
        "feedback": lambda: care_team.give_feedback("inc_1", "confirmed", "a test", raw_subscriber=blank),
        "explain": lambda: explain(app.wired, blank),
        "forget": lambda: forget(app.wired, blank),
        "a person's list": lambda: store.listings.all(subscriber=blank),
        "an incident's list": lambda: store.listings.all(incident_id=blank),
        "people's lists": lambda: store.listings.about([blank]),
        "incidents": lambda: store.incidents.all(state=blank),
        "said about": lambda: store.communications.about(blank),
        "said to": lambda: store.communications.to(blank),
        "contacts": lambda: store.interactions.of(blank),
        "events": lambda: store.interactions.events_of(blank),
        "deliveries": lambda: store.outbox.by_state(blank),
        "redrive": lambda: store.outbox.redrive(1.0, blank),
    }
    for ask in asks.values():
        with pytest.raises(InvalidIdentity):
            ask()
    assert everything(app) == before


def test_callers_with_and_without_a_number_get_different_answers(app: SmallApp, monkeypatch, capsys) -> None:
    config = str(app.root / "my.toml")
    monkeypatch.setattr("sys.argv", ["precall", "lookup", f"\u00a0{AFFECTED}\u200b", "--config", config])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "inc_" in capsys.readouterr().out


def test_a_minor_without_a_guardian_sees_no_communication_with_others(app: SmallApp) -> None:
    """What was said to nobody in particular (a recipient that was erased) is not said to every minor without a guardian."""
    key = app.names.subscriber("4917199990001")
    now = int(app.clock.at)
    with app.store.begin() as connection:
        lost = Communication(
            incident_id="inc_1",
            subscriber="sub_of_another",
            recipient="",
            at=now - 60,
            action="proactive_message",
            channel="sms",
        )
        app.store.communications.add(connection, [lost])
        app.store.listings.relist(
            connection,
            [],
            [
                listing_of(
                    incident_id="inc_1",
                    subscriber=key,
                    account="",
                    basis="present",
                    probability=0.9,
                    exposure_s=900.0,
                    listed_at=now,
                    decided_at=now,
                )
            ],
            now,
        )
    reference = app.wired.feeds.reference(now)
    child = Subscriber(key=key, minor=True)
    known = replace(reference, customers=replace(reference.customers, subscribers={key: child}))
    questions = replace(web_service_of(app.wired), reference=lambda: known)
    answer = questions.lookup("4917199990001", "a test")
    assert "sub_of_another" not in json.dumps(str(answer))


def test_rows_of_nobody_are_counted_and_are_no_person(tmp_path) -> None:
    """NULL in an export is no subscriber: under one key would stand everybody who has none."""
    write_operator(tmp_path / "operator")
    with (tmp_path / "operator" / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write("NULL,,consumer,sms,en\n\u200b,,consumer,sms,en\n")
    app = SmallApp(root=tmp_path)
    findings = Findings()
    known = app.wired.feeds.reference(MOMENTS[0], findings).customers.subscribers
    app.close()
    assert "" not in known
    assert [f.count for f in findings if f.code == "row_rejected" and f.where == "subscribers.csv"] == [2]
