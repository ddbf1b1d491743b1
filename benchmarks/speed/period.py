"""One period of a whole network, from PM XML in the inbox to committed degradations, with the share of each stage."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.speed.figure import Figure
from benchmarks.speed.operator import BenchOperator, Copy
from benchmarks.speed.pm_xml import bare, peak_mb
from benchmarks.speed.stores import store_at
from detector import pipeline, scoring
from detector.app import read_catalogue
from detector.clock import WallClock
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import Reference, SourceFile
from detector.domain.window import Tick
from detector.kpis import Catalogue
from detector.scoring import Baseline
from detector.settings import Settings
from detector.sources.feed import FeedContext
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser
from detector.sources.settling import Watching
from detector.sources.watched_folder import WatchedFolder
from detector.store import Store
from jobs import models
from jobs.context import JobContext
from jobs.detect import detect
from jobs.pull import pull

STAGES = {
    "pull.read": "parse",
    "pull.measured": "kpis",
    "pull.written": "write",
    "pull.recorded": "commit",
    "detect.scored": "score",
    "detect.score_recorded": "commit",
    "detect.tracked": "decide",
    "detect.deciding": "commit",
    "detect.decided": "commit",
}
"""Named step -> the stage whose time ends there."""


@dataclass
class StopWatch:
    """Seconds by stage; what lies outside every stage (looking into the inbox, reading reference data) is `around`."""

    last: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        """From here, with nothing on it."""
        self.seconds.clear()
        self.last = time.process_time()

    def __call__(self, step: str) -> None:
        self.lap(STAGES[step])

    def lap(self, stage: str) -> None:
        now = time.process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.last
        self.last = now


class TimedInbox(WatchedFolder):
    """The inbox, telling the watch when reference data and the look for files are through."""

    def __init__(self, root: Path, watch: StopWatch) -> None:
        names = Pseudonymiser(b"0" * 32, 1)
        context = FeedContext(pseudonymiser=names, quarantine=root / "refused", storage=root / "store", wall=WallClock())
        super().__init__(root / "inbox", context, how=Watching(settle_s=0.0))
        self._watch = watch

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        found = super().reference(now, findings)
        self._watch.lap("reference")
        return found

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        found = super().files(after, now)
        self._watch.lap("look")
        return found


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A store that knows what is normal and what came before the measured period, and an inbox."""

    operator: BenchOperator
    root: Path
    catalogue: Catalogue
    settings: Settings
    store: Store
    feeds: Feeds
    watch: StopWatch

    @classmethod
    def at(cls, root: Path, operator: BenchOperator) -> "Bench":
        settings, watch = Settings(), StopWatch()
        catalogue = read_catalogue(settings.sources.kpis)
        store = store_at(root / "store", catalogue)
        operator.write_network(root / "inbox")
        return cls(
            operator=operator,
            root=root,
            catalogue=catalogue,
            settings=settings,
            store=store,
            feeds=Feeds([TimedInbox(root, watch).feed()]),
            watch=watch,
        )

    def prepare(self) -> None:
        """Write the baseline and the earlier periods, as if they had been learned and pulled."""
        models.save_baseline(self.store, self.catalogue, self.settings.detection, 900, self._baseline())
        frame = self._frame(self.operator.earlier())
        ticks = {Tick(int(start), 900): 1 for start in frame.starts}
        with self.store.begin() as connection:
            for tick, path in self.store.history.write(frame, ticks).items():
                self.store.history.record(connection, tick, 1, path, len(frame.objects))
        models.load_baseline(self.store, self.catalogue, self.settings.detection, 900)  # a daemon holds it

    def run(self) -> dict[str, float]:
        """Seconds by stage, from the files in the inbox to committed degradations."""
        now = self.operator.period + 1800
        self.watch.start()
        context = JobContext(self.feeds, self.store, self.catalogue, self.settings, self.watch)
        pull(context, now=now, decide_from=self.operator.period)
        self.watch.lap("commit")
        detect(context, now=now)
        self.watch.lap("commit")
        return self.watch.seconds

    def _frame(self, batches: Iterator[CounterBatch]) -> KpiFrame:
        return pipeline.compute(batches, self.catalogue, self.feeds.reference(0, Findings()), Findings())[900]

    def _baseline(self) -> Baseline:
        history = self._frame(self.operator.history())
        none, zone = np.zeros(history.suspect.shape, bool), self.operator.world.scenario.timezone
        one = scoring.fit(history, timezone=zone, excluded=none, peers=None, detection_policy=self.settings.detection)
        return repeated(one, self.operator.copies)


def repeated(one: Baseline, copies: Sequence[Copy]) -> Baseline:
    """The baseline of the first copy for all of them; the row for strangers stays the last."""
    objects = np.arange(len(one.objects))
    rows = np.concatenate([np.tile(objects, len(copies)), [len(objects)]])
    own = [name.removeprefix(copies[0].name("")) for name in one.objects]
    return replace(
        one,
        objects=tuple(copy.name(name) for copy in copies for name in own),
        level=one.level[:, rows],
        level_variance=one.level_variance[rows],
        spread=one.spread[:, rows],
        idle_probability=one.idle_probability[:, rows],
        slope=one.slope[rows],
    )


def measure(cells: int) -> dict[str, object]:
    """Prepare, run once, and say where the time went, beside a bare parse of the same files."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        bench = Bench.at(root, BenchOperator(cells))
        bench.prepare()
        files = bench.operator.write_period(root / "inbox")
        began = time.process_time()
        for path in files:
            bare(path)
        parsed = time.process_time() - began
        wall = time.perf_counter()
        seconds = bench.run()
        wall = time.perf_counter() - wall
        found = bench.store.degradations.open()
        return {
            "cells": bench.operator.size,
            "files": len(files),
            "seconds": seconds,
            "bare_s": parsed,
            "wall_s": wall,
            "megabytes": sum(path.stat().st_size for path in files) / 1e6,
            "degradations": len(found),
            "peak_mb": peak_mb(),
        }


def figures(cells: int = 10_000, rounds: int = 1) -> list[Figure]:
    """Each round in a process of its own; the one with the median ratio is shown."""
    runs = [_apart(cells) for _ in range(rounds)]
    run = sorted(runs, key=lambda r: sum(r["seconds"].values()) / r["bare_s"])[rounds // 2]
    whole, command = sum(run["seconds"].values()), f"python -m benchmarks.speed period {cells}"
    found = (
        f"{run['files']} files, {run['megabytes']:.0f} MB, {run['degradations']} degradations, wall {run['wall_s']:.1f} s"
    )
    peak = run["peak_mb"]
    shares = [
        Figure(
            what=f"... {stage}",
            value=seconds,
            unit="s",
            command=command,
            ratio=seconds / whole,
            against="the whole period",
            target="a tenth of three minutes at 50,000" if stage == "score" else "",
            met=seconds < 18.0 * cells / 50_000 if stage == "score" else None,
        )
        for stage, seconds in run["seconds"].items()
    ]
    return [
        Figure(
            what=f"one period of {run['cells']:,} cells, landing to committed",
            value=whole,
            unit="s",
            command=command,
            ratio=whole / run["bare_s"],
            against="bare lxml iterparse of the same files",
            target="< 3 min at 50,000",
            met=whole < 180.0 * cells / 50_000,
            detail=found,
        ),
        *shares,
        Figure(
            what="... peak memory, preparation included",
            value=peak,
            unit="MB",
            command=command,
            target="< 6 GB",
            met=peak < 6000,
        ),
    ]


def _apart(cells: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.period", str(cells)], capture_output=True, check=True, text=True
    )
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
