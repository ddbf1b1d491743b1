"""How much operator's time a backtest gets through in a second, and which job takes it."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed.figure import Figure
from benchmarks.speed.stores import passing_store
from detector.app import read_catalogue
from detector.backtest.replay import Replay
from detector.clock import MovingClock
from detector.domain.window import Window
from detector.settings import Settings
from detector.simulator import Scenario, simulate
from detector.sources.dataset import OperatorDataset
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser

DAY_S = 86_400


@dataclass(frozen=True)
class TimedReplay(Replay):
    """The replay, keeping processor seconds by job."""

    seconds: dict[str, float] = field(default_factory=dict)

    def _timed(self, job: str, run: Callable[[MovingClock], None], clock: MovingClock) -> None:
        began = time.process_time()
        run(clock)
        self.seconds[job] = self.seconds.get(job, 0.0) + time.process_time() - began

    def _pull(self, clock: MovingClock) -> None:
        job = "history" if clock.now() <= self.window.start else "pull"
        self._timed(job, super()._pull, clock)

    def _learn(self, clock: MovingClock) -> None:
        self._timed("learn", super()._learn, clock)

    def _detect(self, clock: MovingClock) -> None:
        self._timed("detect", super()._detect, clock)

    def _assess(self, clock: MovingClock) -> None:
        self._timed("assess", super()._assess, clock)


def replay(dataset: Path, window: Window) -> tuple[dict[str, float], int]:
    """(processor seconds by job, incidents) of a backtest of this window, without its report."""
    settings = Settings()
    catalogue = read_catalogue(settings.sources.kpis)
    with passing_store(catalogue) as store:
        source = OperatorDataset(dataset, Pseudonymiser(b"0" * 32, 1))
        timed = TimedReplay(Feeds([source.feed()]), store, catalogue, settings, window)
        found = timed.run()
    return timed.seconds, len(found.incidents)


def figures(cells: int = 60, history_days: int = 7, days: int = 1) -> list[Figure]:
    """A small operator's backtest; the ratio is of deciding to pulling the same ticks, both of this run."""
    with TemporaryDirectory() as folder:
        made = simulate(Path(folder), Scenario(cells=cells, days=history_days + days, seed=3, fault_rate=150.0))
        begin = made.start + history_days * DAY_S
        seconds, incidents = replay(Path(folder), Window(begin, made.end))
    live = sum(seconds[job] for job in ("pull", "detect", "assess"))
    shares = ", ".join(f"{job} {spent:.1f} s" for job, spent in seconds.items())
    command = "python -m benchmarks.speed backtest"
    return [
        Figure(
            what=f"backtest, {cells} cells: simulated seconds in a second",
            value=days * DAY_S / live,
            unit="s/s",
            command=command,
            ratio=live / seconds["pull"],
            against="its pull alone",
            detail=f"{incidents} incidents",
        ),
        Figure(
            what=f"the same whole: {history_days} days of history, {days} decided",
            value=sum(seconds.values()),
            unit="s",
            command=command,
            detail=shares,
        ),
    ]


if __name__ == "__main__":
    print(replay(Path(sys.argv[1]), Window(int(sys.argv[2]), int(sys.argv[3]))))
