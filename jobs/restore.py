"""Data whose files were damaged or lost: pulled again from what the feeds still have, else not known any more."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar

from detector import pipeline
from detector.domain.counters import CounterBatch
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.exposure import join_presence
from detector.domain.finding import Findings
from detector.domain.ports import Cursor, Reference, SourceFile
from detector.domain.window import DAY_S, Grid, Tick, utc
from detector.kpis import Catalogue
from detector.sources.feeds import Feeds
from detector.sources.plausibility import presence_of_known
from detector.store import Store
from detector.store.damage import Damaged
from detector.store.stored_files import feed_of
from detector.store.ticks import DAMAGED, UNKNOWN
from jobs.feed_cursors import own_name

Result = TypeVar("Result")
_TRIES = 20
"""Tries, each of which sets at least one more damaged file aside. Chosen: a disk that damages faster needs repair first."""


def retry_restored(job: Callable[[], Result], restore: Callable[[], object]) -> Result:
    """What the job returns. Where it meets damaged data, they are pulled again, and the job begins anew. Raises Damaged when
    that does not come to an end."""
    for _ in range(_TRIES):
        try:
            return job()
        except Damaged:
            restore()
    return job()


def restore_damaged(feeds: Feeds, store: Store, catalogue: Catalogue, reference: Reference, *, now: float) -> int:
    """Every tick and every file of attachments that is marked: its file if it is whole again, else what the feeds still
    has, else "not known". Returns how many ticks are known again. Raises Transient."""
    store.mend_folders()
    _mend_presence(feeds, store, reference, now)
    marked = store.ticks.in_state(DAMAGED)
    back = _put_back(store, marked)
    left = [tick for tick in marked if tick not in back]
    again = [_Again(feeds, store, catalogue, reference, list(day)) for _, day in groupby(left, key=_day)]
    return len(back) + sum(len(day.run()) for day in again)


def _day(tick: Tick) -> tuple[int, int]:
    return tick.start // DAY_S, tick.duration_s


def _put_back(store: Store, marked: dict[Tick, str]) -> set[Tick]:
    """Ticks whose file is whole again."""
    whole = {path for path in set(marked.values()) if path and store.history.whole_again(path)}
    with store.begin() as connection:
        for path in whole:
            store.ticks.mark(connection, path, "")
    return {tick for tick, path in marked.items() if path in whole}


class _Again:
    """Ticks of one day and one duration, from the files that fed them."""

    def __init__(
        self, feeds: Feeds, store: Store, catalogue: Catalogue, reference: Reference, ticks: Sequence[Tick]
    ) -> None:
        self._feeds, self._store, self._catalogue, self._reference = feeds, store, catalogue, reference
        self._ticks, self._grid = ticks, Grid(reference.operator.tick_s)

    def run(self) -> list[Tick]:
        """Those that are known again: of a tick of which one file is gone nothing is known."""
        with self._store.begin() as connection:
            versions = self._store.ticks.versions(connection, self._ticks)
            fed_by = {tick: self._store.source_files.feeding(connection, [tick]) for tick in self._ticks}
        read = self._read({source_file for source_files in fed_by.values() for source_file in source_files})
        there = {
            tick
            for tick, source_files in fed_by.items()
            if source_files and all(source_file in read for source_file in source_files)
        }
        frames = pipeline.compute(
            [b for batches in read.values() for b in batches if self._grid.tick(b.start, b.duration_s) in there],
            self._catalogue,
            self._reference,
            Findings(),
        )
        restored: list[Tick] = []
        for frame in frames.values():
            known = {Tick(int(s), frame.duration_s): versions.get(Tick(int(s), frame.duration_s), 1) for s in frame.starts}
            paths = self._store.history.write(frame, known) if known else {}
            with self._store.begin() as connection:
                for tick, path in paths.items():
                    self._store.history.record(connection, tick, known[tick], path, len(frame.objects))
            restored += paths
        findings, day = Findings(), f"{utc(self._ticks[0].start):%Y-%m-%d}, {self._ticks[0].duration_s} s"
        if restored:
            findings.add("store_restored", day, f"{len(restored)} ticks: pulled again from the files that they came from")
        lost = [tick for tick in self._ticks if tick not in set(restored)]
        with self._store.begin() as connection:
            for tick in lost:
                self._store.ticks.mark_tick(connection, tick, UNKNOWN)
        if lost:
            gone = "not known any more: files that they came from are gone from the inbox"
            findings.add("store_lost", day, f"{len(lost)} ticks: {gone}")
        self._store.damage.note(findings)
        return restored

    def _read(self, source_files: Iterable[SourceFile]) -> dict[SourceFile, list[CounterBatch]]:
        """The files that can still be read, in order of arrival: of two about one period the later one counts."""
        read, window = {}, self._grid.reach(self._ticks)
        for source_file in sorted(source_files, key=lambda p: (p.arrived_at, p.name)):
            try:
                read[source_file] = list(self._feeds.read(source_file, Findings(), window))
            except (Permanent, Transient, OSError):
                continue
        return read


def _mend_presence(feeds: Feeds, store: Store, reference: Reference, now: float) -> None:
    """Attachments: what arrived then is requested once more. Those of erased people stay out."""
    for file in store.stored.damaged("presence"):
        if store.presence.whole_again(file.path):
            with store.begin() as connection:
                store.stored.restore(connection, file.path)
            continue
        after, until = file.after or 0.0, min(file.until or 0.0, now)
        try:
            given = [
                feed.new(Cursor(after), until, Findings()).rows for feed in feeds.presence if _fed(feed.name, file.path)
            ]
            people, topology = reference.customers.subscribers, reference.topology
            known = presence_of_known(join_presence(given), people, topology, until, Findings())
            rows = store.tombstones.read().without(known)
        except (Misconfigured, Permanent, Transient, OSError):
            continue  # a table is being repaired: it is read again at the next pull
        with store.begin() as connection:
            found = store.presence.write_again(rows, file, connection)
        findings = Findings()
        if found:
            findings.add("store_restored", file.path, "pulled again from the inbox")
        else:
            findings.add("store_lost", file.path, "not known any more: what it came from is gone from the inbox")
        store.damage.note(findings)


def _fed(feed: str, path: str) -> bool:
    """Whether the rows of this file came from the feed."""
    return own_name(feed) == feed_of(path)
