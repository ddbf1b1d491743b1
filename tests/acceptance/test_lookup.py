"""Is this caller affected? On the command line and over HTTP, audited; and no raw identity anywhere it may not be."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket

import numpy as np
import pytest
from fastapi.testclient import TestClient

from detector.store.parquet import read_columns
from detector.web import create_app
from detector.web.server import WebServer
from jobs.cli import main
from jobs.commands import lookup
from jobs.daemon_lease import announce, withdraw
from jobs.web_wiring import web_service_of
from tests.acceptance.small_app import MOMENTS, SmallApp
from tests.acceptance.small_operator import AFFECTED, FAULT, PEOPLE, SILENT, UNAFFECTED, UNASKED, iso, write_operator

UNKNOWN = "491719999999"
DURING = [tick_time for tick_time in MOMENTS if tick_time <= FAULT[1]]
pytestmark = pytest.mark.xdist_group("lookup")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallApp]:
    """The operator in the middle of its fault."""
    root = tmp_path_factory.mktemp("lookup")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    app.jobs.decide_from()
    for tick_time in DURING:
        app.tick(tick_time)
    yield app
    app.close()


@pytest.fixture
def precall(app: SmallApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command on the app's own store; returns what it printed."""
    inbox, var = app.root / "operator", app.root / "var"
    sources = f'[sources]\nkind = "dataset"\npath = "{inbox}"\nkpis = "{inbox}/kpis.toml"\n'
    (app.root / "my.toml").write_text(f'{sources}[storage]\npath = "{var}"\n[detection]\nhistory_days = 7\n')

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["precall", *words, "--config", str(app.root / "my.toml")])
        with pytest.raises(SystemExit) as done:
            main()
        assert done.value.code == 0
        return capsys.readouterr().out

    return run


def test_an_affected_caller_learns_since_when_how_surely_and_what_to_say(app, precall):
    found = json.loads(precall("lookup", AFFECTED, "--json"))
    (incident,) = app.store.incidents.all(state="open")
    assert (found["affected"], found["answer"]) == (True, "yes")
    assert found["incidents"][0]["incident_id"] == incident.incident_id
    assert found["since"] == iso(FAULT[0])
    assert found["probability"] >= 0.9
    assert "We are working on it" in found["say"]["en"]
    output = precall("lookup", AFFECTED)
    assert output.startswith("affected, ")
    assert incident.incident_id in output


def test_a_caller_for_another_gets_neither_place_nor_time(app, precall):
    found = json.loads(precall("lookup", AFFECTED, "--caller", "guardian", "--json"))
    assert (found["answer"], found["private"], found["incidents"], found["since"]) == ("yes", True, [], None)
    assert found["say"]["en"].startswith("A mobile line you look after")
    assert iso(FAULT[0])[11:16] not in precall("lookup", AFFECTED, "--caller", "holder")


def test_while_a_daemon_runs_it_answers_and_nothing_is_read(app, precall, client, monkeypatch):
    """Over the loopback, with the token of keys.json; alone the command says the same, but for what its clock changes."""
    alone = json.loads(precall("lookup", AFFECTED, "--json"))
    server = WebServer(create_app(web_service_of(app.wired), token=app.wired.keys.token), "127.0.0.1", 0)
    announce(app.root / "var", server.start())
    monkeypatch.setattr(lookup, "_read", None)
    try:
        answer = json.loads(precall("lookup", AFFECTED, "--json"))
        same = ("affected", "answer", "probability", "since", "next_exposure_at", "private")
        assert answer.keys() == alone.keys()
        assert [answer[name] for name in same] == [alone[name] for name in same]
        assert app.store.audit.entries(1)[0]["actor"] == "api as cli"
        assert "not known to be affected" in precall("lookup", "/no one? &%")
    finally:
        withdraw(app.root / "var")
        server.stop()


def test_a_daemon_that_was_killed_is_no_obstacle(app, precall):
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        announce(app.root / "var", f"http://127.0.0.1:{free.getsockname()[1]}")
    assert precall("lookup", AFFECTED).startswith("affected, ")
    withdraw(app.root / "var")


@pytest.mark.parametrize(
    ("caller", "answer", "words"),
    [(UNAFFECTED, "no", "not affected by anything known\n"), (UNKNOWN, "unknown", "not known to be affected\n")],
    ids=["lives elsewhere", "is no customer"],
)
def test_a_caller_who_is_not_affected_gets_that_answer(caller, answer, words, precall):
    assert precall("lookup", caller).startswith(words)
    found = json.loads(precall("lookup", caller, "--json"))
    assert (found["affected"], found["answer"], found["incidents"]) == (False, answer, [])


def test_without_consent_to_be_contacted_a_caller_is_answered_all_the_same(app, precall):
    assert json.loads(precall("lookup", SILENT, "--json"))["affected"]
    listed = {one.subscriber: one for one in app.store.listings.all(current=True)}
    for person in (SILENT, UNASKED):
        row = listed[app.names.subscriber(person)]
        assert (row.contactable, row.why_not) == (False, "no_consent")


@pytest.fixture
def client(app: SmallApp) -> TestClient:
    web_app = create_app(web_service_of(app.wired), token="a-token-of-this-test")
    return TestClient(web_app, headers={"authorization": "Bearer a-token-of-this-test", "x-actor": "desk-7"})


@pytest.mark.parametrize(("caller", "affected"), [(AFFECTED, True), (SILENT, True), (UNAFFECTED, False), (UNKNOWN, False)])
def test_the_same_over_http(caller, affected, client):
    answer = client.get(f"/v1/lookup/{caller}")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["affected"], len(body["incidents"])) == (affected, int(affected))
    assert caller not in answer.text
    if affected:
        assert body["incidents"][0]["probability"] >= 0.9
        assert body["incidents"][0]["started_at"] == iso(FAULT[0])


def test_without_the_token_nobody_gets_anything(client):
    assert client.get(f"/v1/lookup/{AFFECTED}", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_every_lookup_stands_in_the_audit_log_under_a_pseudonym(app, client, precall):
    before = len(app.store.audit.entries(1000))
    client.get(f"/v1/lookup/{AFFECTED}")
    client.get(f"/v1/lookup/{UNKNOWN}")
    precall("lookup", UNAFFECTED)
    entries = app.store.audit.entries(1000)
    assert len(entries) == before + 3
    output = [(e["actor"], e["action"], e["subject"]) for e in reversed(entries[:3])]
    assert output == [
        ("api as desk-7", "lookup", app.names.subscriber(AFFECTED)),
        ("api as desk-7", "lookup", app.names.subscriber(UNKNOWN)),
        ("cli", "lookup", app.names.subscriber(UNAFFECTED)),
    ]


def test_no_raw_identity_lies_anywhere_below_the_storage(app, client, precall):
    client.get(f"/v1/lookup/{AFFECTED}")
    client.get(f"/v1/lookup/{UNKNOWN}")
    files = [path for path in (app.root / "var").rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files}
    assert {".parquet", ".npz", ".db"} <= kinds, "all that is to be searched is there"
    for path in files:
        content = unpacked(path)
        for raw in (*(person.msisdn for person in PEOPLE), UNKNOWN):
            assert raw.encode() not in content, f"{raw} in {path.name}"


def test_the_search_would_find_one_and_the_vault_does_hold_them(app, tmp_path):
    pseudonym = app.names.subscriber(AFFECTED)
    places = [path for path in (app.root / "var").rglob("*") if path.is_file() and pseudonym.encode() in unpacked(path)]
    assert {".parquet", ".npz", ".db"} <= {path.suffix.removesuffix("-wal") for path in places}
    assert app.store.vault.open(pseudonym) == AFFECTED


def unpacked(path: Path) -> bytes:
    """What a file says once it is read as what it is."""
    if path.suffix == ".parquet":
        return b"\n".join(str(column.tolist()).encode() for column in read_columns([path]).values())
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return b"\n".join(str(arrays[name].tolist()).encode() for name in arrays.files)
    return path.read_bytes()


def test_care_may_ask_for_the_names_of_those_it_may_contact_and_of_nobody_else(app, client):
    (incident,) = app.store.incidents.all(state="open")
    path = f"/v1/incidents/{incident.incident_id}/affected"
    assert all("contact" not in row for row in client.get(path).json()["affected"])
    rows = client.get(path, params={"identify": True}).json()["affected"]
    named = {row["contact"] for row in rows if "contact" in row}
    assert named
    assert named <= {p.msisdn for p in PEOPLE} - {SILENT, UNASKED}
    assert "identified" in app.store.audit.entries(1)[0]["detail"]
