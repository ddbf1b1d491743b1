"""What is owed, and when: complete ticks at once, incomplete ones after their grace, silent ones all the same."""

import os
from pathlib import Path

import pytest

from detector.domain.policy import DetectionPolicy
from detector.domain.window import Tick, Window
from jobs.ledger import deadline, never_came, ready
from tests.acceptance.small_app import SmallApp
from tests.acceptance.small_operator import COLUMNS, LIVE, QUARTER, counter_rows, table, write_operator
from tests.folder_feeds import feeds_of, watched_folder

POLICY = DetectionPolicy(grace_minutes=10, complete_share=0.9)
TICK = Tick(0, 900)
CELLS = [f"c{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("here", "at", "expected"),
    [
        (10, 901, True),  # everyone has reported: no reason to wait
        (9, 901, True),  # nine tenths are complete enough
        (8, 901, False),  # two may still be on their way
        (8, 1799, False),
        (8, 1800, True),  # end 900 + delay 300 + grace 600: with what has come
        (0, 1799, False),
        (0, 1800, True),
    ],
)
def test_a_tick_is_scored_when_it_is_complete_or_its_grace_is_over(here, at, expected):
    assert ready(TICK, CELLS[:here], CELLS, now=at, arrival_delay_s=300, detection_policy=POLICY) is expected


def test_strangers_do_not_make_a_tick_complete():
    assert not ready(TICK, ["x1", "x2", *CELLS[:8]], CELLS, now=901, arrival_delay_s=300, detection_policy=POLICY)
    assert not ready(TICK, CELLS, [], now=901, arrival_delay_s=300, detection_policy=POLICY), "nobody is expected: wait"


def test_ticks_that_never_came_are_pending_from_the_first_known_one_to_the_last_whose_grace_is_over():
    late = {"arrival_delay_s": 300, "detection_policy": POLICY}
    now = deadline(Tick(3600, 900), 300, POLICY)
    assert [t.start for t in never_came(Window(0, 900), 900, {0, 1800}, now=now, **late)] == [900, 2700, 3600]
    assert list(never_came(Window(0, 900), 900, set(), now=1799, **late)) == []


class Story:
    """An app that has learned, over a folder into which a test drops quarters of an hour, site by site."""

    def __init__(self, root: Path) -> None:
        write_operator(root / "operator", until=LIVE)
        self.inbox = root / "operator" / "counters"
        for path in self.inbox.iterdir():
            os.utime(path, (LIVE - 60, LIVE - 60))
        self.app = SmallApp(root=root, feeds=feeds_of(watched_folder(root / "operator", root / "quarantine")))
        for name in ("pull", "learn"):
            self.app.jobs.run(name)

    def drop(self, quarter: int, site: int, at: int, name: str = "") -> None:
        rows = list(counter_rows([LIVE + quarter * QUARTER]))[2 * site : 2 * site + 2]
        path = self.inbox / (name or f"{quarter}-{site}.csv")
        table(path, COLUMNS, rows)
        os.utime(path, (at - 10, at - 10))

    def round(self, at: int) -> list[int]:
        """Pull and detect; which quarters were decided."""
        self.app.clock.at = at
        before = set(self.decided)
        self.app.jobs.run("pull")
        self.app.jobs.run("detect")
        return [quarter for quarter in self.decided if quarter not in before]

    @property
    def decided(self) -> list[int]:
        return [(d.tick.start - LIVE) // QUARTER for d in self.app.store.ticks.completed("decide")]

    def versions(self, step: str) -> dict[int, int]:
        return {(d.tick.start - LIVE) // QUARTER: d.version for d in self.app.store.ticks.completed(step)}

    def cells(self, quarter: int) -> list[str]:
        tick = Tick(LIVE + quarter * QUARTER, QUARTER)
        return list(self.app.store.history.read(QUARTER, tick.window).objects)


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path)
    yield story
    story.app.close()


def end(quarter: int) -> int:
    return LIVE + (quarter + 1) * QUARTER


def test_late_and_silent_quarters(story):
    for site in (0, 1):
        story.drop(0, site, end(0) + 60)
    assert story.round(end(0) + 60) == [0], "complete"
    story.drop(1, 0, end(1) + 60)
    assert story.round(end(1) + 60) == [], "one site is missing: wait"
    assert story.round(end(1) + 899) == []
    assert story.round(end(1) + 900) == [1], "delay and grace are over"
    assert story.round(end(2) + 900) == [2], "nothing at all came: owed and decided all the same"
    story.drop(1, 1, end(2) + 960)
    assert story.round(end(2) + 960) == [], "what was decided stays decided"
    assert story.cells(1) == ["c11", "c12", "c21", "c22"], "but the late rows count for what follows"
    assert story.versions("score") == {0: 1, 1: 2, 2: 1}
    assert story.app.store.ticks.pending("score") == story.app.store.ticks.pending("decide") == []


def test_an_incomplete_quarter_holds_back_the_next_so_that_decisions_move_forward(story):
    for site in (0, 1):
        story.drop(1, site, end(1) + 60)
    story.drop(0, 0, end(1) + 60)
    assert story.round(end(0) + 899) == [], "the second is complete, the first is not"
    story.drop(0, 1, end(0) + 899)
    assert story.round(end(1) + 61) == [0, 1]


def test_the_same_bytes_twice_are_one_file_and_new_bytes_under_the_name_replace_it(story):
    story.drop(0, 0, end(0) + 60)
    story.drop(0, 1, end(0) + 60)
    story.round(end(0) + 60)
    story.drop(0, 0, end(0) + 70)
    assert story.app.jobs.run("pull").startswith("0 files")
    (story.inbox / "0-0.csv").write_text((story.inbox / "0-0.csv").read_text().replace("c12", "c22"))
    os.utime(story.inbox / "0-0.csv", (end(0) + 80, end(0) + 80))
    story.app.clock.at = end(0) + 100
    assert story.app.jobs.run("pull") == "1 files, 1 ticks, 0 set aside"
    assert story.cells(0) == ["c11", "c21", "c22"]


def test_without_history_nothing_is_judged_and_learning_is_tried_again_within_the_hour(tmp_path):
    write_operator(tmp_path / "operator", since=LIVE)
    app = SmallApp(root=tmp_path)
    app.jobs.decide_from()
    app.tick(LIVE + 60)
    learned = []
    for minutes in range(20, 140, 20):
        app.clock.at = LIVE + minutes * 60
        app.jobs.run("pull")
        learned.append(app.jobs.run("learn_if_due"))
    assert learned == ["not due", "not due", "not due", "1 baselines fitted", "not due", "not due"]
    app.close()


def test_another_policy_is_learned_for_at_once(story, tmp_path):
    assert story.app.jobs.run("learn_if_due") == "not due"
    changed = story.app.settings.detection.__class__(history_days=3)
    story.app.jobs.settings = story.app.settings.model_copy(update={"detection": changed})
    assert story.app.jobs.run("learn_if_due") == "1 baselines fitted"
    assert story.app.jobs.run("learn_if_due") == "not due"


def test_rows_of_a_file_that_has_been_tidied_away_are_not_lost_when_late_ones_come(story):
    story.drop(0, 0, end(0) + 60)
    story.round(end(0) + 900)
    (story.inbox / "0-0.csv").unlink()
    story.drop(0, 1, end(0) + 960)
    story.round(end(0) + 960)
    assert story.cells(0) == ["c11", "c12", "c21", "c22"]
    tick = Tick(LIVE, QUARTER)
    assert story.app.store.history.read(QUARTER, tick.window).present.all()
