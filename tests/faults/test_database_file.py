"""A damaged database, and the commands that look at a store and mend it: one line, with the mend in it."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.small_operator import LIVE, write_operator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store that has read an hour of counters."""
    write_operator(tmp_path / "inbox", since=LIVE - 3600, until=LIVE)
    (tmp_path / "my.toml").write_text(
        '[sources]\nkind = "dataset"\npath = "inbox"\nkpis = "inbox/kpis.toml"\n[storage]\npath = "var"\n[web]\nport = 0\n'
    )
    assert precall(tmp_path, "job", "pull").returncode == 0
    return tmp_path


def precall(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs", *words, "--config", "my.toml"],
        cwd=root,
        text=True,
        capture_output=True,
        timeout=240,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


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
