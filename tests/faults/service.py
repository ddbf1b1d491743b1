"""The real service in a process of its own, over folders of a test, with a clock that the test sets.

`python -m tests.faults.service run --config my.toml` is `precall run`, except that the wall clock is ahead of the true one
by the seconds that the file `PRECALL_TEST_CLOCK` holds (it may change at any time). Everything else is as it is installed:
sockets, files, database, signals.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
"""How long a test waits for what must come: machines are slow at times. Nothing is concluded from how long it took."""
CLOCK = "PRECALL_TEST_CLOCK"
HANGS = "PRECALL_TEST_HANGS"
"""Names a job that hangs in the operating system: it opens the FIFO `hang`, to which nobody writes."""
TOKEN = "a-token-of-the-tests"


@dataclass
class Running:
    """`precall run` in the folder `root`; `log` is all that it printed so far."""

    root: Path
    process: subprocess.Popen[bytes]
    console: Path

    @property
    def log(self) -> str:
        return self.console.read_text(encoding="utf-8", errors="replace")

    @property
    def url(self) -> str:
        """Where its pages are."""
        return str(json.loads((self.root / "var/daemon.json").read_text())["url"])

    def get(self, path: str, timeout_s: float = PATIENCE_S) -> tuple[int, str]:
        """(status, body) of a request with the token."""
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {TOKEN}"})
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's values over all lines that carry these labels; 0 if there is none."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.split("{")[0].split(" ")[0] == name]
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(one in line for one in wanted))

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; (exit code, seconds until it had ended)."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S), time.monotonic() - began

    def wait(self, come: Callable[[], object], what: str = "") -> None:
        """Until `come` is true. Fails with the log if the process ends or patience does."""
        wait_for(come, what, lambda: self.process.poll() is None, lambda: self.log)


def wait_for(
    come: Callable[[], object], what: str = "", alive: Callable[[], bool] = lambda: True, log: Callable[[], str] = str
) -> None:
    """Until `come` is true; an AssertionError with the log when `alive` is false or patience ends."""
    until = time.monotonic() + PATIENCE_S
    while not come():
        assert alive(), f"the process ended while {what or 'it'} was waited for\n{log()}"
        assert time.monotonic() < until, f"{what or 'it'} did not come\n{log()}"
        time.sleep(0.1)


@dataclass
class Place:
    """A folder with `my.toml`, an inbox and a clock; starts services over it and ends them all when it is left."""

    root: Path
    services: list[Running] = field(default_factory=list)

    def configure(self, toml: str = "", *, pull_s: float = 0.3, push_s: float = 0.2) -> None:
        """Settings with everything inside the folder; `toml`: further sections."""
        text = f"""
[sources]
path = "inbox"
settle_s = 0.2
[storage]
path = "var"
[schedule]
pull_s = {pull_s}
push_s = {push_s}
[web]
port = 0
token = "{TOKEN}"
"""
        (self.root / "my.toml").write_text(text + toml, encoding="utf-8")
        (self.root / "inbox").mkdir(exist_ok=True)
        self.set_clock(0.0)

    def set_clock(self, ahead_s: float) -> None:
        """The service's wall clock is so far ahead of the true one from now on."""
        part = self.root / "clock.part"
        part.write_text(repr(ahead_s))
        part.replace(self.root / "clock")

    def start(self, *options: str, env: Mapping[str, str] | None = None, serving: bool = True) -> Running:
        """Start the service; returns when its pages are served, or at once if `serving` is false."""
        console = self.root / f"console-{len(self.services)}.txt"
        with console.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.service", "run", "--config", "my.toml", *options],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | {"PYTHONPATH": str(ROOT), CLOCK: str(self.root / "clock")} | dict(env or {}),
            )
        running = Running(self.root, process, console)
        self.services.append(running)
        if serving:
            running.wait(lambda: "pages at http" in running.log, "the first line")
        return running

    def command(self, *words: str, timeout_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """Another command over the same folder."""
        return subprocess.run(
            [sys.executable, "-m", "tests.faults.service", *words, "--config", "my.toml"],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(ROOT), CLOCK: str(self.root / "clock")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def end(self) -> None:
        """No process of this place is left."""
        for one in self.services:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                one.process.kill()
            one.process.wait(timeout=PATIENCE_S)


@contextmanager
def place(root: Path, toml: str = "") -> Iterator[Place]:
    """A configured place, without a process left behind."""
    here = Place(root)
    here.configure(toml)
    try:
        yield here
    finally:
        here.end()


class ShiftedClock:
    """The wall clock, ahead by what the clock's file holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> float:
        return time.time() + float(self._path.read_text())


def _hang(job: str) -> None:
    from jobs.registry import Jobs

    run = Jobs.run

    def hanging(jobs: Jobs, name: str) -> str:
        if name == job:
            Path("hang").read_bytes()
        return run(jobs, name)

    Jobs.run = hanging  # type: ignore[method-assign]


def _main() -> None:
    from jobs.signals import end_at_signal, interrupt_at_signal

    end_at_signal()
    Path("begun").touch()
    if path := os.environ.get(CLOCK):
        import detector.clock

        shifted = ShiftedClock(Path(path))
        detector.clock.WallClock.now = lambda _self: shifted.now()  # type: ignore[method-assign]
    if job := os.environ.get(HANGS):
        _hang(job)
    from jobs.cli import main

    interrupt_at_signal()
    main()


if __name__ == "__main__":
    _main()
