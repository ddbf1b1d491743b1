"""A search of everything that leaves the service or stays in it for every raw identity that came in: there is none."""

import contextlib
import gzip
import io
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import structlog
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.care.privacy import shown, steady
from detector.store.parquet import read_columns
from detector.telemetry import configure_logs
from detector.web import create_app
from jobs.cli import main
from jobs.commands.backtest import Backtest
from jobs.web_wiring import care_service_of, web_service_of
from tests.acceptance.recording_receiver import recording
from tests.acceptance.small_app import MOMENTS, SmallApp, settings_of
from tests.acceptance.small_operator import AFFECTED, FAULT, PEOPLE, iso, table, write_operator
from tests.lengths import examples

pytestmark = pytest.mark.xdist_group("privacy")

ODD = ("+49 (171) 555-01 23", "Ünal/Çelik;4917100777", "o'brien@example.com", "4917100055\u200b5")
"""Ids as real exports have them."""
ACCOUNTS = {"K-Müller-0815": "Müller & Söhne GmbH", "Fam. Kowalczyk": "Haushalt Kowalczyk"}
SPOKEN = "4917155501234"
RAW = (*(p.msisdn for p in PEOPLE), *ODD, *ACCOUNTS, *ACCOUNTS.values(), SPOKEN, "4917199999999")
TEXT = f"no signal at all, call me back on {SPOKEN}"


def with_people(root: Path) -> None:
    """Odd ids, accounts with names, words with a number in them; and wrong rows, with identities in the wrong place."""
    with (root / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.writelines(f'"{raw}",{next(iter(ACCOUNTS))},consumer,sms,en\n' for raw in ODD)
        file.write(f"{AFFECTED},{next(iter(ACCOUNTS))},consumer,sms,en\n")
    rows = [(key, "enterprise", name, "") for key, name in ACCOUNTS.items()]
    table(root / "accounts.csv", ("account_id", "kind", "name", "parent_id"), [*rows, ("x", AFFECTED, ODD[0], "")])
    members = [(next(iter(ACCOUNTS)), p.msisdn, "line") for p in PEOPLE[:7]]
    wrong = [(next(iter(ACCOUNTS)), AFFECTED, ODD[1]), ("4917199999999", AFFECTED, "line")]
    table(root / "account_members.csv", ("account_id", "subscriber_id", "role"), [*members, *wrong])
    with (root / "consents.csv").open("a", encoding="utf-8") as file:
        file.write(f"subscriber,4917199999999,survey,any,granted,{iso(FAULT[0])}\n{AFFECTED},x,y,z,{ODD[3]},no\n")
    contacts = [
        ("k1", AFFECTED, iso(FAULT[0] + 600), "call", "", "c11", TEXT),
        ("k2", ODD[0], iso(FAULT[0] + 700), "chat", AFFECTED, "c11", TEXT),
        ("k3", "4917199999999", iso(FAULT[0] + 700), "chat", "", "c11", TEXT),
        ("k4", AFFECTED, SPOKEN, "chat", "", "", TEXT),
    ]
    head = ("contact_id", "subscriber_id", "at", "channel", "category", "cell_id", "text")
    table(root / "contacts.csv", head, contacts)
    table(
        root / "surveys.csv",
        ("survey_id", "subscriber_id", "at", "score", "text"),
        [("s1", AFFECTED, iso(FAULT[0]), SPOKEN, TEXT), ("s2", AFFECTED, iso(FAULT[0]), 2, TEXT)],
    )
    strange = [
        (raw, "c11", iso(FAULT[0] - 3600 * n), 3600, 3600, 20) for n in range(1, 4) for raw in (*ODD, "4917199999999")
    ]
    slipped = [("c11", "3600", AFFECTED, AFFECTED, ODD[0], SPOKEN)]
    table(
        root / "attachments" / "z.csv",
        ("subscriber_id", "cell_id", "start", "duration_s", "seconds", "attempts"),
        [*strange, *slipped],
    )
    (root / "attachments" / "headless.csv").write_text(f"{AFFECTED},c11,{iso(FAULT[0])},3600,60\n", encoding="utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallApp, dict[str, str]]]:
    """Everything that the service wrote, said and sent over the whole fault, by where."""
    root, log = tmp_path_factory.mktemp("privacy"), io.StringIO()
    with_people(write_operator(root / "operator"))
    configure_logs(level="DEBUG", stream=log)
    with recording() as care_team:
        app = SmallApp(root=root, url=care_team.url)
        app.jobs.decide_from()
        for tick_time in MOMENTS:
            app.tick(tick_time)
        app.jobs.run("prune")
        answers = {"alerts": b"\n".join(body for _, body in care_team.got).decode(), "log": log.getvalue()}
        assert len(care_team.got) >= 2
        answers |= asked(app)
        yield app, answers
        app.close()
    structlog.reset_defaults()


def asked(app: SmallApp) -> dict[str, str]:
    """Every page and every answer, those that name an identity on request left out."""
    questions = web_service_of(app.wired, app.jobs.problems)
    web_app = create_app(questions, care_service_of(app.wired), token=app.wired.keys.token, timezone="UTC", privacy_floor=5)
    answers = {}
    with TestClient(web_app, headers={"Authorization": f"Bearer {app.wired.keys.token}"}) as client:
        (incident,) = app.store.incidents.all()
        paths = [
            "/",
            "/readyz",
            "/metrics",
            "/v1/incidents",
            f"/incidents/{incident.incident_id}",
            f"/v1/incidents/{incident.incident_id}",
            f"/v1/incidents/{incident.incident_id}/affected?limit=1000",
            *(f"/v1/lookup/{quote(raw, safe='')}" for raw in (AFFECTED, *ODD, "4917199999999")),
            f"/v1/lookup/{'4' * 70}",
            "/v1/incidents/none",
            "/incidents/none",
        ]
        for path in paths:
            answer = client.get(path)
            answers[path.partition("/v1/lookup")[0] or f"lookup {len(answers)}"] = answer.text + str(answer.headers)
        named = client.get(f"/v1/incidents/{incident.incident_id}/affected?limit=1000&identify=true").text
        assert any(person.msisdn in named for person in PEOPLE), "the audited API names whom care may contact"
    return answers


def spellings(raw: str) -> set[str]:
    return {raw, json.dumps(raw)[1:-1], quote(raw, safe=""), raw.replace("&", "&amp;").replace("'", "&#39;")}


def found_in(text: str) -> list[str]:
    return [raw for raw in RAW if any(one in text for one in spellings(raw))]


def files_below(root: Path) -> Iterator[tuple[str, str]]:
    """Each file's text: columns of Parquet, texts of arrays, bytes of the rest."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            columns = [column for column in read_columns([path]).values() if column.dtype == object]
            yield str(path), "\n".join(str(value) for column in columns for value in column)
        elif path.suffix == ".npz":
            arrays = np.load(path)
            texts = [arrays[name].astype(str) for name in arrays.files if arrays[name].dtype.kind in "US"]
            yield str(path), "\n".join(str(value) for array in texts for value in array.ravel())
        else:
            data = path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            yield str(path), data.decode("utf-8", errors="replace")


def test_the_search_can_find_what_it_looks_for(world):
    app, _ = world
    inbox = "".join(text for _, text in files_below(app.root / "operator"))
    assert set(found_in(inbox)) == set(RAW)


def test_nothing_that_is_logged_or_sent_names_anybody(world):
    _, answers = world
    assert {where: found for where, text in answers.items() if (found := found_in(text))} == {}
    assert len(answers) > 12


def test_nothing_that_is_kept_names_anybody(world):
    app, _ = world
    files = dict(files_below(app.root / "var"))
    assert {Path(name).suffix for name in files} >= {".db", ".parquet", ".npz"}
    assert {where: found for where, text in files.items() if (found := found_in(text))} == {}


def test_every_wrong_row_was_counted_and_no_finding_names_anybody(world):
    app, _ = world
    findings = app.store.findings.all()
    codes = {f.code for f in findings}
    assert codes >= {
        "row_rejected",
        "unknown_subscriber",
        "unknown_account",
        "duplicate_row",
        "not_a_number",
        "file_rejected",
    }
    assert [f for f in findings if found_in(f"{f.where} {f.example}")] == []


COMMANDS = (
    ["check"],
    ["incidents"],
    ["incidents", "--json"],
    ["findings"],
    ["findings", "--json"],
    ["deliveries"],
    ["deliveries", "--json"],
    ["lookup", AFFECTED],
    ["lookup", ODD[1], "--json"],
    ["explain", AFFECTED],
    ["explain", ODD[0], "--json"],
    ["forget", ODD[2]],
    ["job", "pull"],
)


def test_no_command_prints_an_identity(world, monkeypatch, capsys):
    app, _ = world
    inbox, var = app.root / "operator", app.root / "var"
    sources = f'[sources]\nkind = "dataset"\npath = "{inbox}"\nkpis = "{inbox}/kpis.toml"\n'
    (app.root / "my.toml").write_text(f'{sources}[storage]\npath = "{var}"\n[detection]\nhistory_days = 7\n')
    for words in COMMANDS:
        monkeypatch.setattr("sys.argv", ["precall", *words, "--config", str(app.root / "my.toml")])
        with contextlib.suppress(SystemExit):
            main()
        printed = capsys.readouterr()
        assert printed.out + printed.err
        assert found_in(printed.out + printed.err) == [], words


def test_a_backtest_names_nobody_without_the_option(world, tmp_path):
    app, _ = world
    given = (MOMENTS[0] - 900, MOMENTS[3])
    Backtest(dataset=app.root / "operator", out=tmp_path / "out", settings=settings_of(app.root), given=given).run(
        lambda _: None
    )
    files = dict(files_below(tmp_path / "out"))
    assert {Path(name).name for name in files} >= {"affected.csv", "alerts.jsonl", "report.html", "summary.json"}
    assert {where: found for where, text in files.items() if (found := found_in(text))} == {}
    assert re.search(r"sub_1_[0-9a-f]{24}", (tmp_path / "out" / "affected.csv").read_text())


# --- differences between updates ----------------------------------------------------------------------------------------

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=30)


def last_notified_of(counts: list[int], floor: int = 5) -> list[int | None]:
    said: list[int | None] = []
    for count in counts:
        said.append(steady(count, said[-1:], floor))
    return said


@given(COUNTS)
def test_successive_counts_differ_by_nothing_or_by_whole_steps_and_stay_near_the_truth(counts):
    said = last_notified_of(counts)
    assert all(one is None or (one >= 5 and one % 5 == 0) for one in said)
    assert all((one is None) >= (count < 5) for count, one in zip(counts, said, strict=True)), "under the floor: withheld"
    assert all(abs(count - (one or 3)) <= 3.5 for count, one in zip(counts, said, strict=True))


@given(st.integers(0, 60), st.lists(st.booleans(), max_size=30))
def test_one_person_who_comes_and_goes_is_seen_once_at_most(start, there):
    """Whichever side of a step the count is on, the answer never turns to and fro with one person."""
    said = last_notified_of([start, *(start + one for one in there)])
    assert sum(a != b for a, b in pairwise(said)) <= 1


@settings(max_examples=examples(150, 3_000))
@given(COUNTS, st.data())
def test_whatever_is_shown_would_also_be_shown_with_one_person_more_or_less(counts, data):
    """At any update, after the same answers, a network with one person more or one less answers the same: so no sequence of
    answers tells whether one person was there."""
    said = last_notified_of(counts)
    at = data.draw(st.integers(0, len(counts) - 1))
    others = {steady(counts[at] + one, said[max(at - 1, 0) : at], 5) for one in (-1, 1) if counts[at] + one >= 0}
    assert said[at] in others


def test_a_count_near_a_step_no_longer_flickers():
    assert [shown(n, 5) for n in (7, 8, 7, 8)] == [5, 10, 5, 10]
    assert last_notified_of([7, 8, 7, 8, 9, 7, 8, 4, 5, 4, 6]) == [5, 5, 5, 5, 10, 10, 10, None, None, None, 5]
