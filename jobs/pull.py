"""New files and rows in: parse, compute KPIs, one version of each touched tick, all recorded in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from sqlalchemy import Connection

from detector import feedback, pipeline
from detector.domain.counters import CounterBatch
from detector.domain.errors import Misconfigured, Permanent, Transient
from detector.domain.exposure import Presence
from detector.domain.finding import Finding, Findings
from detector.domain.frame import KpiFrame, overlaid
from detector.domain.interaction import Interaction
from detector.domain.policy import DetectionPolicy, FeedbackPolicy
from detector.domain.ports import Piece, Reference, Source
from detector.domain.window import Grid, Tick, Window, utc
from detector.kpis import Catalogue
from detector.store import Store
from jobs import feeds
from jobs.bursts import scan_bursts
from jobs.coverage import keep_counters
from jobs.intake import Intake, judge_names
from jobs.ledger import Reached, never_came, walk_on
from jobs.mending import mend
from jobs.progress import Moved, unseen

PEOPLE, COUNTERS, AGAIN = "pulled:people", "pulled:counters", "pulled:again"
"""Notes: until when (s) presence and contacts, and counters, were taken in; until when rows given may be known already."""
_ROUND_S = 6 * 3600
"""Counters of so much time are held in memory at once when a backlog or a history is read."""
_ROUND_BYTES = 160 * 2**20
"""A tick that falls into two rounds is read twice: a period of 50,000 cells is 80 MB or more."""


@dataclass(frozen=True)
class Pulled:
    """What one pull did."""

    pieces: int = 0
    set_aside: tuple[tuple[Piece, str], ...] = ()
    ticks: tuple[Tick, ...] = ()
    findings: tuple[Finding, ...] = ()
    rows: int = 0
    """Rows of counters in what was read."""


def pull(
    source: Source, store: Store, catalogue: Catalogue, *, now: float, decide_from: int, policy: DetectionPolicy,
    listening: FeedbackPolicy | None = None, floor: int = 5, reached: Reached = walk_on, moved: Moved = unseen,
) -> Pulled:  # fmt: skip
    """Everything that arrived by `now`. Ticks before `decide_from` are history to learn from and owe nothing.

    More contacts from a place than usual, of `floor` people or more, are a finding where nothing is degraded (`listening`).
    Raises Transient when the store cannot be written: nothing is half recorded, the next pull does it again.
    """
    findings = Findings()
    reference = source.reference(now, findings)
    store.vault.seal(reference.raw_ids)
    _pull_people(source, store, reference, now, findings)
    if listening is not None and now >= decide_from:
        scan_bursts(store, reference, listening, findings, floor=floor, now=int(now))
    mend(source, store, catalogue, reference, now=now)
    listed = source.pieces(store.notes.get(COUNTERS, 0.0), now)
    for piece, reason in store.pieces.refused(listed):
        source.set_aside(piece, reason)
    fresh = store.pieces.unread(listed)
    intake = Intake()
    rounds = [_Round(source, store, catalogue, reference, findings, part, decide_from, intake) for part in _rounds(fresh)]
    done, failed = _run(rounds, now, reached, moved)
    ticks = [tick for pulled in done for tick in pulled.ticks]
    unused = judge_names(intake, catalogue, reference.topology, findings)
    if failed:  # the pointer stays, so that the pieces of that round are listed again
        with store.begin() as connection:
            store.notes.count(connection, findings, now)
        raise failed[0]
    with store.begin() as connection:
        ticks += _owe_gaps(connection, store, reference, now, decide_from, policy)
        store.notes.put(connection, COUNTERS, now)
        feeds.record(connection, store, source.name, intake, findings, now=now)
        keep_counters(connection, store, intake, unused)
        store.notes.count(connection, findings, now)
    aside = tuple(one for pulled in done for one in pulled.set_aside)
    return Pulled(len(fresh), aside, tuple(ticks), tuple(findings), intake.rows)


def _run(rounds: Sequence["_Round"], now: float, reached: Reached, moved: Moved) -> tuple[list[Pulled], list[Transient]]:
    """(what each round did, why some could not): one that cannot go on never takes the others with it."""
    done: list[Pulled] = []
    failed: list[Transient] = []
    for number, one in enumerate(rounds, 1):
        try:
            done.append(one.run(now, reached))
        except Transient as error:
            failed.append(error)
        moved(number / len(rounds))
    return done, failed


def _pull_people(source: Source, store: Store, reference: Reference, now: float, findings: Findings) -> None:
    """Presence and what customers let us know since the last time; the file is named by the pointer, so a repetition
    replaces it."""
    after = store.notes.get(PEOPLE, 0.0)
    if now <= after:
        return
    erased = store.erased.read()
    try:
        presence = erased.without(source.presence(after, now, findings))
        interactions = _interactions(source, store, reference, after, now, findings)
        events = source.subscriber_events(after, now, findings)
    except Misconfigured as error:  # the pointer stays: once the table is mended nothing of it is missing
        findings.add("table_refused", error.where, f"{error.what}; {error.mend}: no table of contacts or stays is taken in")
        return
    with store.begin() as connection:
        if store.notes.get(PEOPLE, 0.0) != after:  # another daemon was faster
            return
        if store.notes.get(AGAIN, 0.0) > after:  # the clock was ahead: some of it was given before
            presence = _unknown(store, presence)
        if len(presence):  # written while no other daemon can be at it: it would have seen less, or more
            store.presence.write(presence, after, connection, now)
        store.interactions.add(connection, [i for i in interactions if not erased.covers(i.subscriber, i.at)])
        store.interactions.add_events(connection, [e for e in events if not erased.covers(e.subscriber, e.at)])
        store.notes.put(connection, PEOPLE, now)


def _unknown(store: Store, given: Presence) -> Presence:
    """The rows that are not kept yet."""
    if not len(given):
        return given
    kept = store.presence.read(Window(int(given.start.min()), int(given.start.max()) + 1))
    known = set(zip(*_keys(kept), strict=True))
    return given.take(np.array([i for i, key in enumerate(zip(*_keys(given), strict=True)) if key not in known], np.intp))


def _keys(rows: Presence) -> tuple[list[str], list[str], list[int]]:
    people, cells = np.array(rows.subscribers, object), np.array(rows.cells, object)
    return people[rows.subscriber].tolist(), cells[rows.cell].tolist(), rows.start.tolist()


def _interactions(
    source: Source, store: Store, reference: Reference, after: float, now: float, findings: Findings
) -> list[Interaction]:
    """What customers let us know in (after, now], without its words."""
    contacts, surveys = source.contacts(after, now, findings), source.surveys(after, now, findings)
    people = {c.subscriber for c in contacts} | {s.subscriber for s in surveys}
    begin = min([c.at for c in contacts] + [s.at for s in surveys], default=0)
    known = store.interactions.recent(people, begin - feedback.REPEAT_S) if people else ()
    persons = reference.customers.subscribers
    return feedback.listen(
        contacts, surveys, known, reference.topology, findings, lambda key: persons[key].language if key in persons else ""
    )


def _rounds(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces of the same hours together; those whose periods are not known before reading, by size."""
    size = 0

    def key(piece: Piece) -> tuple[int, int]:
        nonlocal size
        if piece.window is not None:
            return 0, piece.window.start // _ROUND_S
        size += piece.size
        return 1, size // _ROUND_BYTES

    for _, part in groupby(sorted(pieces, key=lambda p: (p.window is None, p.window.start if p.window else 0)), key):
        yield sorted(part, key=lambda p: (p.arrived_at, p.name))


@dataclass(frozen=True)
class _Round:
    """Pieces read together into whole ticks."""

    source: Source
    store: Store
    catalogue: Catalogue
    reference: Reference
    findings: Findings
    pieces: Sequence[Piece]
    decide_from: int
    intake: Intake

    def run(self, now: float, reached: Reached) -> Pulled:
        read, aside = self._read(self.pieces, self.findings)
        batches = [batch for _, own in read for batch in own]
        for piece, own in read:
            self.intake.add(piece, own)
        touched = self._touched(batches)
        with self.store.begin() as connection:
            versions = self.store.ticks.versions(connection, touched)
            earlier = self.store.pieces.feeding(connection, versions) if versions else []
        known = {(p.source, p.name, p.window) for p in self.pieces}  # the same name with new bytes replaces
        again = [p for p in earlier if (p.source, p.name, p.window) not in known]
        before, gone = self._read(again, Findings(), touched)  # what they held was found when they were new
        reached("pull.read")
        frames = self._measure([batch for _, own in before for batch in own] + batches, touched)
        frames = [self._over_stored(frame) for frame in frames] if gone else frames
        reached("pull.measured")
        written = [(frame, self._write(frame, versions)) for frame in frames]
        reached("pull.written")
        self._record(written, versions, read, aside, now)
        for piece, reason in aside:
            self.source.set_aside(piece, reason)
        reached("pull.recorded")
        ticks = tuple(tick for _, paths in written for tick in paths)
        return Pulled(len(self.pieces), tuple(aside), ticks)

    def _read(
        self, pieces: Iterable[Piece], findings: Findings, ticks: Sequence[Tick] = ()
    ) -> tuple[list[tuple[Piece, list[CounterBatch]]], list[tuple[Piece, str]]]:
        """Each piece whole or not at all; a piece that cannot be read never takes the others with it."""
        window = self._grid.reach(ticks) if ticks else None
        read, aside = [], []
        for piece in pieces:
            try:
                read.append((piece, list(self.source.read(piece, findings, window or piece.window))))
            except Permanent as error:
                aside.append((piece, str(error)))
                findings.add("file_set_aside", piece.name, str(error))
        return read, aside

    @property
    def _grid(self) -> Grid:
        return Grid(self.reference.operator.tick_s)

    def _touched(self, batches: Iterable[CounterBatch]) -> list[Tick]:
        return sorted({self._grid.tick(b.start, b.duration_s) for b in batches})

    def _measure(self, batches: Sequence[CounterBatch], touched: Sequence[Tick]) -> list[KpiFrame]:
        """KPI frames of the touched ticks; what re-read files say of other ticks is left alone."""
        wanted = set(touched)
        mine = [b for b in batches if self._grid.tick(b.start, b.duration_s) in wanted]
        frames = pipeline.measure(mine, self.catalogue, self.reference, self.findings)
        return [frame for frame in frames.values() if len(frame.starts)]

    def _over_stored(self, frame: KpiFrame) -> KpiFrame:
        """A file that fed these ticks before is gone by now: what it said stands in the history."""
        span = Window(int(frame.starts[0]), int(frame.starts[-1]) + frame.duration_s)
        return overlaid(self.store.history.read_whole(frame.duration_s, span), frame)

    def _write(self, frame: KpiFrame, versions: dict[Tick, int]) -> dict[Tick, str]:
        ticks = [Tick(int(start), frame.duration_s) for start in frame.starts]
        return self.store.history.write(frame, {tick: versions.get(tick, 0) + 1 for tick in ticks})

    def _record(
        self, written: Sequence[tuple[KpiFrame, dict[Tick, str]]], versions: dict[Tick, int],
        read: Sequence[tuple[Piece, list[CounterBatch]]], aside: Sequence[tuple[Piece, str]], now: float,
    ) -> None:  # fmt: skip
        with self.store.begin() as connection:
            ticks = [tick for _, paths in written for tick in paths]
            before = {tick: versions[tick] for tick in ticks if tick in versions}
            _check_unchanged(before, self.store.ticks.versions(connection, ticks))
            for frame, paths in written:
                for tick, path in paths.items():
                    version = versions.get(tick, 0) + 1
                    self.store.history.record(connection, tick, version, path, len(frame.objects))
                    if tick.start >= self.decide_from:
                        self.store.ticks.owe(connection, "score", tick, version)
            self.store.pieces.record(connection, [(piece, self._touched(own)) for piece, own in read], aside)
        self.store.pieces.learned(self.pieces)


def _check_unchanged(before: dict[Tick, int], now: dict[Tick, int]) -> None:
    """Raises Transient if another version of these ticks was recorded since this pull began: its own lacks that."""
    for tick in sorted({tick for tick in before | now if before.get(tick) != now.get(tick)}):
        when = f"the tick of {utc(tick.start):%Y-%m-%dT%H:%M:%SZ}, {tick.duration_s} s"
        was = f"had version {before[tick]}" if tick in before else "was not recorded"
        what = f"{when}, {was} when this pull began and has version {now.get(tick, 0)} now"
        raise Transient(what, where="pull", mend="nothing of it is recorded; the next pull reads it again")


def _owe_gaps(
    connection: Connection, store: Store, reference: Reference, now: float, decide_from: int, policy: DetectionPolicy
) -> list[Tick]:
    """Ticks for which nothing came in time are recorded as empty and owed: silence is news too."""
    gaps: list[Tick] = []
    for duration_s, span in store.ticks.span(connection).items():
        first = max(span.start, decide_from)
        first -= (first - span.end) % duration_s  # in step with the last that came
        since = Window(first, max(span.end, first))
        known = store.ticks.starts(connection, duration_s, since.start - duration_s)
        delay = reference.operator.arrival_delay_s
        for tick in never_came(since, duration_s, known, now=now, arrival_delay_s=delay, policy=policy):
            store.history.record(connection, tick, 1, "", 0)
            store.ticks.owe(connection, "score", tick, 1)
            gaps.append(tick)
    return gaps
