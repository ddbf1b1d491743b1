"""A replay gives what the live service gave: in one go or in small steps, and whatever order the files came in."""

import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.small_app import MOMENTS, SmallApp, outcome
from tests.acceptance.small_operator import COLUMNS, DELAY_S, LIVE, QUARTER, UNTIL, counter_rows, iso, table, write_operator
from tests.lengths import examples

pytestmark = pytest.mark.xdist_group("replay")
QUARTERS = (UNTIL - LIVE) // QUARTER
LATE = settings(max_examples=examples(2, 20), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has learned what is normal, and the live hours still in the inbox."""
    root = tmp_path_factory.mktemp("past")
    write_operator(root / "operator", until=LIVE)
    app = SmallApp(root=root)
    app.jobs.decide_from()
    app.clock.at = LIVE + DELAY_S
    app.jobs.run("pull")
    app.jobs.run("learn")
    app.close()
    write_operator(root / "live", since=LIVE)
    return root


def replayed(past: Path, root: Path, moments: list[int], live: Path | None = None) -> dict[str, object]:
    """What comes out when the clock stands at these moments, one after the other."""
    root.mkdir(parents=True)
    shutil.copytree(past / "var", root / "var")
    (root / "operator").symlink_to(live or past / "live")
    app = SmallApp(root=root)
    for at in moments:
        app.tick(at)
    found = outcome(app)
    app.close()
    return found


def when_aside(found: dict[str, object]) -> dict[str, object]:
    """What was decided about the network; the moments of deciding differ where the clock did."""
    degradations = [(d.degradation_id, d.kind, d.started_at, d.cleared_at, d.severity) for d in found["degradations"]]
    incidents = [
        (i.incident_id, i.root_kind, i.root_id, i.state, i.severity, i.cells, i.started_at) for i in found["incidents"]
    ]
    return {"decided": found["decided"], "degradations": degradations, "incidents": incidents}


@pytest.fixture(scope="module")
def live(past: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return replayed(past, tmp_path_factory.mktemp("at") / "live", list(MOMENTS))


def test_in_one_go_as_quarter_by_quarter(past, live, tmp_path):
    at_once = replayed(past, tmp_path / "once", [MOMENTS[-1]])
    assert len(at_once["decided"]) == len(MOMENTS)
    assert when_aside(at_once) == when_aside(live)


def test_twice_the_same_is_the_same_to_the_last_listing(past, live, tmp_path):
    assert replayed(past, tmp_path / "again", list(MOMENTS)) == live


@LATE
@given(st.sets(st.integers(1, (UNTIL - LIVE) // 60), max_size=12))
def test_further_looks_in_between_change_nothing(past, live, tmp_path_factory, minutes):
    looks = sorted({LIVE + DELAY_S + 60 * minute for minute in minutes} | set(MOMENTS))
    more = replayed(past, tmp_path_factory.mktemp("looks") / "root", looks)
    assert when_aside(more) == when_aside(live)
    assert [alert[:4] for alert in more["alerts"]] == [alert[:4] for alert in live["alerts"]]


@LATE
@given(st.permutations(range((UNTIL - LIVE) // QUARTER)))
def test_the_order_of_the_files_does_not_matter(past, live, tmp_path_factory, order):
    root = tmp_path_factory.mktemp("order")
    shutil.copytree(past / "live", root / "live")
    (written,) = (root / "live" / "counters").iterdir()
    written.unlink()
    rows = list(counter_rows(range(LIVE, UNTIL, QUARTER)))
    for name, quarter in enumerate(order):
        for part in (0, 2):  # a file for each site, so that a tick is made of several
            mine = rows[4 * quarter + part : 4 * quarter + part + 2]
            table(root / "live" / "counters" / f"{name:02}-{9 - part}.csv", COLUMNS, mine)
    shuffled = replayed(past, root / "root", [MOMENTS[-1]], root / "live")
    assert when_aside(shuffled) == when_aside(live)


@pytest.mark.parametrize("seed", [1, 2])
def test_files_that_come_late_end_in_what_files_in_time_would_have_shown(past, live, tmp_path, seed):
    """Each site's file of each quarter so many quarters late, and decided upon without it meanwhile."""
    root = tmp_path
    shutil.copytree(past / "live", root / "live")
    (written,) = (root / "live" / "counters").iterdir()
    written.unlink()
    arrivals = []
    for at, late in enumerate(Random(seed).choices([0, 0, 1, 2, 4], k=2 * QUARTERS)):
        quarter, site = divmod(at, 2)
        rows = list(counter_rows([LIVE + quarter * QUARTER]))[2 * site : 2 * site + 2]
        table(root / "live" / "counters" / f"{at:02}.csv", COLUMNS, rows)
        arrivals.append((f"counters/{at:02}.csv", iso(min(MOMENTS[quarter] + late * QUARTER, MOMENTS[-1]))))
    table(root / "live" / "arrivals.csv", ("file", "arrived_at"), arrivals)
    late_in = replayed(past, root / "root", list(MOMENTS), root / "live")
    assert {part: stands(late_in)[part] for part in ("decided", "degradations")} == {
        part: stands(live)[part] for part in ("decided", "degradations")
    }
    assert late_in["owed"] == []


def stands(found: dict[str, object]) -> dict[str, object]:
    """Without what was withdrawn: it was told, and is so no more."""
    standing = [d for d in found["degradations"] if d.withdrawn_at is None]
    return when_aside(found | {"degradations": sorted(standing, key=lambda d: (d.started_at, d.degradation_id))})
