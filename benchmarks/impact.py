"""An incident of 60 cells assessed for a crowd, and a caller looked up while ticks are being committed."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figure import Figure
from benchmarks.period import VAULT_KEY
from detector import pipeline
from detector.app import read_catalogue
from detector.clock import MovingClock
from detector.domain.cell import Cell, Topology
from detector.domain.customer import Customers, Subscriber
from detector.domain.degradation import Degradation, degradation_id
from detector.domain.exposure import Habit, Presence
from detector.domain.impact import Listing
from detector.domain.incident import Incident, incident_id
from detector.domain.ports import Reference
from detector.pipeline import Assessed
from detector.settings import Settings
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from detector.store import Store
from detector.store.database import Database
from detector.telemetry import Telemetry
from detector.web.store_service import StoreService

START = 1_774_339_200
BAD_CELLS = 60
PEOPLE_PER_CELL = 40
COMMAND = "python -m benchmarks.speed impact"


class Crowd:
    """`people` with a home and a work cell each; a habit of a few weeks, and presence of the last three hours."""

    def __init__(self, people: int) -> None:
        rng = np.random.default_rng(people)
        self.names = Pseudonymiser(b"0" * 32, 1)
        self.keys = tuple(self.names.subscriber(f"u{i}") for i in range(people))
        self.cells = tuple(f"c{i:05d}" for i in range(max(BAD_CELLS, people // PEOPLE_PER_CELL)))
        self.home, self.work = rng.integers(0, len(self.cells), (2, people)).astype(np.int32)
        topology = Topology({name: Cell(name, "LTE", site_id=f"s{name[:-1]}") for name in self.cells})
        customers = Customers({key: Subscriber(key, account=f"a{key}") for key in self.keys})
        self.reference = Reference(topology=topology, customers=customers)
        self.habit, self.presence = self._habit(), self._presence(rng)

    def _habit(self) -> Habit:
        """At the hours that the measured incident asks for; the others are empty, for nobody looks there."""
        people, hour = np.arange(len(self.keys), dtype=np.int32), int((START // 3600 + 72) % 168)
        sizes = np.zeros(168, np.int64)
        asked = [(hour + i) % 168 for i in range(-3, 4)]
        sizes[asked] = 2 * len(people)
        rows = np.tile(np.concatenate([people, people]), len(asked))
        cells = np.tile(np.concatenate([self.home, self.work]), len(asked))
        hours = np.concatenate([[0], np.cumsum(sizes)])
        return Habit(self.keys, self.cells, hours, rows, cells, np.full(len(rows), 1500.0), np.full(len(rows), 1.6))

    def _presence(self, rng: np.random.Generator) -> Presence:
        people, hours = np.arange(len(self.keys), dtype=np.int32), 3
        rows, count = np.tile(people, hours), hours * len(people)
        start = np.repeat(START - 3600 * np.arange(hours, 0, -1), len(people)).astype(np.int64)
        attempts = rng.poisson(4.0, count).astype(float)
        return Presence(
            self.keys, self.cells, rows, np.tile(self.home, hours), start, np.full(count, 3600, np.int32),
            np.full(count, 3000.0), attempts, rng.binomial(attempts.astype(int), 0.02).astype(float),
        )  # fmt: skip

    def incident(self) -> tuple[Incident, list[Degradation]]:
        """60 cells that fail a third of their set-ups since a quarter of an hour."""
        bad = self.cells[:BAD_CELLS]
        found = [
            Degradation(degradation_id(c, "accessibility", START), c, "accessibility", "lte_rrc_sr", "accessibility", START,
                        START + 1200, "major", 20.0, 0.99, 0.66, 660.0, 1000.0, 330.0, 1, 900)
            for c in bad
        ]  # fmt: skip
        ids = tuple(d.degradation_id for d in found)
        named = ("edge", "hub1", "accessibility", START, START + 1200, "major", ids, bad, "measured for speed")
        return Incident(incident_id(ids[0]), *named, updated_at=START + 1200, confidence=0.99), found


def assessed(crowd: Crowd) -> tuple[Assessed, float]:
    """(the assessment, seconds): impact and care's decisions."""
    incident, found = crowd.incident()
    settings = Settings()
    catalogue = read_catalogue(settings.sources.kpis)
    began = time.process_time()
    done = pipeline.assess(
        incident, found, crowd.habit, crowd.presence, crowd.reference, catalogue, settings.impact,
        pipeline.circumstances(crowd.reference, settings.care, settings.rules, now=START + 1200),
    )  # fmt: skip
    return done, time.process_time() - began


def figures(sizes: tuple[int, int] = (8_000, 100_000), lookups: int = 200) -> list[Figure]:
    """Assessment of a small and a large crowd, and lookups among the small one's listings."""
    small, large = (Crowd(people) for people in sizes)
    assessed(small)
    (done, few_s), (_, many_s) = (assessed(crowd) for crowd in (small, large))
    scale = len(large.keys) / len(small.keys)
    return [
        Figure(
            f"incident of {BAD_CELLS} cells, {len(small.keys):,} subscribers, to decisions", few_s, "s", COMMAND,
            detail=f"{done.impact.exposed:,} exposed, {len(done.impact.people):,} listed",
        ),
        Figure(
            f"the same for {len(large.keys):,} subscribers", many_s, "s", COMMAND, many_s / few_s,
            f"the smaller one; linear would be {scale:.3g}",
        ),
        _lookup(small, done, lookups),
    ]  # fmt: skip


def _lookup(crowd: Crowd, done: Assessed, lookups: int) -> Figure:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        service = _service(root, crowd, done)
        ask = [f"u{i * 37 % len(crowd.keys)}" for i in range(lookups)]
        driver = service.store.database.engine.raw_connection()  # two SQLite libraries on one file lose each other's locks
        quiet = driver.cursor()
        keys = [crowd.names.subscriber(raw) for raw in ask]
        sql = "SELECT * FROM listing WHERE subscriber = ? AND delisted_at IS NULL"
        bare = _median(lambda i: quiet.execute(sql, (keys[i],)).fetchall(), lookups)
        driver.close()
        stop = threading.Event()
        writer = threading.Thread(target=_commit_ticks, args=(service.store, done, stop))
        writer.start()
        try:
            ours = _median(lambda i: service.lookup(ask[i], "bench"), lookups)
        finally:
            stop.set()
            writer.join()
            service.store.database.close()
    return Figure(
        "lookup while ticks are committed, audited", 1000 * ours, "ms", COMMAND, ours / bare,
        "bare SELECT in a quiet database", "< 100 ms", ours < 0.1, f"bare {1000 * bare:.2g} ms",
    )  # fmt: skip


def _median(ask: Callable[[int], object], times: int) -> float:
    found = []
    for i in range(times):
        began = time.perf_counter()
        ask(i)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _service(root: Path, crowd: Crowd, done: Assessed) -> StoreService:
    settings = Settings()
    catalogue = read_catalogue(settings.sources.kpis)
    database = Database(f"sqlite:///{root}/bench.db")
    database.create()
    store = Store(root, database, catalogue.computed, VAULT_KEY)
    with store.begin() as connection:
        store.book.save(connection, crowd.incident()[1], [done.incident])
        store.book.relist(connection, [], _listings(done), START)
    (root / "inbox").mkdir()
    source = OperatorDataset(root / "inbox", crowd.names)
    return StoreService(store, source, catalogue, settings, MovingClock(START), crowd.names, Telemetry(), lambda: ())


def _listings(done: Assessed) -> list[Listing]:
    return [
        Listing(p.incident_id, p.subscriber, p.account, p.basis, p.probability, p.exposure_s, START, why_not="no_consent",
                decided_at=START)
        for p in done.impact.people
    ]  # fmt: skip


def _commit_ticks(store: Store, done: Assessed, stop: threading.Event) -> None:
    """What a tick writes, over and over: the incident, its impact, and a hundred people who leave the list and return."""
    while not stop.is_set():
        left = store.book.listings(incident_id=done.incident.incident_id, current=True, limit=100)
        with store.begin() as connection:
            store.book.save(connection, (), [done.incident])
            store.book.save_impact(connection, done.impact)
            store.book.relist(connection, left, [replace(one, row=None) for one in left], START)
        stop.wait(0.01)
