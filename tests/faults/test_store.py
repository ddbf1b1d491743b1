"""A store that is damaged in any way goes on: what is lost is pulled again or not known, said in one line, and mended."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.daemon_lease import announce, withdraw
from jobs.rebuild import plan, rebuild
from jobs.verify import verify
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import MOMENTS, SmallApp, outcome, settings_of
from tests.acceptance.small_operator import write_operator
from tests.faults.damaged_store import ALL, flip, kpi_files, together

CUT = 2
"""Rounds before the damage: the fault of the story has begun, and nobody has been told."""
SAME = ("decided", "assessed", "owed", "incidents", "degradations", "impacts", "listings", "alerts")


@pytest.fixture(scope="module", autouse=True)
def private() -> Iterator[None]:
    """As every command begins."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has lived through the rounds before the damage."""
    root = tmp_path_factory.mktemp("begun")
    write_operator(root / "operator")
    with recording() as record:
        app = SmallApp(root=root, url=record.url)
        for at in MOMENTS[:CUT]:
            app.tick(at)
        app.close()
        assert record.got == []
    return root


@pytest.fixture(scope="module")
def undisturbed(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, set[bytes]]]:
    root = copy_of(begun, tmp_path_factory.mktemp("undisturbed") / "root")
    with recording() as record:
        return live_on(root, record.url), record.meanings


@pytest.fixture
def receiver() -> Iterator[Recording]:
    with recording() as record:
        yield record


def copy_of(begun: Path, root: Path) -> Path:
    shutil.copytree(begun, root)
    return root


def live_on(root: Path, url: str) -> dict[str, object]:
    """The rest of the rounds, in a process that has just started, and what has been decided at their end."""
    app = SmallApp(root=root, url=url, wall_at=MOMENTS[CUT])
    for at in MOMENTS[CUT:]:
        app.tick(at)
    found = outcome(app)
    app.close()
    return found


def test_the_story_alerts_after_the_cut(undisturbed):
    decided, sent = undisturbed
    assert len(decided["decided"]) == len(decided["assessed"]) >= 6
    assert {alert[2] for alert in decided["alerts"]} == {"opened", "resolved"}
    assert len(sent) == len(decided["alerts"]) >= 2


def verified(root: Path) -> list[str]:
    return [str(one) for one in verify(settings_of(root), at_work=False).troubles]


@pytest.mark.parametrize("kinds", together(), ids=" + ".join)
def test_a_damaged_store_is_reported_in_one_line_goes_on_and_is_mended_by_the_next_round(kinds, begun, tmp_path):
    root = copy_of(begun, tmp_path / "root")
    assert verified(root) == []
    for kind in kinds.values():
        kind.damage(root / "var")
    said = verified(root)
    for kind in kinds.values():
        assert not kind.says or any(re.search(kind.says, line) for line in said), (kind.says, said)
    assert all("\n" not in line and ";" in line for line in said), "one line each, with the mend"
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    before = len(app.store.ticks.completed("decide"))
    app.tick(MOMENTS[CUT])
    announce(root / "var", "http://127.0.0.1:1")
    app.store.audit.note(1.0, "cli", "lookup", "sub_1_x")
    assert len(app.store.ticks.completed("decide")) == before + 1
    assert len(app.store.ticks.completed("assess")) == before + 1
    app.jobs.run("learn")  # looks at all of the past
    app.wall.at += 3 * 86_400
    app.jobs.run("prune")
    assert app.store.ticks.in_state("damaged", "unknown") == {}
    app.close()
    withdraw(root / "var")
    left = ("no tick refers to it", "part of a file")  # written today, and prune goes by the clock of the story
    assert [line for line in verified(root) if not any(words in line for words in left)] == []


@pytest.mark.parametrize("kinds", [together()[at] for at in (0, 3, 4, 5, 8, 10)], ids=" + ".join)
def test_rebuild_mends_a_damaged_store(kinds, begun, tmp_path):
    root = copy_of(begun, tmp_path / "root")
    for kind in kinds.values():
        kind.damage(root / "var")
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    app.clock.at = MOMENTS[CUT] - 1
    assert [str(one) for one in rebuild(app.wired, plan(app.wired)).troubles] == []
    assert app.store.ticks.in_state("damaged", "unknown") == {}
    app.close()


def test_everything_damaged_at_once_decides_and_sends_the_same(begun, undisturbed, tmp_path, receiver):
    """KPI files and attachments are read again to the last figure."""
    root = copy_of(begun, tmp_path / "root")
    for name in ("all KPI files of other bytes", "attachments truncated", "waiting audit entry torn", "part left over"):
        ALL[name].damage(root / "var")
    found = live_on(root, receiver.url)
    decided, sent = undisturbed
    assert {part: found[part] for part in SAME} == {part: decided[part] for part in SAME}
    assert receiver.meanings == sent
    codes = {one.code for one in found["findings"]}
    assert codes >= {"store_damaged", "store_restored"}


def test_what_was_learned_is_learned_again(begun, undisturbed, tmp_path, receiver):
    """At a later moment: the figures differ by a little, the story does not."""
    root = copy_of(begun, tmp_path / "root")
    for name in ("baseline truncated", "habits with one bit flipped"):
        ALL[name].damage(root / "var")
    found = live_on(root, receiver.url)
    decided, sent = undisturbed
    for part in ("decided", "assessed", "owed"):
        assert found[part] == decided[part]
    assert story(found) == story(decided)
    assert receiver.meanings.keys() == sent.keys()


def story(found: dict[str, object]) -> list[object]:
    incidents = [(i.root_id, i.kind, i.state, i.opened_at, i.over_at) for i in found["incidents"]]
    return [incidents, [(alert[0], alert[2], alert[3]) for alert in found["alerts"]]]


@pytest.mark.parametrize("inbox", [True, False])
def test_a_tick_whose_file_is_lost_before_it_is_scored(inbox, begun, tmp_path):
    """It is read again; without the inbox it is not known: no decision, and above all none that everything is silent."""
    root = copy_of(begun, tmp_path / "root")
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    app.clock.at = MOMENTS[CUT]
    app.jobs.run("pull")
    app.close()
    flip(kpi_files(root / "var")[-1])
    if not inbox:
        for path in (root / "operator" / "counters").iterdir():
            path.unlink()
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    app.clock.at = MOMENTS[CUT]
    for job in ("detect", "assess"):
        app.jobs.run(job)
    assert app.store.ticks.pending("score") == app.store.ticks.pending("decide") == []
    lost = app.store.ticks.in_state("unknown")
    assert len(lost) == (0 if inbox else 1)
    decided = {one.tick for one in app.store.ticks.completed("decide")}
    assert lost.keys() & decided == set()
    assert [d.kind for d in app.store.degradations.all() if d.kind in ("no_data", "outage")] == []
    codes = [one.code for one in app.store.findings.all() if one.code.startswith("store_")]
    assert sorted(codes) == sorted(["store_damaged", "store_restored" if inbox else "store_lost"])
    app.close()
    assert verified(root) == []


def test_a_disk_that_comes_back_brings_everything_back(begun, tmp_path):
    root = copy_of(begun, tmp_path / "root")
    for path in (root / "operator" / "counters").iterdir():
        path.unlink()
    (root / "var/kpi").rename(root / "away")
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    app.tick(MOMENTS[CUT])
    app.jobs.run("learn")
    assert len(app.store.ticks.in_state("unknown")) > 400
    app.close()
    shutil.rmtree(root / "var/kpi")
    (root / "away").rename(root / "var/kpi")
    app = SmallApp(root=root, wall_at=MOMENTS[CUT])
    app.clock.at = MOMENTS[CUT]
    assert rebuild(app.wired, plan(app.wired)).troubles == []
    assert app.store.ticks.in_state("damaged", "unknown") == {}
    app.close()
