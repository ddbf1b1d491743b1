"""A damaged database, and the commands that look at a store and mend it: one line, with the mend in it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest

from jobs.cli import main
from tests.acceptance.small_operator import LIVE, write_operator

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """What a command printed and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has read an hour of counters."""
    root = tmp_path_factory.mktemp("read")
    write_operator(root / "inbox", since=LIVE - 3600, until=LIVE)
    (root / "my.toml").write_text(
        '[sources]\nkind = "dataset"\npath = "inbox"\nkpis = "inbox/kpis.toml"\n[storage]\npath = "var"\n[web]\nport = 0\n'
    )
    assert precall(root, "job", "pull").returncode == 0
    return root


@pytest.fixture
def root(read: Path, tmp_path: Path) -> Path:
    return copytree(read, tmp_path / "root")


def precall(root: Path, *words: str) -> Done:
    """The command in this process, from the folder `root`."""
    out, err = StringIO(), StringIO()
    with chdir(root), redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["precall", *words, "--config", "my.toml"])
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def test_the_command_is_a_process_of_its_own_as_well(root: Path) -> None:
    command = [sys.executable, "-m", "jobs", "verify", "--config", "my.toml"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, timeout=240, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_whole_store_is_all_well_and_nothing_is_to_rebuild(root):
    done = precall(root, "verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)
    assert precall(root, "rebuild").returncode == 0


@pytest.mark.parametrize("damage", ["middle", "truncated", "garbage", "empty"])
def test_a_damaged_database_is_refused_in_one_line(root, damage):
    path = root / "var/precall.db"
    for log in root.glob("var/precall.db-*"):
        log.unlink()
    content = path.read_bytes()
    path.write_bytes(
        {
            "middle": content[:8192] + b"\x7f" * (len(content) - 16384) + content[-8192:],
            "truncated": content[: len(content) // 2],
            "garbage": b"no database at all" * 4000,
            "empty": b"",
        }[damage]
    )
    done = precall(root, "verify")
    assert done.returncode == 1
    assert done.stderr == ""
    assert "database: " in done.stdout
    for command in (["rebuild"], ["job", "detect"]):
        done = precall(root, *command)
        assert done.returncode != 0
        (line,) = done.stderr.splitlines()
        assert "restore" in line
        assert "mistake of precall" not in line


def test_a_damaged_index_is_made_anew(root):
    path = root / "var/precall.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_tick_path'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        (newest,) = database.execute("SELECT max(path) FROM tick").fetchone()
    content = path.read_bytes()
    begin, end = (page - 1) * size, page * size
    index = content[begin:end].replace(newest.encode(), newest.replace(".parquet", ".parquez").encode())
    assert index != content[begin:end]
    path.write_bytes(content[:begin] + index + content[end:])
    assert "missing from index ix_tick_path" in precall(root, "verify").stdout
    done = precall(root, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert precall(root, "verify").returncode == 0


def test_a_lost_file_is_reported_and_mended_by_the_commands(root):
    lost = sorted((root / "var/kpi").rglob("*.parquet"))[0]
    lost.write_bytes(b"PAR1")
    done = precall(root, "verify")
    assert done.returncode == 1
    assert f"kpi/{lost.relative_to(root / 'var/kpi')}: 4 bytes instead of " in done.stdout
    dry = precall(root, "rebuild", "--dry-run")
    assert dry.returncode == 1
    assert lost.read_bytes() == b"PAR1"
    done = precall(root, "rebuild", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mended: kpi/" in done.stdout
    assert precall(root, "verify").returncode == 0
    assert list((root / "var/quarantine/store/kpi").rglob("*.reason.txt"))
