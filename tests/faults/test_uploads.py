"""Uploads that pause, come in pieces, twice, late or in another order: nothing is lost, and nothing counts twice."""

import gzip
import os
import random
from pathlib import Path

import duckdb
import pytest

from detector.domain.window import Window
from tests.acceptance.small_operator import CELLS, COLUMNS, HOUR, LIVE, PEOPLE, QUARTER, iso, table, write_attachments
from tests.faults.live_inbox import QUARTERS, LiveInbox, arrival_time, live_inbox, live_through_past


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    return live_through_past(tmp_path_factory.mktemp("past"))


@pytest.fixture
def run(past, tmp_path):
    with live_inbox(tmp_path / "run", past) as made:
        made.round(LIVE)
        yield made


def pm_file(cell: str = "c12", start: int = LIVE, root: str = "measCollecFile") -> bytes:
    return f"""<?xml version="1.0"?>
        <{root}><fileHeader><measCollec beginTime="{iso(start)}"/></fileHeader><measData><managedElement/><measInfo>
        <granPeriod duration="PT900S" endTime="{iso(start + QUARTER)}"/>
        <measType p="1">RRC.ConnEstabAtt</measType><measType p="2">RRC.ConnEstabSucc</measType>
        <measValue measObjLdn="ManagedElement=1,EUtranCellFDD={cell}"><r p="1">600</r><r p="2">590</r></measValue>
        </measInfo></measData><fileFooter><measCollec endTime="{iso(start + QUARTER)}"/></fileFooter>
        </{root}>""".encode()


def csv_file(*cells: str, tried: int = 600, start: int = LIVE) -> bytes:
    rows = [",".join(map(str, (cell, iso(start), QUARTER, tried, tried, 80_000))) for cell in cells]
    return "\n".join([",".join(COLUMNS), *rows, ""]).encode()


def parquet_file(scratch: Path) -> bytes:
    path = scratch / "scratch.parquet"
    row = f"'c12' AS object_id, '{iso(LIVE)}' AS start, 900 AS duration_s"
    counted = '600 AS "RRC.ConnEstabAtt", 590 AS "RRC.ConnEstabSucc"'
    duckdb.connect().execute(f"COPY (SELECT {row}, {counted}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def kinds(scratch: Path) -> dict[str, bytes]:
    return {
        "counters/a.xml": pm_file(),
        "counters/a.xml.gz": gzip.compress(pm_file()),
        "counters/wide.xml": pm_file().decode().encode("utf-16"),
        "counters/prefixed.xml": pm_file(root="m:measCollecFile")
        .replace(b"<m:", b"<m:", 1)
        .replace(b"<m:measCollecFile>", b"<m:measCollecFile xmlns:m='urn:m'>"),
        "counters/members.csv.gz": gzip.compress(csv_file("c11")) + gzip.compress(csv_file("c12").partition(b"\n")[2]),
        "counters/a.parquet": parquet_file(scratch),
    }


KINDS = (
    "counters/a.xml",
    "counters/a.xml.gz",
    "counters/wide.xml",
    "counters/prefixed.xml",
    "counters/members.csv.gz",
    "counters/a.parquet",
)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("cut", [0.0, 0.4, 0.95])
def test_a_file_whose_format_marks_its_end_is_read_when_it_is_whole(name, cut, run, tmp_path):
    """Its writer stalls longer than a file settles, and longer than it is waited for, with the file open all the time."""
    data = kinds(tmp_path)[name]
    path = run.inbox / name
    with path.open("wb") as writer:
        writer.write(data[: int(cut * len(data))])
        writer.flush()
        os.utime(path, (LIVE + 900, LIVE + 900))
        for second in (10, 30, 50):
            run.round(LIVE + 900 + second)
            assert run.found(name) == {}, "it may still grow"
        run.round(LIVE + 1000)
        assert list(run.found(name)) == ["file_incomplete"]
        assert "it stays in place" in run.found(name)["file_incomplete"]
        for second in range(10, 40, 10):
            run.round(LIVE + 1000 + second)
        assert {f.code: f.count for f in run.findings if f.where == name} == {"file_incomplete": 1}, "said once"
        writer.write(data[int(cut * len(data)) :])
    os.utime(path, (LIVE + 1040, LIVE + 1040))
    run.round(LIVE + 1050)
    assert "c12" in run.objects(0)
    assert path.exists()
    assert not run.quarantine.exists() or not list(run.quarantine.rglob("*"))


def test_a_writer_whose_handle_followed_its_file_into_quarantine_loses_nothing(run):
    """No format tells that this file is not finished: its first bytes are wrong, and written over at the end."""
    path = run.inbox / "counters/late-header.csv"
    data = csv_file("c12")
    with path.open("wb") as writer:
        writer.write(b"#" * 20 + b"\n" + data[21:])
        writer.flush()
        os.utime(path, (LIVE + 900, LIVE + 900))
        run.round(LIVE + 1000)
        assert not path.exists()
        assert (run.quarantine / "counters/late-header.csv").exists()
        run.round(LIVE + 1010)
        assert not path.exists(), "nothing of it has changed"
        writer.seek(0)
        writer.write(data[:21])
    run.round(LIVE + 1020)
    assert path.exists()
    assert set(run.found("counters/late-header.csv")) == {"file_set_aside", "file_given_back"}
    os.utime(path, (LIVE + 1030, LIVE + 1030))
    run.round(LIVE + 1100)
    assert run.objects(0) == ["c12"]
    assert [p for p in run.quarantine.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("name", ["counters/a.csv", "counters/" + "n" * 250 + ".csv", "counters/x/\u202e a.csv"])
def test_a_file_mended_in_quarantine_or_put_back_is_read_and_a_bad_one_put_back_does_no_harm(name, run):
    bad, good = csv_file("c12").replace(b"object_id", b"cell"), csv_file("c12")
    for second in (0, 100, 200):
        run.put(name, bad, LIVE + 900 + second)
        run.round(LIVE + 950 + second)
        assert not (run.inbox / name).exists()
    kept = [p for p in run.quarantine.rglob("*") if p.is_file() and not p.name.endswith(".reason.txt")]
    assert len(kept) == (1 if len(name) > 200 else 2), "the same bytes in a folder of their own are one file"
    kept[0].write_bytes(good)
    run.round(LIVE + 1200)
    os.utime(run.inbox / name, (LIVE + 1200, LIVE + 1200))
    run.round(LIVE + 1250)
    assert run.objects(0) == ["c12"]
    run.put(name, csv_file("c12", "c11"), LIVE + 1300)
    run.round(LIVE + 1350)
    assert run.objects(0) == ["c11", "c12"]


def test_a_restart_knows_what_lies_in_quarantine_and_sees_what_has_changed_meanwhile(run):
    for name in ("counters/same.csv", "counters/mended.csv"):
        run.put(name, csv_file("c12").replace(b"object_id", b"cell"), LIVE + 900)
    run.round(LIVE + 950)
    (run.quarantine / "counters/mended.csv").write_bytes(csv_file("c12"))
    run.app.close()
    run.app = run.open()
    run.round(LIVE + 1000)
    assert (run.inbox / "counters/mended.csv").exists()
    assert not (run.inbox / "counters/same.csv").exists()


def test_a_file_that_changes_between_the_judgement_and_the_move_stays(run, monkeypatch):
    source = run.app.feeds.counters[0]
    set_aside = source.set_aside

    def first_written(source_file, reason):
        run.put("counters/a.csv", csv_file("c12"), LIVE + 900)
        set_aside(source_file, reason)

    run.put("counters/a.csv", csv_file("c12").replace(b"object_id", b"objectid_"), LIVE + 900)
    monkeypatch.setattr(source, "set_aside", first_written)
    run.round(LIVE + 950)
    monkeypatch.undo()
    assert (run.inbox / "counters/a.csv").read_bytes() == csv_file("c12")
    run.round(LIVE + 1000)
    assert run.objects(0) == ["c12"]


def test_a_file_that_changes_while_it_is_read_is_read_again(run, monkeypatch):
    from detector.sources import counter_files

    read = counter_files.CounterFiles.read

    def grows(self, name, *args):
        found = list(read(self, name, *args))
        if name == "counters/a.csv":
            run.put(name, csv_file("c11", "c12"), LIVE + 901)
        return iter(found)

    run.put("counters/a.csv", csv_file("c11"), LIVE + 900)
    monkeypatch.setattr(counter_files.CounterFiles, "read", grows)
    run.round(LIVE + 950)
    assert run.objects(0) == []
    monkeypatch.undo()
    run.round(LIVE + 1000)
    assert run.objects(0) == ["c11", "c12"]


def test_a_half_table_of_counters_is_replaced_by_the_whole(run):
    whole = csv_file(*CELLS, tried=777)
    half = whole[: whole.index(b"c21")]
    run.put("counters/a.csv", half, LIVE + 900)
    run.round(LIVE + 950)
    assert run.objects(0) == ["c11", "c12"]
    run.put("counters/a.csv", whole, LIVE + 1000)
    run.round(LIVE + 1050)
    frame = run.app.store.history.read(QUARTER, Window(LIVE, LIVE + QUARTER))
    assert list(frame.objects) == sorted(CELLS)
    assert set(frame.aligned(frame.objects).denominator[..., frame.kpi_index["lte_rrc_sr"]].ravel().tolist()) == {777.0}


def test_a_line_that_has_not_ended_is_waited_for_and_no_half_number_stands_in_the_end(run):
    """The last value of the last line is cut: 80 instead of 80000."""
    whole = csv_file("c11", "c12")
    torn = whole[: whole.rindex(b"000\n")]
    run.put("counters/a.csv", torn, LIVE + 910)
    run.round(LIVE + 920)
    assert run.objects(0) == [], "its last line may go on"
    run.put("counters/a.csv", whole, LIVE + 930)
    run.round(LIVE + 940)
    assert run.objects(0) == ["c11", "c12"]


def test_a_table_without_a_line_end_is_read_all_the_same_and_reported(run):
    run.put("counters/a.csv", csv_file("c11", "c12").rstrip(b"\n"), LIVE + 900)
    run.round(LIVE + 950)
    assert run.objects(0) == ["c11", "c12"]


STAYS = ("subscriber_id", "cell_id", "start", "duration_s", "seconds", "attempts")


def presence(run: LiveInbox) -> list[tuple[str, str, int, float]]:
    rows = run.app.store.presence.read(Window(LIVE, LIVE + HOUR))
    named = zip(rows.subscriber, rows.cell, rows.start.tolist(), rows.seconds.tolist(), strict=True)
    return sorted((rows.subscribers[who], rows.cells[cell], start, seconds) for who, cell, start, seconds in named)


@pytest.mark.parametrize("again", ["the same name", "another name", "packed", "after a restart"])
def test_attachments_that_come_by_halves_or_twice_count_once(again, run, tmp_path):
    write_attachments(tmp_path / "hour.csv", [LIVE])
    whole = (tmp_path / "hour.csv").read_bytes()
    half = whole[: whole.index(PEOPLE[9].msisdn.encode())]
    run.put("attachments/hour.csv", half, LIVE + HOUR)
    run.round(LIVE + HOUR + 60)
    assert len(presence(run)) == 9
    name, data = "attachments/hour.csv", whole
    if again == "another name":
        name = "attachments/hour-again.csv"
    if again == "packed":
        name, data = "attachments/hour.csv.gz", gzip.compress(whole)
    if again == "after a restart":
        run.app.close()
        run.app = run.open()
    run.put(name, data, LIVE + HOUR + 100)
    run.round(LIVE + HOUR + 160)
    assert len(presence(run)) == len(PEOPLE)
    corrected = whole.replace(b",3600,3600,", b",3600,1800,")
    run.put(name, gzip.compress(corrected) if again == "packed" else corrected, LIVE + HOUR + 200)
    run.round(LIVE + HOUR + 260)
    assert [seconds for *_, seconds in presence(run)] == [1800.0] * len(PEOPLE)


def test_a_packed_file_of_attachments_that_is_cut_off_waits_for_its_rest(run, tmp_path):
    write_attachments(tmp_path / "hour.csv", [LIVE])
    packed = gzip.compress((tmp_path / "hour.csv").read_bytes())
    run.put("attachments/hour.csv.gz", packed[:-20], LIVE + HOUR)
    run.round(LIVE + HOUR + 30)
    assert run.found("attachments/hour.csv.gz") == {}
    run.round(LIVE + HOUR + 90)
    assert list(run.found("attachments/hour.csv.gz")) == ["file_incomplete"]
    run.put("attachments/hour.csv.gz", packed, LIVE + HOUR + 100)
    run.round(LIVE + HOUR + 160)
    assert len(presence(run)) == len(PEOPLE)


CONTACTS = ("contact_id", "subscriber_id", "at", "channel", "category", "cell_id")
SURVEYS = ("survey_id", "subscriber_id", "at", "score")
EVENTS = ("subscriber_id", "at", "kind")


def test_rows_about_people_that_come_after_later_ones_are_taken_in_once(run):
    """A table of contacts, of answers and of events stalls; what is missing has times that are over when it comes."""
    people = [p.msisdn for p in PEOPLE]
    at = [LIVE - 3600 + 60 * n for n in range(10)]
    rows = {
        "contacts.csv": (CONTACTS, [(f"n{n}", people[n], iso(at[n]), "call", "network", "c11") for n in range(10)]),
        "surveys.csv": (SURVEYS, [(f"s{n}", people[n], iso(at[n]), 5) for n in range(10)]),
        "subscriber_events.csv": (EVENTS, [(people[n], iso(at[n]), "left") for n in range(10)]),
    }
    for step, part in enumerate([slice(0, 3), slice(0, 7), slice(3, 10), slice(0, 10), slice(0, 10)]):
        for name, (header, all_rows) in rows.items():
            table(run.inbox / name, header, reversed(all_rows[part]))
        run.round(LIVE + 300 * (step + 1))
        if step == 3:
            run.app.close()
            run.app = run.open()
    store = run.app.store
    kept = [one.interaction_id for one in store.interactions.between(LIVE - 7200, LIVE)]
    assert sorted(kept) == sorted([f"n{n}" for n in range(10)] + [f"s{n}" for n in range(10)])
    assert len(store.interactions.events_between(LIVE - 7200, LIVE)) == 10


def test_a_look_at_a_folder_opens_no_file_that_has_not_changed(run, monkeypatch):
    """Whether a file is whole is asked once for each time it changes, not at every look."""
    from detector.sources import settling

    asked = []
    completeness_of = settling.completeness_of
    monkeypatch.setattr(settling, "completeness_of", lambda path, most: asked.append(path) or completeness_of(path, most))
    run.put("counters/a.xml", pm_file()[:100], LIVE + 900)
    for second in range(0, 40, 10):
        run.round(LIVE + 910 + second)
    assert [path.name for path in asked].count("a.xml") == 1


# --- the same quarters, delivered in every other way ---------------------------------------------------------------------


def quarters(run: LiveInbox, quarter: int) -> list[tuple[str, bytes]]:
    """The files of a quarter: a table for each site, one of them packed; and the hour's attachments."""
    _, data = run.counters(quarter)
    header, *lines = data.splitlines(keepends=True)
    files = []
    for site, ending in (("c1", ".csv"), ("c2", ".csv.gz")):
        own = b"".join([header, *(line for line in lines if line.startswith(site.encode()))])
        files.append((f"counters/{quarter}-{site}{ending}", gzip.compress(own, mtime=0) if ending.endswith("gz") else own))
    if quarter % 4 == 3:
        write_attachments(run.root / "scratch/hour.csv", [LIVE + (quarter - 3) * QUARTER])
        files.append((f"attachments/{quarter}.csv", (run.root / "scratch/hour.csv").read_bytes()))
    return files


STEPS = (-240, -180, -120, -60, 0)
"""Rounds before a quarter's moment (s); at 0 everything is whole."""


def deliver(run: LiveInbox, chance: random.Random | None) -> None:
    for quarter in range(QUARTERS):
        files = quarters(run, quarter)
        for step in STEPS:
            at = arrival_time(quarter) + step
            if chance is not None and step:
                disturb(run, files, chance, at)
            if not step:
                for name, data in chance.sample(files, len(files)) if chance else files:
                    run.put(name, data, at)
            run.round(at)


def disturb(run: LiveInbox, files: list[tuple[str, bytes]], chance: random.Random, at: float) -> None:
    """Some files so far as they have come, never with their last row; some of before once more."""
    for name, data in chance.sample(files, chance.randrange(len(files) + 1)):
        last = len(data) - 8 if name.endswith(".gz") else data.rstrip(b"\n").rindex(b"\n")
        cut = chance.randrange(last)
        run.put(name if chance.random() < 0.8 else f"{name}.part", data[:cut], at - chance.choice([0, 20, 45, 100]))
    earlier = sorted(p for folder in ("counters", "attachments") for p in (run.inbox / folder).iterdir())
    chosen = chance.choice([p for p in earlier if not p.name.endswith(".part") and p.name not in {n for n, _ in files}])
    if not any(chosen.name == Path(name).name for name, _ in files):
        os.utime(chosen, (at - 30, at - 30))


@pytest.fixture(scope="module")
def undisturbed(past, tmp_path_factory):
    with live_inbox(tmp_path_factory.mktemp("undisturbed") / "run", past) as run:
        deliver(run, None)
        return run.delivered


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_torn_shuffled_and_repeated_files_deliver_the_same_alerts(seed, undisturbed, past, tmp_path):
    with live_inbox(tmp_path / "run", past) as run:
        deliver(run, random.Random(seed))
        assert len(undisturbed) >= 2, "an incident opens and ends"
        assert run.delivered == undisturbed
        assert len(presence(run)) == len(PEOPLE)
        before = run.app.store.incidents.all()
        for quarter in range(QUARTERS):  # all of it once more, under other names
            for name, data in quarters(run, quarter):
                folder, _, last = name.partition("/")
                run.put(f"{folder}/again/{last}", data, arrival_time(QUARTERS))
        for second in (60, 70, 960):
            run.round(arrival_time(QUARTERS) + second)
        assert run.delivered == undisturbed
        assert len(presence(run)) == len(PEOPLE)
        assert [i.incident_id for i in run.app.store.incidents.all()] == [i.incident_id for i in before]
