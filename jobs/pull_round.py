"""Files that are read together: into whole ticks, of which each is recorded or none."""

from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace

from detector import pipeline
from detector.domain.counters import CounterBatch
from detector.domain.errors import Incomplete, Permanent, PrecallError, Transient
from detector.domain.finding import Finding, Findings
from detector.domain.frame import KpiFrame, overlaid
from detector.domain.ports import Reference, SourceFile
from detector.domain.window import Grid, Tick, Window, utc
from detector.kpis import Catalogue
from detector.sources.feeds import Feeds
from detector.sources.file_names import shown_name
from detector.sources.read_errors import is_environmental, unexpected
from detector.store import Store
from jobs.intake import Intake
from jobs.ledger import Checkpoint
from jobs.pull_budget import PullBudget


@dataclass(frozen=True)
class Pulled:
    """What one pull did."""

    source_files: int = 0
    set_aside: tuple[tuple[SourceFile, str], ...] = ()
    ticks: tuple[Tick, ...] = ()
    findings: tuple[Finding, ...] = ()
    rows: Counter[str] = field(default_factory=Counter)
    """Feed -> how many of its rows are new."""


def reason_of(feeds: Feeds, source_file: SourceFile, error: Exception) -> tuple[str, str]:
    """(the file, the reason in one line)."""
    name = shown_name(source_file.name)
    return feeds.label(source_file.feed) + name, str(error).replace(source_file.name, name)


def put_aside(feeds: Feeds, source_file: SourceFile, reason: str, findings: Findings) -> None:
    """Out of the way if that is possible; else the file stays, and is not read again."""
    try:
        feeds.set_aside(source_file, reason)
    except PrecallError as error:
        findings.add("file_left_in_place", *reason_of(feeds, source_file, error))


@dataclass(frozen=True, kw_only=True)
class Round:
    """Files read together into whole ticks."""

    feeds: Feeds
    store: Store
    catalogue: Catalogue
    reference: Reference
    findings: Findings
    source_files: Sequence[SourceFile]
    decide_from: int
    intakes: MutableMapping[str, Intake]
    """Feed -> what is read of it."""

    def halves(self, error: Exception) -> list["Round"]:
        """Two rounds in reverse order; none if there is but one file, which is left for a while."""
        if len(self.source_files) == 1:
            pause = self.store.source_files.postpone(self.source_files[0])
            name, why = reason_of(self.feeds, self.source_files[0], unexpected(error, self.source_files[0].name))
            self.findings.add("file_unreadable", name, f"{why}: left in place, tried again in {pause:.0f} s")
            return []
        middle = len(self.source_files) // 2
        return [
            replace(self, source_files=self.source_files[middle:]),
            replace(self, source_files=self.source_files[:middle]),
        ]

    def run(self, now: float, checkpoint: Checkpoint, budget: PullBudget) -> Pulled:
        """Files for which there is no time any more are left as they are."""
        found = Findings()
        read, aside, unread = self._read(self.source_files, found, late=budget.late)
        batches = [batch for _, own in read for batch in own]
        touched = self._touched(batches)
        with self.store.begin() as connection:
            versions = self.store.ticks.versions(connection, touched)
            earlier = self.store.source_files.feeding(connection, versions) if versions else []
        known = {(p.feed, p.name, p.window) for p, _ in (*read, *aside)}  # the same name with new bytes replaces
        again = [p for p in earlier if (p.feed, p.name, p.window) not in known]
        before, *lost = self._read(again, Findings(), touched)  # what they held was found when they were new
        gone = any(lost)
        checkpoint("pull.read")
        frames = self._measure([batch for _, own in before for batch in own] + batches, touched, found)
        frames = [self._over_stored(frame) for frame in frames] if gone else frames
        checkpoint("pull.measured")
        written = [(frame, self._write(frame, versions)) for frame in frames]
        checkpoint("pull.written")
        self._record(written, versions, read, aside, now)
        for source_file, reason in aside:
            put_aside(self.feeds, source_file, reason, found)
        for source_file in unread:
            self.store.source_files.postpone(source_file)
        for source_file, own in read:
            self.intakes[source_file.feed].add(source_file, own)
        self.findings.extend(found)
        checkpoint("pull.recorded")
        ticks = tuple(tick for _, paths in written for tick in paths)
        return Pulled(len(read) + len(aside), tuple(aside), ticks)

    def _read(
        self,
        source_files: Iterable[SourceFile],
        findings: Findings,
        ticks: Sequence[Tick] = (),
        late: Callable[[], bool] = lambda: False,
    ) -> tuple[list[tuple[SourceFile, list[CounterBatch]]], list[tuple[SourceFile, str]], list[SourceFile]]:
        """(what each file holds, those refused and why, those to be requested again): each whole or not at all; a file
        that cannot be read never takes the others with it."""
        window = self._grid.reach(ticks) if ticks else None
        read: list[tuple[SourceFile, list[CounterBatch]]] = []
        aside: list[tuple[SourceFile, str]] = []
        unread: list[SourceFile] = []
        for source_file in source_files:
            if late() and (read or aside or unread):
                break
            own = Findings()
            try:
                read.append((source_file, list(self.feeds.read(source_file, own, window or source_file.window))))
                findings.extend(own)
            except Permanent as error:
                name, why = reason_of(self.feeds, source_file, error)
                aside.append((source_file, why))
                findings.add("file_incomplete" if isinstance(error, Incomplete) else "file_set_aside", name, why)
            except Transient as error:  # of its feed: the others go on
                unread.append(source_file)
                findings.add("file_unreadable", *reason_of(self.feeds, source_file, error))
            except PrecallError:
                raise
            except Exception as error:  # noqa: BLE001  a reader's own mistake costs its file, never the others
                name, why = reason_of(self.feeds, source_file, unexpected(error, source_file.name))
                findings.add("file_unreadable" if is_environmental(error) else "file_set_aside", name, why)
                if is_environmental(error):
                    unread.append(source_file)
                else:
                    aside.append((source_file, why))
        return read, aside, unread

    @property
    def _grid(self) -> Grid:
        return Grid(self.reference.operator.tick_s)

    def _touched(self, batches: Iterable[CounterBatch]) -> list[Tick]:
        return sorted({self._grid.tick(b.start, b.duration_s) for b in batches})

    def _measure(self, batches: Sequence[CounterBatch], touched: Sequence[Tick], findings: Findings) -> list[KpiFrame]:
        """KPI frames of the touched ticks; rows of re-read files in other ticks are left alone."""
        wanted = set(touched)
        mine = [b for b in batches if self._grid.tick(b.start, b.duration_s) in wanted]
        frames = pipeline.compute(mine, self.catalogue, self.reference, findings)
        return [frame for frame in frames.values() if len(frame.starts)]

    def _over_stored(self, frame: KpiFrame) -> KpiFrame:
        """A file that fed these ticks before is gone by now: its rows are in the history."""
        span = Window(int(frame.starts[0]), int(frame.starts[-1]) + frame.duration_s)
        return overlaid(self.store.history.read_whole(frame.duration_s, span), frame)

    def _write(self, frame: KpiFrame, versions: dict[Tick, int]) -> dict[Tick, str]:
        ticks = [Tick(int(start), frame.duration_s) for start in frame.starts]
        return self.store.history.write(frame, {tick: versions.get(tick, 0) + 1 for tick in ticks})

    def _record(
        self,
        written: Sequence[tuple[KpiFrame, dict[Tick, str]]],
        versions: dict[Tick, int],
        read: Sequence[tuple[SourceFile, list[CounterBatch]]],
        aside: Sequence[tuple[SourceFile, str]],
        now: float,
    ) -> None:
        with self.store.begin() as connection:
            ticks = [tick for _, paths in written for tick in paths]
            before = {tick: versions[tick] for tick in ticks if tick in versions}
            _check_unchanged(before, self.store.ticks.versions(connection, ticks))
            for frame, paths in written:
                for tick, path in paths.items():
                    version = versions.get(tick, 0) + 1
                    self.store.history.record(connection, tick, version, path, len(frame.objects))
                    if tick.start >= self.decide_from:
                        self.store.ticks.add_pending(connection, "score", tick, version)
            self.store.source_files.record(
                connection, [(source_file, self._touched(own)) for source_file, own in read], aside
            )
        self.store.source_files.learned(
            [*(source_file for source_file, _ in read), *(source_file for source_file, _ in aside)]
        )


def _check_unchanged(before: dict[Tick, int], now: dict[Tick, int]) -> None:
    """Raises Transient if another version of these ticks was recorded since this pull began: its own lacks that."""
    for tick in sorted({tick for tick in before | now if before.get(tick) != now.get(tick)}):
        when = f"the tick of {utc(tick.start):%Y-%m-%dT%H:%M:%SZ}, {tick.duration_s} s"
        was = f"had version {before[tick]}" if tick in before else "was not recorded"
        what = f"{when}, {was} when this pull began and has version {now.get(tick, 0)} now"
        raise Transient(what, where="pull", mend="nothing of it is recorded; the next pull reads it again")
