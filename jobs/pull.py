"""New files and rows in: parse, compute KPIs, one version of each touched tick, all recorded in one transaction."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import inf, nextafter

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError

from detector.domain.errors import Permanent, PrecallError, Transient
from detector.domain.finding import Findings
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Cursor, Reference, SourceFile
from detector.domain.window import Tick, Window
from detector.store import Store
from jobs.contact_bursts import scan_bursts
from jobs.context import JobContext
from jobs.coverage import keep_counters
from jobs.feed_cursors import cursor_of, keep_cursor
from jobs.feed_records import record, record_rows
from jobs.intake import Intake, check_counter_names
from jobs.ledger import Checkpoint, never_came
from jobs.progress import ProgressCallback, no_progress
from jobs.pull_budget import PullBudget, is_large
from jobs.pull_events import EventPull
from jobs.pull_round import Pulled, Round, put_aside
from jobs.restore import restore_damaged

_ROUND_S = 6 * 3600
"""Counters of so much time are held in memory at once when a backlog is read. Chosen: 24 periods."""
_ROUND_BYTES = 160 * 2**20
"""Bytes of one round; a tick in two rounds is read twice. Chosen: two periods of 50,000 cells."""


def pull(
    context: JobContext,
    *,
    now: float,
    decide_from: int,
    progress: ProgressCallback = no_progress,
    budget_s: float = inf,
) -> Pulled:
    """Everything that arrived by `now`. Ticks before `decide_from` are history to learn from and wait for no decision.

    More contacts from a place than usual are a finding where nothing is degraded, if at least as many people made them as
    may be named in a count.
    A feed or a file that cannot be read costs itself alone. Once baselines are learned, what is not read within `budget_s`
    is left for the next pull, so that detection is not held up by a backlog. Raises Transient when the store cannot be
    written: nothing is half recorded, the next pull does it again."""
    return _Pull(context, now, decide_from).run(progress, PullBudget(context.store, budget_s))


@dataclass
class _Pull:
    """One pull, step by step."""

    context: JobContext
    now: float
    decide_from: int
    findings: Findings = field(default_factory=Findings)
    intakes: defaultdict[str, Intake] = field(default_factory=lambda: defaultdict(Intake))
    """Feed -> what is read of its counters."""

    def run(self, progress: ProgressCallback, budget: PullBudget) -> Pulled:
        context, now, findings = self.context, self.now, self.findings
        feeds, store = context.feeds, context.store
        due = feeds.due()
        reference = feeds.reference(now, findings)
        rows = self._events(reference, due)
        restore_damaged(feeds, store, context.catalogue, reference, now=now)
        listed = feeds.listed(due, lambda feed: cursor_of(store, feed, "counters").until, now, findings)
        unread = self._unread(listed)
        done, failed = _run(self._rounds(unread, reference), now, context.checkpoint, progress, budget)
        unused: dict[str, str] = {}
        for intake in self.intakes.values():
            unused |= check_counter_names(intake, context.catalogue, reference.topology, findings)
        if failed:  # the cursors stay, so that the files of that round are listed again
            with store.begin() as connection:
                store.findings.add(connection, findings, now)
            raise failed[0]
        ticks = [tick for pulled in done for tick in pulled.ticks]
        with store.begin() as connection:
            left = store.source_files.unread(unread)
            if not budget.backlog(left):
                detection = context.settings.detection
                ticks += _owe_gaps(connection, store, reference, now, self.decide_from, detection)
            budget.note(connection, left, now)
            keep_counters(connection, store, self.intakes.values(), unused)
            self._keep(connection, listed, left, rows)
        aside = tuple(one for pulled in done for one in pulled.set_aside)
        rows.update({feed: intake.rows for feed, intake in self.intakes.items()})
        return Pulled(sum(one.source_files for one in done), aside, tuple(ticks), tuple(findings), rows)

    def _events(self, reference: Reference, due: frozenset[str]) -> Counter[str]:
        """Feed -> rows of events that are new, kept; with a look for bursts of contacts."""
        context, settings = self.context, self.context.settings
        context.store.vault.seal(reference.raw_ids)
        rows = EventPull(
            feeds=context.feeds, store=context.store, reference=reference, now=self.now, findings=self.findings, due=due
        ).run()
        if self.now >= self.decide_from:
            floor = settings.impact.privacy_floor
            scan_bursts(context.store, reference, settings.feedback, self.findings, floor=floor, now=int(self.now))
        return rows

    def _unread(self, listed: Mapping[str, Sequence[SourceFile]]) -> list[SourceFile]:
        """Files of all feeds that were never read; those that were refused are set aside once more."""
        feeds, store = self.context.feeds, self.context.store
        feeds.passed_over(self.findings)
        files = sorted((file for own in listed.values() for file in own), key=lambda f: (f.arrived_at, f.name))
        for source_file, reason in store.source_files.refused(files):
            put_aside(feeds, source_file, reason, self.findings)
        return store.source_files.unread(files)

    def _rounds(self, unread: Sequence[SourceFile], reference: Reference) -> list[Round]:
        """What of these is not left alone for now, in parts that are read together."""
        store = self.context.store
        fresh = [source_file for source_file in unread if not store.source_files.postponed(source_file)]
        return [
            Round(
                feeds=self.context.feeds,
                store=store,
                catalogue=self.context.catalogue,
                reference=reference,
                findings=self.findings,
                source_files=part,
                decide_from=self.decide_from,
                intakes=self.intakes,
            )
            for part in _rounds(fresh, store)
        ]

    def _keep(
        self,
        connection: Connection,
        listed: Mapping[str, Sequence[SourceFile]],
        left: Sequence[SourceFile],
        rows: Mapping[str, int],
    ) -> None:
        """Cursors, what came of each feed, and findings."""
        store, now = self.context.store, self.now
        for feed in listed:
            until = min([now, *(nextafter(p.arrived_at, -inf) for p in left if p.feed == feed)])
            keep_cursor(connection, store, feed, "counters", Cursor(until))
        for feed, intake in self.intakes.items():
            record(connection, store, feed, intake, self.findings, now=now)
        without = {feed.name: rows.get(feed.name, 0) for feed in self.context.feeds if feed.counters is None}
        record_rows(connection, store, without, now=now)
        store.findings.add(connection, self.findings, now)


def _run(
    rounds: Sequence[Round], now: float, checkpoint: Checkpoint, progress: ProgressCallback, budget: PullBudget
) -> tuple[list[Pulled], list[Transient]]:
    """(what each round did, why some could not): one that cannot go on never takes the others with it. One over which
    something fails that nobody foresaw is done in halves, until the file that it is about is alone."""
    done: list[Pulled] = []
    failed: list[Transient] = []
    waiting = deque(rounds)
    while waiting and not budget.over(waiting[0].source_files):
        one = waiting.popleft()
        try:
            done.append(one.run(now, checkpoint, budget))
        except Transient as error:
            failed.append(error)
        except Exception as error:  # one file, and whatever it makes fail, must not keep the others from being read
            if not _may_be_of_a_file(error):
                raise
            waiting.extendleft(one.halves(error))
        progress(1 - len(waiting) / max(len(rounds), len(waiting) + 1))
    return done, failed


def _may_be_of_a_file(error: Exception) -> bool:
    """Not what the disk, the database or the configuration is at fault for: that is no better with another file."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError)
    if isinstance(error, Permanent):  # a value in it that no database takes
        return True
    return not isinstance(error, PrecallError | OSError)


def _rounds(source_files: Sequence[SourceFile], store: Store) -> Iterator[list[SourceFile]]:
    """Files of the same hours together; those whose periods are not known before reading, by size. Large ones come last,
    and each alone; so do those that could not be read before."""
    alone = [source_file for source_file in source_files if is_large(source_file) or store.source_files.failed(source_file)]
    rest = [source_file for source_file in source_files if source_file not in alone]
    yield from _together(rest)
    yield from ([source_file] for source_file in sorted(alone, key=lambda p: (p.size, p.arrived_at, p.name)))


def _together(source_files: Sequence[SourceFile]) -> Iterator[list[SourceFile]]:
    size = 0

    def key(source_file: SourceFile) -> tuple[int, int]:
        nonlocal size
        if source_file.window is not None:
            return 0, source_file.window.start // _ROUND_S
        size += source_file.size
        return 1, size // _ROUND_BYTES

    for _, part in groupby(sorted(source_files, key=lambda p: (p.window is None, p.window.start if p.window else 0)), key):
        yield sorted(part, key=lambda p: (p.arrived_at, p.name))


def _owe_gaps(
    connection: Connection,
    store: Store,
    reference: Reference,
    now: float,
    decide_from: int,
    detection_policy: DetectionPolicy,
) -> list[Tick]:
    """Ticks for which nothing came in time are recorded as empty and pending: missing data is evidence too."""
    gaps: list[Tick] = []
    for duration_s, span in store.ticks.span(connection).items():
        first = max(span.start, decide_from)
        first -= (first - span.end) % duration_s  # in step with the last that came
        since = Window(first, max(span.end, first))
        known = store.ticks.starts(connection, duration_s, since.start - duration_s)
        delay = reference.operator.arrival_delay_s
        for tick in never_came(since, duration_s, known, now=now, arrival_delay_s=delay, detection_policy=detection_policy):
            store.history.record(connection, tick, 1, "", 0)
            store.ticks.add_pending(connection, "score", tick, 1)
            gaps.append(tick)
    return gaps
