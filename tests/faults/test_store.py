"""A store that is damaged in any way goes on: what is lost is pulled again or not known, said in one line, and mended."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_house import MOMENTS, SmallHouse, outcome
from tests.acceptance.small_operator import write_operator
from tests.faults.damaged_store import ALL, ARRAY_DAMAGE

CUT = 2
"""Rounds before the damage: the fault of the story has begun, and nobody has been told."""
SAME = ("decided", "assessed", "owed", "incidents", "degradations", "impacts", "listings", "alerts")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has lived through the rounds before the damage."""
    root = tmp_path_factory.mktemp("begun")
    write_operator(root / "operator")
    with recording() as record:
        house = SmallHouse(root, record.url)
        for moment in MOMENTS[:CUT]:
            house.tick(moment)
        house.close()
        assert record.got == []
    return root


@pytest.fixture(scope="module")
def undisturbed(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, set[bytes]]]:
    root = copy_of(begun, tmp_path_factory.mktemp("undisturbed") / "house")
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
    house = SmallHouse(root, url, wall_at=MOMENTS[CUT])
    for moment in MOMENTS[CUT:]:
        house.tick(moment)
    found = outcome(house)
    house.close()
    return found


def test_the_story_alerts_after_the_cut(undisturbed):
    decided, sent = undisturbed
    assert len(decided["decided"]) == len(MOMENTS)
    assert {alert[2] for alert in decided["alerts"]} == {"opened", "resolved"}
    assert len(sent) == len(decided["alerts"]) >= 2


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_store_whose_inbox_is_there_decides_and_sends_the_same(name, begun, undisturbed, tmp_path, receiver):
    root = copy_of(begun, tmp_path / "house")
    ALL[name](root / "var")
    found = live_on(root, receiver.url)
    decided, sent = undisturbed
    if name in ARRAY_DAMAGE:  # learned anew at a later moment: the figures differ by a little, the story does not
        assert [found[part] for part in ("decided", "assessed", "owed")] == [
            decided[part] for part in ("decided", "assessed", "owed")
        ]
        assert story(found) == story(decided)
        assert receiver.meanings.keys() == sent.keys()
        return
    assert {part: found[part] for part in SAME} == {part: decided[part] for part in SAME}
    assert receiver.meanings == sent


def story(found: dict[str, object]) -> list[object]:
    incidents = [(i.root_id, i.kind, i.state, i.opened_at, i.over_at) for i in found["incidents"]]
    return [incidents, [(alert[0], alert[2], alert[3]) for alert in found["alerts"]]]
