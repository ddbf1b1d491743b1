"""Measuring periods of every length and place: each pull goes on whatever came before, and says why where it cannot."""

import csv

import pytest
from typer.testing import CliRunner

from detector.domain.errors import Transient
from detector.domain.window import Grid, Window
from jobs.cli import app as cli
from tests.acceptance.small_operator import CELLS, LIVE, QUARTER, iso
from tests.acceptance.test_bad_input import Inbox, inbox  # noqa: F401  a fixture

HOUR, DAY = 3600, 86_400
PERIODS = {
    "the standard's own example, which ends at 14:14:30": (-30, 900),
    "two minutes, of which a tick is no multiple": (780, 120),
    "ten minutes": (300, 600),
    "seven minutes": (420, 420),
    "one minute": (60, 60),
    "a quarter-hour that begins in the middle": (450, 900),
    "an hour of India": (-HOUR // 2, HOUR),
    "an hour of Nepal": (-HOUR // 4, HOUR),
    "a day of Berlin": (-DAY - HOUR, DAY),
    "the day on which the clocks of Berlin change": (-DAY - HOUR, DAY - HOUR),
    "a day of Auckland": (-DAY + 12 * HOUR - DAY, DAY),
    "a day": (-DAY, DAY),
}


def pm_file(start: int, seconds: int, *cells: str) -> bytes:
    rows = "".join(
        f'<measValue measObjLdn="ManagedElement=1,EUtranCellFDD={cell}"><r p="1">600</r><r p="2">590</r></measValue>'
        for cell in cells
    )
    return f"""<?xml version="1.0"?>
        <measCollecFile><fileHeader><measCollec beginTime="{iso(start)}"/></fileHeader><measData><managedElement/><measInfo>
        <granPeriod duration="PT{seconds}S" endTime="{iso(start + seconds)}"/>
        <measType p="1">RRC.ConnEstabAtt</measType><measType p="2">RRC.ConnEstabSucc</measType>{rows}</measInfo></measData>
        <fileFooter><measCollec endTime="{iso(start + seconds)}"/></fileFooter></measCollecFile>""".encode()


@pytest.mark.parametrize("what", PERIODS)
def test_files_of_one_period_that_come_one_after_another_are_one_tick(what, inbox):  # noqa: F811
    begins, seconds = PERIODS[what]
    start = LIVE + begins
    now = start + seconds + 400
    for n, cell in enumerate((*CELLS,)[:3]):
        inbox.drop(f"counters/{n}.xml", pm_file(start, seconds, cell), now - 60)
        assert inbox.pull(now + n) == "1 files, 1 ticks, 0 set aside"
    tick = Grid(900).tick(start, seconds)
    frame = inbox.app.store.history.read(tick.duration_s, Window(tick.start, tick.end))
    assert sorted(frame.objects) == sorted((*CELLS,)[:3])
    assert frame.numerator[0, :, 0].tolist() == [590.0] * 3
    inbox.drop("counters/next.xml", pm_file(start + seconds, seconds, *(*CELLS,)[:3]), now + seconds - 60)
    assert inbox.pull(now + seconds).startswith("1 files, ")


def test_a_corrected_row_takes_the_place_of_one_that_ended_thirty_seconds_earlier(inbox):  # noqa: F811
    inbox.drop("counters/1.xml", pm_file(LIVE - 30, QUARTER, "c11"), LIVE + 1000)
    inbox.pull(LIVE + 1100)
    inbox.drop("counters/2.xml", pm_file(LIVE, QUARTER, "c11").replace(b">600<", b">700<"), LIVE + 1200)
    inbox.pull(LIVE + 1300)
    frame = inbox.app.store.history.read(QUARTER, Window(LIVE, LIVE + QUARTER))
    assert (frame.numerator[0, 0, 0], frame.denominator[0, 0, 0]) == (590, 700)


def test_a_tick_that_another_process_recorded_meanwhile_is_named_and_the_others_are_recorded(inbox):  # noqa: F811
    """The other process is one more record of the same tick, between the reading and the writing of this pull."""
    store, late = inbox.app.store, LIVE + 7 * HOUR
    inbox.drop("counters/1.xml", pm_file(LIVE, QUARTER, "c11"), LIVE + 1000)
    inbox.drop("counters/2.xml", pm_file(late, QUARTER, "c11"), late + 1000)
    done = []

    def meanwhile(step: str) -> None:
        if step == "pull.written" and not done:
            done.append(step)
            with store.begin() as connection:
                store.history.record(connection, Grid(900).tick(LIVE, QUARTER), 1, "", 0)

    inbox.app.jobs.checkpoint = meanwhile
    size, pull_rounds = "jobs.pull._ROUND_BYTES", pytest.MonkeyPatch()
    pull_rounds.setattr(size, 1)
    try:
        with pytest.raises(Transient) as refusal:
            inbox.pull(late + 1100)
    finally:
        pull_rounds.undo()
    assert "was not recorded when this pull began and has version 1 now" in str(refusal.value)
    with store.begin() as connection:
        ticks = [Grid(900).tick(start, QUARTER) for start in (LIVE, late)]
        assert store.ticks.versions(connection, ticks) == dict.fromkeys(ticks, 1)
    assert inbox.pull(late + 1200).startswith("1 files, ")
    assert inbox.cells == ["c11"]


def test_of_two_halves_of_a_network_that_report_half_an_hour_apart_neither_is_missing_in_turn(tmp_path):
    """Hours of one half begin at the full hour, those of the other thirty minutes later; one cell is silent for eight."""
    days, silent_from, hours = 9, 7 * 24 + 12, 8
    lines = ["object_id,start,duration_s,RRC.ConnEstabAtt,RRC.ConnEstabSucc"]
    for hour in range(days * 24):
        for n in range(6):
            if n == 3 and silent_from <= hour < silent_from + hours:
                continue
            start = LIVE + HOUR * hour + HOUR // 2 * (n % 2)
            lines.append(f"c{n},{iso(start)},3600,{600 + 7 * hour % 40},{596 + 7 * hour % 40 - (hour + n) % 3}")
    (tmp_path / "in" / "counters").mkdir(parents=True)
    (tmp_path / "in" / "counters" / "a.csv").write_text("\n".join(lines))
    (tmp_path / "in" / "cells.csv").write_text("cell_id,technology\n" + "".join(f"c{n},LTE\n" for n in range(6)))
    begin = iso(LIVE + 7 * DAY)
    dataset, out = str(tmp_path / "in"), str(tmp_path / "out")
    assert CliRunner().invoke(cli, ["backtest", dataset, "--out", out, "--from", begin]).exit_code == 0
    with (tmp_path / "out" / "degradations.csv").open() as file:
        found = [row for row in csv.DictReader(file) if row["kind"] == "no_data"]
    span = [LIVE + HOUR * at + HOUR // 2 for at in (silent_from, silent_from + hours)]
    assert [(row["object_id"], row["started_at"], row["cleared_at"]) for row in found] == [("c3", *map(iso, span))]
