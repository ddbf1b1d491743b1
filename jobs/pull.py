"""New files and rows in: parse, compute KPIs, one version of each touched tick, all recorded in one transaction."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf, nextafter

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError

from detector import pipeline
from detector.domain.counters import CounterBatch
from detector.domain.errors import Incomplete, Permanent, PrecallError, Transient, Unfinished
from detector.domain.finding import Finding, Findings
from detector.domain.frame import KpiFrame, overlaid
from detector.domain.policy import DetectionPolicy, FeedbackPolicy
from detector.domain.ports import Piece, Reference, Source
from detector.domain.window import Grid, Tick, Window, utc
from detector.kpis import Catalogue
from detector.sources.causes import of_surroundings, unforeseen
from detector.sources.file_names import shown_name
from detector.store import Store
from jobs import feeds
from jobs.bursts import scan_bursts
from jobs.coverage import keep_counters
from jobs.intake import Intake, judge_names
from jobs.ledger import Reached, never_came, walk_on
from jobs.mending import mend
from jobs.patience import Patience, is_large
from jobs.progress import Moved, unseen
from jobs.pull_people import PeoplePull

COUNTERS = "pulled:counters"
"""The note that says until when (s) counters were taken in."""
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
    budget_s: float = inf,
) -> Pulled:  # fmt: skip
    """Everything that arrived by `now`. Ticks before `decide_from` are history to learn from and owe nothing.

    More contacts from a place than usual, of `floor` people or more, are a finding where nothing is degraded (`listening`).
    A file that cannot be read costs itself alone. Once baselines are learned, what is not read within `budget_s` is left
    for the next pull, so that detection is not held up by a backlog. Raises Transient when the store cannot be written:
    nothing is half recorded, the next pull does it again.
    """
    findings = Findings()
    reference = source.reference(now, findings)
    store.vault.seal(reference.raw_ids)
    PeoplePull(source, store, reference, now, findings).run()
    if listening is not None and now >= decide_from:
        scan_bursts(store, reference, listening, findings, floor=floor, now=int(now))
    mend(source, store, catalogue, reference, now=now)
    listed = source.pieces(store.notes.get(COUNTERS, 0.0), now)
    source.passed_over(findings)
    for piece, reason in store.pieces.refused(listed):
        _put_aside(source, piece, reason, findings)
    unread = store.pieces.unread(listed)
    fresh = [piece for piece in unread if not store.pieces.postponed(piece)]
    intake = Intake()
    rounds = [
        _Round(source, store, catalogue, reference, findings, part, decide_from, intake) for part in _rounds(fresh, store)
    ]
    patience = Patience(store, budget_s)
    done, failed = _run(rounds, now, reached, moved, patience)
    ticks = [tick for pulled in done for tick in pulled.ticks]
    unused = judge_names(intake, catalogue, reference.topology, findings)
    if failed:  # the pointer stays, so that the pieces of that round are listed again
        with store.begin() as connection:
            store.notes.count(connection, findings, now)
        raise failed[0]
    with store.begin() as connection:
        left = store.pieces.unread(unread)
        if not patience.backlog(left):
            ticks += _owe_gaps(connection, store, reference, now, decide_from, policy)
        store.notes.put(connection, COUNTERS, min([now, *(nextafter(p.arrived_at, -inf) for p in left)]))
        patience.note(connection, left, now)
        feeds.record(connection, store, source.name, intake, findings, now=now)
        keep_counters(connection, store, intake, unused)
        store.notes.count(connection, findings, now)
    aside = tuple(one for pulled in done for one in pulled.set_aside)
    return Pulled(sum(one.pieces for one in done), aside, tuple(ticks), tuple(findings), intake.rows)


def _run(
    rounds: Sequence["_Round"], now: float, reached: Reached, moved: Moved, patience: Patience
) -> tuple[list[Pulled], list[Transient]]:
    """(what each round did, why some could not): one that cannot go on never takes the others with it. One over which
    something fails that nobody foresaw is done in halves, until the file that it is about is alone."""
    done: list[Pulled] = []
    failed: list[Transient] = []
    waiting = deque(rounds)
    while waiting and not patience.over(waiting[0].pieces):
        one = waiting.popleft()
        try:
            done.append(one.run(now, reached, patience))
        except Transient as error:
            failed.append(error)
        except Exception as error:  # one file, and whatever it makes fail, must not keep the others from being read
            if not _may_be_of_a_file(error):
                raise
            waiting.extendleft(one.halves(error))
        moved(1 - len(waiting) / max(len(rounds), len(waiting) + 1))
    return done, failed


def _may_be_of_a_file(error: Exception) -> bool:
    """Not what the disk, the database or the configuration is at fault for: that is no better with another file."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError)
    if isinstance(error, Permanent):  # a value in it that no database takes
        return True
    return not isinstance(error, PrecallError | OSError)


def _told(piece: Piece, error: Exception) -> tuple[str, str]:
    """(the file, the reason in one line)."""
    name = shown_name(piece.name)
    return name, str(error).replace(piece.name, name)


def _put_aside(source: Source, piece: Piece, reason: str, findings: Findings) -> None:
    """Out of the way if that is possible; else the file stays, and is not read again."""
    try:
        source.set_aside(piece, reason)
    except Transient as error:
        findings.add("file_left_in_place", *_told(piece, error))


def _rounds(pieces: Sequence[Piece], store: Store) -> Iterator[list[Piece]]:
    """Pieces of the same hours together; those whose periods are not known before reading, by size. Large ones come last,
    and each alone; so do those that could not be read before."""
    alone = [piece for piece in pieces if is_large(piece) or store.pieces.failed(piece)]
    rest = [piece for piece in pieces if piece not in alone]
    yield from _together(rest)
    yield from ([piece] for piece in sorted(alone, key=lambda p: (p.size, p.arrived_at, p.name)))


def _together(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
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

    def halves(self, error: Exception) -> list["_Round"]:
        """Two rounds in reverse order; none if there is but one file, which is left for a while."""
        if len(self.pieces) == 1:
            pause = self.store.pieces.postpone(self.pieces[0])
            name, why = _told(self.pieces[0], unforeseen(error, self.pieces[0].name))
            self.findings.add("file_unreadable", name, f"{why}: left in place, tried again in {pause:.0f} s")
            return []
        middle = len(self.pieces) // 2
        return [replace(self, pieces=self.pieces[middle:]), replace(self, pieces=self.pieces[:middle])]

    def run(self, now: float, reached: Reached, patience: Patience) -> Pulled:
        """Files for which there is no time any more are left as they are."""
        found = Findings()
        read, aside, unread = self._read(self.pieces, found, late=patience.late)
        batches = [batch for _, own in read for batch in own]
        touched = self._touched(batches)
        with self.store.begin() as connection:
            versions = self.store.ticks.versions(connection, touched)
            earlier = self.store.pieces.feeding(connection, versions) if versions else []
        known = {(p.source, p.name, p.window) for p, _ in (*read, *aside)}  # the same name with new bytes replaces
        again = [p for p in earlier if (p.source, p.name, p.window) not in known]
        before, *lost = self._read(again, Findings(), touched)  # what they held was found when they were new
        gone = any(lost)
        reached("pull.read")
        frames = self._measure([batch for _, own in before for batch in own] + batches, touched, found)
        frames = [self._over_stored(frame) for frame in frames] if gone else frames
        reached("pull.measured")
        written = [(frame, self._write(frame, versions)) for frame in frames]
        reached("pull.written")
        self._record(written, versions, read, aside, now)
        for piece, reason in aside:
            _put_aside(self.source, piece, reason, found)
        for piece in unread:
            self.store.pieces.postpone(piece)
        for piece, own in read:
            self.intake.add(piece, own)
        self.findings.extend(found)
        reached("pull.recorded")
        ticks = tuple(tick for _, paths in written for tick in paths)
        return Pulled(len(read) + len(aside), tuple(aside), ticks)

    def _read(
        self,
        pieces: Iterable[Piece],
        findings: Findings,
        ticks: Sequence[Tick] = (),
        late: Callable[[], bool] = lambda: False,
    ) -> tuple[list[tuple[Piece, list[CounterBatch]]], list[tuple[Piece, str]], list[Piece]]:
        """(what each piece holds, those refused and why, those to be asked for again): each whole or not at all; a piece
        that cannot be read never takes the others with it."""
        window = self._grid.reach(ticks) if ticks else None
        read: list[tuple[Piece, list[CounterBatch]]] = []
        aside: list[tuple[Piece, str]] = []
        unread: list[Piece] = []
        for piece in pieces:
            if late() and (read or aside or unread):
                break
            own = Findings()
            try:
                read.append((piece, list(self.source.read(piece, own, window or piece.window))))
                findings.extend(own)
            except Permanent as error:
                name, why = _told(piece, error)
                aside.append((piece, why))
                findings.add("file_incomplete" if isinstance(error, Incomplete) else "file_set_aside", name, why)
            except Unfinished as error:
                unread.append(piece)
                findings.add("file_unreadable", *_told(piece, error))
            except PrecallError:
                raise
            except Exception as error:  # noqa: BLE001  a reader's own mistake costs its file, never the others
                name, why = _told(piece, unforeseen(error, piece.name))
                findings.add("file_unreadable" if of_surroundings(error) else "file_set_aside", name, why)
                if of_surroundings(error):
                    unread.append(piece)
                else:
                    aside.append((piece, why))
        return read, aside, unread

    @property
    def _grid(self) -> Grid:
        return Grid(self.reference.operator.tick_s)

    def _touched(self, batches: Iterable[CounterBatch]) -> list[Tick]:
        return sorted({self._grid.tick(b.start, b.duration_s) for b in batches})

    def _measure(self, batches: Sequence[CounterBatch], touched: Sequence[Tick], findings: Findings) -> list[KpiFrame]:
        """KPI frames of the touched ticks; what re-read files say of other ticks is left alone."""
        wanted = set(touched)
        mine = [b for b in batches if self._grid.tick(b.start, b.duration_s) in wanted]
        frames = pipeline.measure(mine, self.catalogue, self.reference, findings)
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
        self.store.pieces.learned([*(piece for piece, _ in read), *(piece for piece, _ in aside)])


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
