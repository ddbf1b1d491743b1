"""A packet core by the minute: the page is followed word for word, but an hour and a half is decided instead of six days.

All six days are in benchmarks/results/core_minute.md.
"""

import re
from pathlib import Path

import pytest

from benchmarks.studies.core_events import DATA, Alarm, Event, Verdict, alarms_of, events
from tests.acceptance.followed_page import follow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "core-minute.md"
TABLE = ROOT / "benchmarks" / "results" / "core_minute.md"
HOURS = 1.5

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/core_minute_5_nodes beside the repository"),
    pytest.mark.xdist_group("core_minute"),
]


@pytest.fixture(scope="module")
def labelled() -> list[Event]:
    every = events("eval")
    return [event for event in every if event.end <= every[0].start + HOURS * 3_600]


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory, labelled: list[Event]) -> list[Alarm]:
    """What the page's commands raise in the first hours, run where `../shared` and `.venv` are as it expects."""
    until = f" TO=$(date -u -d @{labelled[-1].end + 180} +%Y-%m-%dT%H:%M:%SZ)"
    work = follow(PAGE, tmp_path_factory.mktemp("reader"), until)
    return alarms_of(work / "out/core5/backtest")


@pytest.fixture(scope="module")
def verdict(raised: list[Alarm], labelled: list[Event]) -> Verdict:
    return Verdict(labelled, raised, 300, HOURS / 24)


def test_every_event_that_can_be_seen_is_found_on_its_node_in_its_time(verdict: Verdict, labelled: list[Event]) -> None:
    """Nodes and ports down, packets lost and delayed, routes injected: no two alike in a row."""
    assert len({event.kind for event in labelled}) >= 5
    prompt = Verdict(labelled, verdict.alarms, 60, verdict.days)
    assert [event for event in labelled if "idle" not in event.kind and not prompt.hits(event)] == []
    assert sorted(prompt.delays)[len(prompt.delays) // 2] == 60


def test_the_port_is_named(verdict: Verdict, labelled: list[Event]) -> None:
    down = [event for event in labelled if event.kind == "port down"]
    assert down
    assert verdict.on_port(down).value == 1


def test_no_incident_opens_while_nothing_is_broken(verdict: Verdict) -> None:
    """But for what shows in the minute before a label begins, on its node."""
    assert verdict.opened()["never"] == 0


def test_an_event_is_one_incident(verdict: Verdict, labelled: list[Event]) -> None:
    found = [event for event in labelled if verdict.hits(event)]
    assert len({alarm.incident for alarm in verdict.alarms}) <= 1.2 * len(found)


def test_the_table_of_all_six_days_keeps_its_promise() -> None:
    """What the page says of the whole is what the benchmark wrote."""
    page = PAGE.read_text(encoding="utf-8")
    part = TABLE.read_text(encoding="utf-8").partition("5 min after the last")[2].partition("60 min after")[0]
    own = re.findall(r"^\| \*\*.*$", part, re.MULTILINE)
    assert own, "the table has rows in bold, those of precall"
    for row in own:
        events_, _, ours = (cell.strip() for cell in row.split("|")[2:5])
        assert f"({events_})" in page
        assert f"{float(ours.split()[0]) * 100:.1f} %" in page
