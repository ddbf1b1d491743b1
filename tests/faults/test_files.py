"""One bad file costs itself alone: it is said in one line, and everything else is read, decided and delivered."""

import errno
import gzip
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from detector.domain.errors import Misconfigured
from detector.sources import pm_xml, records
from detector.sources.file_names import name_text, shown_name
from detector.sources.settling import Watching
from tests.acceptance.small_operator import COLUMNS, LIVE, QUARTER, iso, write_reference
from tests.faults.live_inbox import QUARTERS, LiveInbox, arrival_time, live_inbox, live_through_past
from tests.faults.poison import COUNTERS, PEOPLE_FOLDER, TABLES, Poison

ALL = {f"counters: {what}": row for what, row in COUNTERS.items()} | {
    f"attachments: {what}": row for what, row in PEOPLE_FOLDER.items()
}


@dataclass
class Outcome:
    """What is left of a run that is over."""

    delivered: dict[str, set[bytes]]
    incidents: list[tuple[object, ...]]
    found: list[tuple[str, str, str]]
    quarantined: list[str]


def outcome(run: LiveInbox) -> Outcome:
    incidents = [(i.incident_id, i.opened_at, i.resolved_at, i.cells) for i in run.app.store.incidents.all()]
    kept = [p for p in run.quarantine.rglob("*") if not p.is_dir()] if run.quarantine.exists() else []
    names = sorted(name_text(p.relative_to(run.quarantine).as_posix()) for p in kept)
    return Outcome(run.delivered, incidents, [(f.code, f.where, f.example) for f in run.findings], names)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    return live_through_past(tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="module")
def undisturbed(past, tmp_path_factory):
    with live_inbox(tmp_path_factory.mktemp("undisturbed") / "run", past) as run:
        run.live()
        return outcome(run)


def put(poison: Poison, inbox: Path) -> None:
    """Below a folder that is opened first: a path of many folders is longer than a call may name."""
    path = inbox / poison.where
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(inbox)
        for part in Path(poison.where).parts[:-1]:
            Path(part).mkdir(exist_ok=True)
            os.chdir(part)
        poison.put(Path(path.name))
        if Path(path.name).is_file() and not Path(path.name).is_symlink():
            os.utime(path.name, (LIVE + 300, LIVE + 300))
    finally:
        os.fchdir(here)
        os.close(here)


@pytest.fixture(scope="module")
def poisoned(past, tmp_path_factory):
    """The same quarters, beside everything bad at once from the beginning."""
    with live_inbox(tmp_path_factory.mktemp("poisoned") / "run", past) as run:
        for poison in ALL.values():
            put(poison, run.inbox)
        run.live()
        return outcome(run)


def test_what_is_delivered_beside_all_poison_at_once_is_what_an_undisturbed_run_delivers(undisturbed, poisoned):
    assert len(undisturbed.delivered) >= 2, "an incident opens and ends"
    assert poisoned.incidents == undisturbed.incidents
    assert poisoned.delivered == undisturbed.delivered


@pytest.mark.parametrize("what", ALL)
def test_each_poison_is_reported_in_one_line(what, poisoned):
    poison = ALL[what]
    own = [(code, example) for code, where, example in poisoned.found if where == shown_name(name_text(poison.where))]
    if not poison.code:
        assert own == [], "there is nothing to say"
        return
    named = own or [(code, example) for code, where, example in poisoned.found if where == "attachments"]
    assert poison.code in [code for code, _ in named], poisoned.found
    example = next(example for code, example in named if code == poison.code)
    assert poison.says in example
    assert "\n" not in example


def test_names_of_any_bytes_can_be_stored_and_shown(poisoned):
    assert poisoned.found
    for code, where, example in poisoned.found:
        f"{code} {where} {example}".encode()
        assert where.isprintable(), where


def test_what_is_set_aside_has_its_reason_beside_it(poisoned):
    aside = {where for code, where, _ in poisoned.found if code == "file_set_aside"}
    reasons = [name for name in poisoned.quarantined if name.endswith(".reason.txt")]
    assert len(aside) == len(reasons)
    assert len(poisoned.quarantined) == 2 * len(reasons)


@pytest.fixture
def run(past, tmp_path):
    """Before the first quarter: the past is read."""
    with live_inbox(tmp_path / "run", past) as made:
        made.round(LIVE)
        yield made


ERRORS = [
    RuntimeError("no\nidea"),
    RecursionError("too deep"),
    UnicodeError("no text"),
    ValueError("?"),
    KeyError("x"),
    AssertionError(),
    OSError(errno.EIO, "Input/output error"),
    MemoryError(),
    OverflowError("too large"),
]


def test_an_error_that_no_reader_foresaw_costs_its_file_alone(run, monkeypatch):
    def fail(path, *_args, **_options):
        raise ERRORS[int(path.stem.split("-")[1])]

    monkeypatch.setattr(pm_xml, "read_pm_xml", fail)
    for number in range(len(ERRORS)):
        run.put(f"counters/bad-{number}.xml", b"<measCollecFile></measCollecFile>", arrival_time(0))
    name, data = run.counters(0)
    run.put(name, data, arrival_time(0))
    run.round(arrival_time(0))
    assert len(run.objects(0)) == 4
    for number, error in enumerate(ERRORS):
        found = run.found(f"counters/bad-{number}.xml")
        outside = isinstance(error, OSError | MemoryError)
        assert list(found) == ["file_unreadable" if outside else "file_set_aside"]
        (line,) = found.values()
        assert "\n" not in line
        assert type(error).__name__ in line or "Input/output error" in line
        assert (run.inbox / f"counters/bad-{number}.xml").exists() == outside, "a sound file on a bad disk is not moved"


def test_a_file_on_a_failing_disk_is_not_tried_at_every_look_and_is_read_in_the_end(run, monkeypatch):
    tried = []

    def fail(path, *_args, **_options):
        tried.append(path)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(pm_xml, "read_pm_xml", fail)
    run.put("counters/a.xml", b"<measCollecFile></measCollecFile>", arrival_time(0))
    for second in range(0, 100, 10):
        run.round(arrival_time(0) + second)
    assert len(tried) == 1
    monkeypatch.undo()
    run.app.store.source_files._postponed.clear()  # an hour of monotonic time later
    run.round(arrival_time(0) + 3600)
    assert run.app.store.source_files.unread(run.app.feeds.files(0, arrival_time(0) + 3600)) == []


def test_what_fails_after_reading_is_found_out_file_by_file(run, monkeypatch):
    from detector import pipeline

    measure = pipeline.compute

    def fails_with_one(batches, *args):
        if any(batch.file == "counters/odd.csv" for batch in batches):
            raise ZeroDivisionError("by this file")
        return measure(batches, *args)

    monkeypatch.setattr(pipeline, "compute", fails_with_one)
    name, data = run.counters(0)
    for copy in ("counters/a.csv", "counters/odd.csv", "counters/z.csv", name):
        run.put(copy, data, arrival_time(0))
    run.round(arrival_time(0))
    assert len(run.objects(0)) == 4
    assert list(run.found("counters/odd.csv")) == ["file_unreadable"]
    assert (run.inbox / "counters/odd.csv").exists()
    assert [d.tick.start for d in run.app.store.ticks.completed("decide")][-1] == LIVE


@pytest.mark.parametrize("broken", ["the folder in the quarantine is a file", "the inbox takes nothing"])
def test_a_file_that_cannot_be_moved_stays_and_is_reported_once(broken, run, monkeypatch):
    if broken == "the folder in the quarantine is a file":
        (run.quarantine / "counters").write_text("")
    else:
        rename = Path.rename

        def refuse(path, target):
            if run.inbox in path.parents:
                raise OSError(errno.EROFS, "Read-only file system")
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", refuse)
    run.put("counters/bad.xml", b"<html/>", arrival_time(0))
    name, data = run.counters(0)
    run.put(name, data, arrival_time(0))
    for second in range(0, 60, 10):
        run.round(arrival_time(0) + second)
    assert len(run.objects(0)) == 4
    assert (run.inbox / "counters/bad.xml").exists()
    counted = {f.code: f.count for f in run.findings if f.where == "counters/bad.xml"}
    assert counted == {"file_set_aside": 1, "file_left_in_place": 1}


BAD_TABLES = {
    "no table": lambda path: path.write_bytes(b"\x00\xff" * 300 + b"\n"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "another header": lambda path: path.write_text("a,b\n1,2\n"),
    "gzip cut off": lambda path: path.write_bytes(b"\x1f\x8b\x08\x00\x00"),
}


@pytest.mark.parametrize("what", BAD_TABLES)
def test_a_bad_table_costs_itself_alone(what, run):
    """Every table at once: those that were read before still count, and the service goes on as if nothing had come."""
    known = [path for path in run.inbox.iterdir() if path.suffix == ".csv"]
    for path in known:
        path.unlink()
    for path in [*known, *(run.inbox / f"{stem}.csv" for stem in TABLES)]:
        BAD_TABLES[what](path)
    name, data = run.counters(0)
    run.put(name, data, arrival_time(0))
    run.round(arrival_time(0))
    assert len(run.objects(0)) == 4
    assert [d.tick.start for d in run.app.store.ticks.completed("assess")][-1] == LIVE
    reference = run.app.feeds.reference(arrival_time(0))
    assert len(reference.topology.cells) == 4
    assert len(reference.customers.subscribers) == 18
    refused = {f.where for f in run.findings if f.code == "table_refused"}
    assert refused >= {path.name for path in known} | {f"{stem}.csv" for stem in TABLES if stem != "arrivals"}


def test_an_operator_toml_that_cannot_be_read_leaves_the_one_before(run):
    (run.inbox / "operator.toml").unlink()
    os.mkfifo(run.inbox / "operator.toml")
    name, data = run.counters(0)
    run.put(name, data, arrival_time(0))
    run.round(arrival_time(0))
    assert len(run.objects(0)) == 4
    assert "table_refused" in run.found("operator.toml")


def test_at_the_first_start_a_bad_table_is_not_known_and_detection_goes_on(tmp_path, monkeypatch):
    rows = records.nouns

    def fail(path, *args):
        if path.name in ("subscribers.csv", "maintenance.csv"):
            raise RuntimeError("4917100001")
        return rows(path, *args)

    monkeypatch.setattr(records, "nouns", fail)
    with live_inbox(tmp_path) as run:
        (run.inbox / "maintenance.csv").write_text("scope_kind\n")
        run.live()
        assert run.app.store.incidents.all(), "the site's outage is found"
        refusal = run.found("subscribers.csv")["table_refused"]
        assert "nothing of it is known until it is mended" in refusal
        assert "4917" not in refusal


def test_without_cells_nothing_is_measured_and_nothing_is_lost(tmp_path):
    with live_inbox(tmp_path) as run:
        cells = (run.inbox / "cells.csv").read_bytes()
        (run.inbox / "cells.csv").write_text("no,cells\n")
        with pytest.raises(Misconfigured, match=r"cells\.csv: column 'cell_id'"):
            run.round(LIVE)
        (run.inbox / "cells.csv").write_bytes(cells)
        run.live()
        assert run.app.store.incidents.all()


def test_a_name_that_only_differs_in_bytes_that_are_no_text_is_another_file(run):
    name, data = run.counters(0)
    for raw in (b"counters/\xe9.csv", b"counters/\xe8.csv"):
        run.put(os.fsdecode(raw), data, arrival_time(0))
    run.round(arrival_time(0))
    known = {source_file.name for source_file in run.app.feeds.files(0, arrival_time(0))}
    assert {r"counters/\xe9.csv", r"counters/\xe8.csv"} <= known
    assert len(run.objects(0)) == 4
    run.put(name, data, arrival_time(0) + 10)
    run.round(arrival_time(0) + 20)
    assert {f.code for f in run.findings if f.where.startswith("counters")} == set()


# --- what costs much -------------------------------------------------------------------------------------------------------

HEADER = ",".join(COLUMNS).encode() + b"\n"
MANY = 70


def repeated(head: bytes, unit: bytes, tail: bytes = b"") -> bytes:
    """Packed; the unit is a megabyte and stands MANY times, more than the files of four cells need."""
    filled = unit * (1 + (1 << 20) // len(unit))
    return gzip.compress(head + filled * MANY + tail, compresslevel=1)


ROW = f"c11,{iso(LIVE)},900,600,590,80000\n".encode()
BOMBS = {
    "line ends": ("counters/lines.csv.gz", lambda: repeated(HEADER, b"\n"), "sources.largest_file_mb"),
    "one row": ("counters/rows.csv.gz", lambda: repeated(HEADER, ROW), "sources.largest_file_mb"),
    "blanks in XML": (
        "counters/blank.xml.gz",
        lambda: repeated(b"<measCollecFile>", b"<measData> </measData>", b"</measCollecFile>"),
        "sources.largest_file_mb",
    ),
    "objects nobody knows": (
        "counters/objects.csv",
        lambda: HEADER + b"".join(ROW.replace(b"c11", b"o%d" % n) for n in range(20_100)),
        "objects",
    ),
    "periods": (
        "counters/periods.csv",
        lambda: HEADER + b"".join(ROW.replace(iso(LIVE).encode(), iso(LIVE - 60 * n).encode()) for n in range(10_100)),
        "different periods",
    ),
    "columns": (
        "counters/columns.csv",
        lambda: b"object_id,start,duration_s" + b"".join(b",K%d" % n for n in range(5000)) + b"\n",
        "columns",
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_file_that_costs_more_than_the_network_needs_is_set_aside_with_the_correction_named(what, run):
    name, make, says = BOMBS[what]
    run.put(name, make(), arrival_time(0))
    quarter, data = run.counters(0)
    run.put(quarter, data, arrival_time(0))
    run.round(arrival_time(0))
    assert len(run.objects(0)) == 4
    run.round(arrival_time(0) + 10)  # what is large unpacked gave way to what was fresh
    assert says in run.found(name)["file_set_aside"]


def test_a_file_that_takes_longer_than_its_time_is_set_aside(run):
    """XML of many elements, read with almost no time."""
    run.app.feeds.counters[0]._how = Watching(file_s=0.001)
    run.put("counters/a.xml", b"<measCollecFile>" + b"<measInfo/>" * 500_000 + b"</measCollecFile>", arrival_time(0))
    run.round(arrival_time(0))
    assert "sources.file_budget_s" in run.found("counters/a.xml")["file_set_aside"]


def test_a_larger_bound_in_the_settings_lets_a_file_through(run):
    packed = gzip.compress(HEADER + ROW * (1 + (2 << 20) // len(ROW)))
    for most, found in ((1 << 20, ["file_set_aside"]), (1 << 30, [])):
        run.app.feeds.counters[0]._how = Watching(largest_bytes=most)
        name = f"counters/{most}.csv.gz"
        run.put(name, packed, arrival_time(0) + 100 * bool(not found))
        run.round(arrival_time(0) + 100 * bool(not found))
        assert list(run.found(name)) == found
    assert run.objects(0) == ["c11"]


def test_a_large_file_is_read_after_what_is_fresh_has_been_decided(run):
    """It gives way to small files three times, and then is read with them: nobody waits for ever."""
    large = HEADER + ROW * (1 + (5 << 20) // len(ROW))
    run.put("counters/large.csv", large, arrival_time(0))
    for quarter in range(5):
        name, data = run.counters(quarter)
        run.put(name, data, arrival_time(quarter))
        run.round(arrival_time(quarter))
        assert len(run.objects(quarter)) == 4
        source = run.app.feeds.files(0, arrival_time(quarter))
        unread = [p.name for p in run.app.store.source_files.unread(source)]
        assert unread == (["counters/large.csv"] if quarter < 3 else [])


def test_a_backlog_is_read_in_parts_and_nothing_of_it_is_lost(run, monkeypatch):
    """Each pull reads one round when its time is over at once; the decisions of what is there go on between them."""
    monkeypatch.setattr("jobs.pull._ROUND_BYTES", 300)
    run.app.jobs.settings = run.app.settings.model_copy(
        update={"sources": run.app.settings.sources.model_copy(update={"pull_budget_s": 1e-9})}
    )
    for quarter in range(QUARTERS):
        name, data = run.counters(quarter)
        run.put(name, data, arrival_time(quarter))
    decided = []
    for second in range(0, 200, 10):
        run.round(arrival_time(QUARTERS) + second)
        decided.append(len(run.app.store.ticks.completed("decide")))
    assert 0 < decided[0] < decided[-1]
    assert run.app.store.source_files.unread(run.app.feeds.files(0, arrival_time(QUARTERS) + 300)) == []
    assert all(len(run.objects(quarter)) == 4 for quarter in range(QUARTERS))
    assert not run.app.store.feeds.get(run.app.feeds.name).backlog


def test_the_healthy_feed_beside_a_bomb_is_decided_in_the_same_round(run, capsys):
    """How much longer the round takes is printed, not judged: machines differ."""
    took = []
    for quarter in range(4):
        name, data = run.counters(quarter)
        run.put(name, data, arrival_time(quarter))
        if quarter == 3:
            for bomb in ("line ends", "one row", "blanks in XML"):
                run.put(BOMBS[bomb][0], BOMBS[bomb][1](), arrival_time(quarter))
        began = time.perf_counter()
        run.round(arrival_time(quarter))
        took.append(time.perf_counter() - began)
        assert run.app.store.ticks.completed("decide")[-1].tick.start == LIVE + quarter * QUARTER
    with capsys.disabled():
        print(f"\na round of the healthy feed: {sorted(took[:3])[1]:.2f} s; beside three bombs: {took[3]:.2f} s")


def test_the_folder_may_be_away_for_a_while(run):
    away = run.inbox.with_name("away")
    run.inbox.rename(away)
    run.inbox.mkdir()
    write_reference(run.inbox)
    run.round(arrival_time(0))
    run.inbox.rename(run.inbox.with_name("empty"))
    away.rename(run.inbox)
    name, data = run.counters(0)
    run.put(name, data, arrival_time(0))
    run.round(arrival_time(0) + QUARTER)
    assert len(run.objects(0)) == 4
