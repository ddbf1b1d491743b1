"""A power cut at any moment: what was written and not yet forced to the disk is gone, and nobody notices afterwards."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from detector.rights import narrow
from jobs.verify import verify
from tests.acceptance.recording_receiver import Recording, recording
from tests.acceptance.small_app import SmallApp, outcome, settings_of
from tests.acceptance.small_operator import LIVE, write_operator, write_wrong_and_right
from tests.faults.power_cut import Disk, environment, library
from tests.lengths import examples

ROOT = Path(__file__).parents[2]
CUTS = int(os.environ.get("POWER_CUTS", examples(2, 6)))
"""How many moments are tried; each is tried strictly and with a random part of what was not forced to the disk."""
LEFT = {"orphan", "part"}
"""What a cut leaves that nothing refers to: the next `prune` deletes it."""
pytestmark = pytest.mark.xdist_group("crashes")


@pytest.fixture(scope="module")
def recorder() -> Iterator[Path]:
    with library() as made:
        if made is None:
            pytest.skip("no C compiler on this machine: the recorder cannot be made")
        yield made


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has read the past and decided nothing yet."""
    root = tmp_path_factory.mktemp("begun")
    write_operator(root / "operator")
    app = SmallApp(root=root)
    app.jobs.run("pull")
    app.store.history.compact(before=LIVE)
    app.close()
    shutil.rmtree(root / "operator")
    write_operator(root / "operator", since=LIVE)
    write_wrong_and_right(root / "operator")
    return root


def live(root: Path, url: str, environ: dict[str, str]) -> int:
    """Every round that is left, in a process of its own; its exit code."""
    code = "import sys; from pathlib import Path; from tests.acceptance.crash_driver import Plug, live_through"
    code += "; live_through(Path(sys.argv[1]), sys.argv[2], Plug())"
    command = [sys.executable, "-c", code, str(root), url]
    done = subprocess.run(command, cwd=ROOT, env=environ, timeout=600, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def found_in(root: Path) -> dict[str, object]:
    app = SmallApp(root=root)
    try:
        return outcome(app)
    finally:
        app.close()


@pytest.fixture(scope="module")
def undisturbed(
    begun: Path, recorder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, object], dict[str, set[bytes]], int]:
    """What is decided and sent without a cut, and how many calls that takes."""
    root = tmp_path_factory.mktemp("undisturbed") / "root"
    shutil.copytree(begun, root)
    disk, journal = Disk(root / "var"), root / "journal"
    with recording() as record:
        assert live(root, record.url, environment(recorder, root / "var", journal)) == 0
    return found_in(root), record.meanings, disk.replay(journal)


def cut(root: Path, record: Recording, recorder: Path, at: int, seed: int | None) -> int:
    disk, journal = Disk(root / "var"), root / f"journal-{at}"
    code = live(root, record.url, environment(recorder, root / "var", journal, kill_at=at))
    if code != 0:
        disk.replay(journal)
        disk.restore(root / "var", seed)
    return code


@pytest.mark.parametrize("number", range(CUTS))
def test_after_a_power_cut_everything_is_decided_and_sent_as_without_one(number, begun, recorder, undisturbed, tmp_path):
    decided, sent, calls = undisturbed
    random = Random(number)
    root = tmp_path / "root"
    shutil.copytree(begun, root)
    narrow(root / "var", [root / "operator"], deep=True)
    with recording() as record:
        first = random.randrange(1, calls)
        assert cut(root, record, recorder, first, None) == -signal.SIGKILL
        cut(root, record, recorder, random.randrange(1, calls), seed=number)
        assert live(root, record.url, dict(os.environ)) == 0
        assert record.meanings == sent, "every key was sent, and always with the same bytes"
    found = found_in(root)
    for part in ("decided", "assessed", "owed", "degradations", "incidents", "impacts", "listings"):
        assert found[part] == decided[part], part
    assert [one for one in found["findings"] if one.code.startswith("store_")] == [], "nothing of it was damaged"
    narrow(root / "var", [root / "operator"], deep=True)
    assert [str(one) for one in verify(settings_of(root), at_work=False).troubles if one.kind not in LEFT] == []


def test_the_recorder_has_what_a_cut_leaves(recorder, tmp_path):
    """A file that was forced to the disk in a folder that was not is gone; both were: it is there."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "old").write_text("old")
    code = (
        "import os\nos.chdir(os.environ['POWER_CUT_ROOT'])\n"
        "def keep(name, text, sync):\n"
        "    with open(name, 'w') as f:\n        f.write(text); f.flush(); sync and os.fsync(f.fileno())\n"
        "def folder():\n    d = os.open('.', os.O_RDONLY); os.fsync(d); os.close(d)\n"
        "keep('a', 'synced', True); keep('b', 'not synced', False); folder(); keep('c', 'synced, no name', True)\n"
        "keep('old', 'new', False); os.rename('a', 'd')\n"
    )
    disk, journal = Disk(root), tmp_path / "journal"
    subprocess.run([sys.executable, "-c", code], env=environment(recorder, root, journal), check=True, timeout=240)
    assert sorted(path.name for path in root.iterdir()) == ["b", "c", "d", "old"]
    disk.replay(journal)
    disk.restore(root)
    assert {path.name: path.read_text() for path in root.iterdir()} == {"a": "synced", "b": "", "old": "old"}


@pytest.mark.parametrize(("error", "says"), [("ENOSPC", "No space left"), ("EIO", "Input/output error")])
def test_calls_fail_where_they_should(error, says, recorder, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    code = (
        "import os\nfor number in range(4):\n    try:\n"
        "        with open(os.environ['POWER_CUT_ROOT'] + f'/{number}', 'wb', 0) as f:\n"
        "            f.write(b'x')\n        print('written')\n    except OSError as error:\n        print(error.strerror)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(recorder, root, error=error, at=2, times=2),
        check=True,
        timeout=240,
        capture_output=True,
        text=True,
    )
    first, *failing, last = done.stdout.splitlines()
    assert (first, last) == ("written", "written")
    assert all(line.startswith(says) for line in failing)


@pytest.mark.parametrize(
    ("error", "calls", "at"), [("ENOSPC", "write", 9), ("EIO", "sync", 3), ("EROFS", "write,sync,name", 1)]
)
def test_a_disk_that_fails_is_reported_in_one_line_and_nothing_is_lost(error, calls, at, begun, recorder, tmp_path):
    """From a certain call on nothing can be written any more; once it can, the same command does all of it."""
    root = tmp_path / "root"
    shutil.copytree(begun, root)
    (root / "my.toml").write_text(
        '[sources]\nkind = "dataset"\npath = "operator"\nkpis = "operator/kpis.toml"\n'
        '[storage]\npath = "var"\n[web]\nport = 0\n'
    )
    command = [sys.executable, "-m", "jobs", "job", "pull", "--config", "my.toml"]
    whole = os.environ | {"PYTHONPATH": str(ROOT)}
    failing = environment(recorder, root / "var", error=error, calls=calls, at=at, times=0) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, env=failing, timeout=240, check=False, capture_output=True, text=True)
    assert done.returncode in (1, 2), done.stdout
    assert len([line for line in done.stderr.splitlines() if line.startswith("precall: ")]) == 1, done.stderr
    assert "mistake of precall" not in done.stderr
    done = subprocess.run(command, cwd=root, env=whole, timeout=240, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "store damaged" not in done.stdout
    settings = settings_of(root)
    narrow(root / "var", [root / "operator"], deep=True)
    assert [str(one) for one in verify(settings, at_work=False).troubles if one.kind not in LEFT] == []
