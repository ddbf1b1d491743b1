"""The daemon's rounds in a process of its own, with a plug that is pulled at a named step."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from detector.domain.errors import Transient
from tests.acceptance.small_app import MOMENTS, SmallApp

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.acceptance.small_app", "scipy.stats", "jobs.service"])
LEASE_OVER_S = 200
"""How long each restart takes by the wall clock: longer than a claimed message stays leased."""
PATIENCE_S = 240
"""For a process that has lost a race or has not ended yet, on a machine five times slower."""


@dataclass
class Plug:
    """Counts the named steps; kills its own process, as a power cut would, at the `times`-th reach of `step`."""

    step: str = ""
    times: int = 1
    checkpoint: Counter[str] = field(default_factory=Counter)

    def __call__(self, step: str) -> None:
        self.checkpoint[step] += 1
        if step == self.step and self.checkpoint[step] == self.times:
            os.kill(os.getpid(), signal.SIGKILL)


def live_through(root: Path, url: str, plug: Plug, moments: Sequence[int] = MOMENTS) -> None:
    """Rounds from where the last process stopped to the end; the moment and the steps reached are kept on disk."""
    starts = int(_kept(root / "starts", "0")) + 1
    (root / "starts").write_text(str(starts))
    app = SmallApp(root=root, url=url, checkpoint=plug, wall_at=moments[0] + LEASE_OVER_S * starts)
    for tick_time in moments[int(_kept(root / "finished", "0")) :]:
        app.wall.at = tick_time + LEASE_OVER_S * starts
        app.tick(tick_time)
        _keep(root / "finished", str(moments.index(tick_time) + 1))
    app.close()
    (root / "steps").write_text("\n".join(sorted(plug.checkpoint)))


def live_beside(root: Path, url: str, own: Path) -> None:
    """All rounds without regard to the other daemon; one that lost a race simply tries again, as the daemon does."""
    app = SmallApp(root=root, url=url)
    for tick_time in MOMENTS:
        app.wall.at = tick_time
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                app.tick(tick_time)
            except Transient:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)  # else its clock runs ahead of a tick that the other one has not decided yet
                continue
            break
        own.with_suffix(".round").write_text(str(tick_time))
    app.close()


def run_together(daemons: Sequence[tuple[Path, str, Path]]) -> list[int]:
    """The exit codes of daemons that run at the same time."""
    processes = [CONTEXT.Process(target=live_beside, args=daemon) for daemon in daemons]
    for process in processes:
        process.start()
    return [_ended(process) for process in processes]


def run(root: Path, url: str, plug: Plug) -> int:
    """The exit code of one such process: 0, or minus the signal that ended it."""
    process = CONTEXT.Process(target=live_through, args=(root, url, plug))
    process.start()
    return _ended(process)


def _ended(process: BaseProcess) -> int:
    process.join(PATIENCE_S)
    if process.exitcode is None:
        process.kill()
    process.join()
    return int(process.exitcode or 0)


def _kept(path: Path, default: str) -> str:
    return path.read_text() if path.exists() else default


def _keep(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)
