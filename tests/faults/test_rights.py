"""Everything below `storage.path` is its owner's alone, whatever umask the daemon was started with."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.small_operator import LIVE, write_operator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_operator(tmp_path / "inbox", since=LIVE - 3600, until=LIVE)
    (tmp_path / "my.toml").write_text(
        '[sources]\nkind = "dataset"\npath = "inbox"\nkpis = "inbox/kpis.toml"\n[storage]\npath = "var"\n[web]\nport = 0\n'
    )
    return tmp_path


def precall(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command with the umask that most systems have."""
    return subprocess.run(
        [sys.executable, "-m", "jobs", *words, "--config", "my.toml"],
        cwd=root,
        umask=0o022,
        text=True,
        capture_output=True,
        timeout=240,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def open_to_others(root: Path) -> Iterator[str]:
    for path in sorted(path for path in [root, *root.rglob("*")] if "inbox" not in path.parts):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077:
            yield f"{path.name} {mode:04o}"


def test_what_jobs_write_is_their_owners_alone(root):
    for job in ("pull", "learn", "prune"):
        done = precall(root, "job", job)
        assert done.returncode == 0, done.stderr
    written = {path.suffix for path in (root / "var").rglob("*") if path.is_file()}
    assert written >= {".db", ".parquet", ".npz", ".json"}
    assert list(open_to_others(root / "var")) == []


def test_an_open_store_is_reported_by_check_and_mended_by_the_next_start(root):
    precall(root, "job", "pull")
    for path in (root / "var").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (root / "var").chmod(0o755)
    assert "open to other users" in precall(root, "check").stdout
    assert precall(root, "job", "pull").returncode == 0
    assert list(open_to_others(root / "var")) == []
    assert "open to other users" not in precall(root, "check").stdout


def test_an_inbox_in_the_store_that_others_may_write_stays_reachable_for_them(root):
    (root / "var").mkdir()
    (root / "var").chmod(0o755)
    (root / "inbox").rename(root / "var/inbox")
    (root / "my.toml").write_text((root / "my.toml").read_text().replace('"inbox', '"var/inbox'))
    (root / "var/inbox").chmod(0o777)
    assert precall(root, "job", "pull").returncode == 0
    assert stat.S_IMODE((root / "var/inbox").stat().st_mode) == 0o777
    assert stat.S_IMODE((root / "var").stat().st_mode) == 0o711
    assert list(open_to_others(root / "var")) == ["var 0711"]
