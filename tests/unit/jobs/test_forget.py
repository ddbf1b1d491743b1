"""A person erased everywhere, and explained whole: proven against every table and file that there is."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from sqlalchemy import JSON, LargeBinary, String, select

from detector.app import load_keys, names_of
from detector.domain.errors import Misconfigured
from detector.domain.exposure import Presence
from detector.domain.impact import AccountImpact, Impact
from detector.domain.interaction import Interaction
from detector.domain.notification import WaitingIncident
from detector.domain.window import Window
from detector.store.cursors import LEARN
from detector.store.erasure import KEPT_TABLES
from detector.store.parquet import read_columns
from detector.store.pii_columns import subject_tables
from detector.store.tables import metadata
from jobs.commands.explain import explain
from jobs.commands.forget import forget
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import AFFECTED, DAY, HOUR, LIVE, QUARTER, UNAFFECTED, table, write_operator
from tests.listings import listing_of
from tests.unit.jobs.test_assess import FIRST

CHILD, FIRM = UNAFFECTED, "Firm & Sons"
NOW = LIVE + QUARTER + 400


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The folder of a service that has pulled, learned and decided, with a row in every table that names people."""
    root = tmp_path_factory.mktemp("filled")
    write_operator(root / "operator", since=LIVE - 2 * DAY, until=LIVE)
    accounts = [("own", "consumer", "My Name"), (FIRM, "enterprise", "Firm")]
    table(root / "operator" / "accounts.csv", ("account_id", "kind", "name"), accounts)
    members = [("own", AFFECTED, "holder"), (FIRM, AFFECTED, "line"), (FIRM, CHILD, "line")]
    table(root / "operator" / "account_members.csv", ("account_id", "subscriber_id", "role"), members)
    app = SmallApp(root=root)
    app.tick(NOW)
    fill(app)
    app.close()
    return root


@pytest.fixture
def app(filled, tmp_path):
    copytree(filled, tmp_path, dirs_exist_ok=True)
    app = SmallApp(root=tmp_path)
    app.clock.at = app.wall.at = NOW
    yield app
    app.close()


def fill(app: SmallApp) -> None:
    """A row of the person, and one of somebody else, in every table that names people, and everything that may."""
    me, child = (app.names.subscriber(raw) for raw in (AFFECTED, CHILD))
    own, firm = app.names.account("own"), app.names.account(FIRM)
    store = app.store
    with store.begin() as connection:
        store.incidents.save(connection, [FIRST])
        mine = {"contactable": True, "action": "proactive_message", "channel": "sms", "decided_at": NOW}
        refused = {"contactable": False, "why_not": "cap", "action": "none", "decided_at": NOW}
        begun = [
            listing_of(
                incident_id=FIRST.incident_id,
                subscriber=me,
                account=own,
                basis="present",
                probability=0.4,
                exposure_s=900.0,
                listed_at=NOW - 900,
                delisted_at=NOW,
                **refused,
            ),
            listing_of(
                incident_id=FIRST.incident_id,
                subscriber=me,
                account=own,
                basis="measured",
                probability=0.96,
                exposure_s=900.0,
                listed_at=NOW,
                recipient=me,
                rule="vip",
                **mine,
            ),
            listing_of(
                incident_id=FIRST.incident_id,
                subscriber=child,
                account=firm,
                basis="present",
                probability=0.7,
                exposure_s=900.0,
                listed_at=NOW,
                recipient=me,
                **mine,
            ),
        ]
        store.listings.relist(connection, [], begun, NOW)
        counted = (
            AccountImpact(account=own, kind="consumer", tier="", affected_lines=1, lines=1),
            AccountImpact(account=firm, kind="enterprise", tier="", affected_lines=2, lines=2),
        )
        store.impacts.save(
            connection,
            Impact(
                incident_id=FIRST.incident_id,
                assessed_at=NOW,
                exposed=9,
                affected=5.0,
                affected_low=4.0,
                affected_high=6.0,
                people=(),
                accounts=counted,
            ),
        )
        said = [
            Interaction(interaction_id=f"k{n}", at=NOW, kind="contact", channel="call", subscriber=who)
            for n, who in enumerate((me, child))
        ]
        store.interactions.add(connection, said)
        for who in (me, child):
            connection.execute(metadata.tables["subscriber_event"].insert().values(subscriber=who, at=NOW, kind="credit"))
            connection.execute(
                metadata.tables["feedback"]
                .insert()
                .values(
                    incident_id=FIRST.incident_id, at=NOW, actor="desk", verdict="true", subscriber=who, outcome="reached"
                )
            )
        for kind, holder in (("subscriber", me), ("account", own), ("account", firm)):
            connection.execute(metadata.tables["experience"].insert().values(day=LIVE, holder_kind=kind, holder=holder))
        for subscriber, recipient in ((me, me), (child, me), (child, child)):
            row = dict.fromkeys(metadata.tables["communication"].columns.keys()[1:], "") | {"at": NOW}
            row |= {"incident_id": FIRST.incident_id, "subscriber": subscriber, "recipient": recipient}
            connection.execute(metadata.tables["communication"].insert().values(row))
        waiting = WaitingIncident("inc_9", "unsure", NOW, "major", "care", {"en": f"{me} called", child: "2"})
        store.waiting.save(connection, waiting)
    store.audit.note(NOW, "desk", "lookup", me)
    store.audit.note(NOW, "desk", "affected", FIRST.incident_id, "100 from 0")
    folder = app.root / "var" / "quarantine" / "counters"
    folder.mkdir(parents=True, exist_ok=True)


def everywhere(app: SmallApp, name: str) -> set[str]:
    """A search of this test's own: every column of every table, of every Parquet file and of every array."""
    found = set()
    with app.store.begin() as connection:
        for one in metadata.sorted_tables:
            columns = [c for c in one.columns if isinstance(c.type, String | JSON | LargeBinary)]
            for row in connection.execute(select(*columns)) if columns else ():
                if any(name in (v.decode("latin1") if isinstance(v, bytes) else json.dumps(v)) for v in row):
                    found.add(one.name)
    for path in (app.root / "var").rglob("*.parquet"):
        if any((column == name).any() for column in read_columns([path]).values() if column.dtype == object):
            found.add(path.parent.parent.name)
    for path in (app.root / "var").rglob("*.npz"):
        arrays = np.load(path)
        if any((arrays[key].astype(str) == name).any() for key in arrays.files if arrays[key].dtype.kind in "US"):
            found.add(path.stem)
    return found


PEOPLE = {table.name for table in subject_tables(metadata)}
MARKED = PEOPLE | {"waiting_incident", "impact", "audit", "presence", "habit"}


def test_every_place_that_names_people_is_filled_so_that_these_tests_can_fail(app):
    me, own = app.names.subscriber(AFFECTED), app.names.account("own")
    assert everywhere(app, me) | everywhere(app, own) == MARKED
    speaking = {t.name for t in metadata.sorted_tables if {"subscriber", "recipient", "holder"} & set(t.columns.keys())}
    assert speaking <= PEOPLE


def test_a_forgotten_person_is_nowhere_and_everybody_else_stays(app):
    me, child = app.names.subscriber(AFFECTED), app.names.subscriber(CHILD)
    before = everywhere(app, child)
    others = len(app.store.presence.read(Window(LIVE - 9 * DAY, LIVE + DAY))) - count(app, me)
    done = forget(app.wired, AFFECTED)
    assert done.left == []
    assert (done.erased["listing"], done.erased["interaction"]) == (2, 1)
    assert done.erased["habits"] > 0
    assert done.erased["attachments"] > 40
    assert everywhere(app, me) == set(KEPT_TABLES)
    assert everywhere(app, app.names.account("own")) == set()
    assert everywhere(app, child) == before
    firm = everywhere(app, app.names.account(FIRM))
    assert firm >= {"impact", "listing"}
    assert "experience" not in firm, "a sum over so few lines is made anew without the one who is gone"
    assert len(app.store.presence.read(Window(LIVE - 9 * DAY, LIVE + DAY))) == others
    (left,) = app.store.listings.all(subscriber=child)
    assert (left.decision.recipient, left.contactable) == ("", False), (
        "a minor's listing loses its guardian, and nothing else"
    )


def count(app: SmallApp, name: str) -> int:
    presence: Presence = app.store.presence.read(Window(LIVE - 9 * DAY, LIVE + DAY))
    return int((np.array(presence.subscribers)[presence.subscriber] == name).sum())


def test_nothing_is_left_in_freed_pages_and_logs_of_the_database(app):
    me = app.names.subscriber(AFFECTED)
    app.store.erasure.erase(app.store.erasure.person([me, app.names.account("own")], AFFECTED))
    kept = sqlite3.connect(app.root / "var" / "precall.db")
    (audited,) = kept.execute("SELECT count(*) FROM audit WHERE subject = ?", [me]).fetchone()
    kept.close()
    found = sum(p.read_bytes().count(me.encode()) for p in (app.root / "var").glob("precall.db*"))
    assert found == audited == 1


def test_the_answer_lists_what_is_kept_and_what_would_bring_the_person_back(app, tmp_path):
    done = forget(app.wired, f" {AFFECTED} ")
    assert list(done.returns) == ["subscribers.csv", "account_members.csv", "consents.csv"]
    said = done.shown(as_json=False)
    assert "the next pull brings it back" in said
    assert said.endswith("a second search through every table and file: nothing of it is left")
    assert json.loads(done.shown(as_json=True))["kept"] == {"audit": 2}
    assert AFFECTED not in said + done.shown(as_json=True)
    for path in (tmp_path / "operator").glob("*.csv"):
        path.write_text("".join(line for line in path.read_text().splitlines(True) if AFFECTED not in line))
    assert forget(app.wired, AFFECTED).returns == []


def test_what_is_older_than_the_erasure_does_not_come_in_again(app, tmp_path):
    me = app.names.subscriber(AFFECTED)
    forget(app.wired, AFFECTED)
    columns = ("subscriber_id", "cell_id", "start", "duration_s", "seconds")
    rows = [(AFFECTED, "c11", f"2026-03-24T{hour:02}:00:00Z", HOUR, 60) for hour in (11, 12, 13)]
    table(tmp_path / "operator" / "attachments" / "again.csv", columns, rows)
    table(
        tmp_path / "operator" / "arrivals.csv", ("file", "arrived_at"), [("attachments/again.csv", "2026-03-24T14:30:00Z")]
    )
    app.tick(LIVE + 3 * HOUR)
    assert count(app, me) == 1, "the hour after it is a customer's like any other"
    assert me not in repr(app.store.tombstones.read())


def test_a_search_that_finds_something_names_the_place(app):
    raw = app.root / "var" / "quarantine" / "counters" / "x.csv"
    raw.write_text(f'a "{AFFECTED}" b')
    done = forget(app.wired, AFFECTED)
    assert done.left == ["quarantine/counters/x.csv"]
    assert "still found in quarantine/counters/x.csv" in done.shown(as_json=False)


def test_nobody_is_nobody(app):
    with pytest.raises(Misconfigured, match="nobody is named"):
        forget(app.wired, " ")
    with pytest.raises(Misconfigured, match="nobody is named"):
        explain(app.wired, "")
    assert forget(app.wired, "4900000").erased == {}


# --- explain ------------------------------------------------------------------------------------------------------------


def test_an_explanation_leaves_out_nothing_that_mentions_the_person(app):
    me, own = app.names.subscriber(AFFECTED), app.names.account("own")
    explanation = json.loads(explain(app.wired, AFFECTED).shown(as_json=True))
    tables = {name for name in everywhere(app, me) | everywhere(app, own) if name in metadata.tables}
    assert explanation["data"].keys() == tables
    with app.store.begin() as connection:
        for name in tables:
            one = metadata.tables[name]
            columns = [c for c in one.columns if not isinstance(c.type, LargeBinary)]
            rows = [dict(row) for row in connection.execute(select(*columns)).mappings()]
            mentioning = [row for row in rows if me in json.dumps(row) or own in json.dumps(row)]
            assert len(explanation["data"][name]) == len(mentioning), name
    assert len(explanation["attachments"]) == count(app, me)
    assert {row["cell"] for row in explanation["habits"]} == {"c11"}
    assert [row["action"] for row in explanation["accesses"]] == ["lookup", "affected", "explain"]


def test_an_explanation_reads_as_an_agent_would_say_it(app):
    said = explain(app.wired, AFFECTED).shown(as_json=False)
    for sentence in (
        "2026-03-24T12:06Z to 2026-03-24T12:21Z: on the list of",
        "40 % likely to be affected, was there, by attachments; not contacted: contacted often enough that week",
        "96 % likely to be affected, by own failures or failed attempts; a message by sms, by the rule 'vip'",
        "proactive_contact (on the basis of consent): allowed by sms, email, push, call",
        "survey (on the basis of consent): not allowed: no consent was given",
        "2026-03-23 (UTC): behind c11 24.0 h, 24 rows",
        "behind c11, about",
        "action lookup",
    ):
        assert sentence in said
    assert AFFECTED not in said


def test_a_guardian_learns_nothing_of_where_and_when_a_minor_was(app):
    child = app.names.subscriber(CHILD)
    explanation = explain(app.wired, AFFECTED)
    assert child not in explanation.shown(as_json=True)
    wards = [row for rows in explanation.data.values() for row in rows if row.get("as") == "guardian"]
    assert len(wards) == 2, "a list's row and a message"
    for row in wards:
        assert not {"subscriber", "probability", "exposure_s", "basis", "account"} & row.keys()


def test_asking_is_noted_before_it_is_answered(app):
    explain(app.wired, AFFECTED)
    assert app.store.audit.entries(1)[0]["action"] == "explain"


# --- keys ---------------------------------------------------------------------------------------------------------------


def test_data_under_an_earlier_key_is_found_explained_and_erased(app):
    old = app.settings.storage
    keys = load_keys(app.settings)
    storage = old.model_copy(
        update={"identity_key": "ab" * 32, "identity_version": 2, "previous_identity_keys": ((1, keys.identity.hex()),)}
    )
    settings = app.settings.model_copy(update={"storage": storage})
    app.wired.pseudonymiser = names_of(settings, load_keys(settings))
    me = app.names.subscriber(AFFECTED)
    explanation = explain(app.wired, AFFECTED)
    assert explanation.pseudonyms[1] == me
    assert explanation.pseudonyms[0].startswith("sub_2_")
    assert len(explanation.decisions) == 2
    assert len(explanation.attachments) == count(app, me)
    forget(app.wired, AFFECTED)
    assert everywhere(app, me) == set(KEPT_TABLES)


@pytest.mark.parametrize(
    ("before", "says"), [(((1, "zz"),), "not hexadecimal"), (((2, "ab" * 32),), "a version stands twice")]
)
def test_keys_that_cannot_be_are_reported_in_one_line(before, says, tmp_path):
    app = SmallApp.__new__(SmallApp)
    from tests.acceptance.small_app import settings_of

    app.settings = settings_of(
        tmp_path, storage={"path": tmp_path / "var", "identity_version": 2, "previous_identity_keys": before}
    )
    with pytest.raises(Misconfigured, match=says):
        names_of(app.settings, load_keys(app.settings))


def test_a_vault_is_sealed_anew_under_a_new_key_and_the_old_one_may_go(tmp_path: Path):
    from cryptography.fernet import Fernet

    from detector.store.database import Database
    from detector.store.vault import Vault

    database = Database(f"sqlite:///{tmp_path}/a.db")
    database.create()
    first, second = Fernet.generate_key(), Fernet.generate_key()
    Vault(database, first).seal({"sub_1": "491700000001", "sub_2": "491700000002"})
    both = Vault(database, second, [first])
    both.seal({"sub_1": "491700000001", "sub_3": "491700000003"})
    assert [both.open(f"sub_{n}") for n in (1, 2, 3)] == [f"49170000000{n}" for n in (1, 2, 3)]
    assert (both.reseal(), both.reseal()) == (2, 0)
    alone = Vault(database, second)
    assert [alone.open(f"sub_{n}") for n in (1, 2, 3)] == [f"49170000000{n}" for n in (1, 2, 3)]
    with pytest.raises(Misconfigured, match="previous_vault_keys"):
        Vault(database, Fernet.generate_key(), [first]).reseal()
    database.close()


# --- what is about nobody -----------------------------------------------------------------------------------------------


def kept(app: SmallApp, *besides: str) -> dict[str, object]:
    """Every row but of these tables, and every byte of every file but the database's."""
    with app.store.begin() as connection:
        rows: dict[str, Any] = {
            t.name: [repr(tuple(row)) for row in connection.execute(select(t))]
            for t in metadata.sorted_tables
            if t.name not in besides
        }
    if "audit" in besides:  # where the newest row of the audit log is noted
        del rows["audit_head"]
    files = [p for p in (app.root / "var").rglob("*") if p.is_file() and ".db" not in p.name]
    files = sorted(p for p in files if "audit" not in besides or p.name != "audit-head.json")
    return rows | {p.relative_to(app.root).as_posix(): p.read_bytes() for p in files}


@pytest.mark.parametrize(
    "raw",
    [
        "202603",
        "20260324",
        "2026-03-24",
        "1200",
        "900",
        "resolved",
        "open",
        "en",
        "granted",
        "c11",
        "s1",
        "4917",
        "1",
        "%",
        "_",
        "sub_1",
        FIRST.incident_id,
        "desk",
        "parquet",
        "lte_rrc_sr",
        "4917100001",
        "49171000010",
        "' OR ''='",
        "491799999999",
    ],
)
def test_of_somebody_who_is_not_known_nothing_was_held_and_nothing_but_the_audit_log_changes(app, raw):
    before = kept(app, "audit")
    done = forget(app.wired, raw)
    assert kept(app, "audit") == before
    assert (done.held, done.erased, done.left, done.returns) == ({}, {}, [], [])
    assert "nothing was held" in done.shown(as_json=False)
    assert app.store.audit.entries(1)[0]["action"] == "forget"


def test_detection_goes_on_after_a_lookup_of_an_identity_like_a_month(app):
    forget(app.wired, "202603")
    learned = app.store.progress.until(LEARN)
    app.clock.at = NOW + DAY
    app.jobs.run("learn")
    assert app.store.progress.until(LEARN) > learned


def test_a_dry_run_lists_what_would_go_by_table_and_column_and_changes_nothing(app):
    before = kept(app, "audit")
    would = forget(app.wired, AFFECTED, dry_run=True)
    assert kept(app, "audit") == before
    assert would.held["listing.subscriber"] == 2
    assert would.held.keys() >= {
        "listing.recipient",
        "listing.account",
        "communication.subscriber",
        "communication.recipient",
        "experience.holder",
        "feedback.subscriber",
        "interaction.subscriber",
        "subscriber_event.subscriber",
        "vault.pseudonym",
        "waiting_incident.say",
        "impact.accounts",
        "presence.subscriber",
        "habit.subscribers",
    }
    assert "would change: 2 rows by listing.subscriber" in would.shown(as_json=False)
    done = forget(app.wired, AFFECTED)
    assert done.held == would.held
    assert done.erased["attachments"] == would.held["presence.subscriber"]
    assert forget(app.wired, AFFECTED, dry_run=True).held == {}


STRANGE = ("202603", "resolved", "c11", "1", "49171", "4917100", "%", "_", "o'brien", "Ünal", "sub_1", "en", "2026-03-24")


def test_people_whose_identities_are_words_numbers_or_cells_are_erased_one_by_one(app):
    """Each takes its own rows along, and none of the others'."""
    names = [app.names.subscriber(raw) for raw in STRANGE]
    with app.store.begin() as connection:
        said = [
            Interaction(interaction_id=f"z{n}", at=NOW, kind="contact", channel="call", subscriber=who)
            for n, who in enumerate(names)
        ]
        app.store.interactions.add(connection, said)
    n = len(names)
    who, hour = np.arange(n, dtype=np.int32), np.full(n, HOUR, np.int32)
    at, unknown = np.full(n, LIVE - HOUR, np.int64), np.full(n, np.nan)
    rows = Presence(
        subscribers=tuple(names),
        cells=("c11",),
        subscriber=who,
        cell=np.zeros(n, np.int32),
        start=at,
        duration_s=hour,
        seconds=hour.astype(float),
        attempts=unknown,
        failures=unknown,
    )
    with app.store.begin() as connection:
        app.store.presence.write(rows, 5.0, connection, 6.0)
    ticks = {p: p.read_bytes() for p in (app.root / "var" / "kpi").rglob("*.parquet")}
    assert ticks
    for index, raw in enumerate(STRANGE):
        done = forget(app.wired, raw)
        assert (done.left, done.held) == ([], {"interaction.subscriber": 1, "presence.subscriber": 1}), raw
        assert [count(app, name) for name in names] == [0] * (index + 1) + [1] * (n - index - 1)
        assert all(everywhere(app, name) for name in names[index + 1 :])
    assert {p: p.read_bytes() for p in (app.root / "var" / "kpi").rglob("*.parquet")} == ticks


@pytest.mark.parametrize(("answer", "code", "gone"), [("n\n", 1, False), ("y\n", 0, True)])
def test_a_terminal_confirms_first(app, answer, code, gone):
    done = on_a_terminal(app, answer, AFFECTED)
    assert done.returncode == code
    assert "would change: 2 rows by listing.subscriber" in done.stderr
    assert (everywhere(app, app.names.subscriber(AFFECTED)) == set(KEPT_TABLES)) == gone


@pytest.mark.parametrize("option", ["--yes", "--dry-run"])
def test_with_an_option_there_is_no_confirmation(app, option):
    done = on_a_terminal(app, "", AFFECTED, option)
    assert (done.returncode, done.stderr) == (0, "")


def on_a_terminal(app: SmallApp, answer: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command with a terminal as its input."""
    inbox, var = app.root / "operator", app.root / "var"
    sources = f'[sources]\nkind = "dataset"\npath = "{inbox}"\nkpis = "{inbox}/kpis.toml"\n'
    (app.root / "my.toml").write_text(f'{sources}[storage]\npath = "{var}"\n[detection]\nhistory_days = 7\n')
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, answer.encode())
        command = [sys.executable, "-c", "from jobs.cli import main; main()", "forget", *words]
        return subprocess.run(
            [*command, "--config", str(app.root / "my.toml")],
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)
