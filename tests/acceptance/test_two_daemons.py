"""Two daemons on one store, each a process of its own: the second says so, and its end leaves the first where it is."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.odd_values import write_place

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240


@pytest.fixture
def start(tmp_path):
    """Starts `precall run` in the folder of the test; its process and the file that it prints into."""
    write_place(tmp_path)
    running = []

    def started(name: str) -> tuple[subprocess.Popen[bytes], Path]:
        log = tmp_path / f"{name}.txt"
        with log.open("wb") as console:
            process = subprocess.Popen(
                [sys.executable, "-c", "from jobs.cli import main; main()", "run", "--config", "my.toml"],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        running.append(process)
        wait_for(lambda: "pages at http" in log.read_text(), process)
        return process, log

    yield started
    for process in running:
        process.kill()
        process.wait(timeout=PATIENCE_S)


def wait_for(come, process) -> None:
    until = time.monotonic() + PATIENCE_S
    while not come() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
    assert come()


def announced(root: Path) -> int:
    return json.loads((root / "var/daemon.json").read_text())["pid"]


def test_the_second_logs_the_first_and_removes_only_its_own(start, tmp_path):
    first, alone = start("first")
    assert "another daemon" not in alone.read_text()
    second, log = start("second")
    assert re.search(rf"another daemon works on this store.*process {first.pid} on ", log.read_text())
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=PATIENCE_S) == 0
    assert announced(tmp_path) == first.pid
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=PATIENCE_S) == 0
    assert not (tmp_path / "var/daemon.json").exists()
