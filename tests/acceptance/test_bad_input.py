"""Whatever is thrown at it: one line that says what to mend, or a counted finding; and nothing else is lost."""

import gzip
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detector.domain.errors import PrecallError, Transient
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.identity import Pseudonymiser
from detector.store.parquet import read_columns
from jobs.cli import main
from tests.acceptance.crash_driver import CONTEXT
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import (
    AFFECTED,
    CATALOGUE,
    CELLS,
    COLUMNS,
    DAY,
    LIVE,
    QUARTER,
    iso,
    table,
    write_reference,
)
from tests.folder_feeds import feeds_of, watched_folder

NOW = LIVE + QUARTER + 400


class Inbox:
    """An app that watches a folder, and the folder."""

    def __init__(self, root: Path) -> None:
        write_reference(root / "operator")
        self.root = root
        self.app = self.open()
        self.app.jobs.decide_from()

    def open(self) -> SmallApp:
        names = Pseudonymiser(b"k" * 32)
        return SmallApp(
            root=self.root, feeds=feeds_of(watched_folder(self.root / "operator", self.root / "var" / "quarantine", names))
        )

    def drop(self, name: str, content: bytes, at: int = NOW - 60) -> None:
        path = self.root / "operator" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at, at))

    def drop_cells(self, name: str, *cells: str, start: int = LIVE) -> None:
        self.drop(name, csv_of(*cells, start=start))

    def pull(self, at: int = NOW) -> str:
        self.app.clock.at = at
        return self.app.jobs.run("pull")

    @property
    def cells(self) -> list[str]:
        """Who is in the tick."""
        return list(self.app.store.history.read(QUARTER, Window(LIVE, LIVE + QUARTER)).objects)

    @property
    def findings(self) -> dict[str, int]:
        return {f.code: f.count for f in self.app.store.findings.all()}

    @property
    def quarantined(self) -> list[str]:
        folder = self.root / "var" / "quarantine"
        return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())

    def reason(self, name: str) -> str:
        return (self.root / "var" / "quarantine" / f"{name}.reason.txt").read_text()


def csv_of(*cells: str, start: int = LIVE) -> bytes:
    rows = [",".join(map(str, (cell, iso(start), QUARTER, 600, 590, 80_000))) for cell in cells]
    return "\n".join([",".join(COLUMNS), *rows, ""]).encode()


def pm_file(start: int = LIVE, cell: str = "c12") -> bytes:
    return f"""<?xml version="1.0"?>
        <measCollecFile><fileHeader><measCollec beginTime="{iso(start)}"/></fileHeader><measData><managedElement/><measInfo>
        <granPeriod duration="PT900S" endTime="{iso(start + QUARTER)}"/>
        <measType p="1">RRC.ConnEstabAtt</measType><measType p="2">RRC.ConnEstabSucc</measType>
        <measValue measObjLdn="ManagedElement=1,EUtranCellFDD={cell}"><r p="1">600</r><r p="2">590</r></measValue>
        </measInfo></measData><fileFooter><measCollec endTime="{iso(start + QUARTER)}"/></fileFooter>
        </measCollecFile>""".encode()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path)
    yield inbox
    inbox.app.close()


def bomb() -> bytes:
    """A thousand times as large as it looks."""
    return gzip.compress(b"<measCollecFile>" + (b"<measData>" + b" " * (1 << 20) + b"</measData>") * 70)


def huge_element() -> bytes:
    return b"<measCollecFile><measData>" + b" " * (6 << 20) + b"</measData></measCollecFile>"


UNREADABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated.xml.gz": (lambda: gzip.compress(pm_file() * 40)[:-60], "gzip data are cut off"),
    "truncated.csv.gz": (lambda: gzip.compress(csv_of(*(f"x{n}" for n in range(5000))))[:-900], ""),
    "malformed.xml": (lambda: pm_file()[:-40], "malformed XML"),
    "half-written.xml": (lambda: pm_file()[: len(pm_file()) // 2], "malformed XML"),
    "enormous-element.xml": (huge_element, "MB"),
    "endless-start.xml": (lambda: b"<?xml version='1.0'?>" + b" " * (1 << 17), "no root element"),
    "bomb.xml.gz": (bomb, "MB"),
    "doctype.xml": (lambda: pm_file().replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1), "doctype"),
    "other-root.xml": (lambda: b"<html></html>", "root element is html"),
    "template.xml": (lambda: pm_file().replace(iso(LIVE).encode(), b"@start-time@"), "unfilled template"),
    "wrong-column.csv": (lambda: csv_of("c12").replace(b"object_id", b"cell"), "column 'object_id' is missing"),
    "empty.csv": (lambda: b"", "empty"),
    "noise.csv": (lambda: bytes(range(256)) * 40, ""),
    "noise.csv.gz": (lambda: b"\x1f\x8b" + bytes(range(256)) * 40, ""),
    "ves.json": (lambda: b'{"event": {}}', "JSON"),
}


CUT_OFF = ("truncated.xml.gz", "truncated.csv.gz", "malformed.xml", "half-written.xml", "empty.csv")
"""Whoever writes them may only pause: see tests/faults/test_uploads.py."""


@pytest.mark.parametrize("name", CUT_OFF)
def test_a_file_that_is_cut_off_stays_and_the_rest_of_its_tick_goes_on(name, inbox):
    make, says = UNREADABLE[name]
    inbox.drop_cells("counters/a.csv", "c11")
    inbox.drop(f"counters/enb7/{name}", make())
    inbox.drop_cells("counters/z.csv", "c21", "c22")
    assert inbox.pull() == "3 files, 1 ticks, 1 set aside"
    assert inbox.cells == ["c11", "c21", "c22"]
    assert inbox.quarantined == []
    (found,) = inbox.app.store.findings.all()
    assert (found.code, found.where) == ("file_incomplete", f"counters/enb7/{name}")
    assert "it is incomplete: " in found.example
    assert says in found.example
    assert inbox.pull(NOW + 10) == "0 files, 0 ticks, 0 set aside"
    inbox.drop_cells(f"counters/enb7/{name}", "c12")
    assert inbox.pull(NOW + 20) == "1 files, 1 ticks, 0 set aside"
    assert inbox.cells == sorted(CELLS)


@pytest.mark.parametrize("name", sorted(set(UNREADABLE) - set(CUT_OFF)))
def test_a_file_that_cannot_be_read_goes_to_quarantine_and_the_rest_of_its_tick_goes_on(name, inbox):
    make, says = UNREADABLE[name]
    inbox.drop_cells("counters/a.csv", "c11")
    inbox.drop(f"counters/enb7/{name}", make())
    inbox.drop_cells("counters/z.csv", "c21", "c22")
    assert inbox.pull() == "3 files, 1 ticks, 1 set aside"
    assert inbox.cells == ["c11", "c21", "c22"]
    assert inbox.quarantined == [f"counters/enb7/{name}", f"counters/enb7/{name}.reason.txt"]
    reason = inbox.reason(f"counters/enb7/{name}")
    assert reason.startswith(f"counters/enb7/{name}")
    assert says in reason
    assert len(reason.splitlines()) == 1
    assert inbox.findings == {"file_set_aside": 1}
    assert inbox.pull(NOW + 10) == "0 files, 0 ticks, 0 set aside"


def test_the_same_file_put_back_is_set_aside_again_and_a_mended_one_is_read(inbox):
    inbox.drop("counters/b.xml", b"<html/>")
    inbox.pull()
    inbox.drop("counters/b.xml", b"<html/>")
    inbox.pull(NOW + 10)
    assert len(inbox.quarantined) == 4
    inbox.drop("counters/b.xml", pm_file())
    assert inbox.pull(NOW + 20) == "1 files, 1 ticks, 0 set aside"
    assert inbox.cells == ["c12"]


def test_a_crash_between_the_record_and_the_quarantine_is_made_good(inbox):
    inbox.drop("counters/b.xml", b"<html/>")
    folder = inbox.app.feeds.counters[0]
    folder.set_aside, keep = _power_cut, folder.set_aside
    with pytest.raises(InterruptedError):
        inbox.pull()
    folder.set_aside = keep
    again = inbox.open()
    again.clock.at = NOW + 10
    again.jobs.run("pull")
    again.close()
    assert inbox.quarantined == ["counters/b.xml", "counters/b.xml.reason.txt"]


def _power_cut(*_: object) -> None:
    raise InterruptedError


def tomorrow_and_more() -> bytes:
    return csv_of("c12") + csv_of("c11", start=LIVE + 3 * DAY).split(b"\n", 1)[1]


COUNTED = {
    "a row that is no number": (lambda: csv_of("c12", "c11").replace(b"600", b"many", 1), "not_a_number", ["c11", "c12"]),
    "a row cut in half": (lambda: csv_of("c12", "c11")[:-20], "row_rejected", ["c12"]),
    "more successes than attempts": (
        lambda: csv_of("c12").replace(b",590,", b",5900,"),
        "success_exceeds_attempts",
        ["c12"],
    ),
    "a negative counter": (lambda: csv_of("c12").replace(b",590,", b",-5,"), "negative_counter", ["c12"]),
    "a cell that nobody knows": (lambda: csv_of("c12", "c99"), "unknown_object", ["c12"]),
    "a clock in the future": (tomorrow_and_more, "clock_in_future", ["c12"]),
    "a value under an unknown name": (lambda: pm_file().replace(b'<r p="2">', b'<r p="7">'), "row_rejected", None),
    "a block without a duration": (lambda: pm_file().replace(b"PT900S", b"some duration"), "block_rejected", []),
}


@pytest.mark.parametrize("what", COUNTED)
def test_what_is_wrong_within_a_file_is_counted_and_the_rest_of_it_kept(what, inbox):
    make, code, cells = COUNTED[what]
    inbox.drop("counters/b.csv", make())
    inbox.drop_cells("counters/z.csv", "c21")
    inbox.pull()
    assert code in inbox.findings
    assert inbox.quarantined == []
    assert "c21" in inbox.cells
    if cells is not None:
        assert inbox.cells == [*cells, "c21"]


def test_a_half_written_file_waits_until_it_is_whole(inbox):
    whole = csv_of(*CELLS)
    inbox.drop("counters/a.csv", whole[:90], at=NOW)
    inbox.drop("counters/b.csv.part", whole, at=NOW - 60)
    assert inbox.pull(NOW + 1) == "0 files, 0 ticks, 0 set aside"
    inbox.drop("counters/a.csv", whole, at=NOW + 1)
    assert inbox.pull(NOW + 10) == "1 files, 1 ticks, 0 set aside"
    assert inbox.cells == sorted(CELLS)


def test_attachments_that_come_between_two_looks_are_not_lost(inbox):
    inbox.pull(NOW)
    people = inbox.root / "operator" / "attachments" / "h.csv"
    header = ("subscriber_id", "cell_id", "start", "duration_s", "seconds")
    table(people, header, [(AFFECTED, "c11", iso(LIVE), 3600, 3600)])
    os.utime(people, (NOW + 9, NOW + 9))
    for tick_time in (NOW + 10, NOW + 20, NOW + 30):
        inbox.pull(tick_time)
    assert len(inbox.app.store.presence.read(Window(LIVE, LIVE + 3600))) == 1


def test_a_broken_table_of_reference_is_named_and_the_service_goes_on_when_it_is_mended(inbox):
    cells = inbox.root / "operator" / "cells.csv"
    good = cells.read_text()
    cells.write_text("cell,technology\nc11,LTE\n")
    inbox.drop_cells("counters/a.csv", "c11")
    with pytest.raises(PrecallError, match=r"cells.csv: column 'cell_id' is missing"):
        inbox.pull()
    cells.write_text(good)
    assert inbox.pull(NOW + 10) == "1 files, 1 ticks, 0 set aside"


def test_a_broken_table_of_contacts_keeps_no_counters_back_and_is_read_once_it_is_mended(care_team):
    care_team.drop("contacts.csv", b"contact,at,channel\nk1,2026-03-24T11:00:00Z,call\n")
    care_team.drop_cells("counters/a.csv", "c11")
    assert care_team.pull().startswith("1 files, 1 ticks")
    assert "table_refused" in {f.code for f in care_team.app.store.findings.all()}
    care_team.drop("contacts.csv", CONTACTS.encode(), NOW - 30)
    care_team.pull(NOW + 10)
    people = {row.subscriber for row in care_team.app.store.interactions.between(0, NOW + 10)}
    assert people


def test_a_full_disk_loses_no_tick(inbox):
    folder = inbox.root / "var" / "kpi"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode
    ):
        pytest.skip("only root may mount a disk that is small enough")
    try:
        (folder / "filler").write_bytes(b"x" * 65_536)
        inbox.drop_cells("counters/a.csv", *CELLS)
        with pytest.raises(Transient, match="free space"):
            inbox.pull()
        assert [p.name for p in folder.rglob("*") if p.is_file()] == ["filler"]
        (folder / "filler").unlink()
        assert inbox.pull(NOW + 10) == "1 files, 1 ticks, 0 set aside"
        assert inbox.cells == sorted(CELLS)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_that_takes_nothing_at_all_loses_no_tick(inbox):
    inbox.drop_cells("counters/a.csv", *CELLS)
    process = CONTEXT.Process(target=pull_on_full_disk, args=(inbox.root,))
    process.start()
    process.join(60)
    assert process.exitcode == 3, "a Transient error and nothing else"
    assert inbox.pull(NOW + 10) == "1 files, 1 ticks, 0 set aside"
    assert inbox.cells == sorted(CELLS)


def pull_on_full_disk(root: Path) -> None:
    """Exits 3 if the pull ends in the error that says: try again."""
    app = SmallApp(root=root, feeds=feeds_of(watched_folder(root / "operator", root / "var" / "quarantine")))
    app.clock.at = NOW
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    try:
        app.jobs.run("pull")
    except Transient:
        os._exit(3)
    os._exit(0)


def test_a_tick_file_that_was_damaged_on_disk_is_named(inbox):
    inbox.drop_cells("counters/a.csv", *CELLS)
    inbox.pull()
    (path,) = (inbox.root / "var" / "kpi").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(PrecallError, match=r"`precall rebuild` mends what can be") as error:
        read_columns([path])
    assert "\n" not in str(error.value)


GOOD = '[sources]\npath = "in"\n[storage]\npath = "var"\n'
MISTYPED = CATALOGUE.replace('numerator = "RRC.ConnEstabSucc"', 'numerator = "RRC.ConnEstabSuc"')
PROGRAM = CATALOGUE.replace('numerator = "DRB.IPVolDl"', 'numerator = "__import__(1)"')
DOUBLE = CATALOGUE.replace("[counters]\n", '[counters]\n"DRB.IPVolDl" = {}\n')
MISTAKES = {
    "a key twice": ("[sources]\npath = 'a'\npath = 'b'\n", "", "my.toml: no valid TOML"),
    "a misspelt key": (
        "[detection]\npooled_minuts = 45\n",
        "",
        "detection.pooled_minuts: unknown key; did you mean 'pooled_",
    ),
    "a word for a number": ("[web]\nport = 'eighty'\n", "", "my.toml: web.port"),
    "no such kind of source": ('[sources]\nkind = "ftp"\npath = "in"\n', "", "unknown kind 'ftp'"),
    "an unknown counter": (GOOD, MISTYPED, "RRC.ConnEstabSuc"),
    "a formula that is no arithmetic": (GOOD, PROGRAM, "lte_traffic"),
    "a counter twice": (GOOD, DOUBLE, "kpis.toml"),
    "no catalogue at all": (GOOD.replace("[sources]\n", '[sources]\nkpis = "no.toml"\n'), "", "no.toml"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_the_configuration_is_one_line_and_exit_code_2(what, tmp_path, monkeypatch, capsys):
    config, catalogue, says = MISTAKES[what]
    if catalogue:
        (tmp_path / "kpis.toml").write_text(catalogue)
        config = config.replace("[sources]\n", '[sources]\nkpis = "kpis.toml"\n')
    (tmp_path / "my.toml").write_text(config)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("detector.telemetry.configure_logs", lambda **_: None)  # it would keep this test's own stderr
    monkeypatch.setattr("sys.argv", ["precall", "job", "pull", "--config", "my.toml"])
    with pytest.raises(SystemExit) as done:
        main()
    message = capsys.readouterr().err
    assert done.value.code == 2
    assert len(message.splitlines()) == 1
    assert message.startswith("precall: ")
    assert says in message


def test_no_traceback_reaches_the_user(tmp_path):
    (tmp_path / "my.toml").write_text("[detection]\ndrift_hours = 1\ndrift_hours = 2\n")
    words = [sys.executable, "-c", "from jobs.cli import main; main()", "check", "--config", "my.toml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


# --- about people -------------------------------------------------------------------------------------------------------

SUBSCRIBERS = "subscriber_id,account_id,minor,guardian_id\n4917000001,A1,0,\n4917000002,A1,1,4917000001\n4917000003,,0,\n"
ACCOUNTS = "account_id,kind,name,parent_id\nA1,family,Surname,\nA2,enterprise,Firm,A3\nA3,enterprise,Firm,\n"
MEMBERS = "account_id,subscriber_id,role\nA1,4917000001,holder\nA1,4917000002,dependant\n"
CONSENTS = (
    "holder_kind,holder_id,purpose,channel,state,since\nsubscriber,4917000001,survey,any,granted,2026-01-01T00:00:00Z\n"
)
CONTACTS = "contact_id,subscriber_id,at,channel,cell_id,text\nk1,4917000001,2026-03-24T11:00:00Z,call,c11,no signal\n"
SURVEYS = "survey_id,subscriber_id,at,score\ns1,4917000001,2026-03-24T11:00:00Z,4\n"
ATTACHED = "subscriber_id,cell_id,start,duration_s,seconds\n4917000001,c11,2026-03-24T10:00:00Z,3600,3000\n"
GOOD_TABLES = {
    "subscribers.csv": SUBSCRIBERS,
    "accounts.csv": ACCOUNTS,
    "account_members.csv": MEMBERS,
    "consents.csv": CONSENTS,
    "contacts.csv": CONTACTS,
    "surveys.csv": SURVEYS,
    "attachments/a.csv": ATTACHED,
}
STRANGER, LONG = "4917999999", "4917" + "0" * 1_000_000
ABOUT_PEOPLE = {
    "an attachment of a stranger": (
        "attachments/a.csv",
        f"{STRANGER},c11,2026-03-24T10:00:00Z,3600,60",
        "unknown_subscriber",
    ),
    "an attachment to no cell": ("attachments/a.csv", "4917000003,c99,2026-03-24T10:00:00Z,3600,60", "unknown_cell"),
    "an attachment of next year": ("attachments/a.csv", "4917000003,c11,2027-03-24T10:00:00Z,3600,60", "clock_in_future"),
    "an attachment of 400 days": (
        "attachments/a.csv",
        "4917000003,c11,2025-02-17T10:00:00Z,34560000,60",
        "implausible_attachment",
    ),
    "more seconds than it lasts": (
        "attachments/a.csv",
        "4917000003,c11,2026-03-24T10:00:00Z,3600,9000",
        "implausible_attachment",
    ),
    "seconds below zero": ("attachments/a.csv", "4917000003,c11,2026-03-24T10:00:00Z,3600,-60", "row_rejected"),
    "an attachment of nobody": ("attachments/a.csv", ",c11,2026-03-24T10:00:00Z,3600,60", "row_rejected"),
    "a column that has slipped": ("attachments/a.csv", f"c11,10,{STRANGER},{STRANGER},{STRANGER}x", "not_a_number"),
    "a contact of a stranger": ("contacts.csv", f"k2,{STRANGER},2026-03-24T11:00:00Z,call,c11,x", "unknown_subscriber"),
    "a contact at no cell": ("contacts.csv", "k2,4917000003,2026-03-24T11:00:00Z,call,c99,x", "unknown_place"),
    "a contact twice": ("contacts.csv", "k1,4917000001,2026-03-24T11:30:00Z,call,c11,x", "duplicate_row"),
    "a contact of 1 MB": (
        "contacts.csv",
        f'k2,4917000003,2026-03-24T11:00:00Z,call,c11,"{"no signal " * 100_000}"',
        "long_text",
    ),
    "a contact with a broken quote": ("contacts.csv", 'k2,4917000003,2026-03-24T11:00:00Z,call,c11,"x" y', "row_rejected"),
    "a contact with an open quote": ("contacts.csv", 'k2,4917000003,2026-03-24T11:00:00Z,call,c11,"x', "row_rejected"),
    "a contact without an id": ("contacts.csv", ",4917000003,2026-03-24T11:00:00Z,call,c11,x", "row_rejected"),
    "a contact of no time": ("contacts.csv", f"k2,4917000003,{STRANGER},call,c11,x", "row_rejected"),
    "a subscriber of a million characters": ("subscribers.csv", f"{LONG},A1,0,", "row_rejected"),
    "a subscriber with a NUL": ("subscribers.csv", "49\x001700,A1,0,", "row_rejected"),
    "a subscriber twice": ("subscribers.csv", "4917000003,A1,0,", "duplicate_row"),
    "a guardian who is a minor": ("subscribers.csv", "4917000004,A1,1,4917000002", "unfit_guardian"),
    "a guardian nobody knows": ("subscribers.csv", f"4917000004,A1,1,{STRANGER}", "unfit_guardian"),
    "one's own guardian": ("subscribers.csv", "4917000004,A1,1,4917000004", "unfit_guardian"),
    "account parents in a circle": ("accounts.csv", "A3,enterprise,Firm,A2", "circular_accounts"),
    "an account of no kind": ("accounts.csv", f"A4,{STRANGER},Firm,", "row_rejected"),
    "a member of no account": ("account_members.csv", "A9,4917000001,line", "unknown_account"),
    "a member who is nobody": ("account_members.csv", f"A1,{STRANGER},line", "unknown_subscriber"),
    "a consent of a stranger": (
        "consents.csv",
        f"subscriber,{STRANGER},survey,any,granted,2026-01-01T00:00:00Z",
        "unknown_subscriber",
    ),
    "a consent of no account": ("consents.csv", "account,A9,survey,any,granted,2026-01-01T00:00:00Z", "unknown_account"),
    "a consent of nobody": ("consents.csv", "subscriber,,survey,any,granted,2026-01-01T00:00:00Z", "row_rejected"),
    "a consent to who knows what": ("consents.csv", f"subscriber,4917000001,{STRANGER},any,granted,x", "row_rejected"),
    "a score of 11": ("surveys.csv", "s2,4917000003,2026-03-24T11:00:00Z,11", "row_rejected"),
    "a survey of a stranger": ("surveys.csv", f"s2,{STRANGER},2026-03-24T11:00:00Z,3", "unknown_subscriber"),
}


@pytest.fixture
def care_team(inbox: Inbox) -> Inbox:
    for name, text in GOOD_TABLES.items():
        inbox.drop(name, text.encode())
    return inbox


@pytest.mark.parametrize("what", ABOUT_PEOPLE)
def test_what_cannot_be_of_people_is_counted_without_naming_them_and_the_rest_goes_on(what, care_team):
    name, row, code = ABOUT_PEOPLE[what]
    care_team.drop(name, (GOOD_TABLES[name] + row + "\n").encode())
    care_team.pull()
    found = {f.code: f for f in care_team.app.store.findings.all()}
    assert code in found, found
    assert found[code].example
    for finding in found.values():
        assert not re.search(r"4917|Surname|Firm|A[1-9]\b", finding.example + finding.where), finding
    store = care_team.app.store
    presence = store.presence.read(Window(0, NOW + DAY))
    assert len(presence) == 1, "the good row, and no other"
    assert "k1" in {i.interaction_id for i in store.interactions.between(0, NOW)}
    customers = care_team.app.feeds.reference(NOW, Findings()).customers
    assert len(customers.subscribers) >= 3
    assert any(c.purpose == "survey" for c in customers.consents)


def test_good_tables_give_no_finding_and_words_may_be_in_any_script(care_team):
    words = ["ネットワークが遅い", "لا توجد إشارة", "нет связи", "🤬📵" * 50, "ไม่มีสัญญาณ", "a\tb\u2028c"]
    rows = [f'w{n},4917000003,2026-03-24T11:0{n}:00Z,chat,c11,"{text}"\n' for n, text in enumerate(words)]
    care_team.drop("contacts.csv", (CONTACTS + "".join(rows)).encode())
    care_team.pull()
    assert care_team.findings == {}
    assert len(care_team.app.store.interactions.between(0, NOW)) == 2 + len(words)


def test_bytes_that_are_no_utf_8_cost_no_table(care_team):
    latin = "k2,4917000003,2026-03-24T11:00:00Z,call,c11,kein Gerät\n".encode("latin-1")
    care_team.drop("contacts.csv", CONTACTS.encode() + latin)
    care_team.pull()
    assert care_team.findings == {"not_utf8": 1}
    assert len(care_team.app.store.interactions.between(0, NOW)) == 3


def test_a_consent_of_tomorrow_counts_from_tomorrow_on(care_team):
    row = "subscriber,4917000001,survey,any,withdrawn,2026-03-25T00:00:00Z\n"
    care_team.drop("consents.csv", (CONSENTS + row).encode())

    def states(at: int) -> list[str]:
        return [c.state for c in care_team.app.feeds.reference(at, Findings()).customers.consents]

    assert (states(NOW), states(NOW + DAY)) == (["granted"], ["granted", "withdrawn"])


@pytest.mark.parametrize("name", ["attachments/a.csv", "subscribers.csv", "contacts.csv"])
def test_a_file_without_its_header_repeats_no_identity_when_it_is_refused(name, care_team):
    care_team.drop(name, GOOD_TABLES[name].split("\n", 1)[1].encode())
    try:
        care_team.pull()
        message = " ".join(f"{f.where} {f.example}" for f in care_team.app.store.findings.all())
    except PrecallError as error:
        message = str(error)
    assert "is missing" in message
    assert "4917" not in message
