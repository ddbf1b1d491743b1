"""58 real cells: the how-to page is followed word for word, and what it promises is looked up in what it wrote."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.followed_page import follow

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "ran_hourly_58_cells"
PAGE = ROOT / "docs" / "how-to" / "real-hourly-cells.md"
HOUR_0 = datetime(2021, 8, 27, 16, tzinfo=UTC)
OUTAGES = {("26019023", 99), ("26019017", 101), ("26019018", 101), ("26019019", 101), ("26019043", 536), ("26019044", 536)}
SLEEPERS = {"26019045", "26019052", "26019051", "26019036", "26019053", "26019009", "26019020", "26019013", "26019044"}
"""Cells without traffic in more than a dozen hours between 01 and 06."""
Row = dict[str, str]

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/ran_hourly_58_cells beside the repository"),
    pytest.mark.xdist_group("real_cells"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The degradations after all commands of the page, run where `../shared`, `.venv` and the Makefile are as it expects."""
    work = follow(PAGE, tmp_path_factory.mktemp("reader"))
    with (work / "out/cells58/backtest/degradations.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def hour(at: str) -> int:
    return int((datetime.fromisoformat(at) - HOUR_0).total_seconds() // 3600)


def listed(row: Row) -> bool:
    return row["kind"] == "outage" and any(row["object_id"] == cell and hour(row["started_at"]) == h for cell, h in OUTAGES)


def afternoon_fault(row: Row) -> bool:
    return row["object_id"] in ("26019007", "26019008") and hour(row["started_at"]) == 183


def test_the_six_outages_are_three_incidents(found: list[Row]) -> None:
    rows = [r for r in found if listed(r)]
    assert {(r["object_id"], hour(r["started_at"])) for r in rows} == OUTAGES
    assert {frozenset(r["object_id"] for r in rows if r["incident_id"] == i) for i in {r["incident_id"] for r in rows}} == {
        frozenset({"26019023"}),
        frozenset({"26019017", "26019018", "26019019"}),
        frozenset({"26019043", "26019044"}),
    }


def test_the_fault_that_no_availability_shows_is_one_incident(found: list[Row]) -> None:
    rows = [r for r in found if afternoon_fault(r)]
    assert {r["object_id"] for r in rows} == {"26019007", "26019008"}
    assert len({r["incident_id"] for r in rows}) == 1


def test_cells_that_sleep_every_night_are_left_to_sleep(found: list[Row]) -> None:
    """No loss of traffic is raised in any hour from 01 to 06 of a cell that is often empty then."""
    lost = [r for r in found if r["kind"] in ("sleeping", "outage") and not listed(r) and r["object_id"] in SLEEPERS]
    nights = [h for r in lost for h in range(hour(r["started_at"]), hour(r["cleared_at"])) if 1 <= h % 24 <= 6]
    assert nights == []


def test_the_holiday_empties_no_cell(found: list[Row]) -> None:
    assert [r for r in found if r["kind"] == "sleeping" and 528 <= hour(r["started_at"]) < 600] == []


def test_at_most_three_other_degradations_a_week_and_each_is_explained(found: list[Row]) -> None:
    others = [r for r in found if not listed(r) and not afternoon_fault(r)]
    assert len(others) <= 3 * (696 - 72) / 168
    explained = PAGE.read_text(encoding="utf-8").partition("## What else it finds")[2]
    rows = [line.split("|")[1:3] for line in explained.splitlines() if line.startswith("| ") and line[2].isdigit()]
    expected = {(cell.strip(), int(h)) for hours, cell in rows for h in hours.split(",")}
    assert {(r["object_id"], hour(r["started_at"])) for r in others} == expected
