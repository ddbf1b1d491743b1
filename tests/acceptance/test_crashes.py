"""Kill -9 at any moment and start again: no tick lost, nothing decided otherwise, no webhook-id with two meanings."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.domain.errors import Transient
from tests.acceptance.crash_driver import Plug, run, run_together
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import MOMENTS, SmallApp, outcome
from tests.acceptance.small_operator import LIVE, QUARTER, write_operator, write_wrong_and_right

pytestmark = pytest.mark.xdist_group("crashes")

STEPS = (
    "pull.read",
    "pull.measured",
    "pull.written",
    "pull.recorded",
    "learn.baselines",
    "learn.habits",
    "learn.risk",
    "detect.scored",
    "detect.score_recorded",
    "detect.tracked",
    "detect.deciding",
    "detect.decided",
    "detect.reconsidered",
    "detect.correcting",
    "detect.corrected",
    "assess.computed",
    "assess.deciding",
    "assess.recorded",
    "experience.computed",
    "experience.kept",
    "push.claimed",
    "push.frozen",
    "push.sent",
    "push.noted",
)
"""Every named step of the jobs: a crash at each of them is tried below."""
KILLED = -9


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has read the past and decided nothing yet."""
    root = tmp_path_factory.mktemp("history")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    app.jobs.run("pull")
    app.store.history.compact(before=LIVE)
    app.close()
    write_operator(root / "live", since=LIVE)
    write_wrong_and_right(root / "live")
    return root


@pytest.fixture
def receiver() -> Iterator[Recording]:
    with recording() as record:
        yield record


def start_from(history: Path, root: Path) -> Path:
    """A store of one's own with that past, over the same inbox."""
    root.mkdir(exist_ok=True)
    shutil.copytree(history / "var", root / "var")
    (root / "operator").symlink_to(history / "live")
    return root


def outcome_of(root: Path) -> dict[str, object]:
    app = SmallApp(root=root)
    found = outcome(app)
    app.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(
    history: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, object], dict[str, set[bytes]], str]:
    """What a run without a crash decides, what it sends, and the steps that it reaches."""
    root = start_from(history, tmp_path_factory.mktemp("undisturbed"))
    with recording() as record:
        assert run(root, record.url, Plug()) == 0
        return outcome_of(root), record.meanings, (root / "steps").read_text()


def test_the_story_has_every_step(undisturbed):
    decided, sent, _ = undisturbed
    assert len(decided["decided"]) == len(decided["assessed"]) == len(MOMENTS)
    assert decided["owed"] == []
    assert [(i.root_id, i.state, i.withdrawn_at is None) for i in decided["incidents"]] == [
        ("s1", "resolved", True),
        ("c21", "resolved", False),
    ]
    assert [alert[2] for alert in decided["alerts"]] == ["opened", "opened", "resolved", "resolved"]
    assert len(decided["listings"]) >= 10
    assert len(sent) == 4


def test_no_named_step_is_forgotten_here(undisturbed):
    assert undisturbed[2].splitlines() == sorted(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_this_step_and_then_at_its_second_time_changes_nothing(step, history, undisturbed, tmp_path, receiver):
    root = start_from(history, tmp_path / "root")
    assert run(root, receiver.url, Plug(step)) == KILLED
    assert run(root, receiver.url, Plug(step, times=2)) in (KILLED, 0), "the second time may never come"
    assert run(root, receiver.url, Plug()) == 0
    decided, sent, _ = undisturbed
    assert outcome_of(root) == decided
    assert receiver.meanings == sent, "every key was sent, and always with the same bytes"


def test_a_machine_that_loses_power_all_the_time_gets_there_as_well(history, undisturbed, tmp_path, receiver):
    root = start_from(history, tmp_path / "root")
    assert {run(root, receiver.url, Plug(step)) for step in STEPS} == {KILLED}
    assert run(root, receiver.url, Plug()) == 0
    decided, sent, _ = undisturbed
    assert outcome_of(root) == decided
    assert receiver.meanings == sent


def test_two_daemons_on_one_store_do_everything_once(history, undisturbed, tmp_path, receiver):
    root = start_from(history, tmp_path / "root")
    assert run_together([(root, receiver.url, tmp_path / name) for name in ("first", "second")]) == [0, 0]
    decided, _, _ = undisturbed
    found = outcome_of(root)
    same = ("decided", "assessed", "owed", "degradations", "incidents")  # lists are dated by whichever clock assessed
    assert {part: found[part] for part in same} == {part: decided[part] for part in same}
    assert all(len(bodies) == 1 for bodies in bodies_of(receiver).values()), "no key has two meanings"
    assert len(receiver.keys) == len(set(receiver.keys)), "and nobody was told twice"


def bodies_of(receiver) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for key, body in receiver.got:
        found.setdefault(key, set()).add(body)
    return found


@pytest.mark.parametrize(
    "step",
    [
        "pull.read",
        "pull.written",
        "detect.scored",
        "detect.tracked",
        "detect.reconsidered",
        "assess.computed",
        "push.claimed",
    ],
)
def test_a_daemon_that_is_overtaken_at_this_step_changes_nothing(step, history, undisturbed, tmp_path, receiver):
    root = start_from(history, tmp_path / "root")
    fast = SmallApp(root=root, url=receiver.url)
    tick_time = MOMENTS[0]

    def overtake(checkpoint: str) -> None:
        if checkpoint == step and tick_time > MOMENTS[0]:  # what waits at the first is withdrawn at the second
            for ahead in [m for m in MOMENTS if tick_time <= m <= tick_time + QUARTER]:
                fast.tick(ahead)

    slow = SmallApp(root=root, url=receiver.url, checkpoint=overtake)
    for tick_time in MOMENTS:
        try:
            slow.tick(tick_time)
        except Transient:  # the other one pulled the same: the daemon looks again at its next wake-up
            slow.tick(tick_time)
    for app in (slow, fast):
        app.close()
    decided, sent, _ = undisturbed
    assert outcome_of(root) == decided
    assert receiver.meanings == sent
    twice = len(receiver.keys) - len(sent)
    overtaken = len(sent) - 1  # one goes out at the first moment, at which nobody is overtaken
    assert twice == overtaken * (step == "push.claimed"), "only a lease that ran out is sent again, with the same bytes"
