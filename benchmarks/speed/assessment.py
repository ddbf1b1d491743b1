"""An incident of 60 cells assessed among all people of an operator, and callers looked up while that goes on.

    python -m benchmarks.speed.assessment SUBSCRIBERS ATTACHMENTS

writes benchmarks/results/impact-SUBSCRIBERS.md; a million and twenty million take about a quarter of an hour. Each size is
built and measured in processes of its own, so that memory is what that size takes.
"""

import csv
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.speed.figure import Figure, as_table, machine, write
from benchmarks.speed.population import BAD_CELLS, NOW, START, People, settings_of
from detector import impact, pipeline
from detector.app import App, build_app
from detector.care import DecisionContext
from detector.clock import MovingClock
from detector.domain.assessment import Assessment
from detector.domain.exposure import LocationData
from detector.domain.impact import Listing
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.web import create_app
from detector.web.server import WebServer
from jobs import models
from jobs.commands.lookup import look_up
from jobs.daemon_lease import announce, withdraw
from jobs.reference_cache import ReferenceCache
from jobs.web_wiring import web_service_of

COMMAND = "python -m benchmarks.speed.assessment"
LONG_S = 40 * 3600
Measured = dict[str, Any]


def figures(subscribers: int = 100_000, attachments: int = 2_000_000, lookups: int = 200) -> list[Figure]:
    """Of this size, and beside it of a tenth of it."""
    large, small = (measured(subscribers // part, attachments // part, lookups) for part in (1, 10))
    return rows(large, small, subscribers, attachments)


def rows(large: Mapping[str, Measured], small: Mapping[str, Measured], subscribers: int, attachments: int) -> list[Figure]:
    """The table."""
    what, command = f"{subscribers:,} subscribers, {attachments:,} attachments", f"{COMMAND} {subscribers} {attachments}"
    peak = max(large["learn"]["peak_mb"], large["ask"]["peak_mb"])
    ask, learn = large["ask"], large["learn"]
    return [
        Figure(
            what=f"habits learned, {what}",
            value=learn["learn_s"],
            unit="s",
            command=command,
            ratio=learn["learn_s"] / learn["read_s"],
            against="reading the same Parquet",
            detail=f"{learn['peak_mb']:,.0f} MB at most",
        ),
        Figure(
            what="... tables of customers read",
            value=ask["tables_s"],
            unit="s",
            command=command,
            ratio=ask["tables_s"] / ask["csv_s"],
            against="csv.reader over the same files",
            detail=f"{ask['tables_mb']:,.0f} MB",
        ),
        Figure(
            what=f"... incident of {BAD_CELLS} cells assessed, presence read",
            value=ask["assess_s"],
            unit="s",
            command=command,
            ratio=ask["assess_s"] / small["ask"]["assess_s"],
            against="a tenth of the people",
            target="< 1 s",
            met=ask["assess_s"] < 1.0,
            detail=f"{ask['exposed']:,} exposed, {ask['listed']:,} listed; the first time {ask['first_s']:.2g} s",
        ),
        Figure(
            what="... the same when it has lasted for 40 hours",
            value=ask["long_s"],
            unit="s",
            command=command,
            ratio=ask["long_s"] / ask["assess_s"],
            against="a quarter of an hour",
            target="< 1 s",
            met=ask["long_s"] < 1.0,
        ),
        Figure(
            what="... and decided upon",
            value=ask["decide_s"],
            unit="s",
            command=command,
            ratio=ask["decide_s"] / ask["assess_s"],
            against="assessing",
        ),
        Figure(
            what="... peak memory of all of it", value=peak, unit="MB", command=command, target="< 4 GB", met=peak < 4096
        ),
        Figure(
            what="lookup over HTTP while ticks are assessed and committed, audited, median",
            value=1000 * ask["median_s"],
            unit="ms",
            command=command,
            ratio=ask["median_s"] / ask["bare_s"],
            against="bare SELECT in a quiet database",
            target="< 100 ms",
            met=ask["median_s"] < 0.1,
            detail=f"99 of 100 under {1000 * ask['p99_s']:.3g} ms; {ask['ticks']} ticks meanwhile",
        ),
        Figure(
            what="precall lookup, whole command, wall",
            value=ask["command_s"],
            unit="s",
            command=command,
            ratio=ask["command_s"] / ask["python_s"],
            against="python -c pass",
            detail=f"python alone {ask['python_s']:.2g} s",
        ),
    ]


def measured(subscribers: int, attachments: int, lookups: int) -> dict[str, Measured]:
    """Phase -> its figures, each phase in a process of its own."""
    with TemporaryDirectory() as folder:
        given = [folder, *map(str, (subscribers, attachments, lookups))]
        return {phase: _child([phase, *given]) for phase in DO}


def _child(arguments: Sequence[str]) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.assessment", *arguments], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def build(root: Path, people: People, _lookups: int) -> Measured:
    """Tables and attachments of these people."""
    app = build_app(settings_of(root))
    people.write_tables(root / "inbox")
    people.write_presence(app.store)
    return {}


def learn(root: Path, people: People, _lookups: int) -> Measured:
    """Habits from everything, beside merely reading it."""
    app = build_app(settings_of(root))
    read_s = _seconds(lambda: sum(map(len, app.store.presence.parts(people.past))), time.process_time)
    began = time.process_time()
    profile = impact.learn_mobility_profile(app.store.presence.parts(people.past), timezone="UTC", before=START)
    learn_s = time.process_time() - began
    models.save_mobility_profile(app.store, profile)
    return {"read_s": read_s, "learn_s": learn_s, "peak_mb": _peak_mb()}


def ask(root: Path, people: People, lookups: int) -> Measured:
    """What a daemon does with them: tables, assessment, and callers meanwhile."""
    app = build_app(settings_of(root), clock=MovingClock(NOW))
    csv_s = _seconds(lambda: [_rows(path) for path in sorted((root / "inbox").glob("*.csv"))], time.process_time)
    before, began = _peak_mb(), time.process_time()
    known = ReferenceCache(app.feeds, app.clock)
    reference = known()
    costs = {"csv_s": csv_s, "tables_s": time.process_time() - began, "tables_mb": _peak_mb() - before}
    costs |= _assessed(app, people, reference)
    return costs | _Lookups(app, people, known, lookups).run() | {"peak_mb": _peak_mb()}


def _assessed(app: App, people: People, reference: Reference) -> Measured:
    first_s = _seconds(lambda: tick(app, people, reference), time.process_time)
    began = time.process_time()
    weighed = tick(app, people, reference)
    assess_s = time.process_time() - began
    tick(app, people, reference, START - LONG_S)
    long_s = _seconds(lambda: tick(app, people, reference, START - LONG_S), time.process_time)
    decide_s = _seconds(lambda: decided(app, weighed, reference), time.process_time)
    exposed, listed = weighed.impact.exposed, len(weighed.impact.people)
    return {
        "first_s": first_s,
        "assess_s": assess_s,
        "long_s": long_s,
        "decide_s": decide_s,
        "exposed": exposed,
        "listed": listed,
    }


def tick(app: App, people: People, reference: Reference, began: int = START) -> Assessment:
    """The assessment of one incident, its presence read as the job reads it."""
    incident, found = people.incident(began)
    profile, presence = models.load_mobility_profile(app.store), app.store.presence.read(Window(began - 2 * 3600, NOW))
    assert profile is not None
    one = Assessment(incident=incident, degradations=tuple(found))
    locations = LocationData(profile, presence)
    return pipeline.assess(one, locations, reference, app.catalogue, app.settings.impact, now=NOW)


def decided(app: App, weighed: Assessment, reference: Reference) -> Assessment:
    """What care does for each person listed."""
    context = DecisionContext(reference=reference, care_policy=app.settings.care, now=NOW)
    return pipeline.decide_care(weighed, context)


class _Lookups:
    """Callers over HTTP, while in the same process an incident is assessed and committed over and over."""

    def __init__(self, app: App, people: People, known: ReferenceCache, lookups: int) -> None:
        self.app, self.people, self.known, self.lookups = app, people, known, lookups
        self.ticks = 0

    def run(self) -> Measured:
        token = self.app.keys.token
        server = WebServer(create_app(web_service_of(self.app, list, self.known), token=token), "127.0.0.1", 0)
        announce(self.app.settings.storage.path, server.start())
        stop = threading.Event()
        done = self._commit()
        bare_s = self._bare(done)
        writer = threading.Thread(target=self._ticks, args=(stop,))
        writer.start()
        try:
            waits = [self._wait(raw) for raw in self._raw()]
            command_s = min(self._command() for _ in range(3))
        finally:
            stop.set()
            writer.join()
            withdraw(self.app.settings.storage.path)
            server.stop()
        python_s = min(_seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(3))
        return {
            "median_s": statistics.median(waits),
            "p99_s": float(np.quantile(waits, 0.99)),
            "bare_s": bare_s,
            "command_s": command_s,
            "python_s": python_s,
            "ticks": self.ticks,
        }

    def _wait(self, raw: str) -> float:
        return _seconds(lambda: look_up(self.app.settings, raw))

    def _raw(self) -> list[str]:
        return [self.people.raw(i * 7919 % self.people.subscribers) for i in range(self.lookups)]

    def _command(self) -> float:
        words = ["precall", "lookup", self.people.raw(7), "--config", str(self.app.settings.storage.path / "my.toml")]
        code = f"import sys; sys.argv = {words!r}; from jobs.cli import main; main()"
        return _seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True))

    def _commit(self) -> Assessment:
        """The incident, its counts, and everyone on its list anew: more than a tick usually changes."""
        reference, store = self.known(), self.app.store
        done = decided(self.app, tick(self.app, self.people, reference), reference)
        left = store.listings.all(incident_id=done.incident.incident_id, current=True)
        with store.begin() as connection:
            store.degradations.save(connection, self.people.incident()[1])
            store.incidents.save(connection, [done.incident])
            store.impacts.save(connection, done.impact)
            store.listings.relist(connection, left, _listings(done), NOW)
        self.ticks += 1
        return done

    def _ticks(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._commit()

    def _bare(self, done: Assessment) -> float:
        driver = self.app.store.database.engine.raw_connection()  # two SQLite libraries on one file lose their locks
        cursor = driver.cursor()
        sql = "SELECT * FROM listing WHERE subscriber = ? AND delisted_at IS NULL"
        keys = [person.subscriber for person in done.impact.people[:100]] or ["nobody"]
        found = statistics.median(_seconds(partial(cursor.execute, sql, (key,))) for key in keys)
        driver.close()
        return found


def _listings(done: Assessment) -> list[Listing]:
    decided = {one.subscriber: one for one in done.decisions}
    return [Listing(affected=p, decision=decided[p.subscriber], listed_at=NOW) for p in done.impact.people]


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file))


def _seconds(act: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    act()
    return clock() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


DO: Mapping[str, Callable[[Path, People, int], Measured]] = {"build": build, "learn": learn, "ask": ask}


def main(arguments: Sequence[str]) -> None:
    if arguments[0] in DO:
        root, size = Path(arguments[1]), [int(word) for word in arguments[2:]]
        print(json.dumps(DO[arguments[0]](root, People(*size[:2]), size[2])))
        return
    found = figures(*map(int, arguments))
    Console(width=150).print(as_table(found))
    write(found, machine(), f"impact-{arguments[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
