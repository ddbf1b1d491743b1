"""All feeds of an installation, side by side: one that is broken never keeps the others from being read."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from detector.domain.errors import Misconfigured, Permanent, PrecallError, Transient
from detector.domain.finding import Finding, Findings
from detector.domain.operations import Operations
from detector.domain.ports import Arrivals, Cursor, EventFeed, Operator, Reference, ReferenceFeed, SourceFile
from detector.domain.window import Window
from detector.sources.feed import Feed
from detector.sources.merged_reference import MergedReference, OperationsLog
from detector.sources.read_errors import unexpected

if TYPE_CHECKING:
    from detector.domain.counters import CounterBatch
    from detector.domain.customer import Contact, SubscriberEvent, Survey
    from detector.domain.exposure import Presence
    from detector.domain.ports import CounterFeed

Value = TypeVar("Value")
Noun = TypeVar("Noun")
UNTIL_THEN = "nothing more of it is taken in until then"


class Feeds:
    """Any number of feeds. It is itself a `CounterFeed` and a `ReferenceFeed`: of several, their files together and one
    reference, in which the later feed counts where two have the same row.

    `apart`: findings name the feed that they come from; off where one folder is all there is. A feed that fails is a finding
    `feed_unreachable`, and is tried again the next time; the error of the only counter feed is raised.
    """

    def __init__(self, feeds: Iterable[Feed], *, apart: bool = False, steady: Callable[[], float] = monotonic) -> None:
        self._feeds = tuple(feeds)
        self._apart, self._steady = apart, steady
        self._asked: dict[tuple[str, str], float] = {}
        self._merged = MergedReference()
        self._operations = OperationsLog(
            [feed.alarms for feed in self._feeds if feed.alarms is not None],
            [feed.tickets for feed in self._feeds if feed.tickets is not None],
            [feed.works for feed in self._feeds if feed.works is not None],
        )
        self._lock = RLock()

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)

    @property
    def name(self) -> str:
        return ", ".join(feed.name for feed in self._feeds)

    @property
    def counters(self) -> "tuple[CounterFeed, ...]":
        return tuple(feed.counters for feed in self._feeds if feed.counters is not None)

    @property
    def references(self) -> tuple[ReferenceFeed, ...]:
        return tuple(feed.reference for feed in self._feeds if feed.reference is not None)

    @property
    def presence(self) -> "tuple[EventFeed[Presence], ...]":
        return tuple(feed.presence for feed in self._feeds if feed.presence is not None)

    @property
    def contacts(self) -> "tuple[EventFeed[Sequence[Contact]], ...]":
        return tuple(feed.contacts for feed in self._feeds if feed.contacts is not None)

    @property
    def surveys(self) -> "tuple[EventFeed[Sequence[Survey]], ...]":
        return tuple(feed.surveys for feed in self._feeds if feed.surveys is not None)

    @property
    def events(self) -> "tuple[EventFeed[Sequence[SubscriberEvent]], ...]":
        return tuple(feed.events for feed in self._feeds if feed.events is not None)

    def label(self, feed: str) -> str:
        """The prefix of the place of a finding about this feed, and before the names of its counter files."""
        return f"{feed}: " if self._apart else ""

    def is_of(self, finding: Finding, feed: str) -> bool:
        """Whether a finding is about this feed; if feeds are not separated, each is."""
        return finding.where == feed or finding.where.startswith(self.label(feed))

    def add(self, findings: Findings, feed: str, found: Findings) -> None:
        """Findings about one feed, to those of all."""
        label = self.label(feed)
        findings.extend(replace(one, where=label + one.where) for one in found)

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        """Of all feeds together; those that cannot be reached are left out, unless none can."""
        listed, failed = _each((feed.name, partial(feed.files, after, now)) for feed in self.counters)
        self._raise_if_alone(failed)
        return sorted((file for files in listed.values() for file in files), key=lambda f: (f.arrived_at, f.name))

    def newest_periods(self, now: float) -> Sequence[Window]:
        found, failed = _each((feed.name, partial(feed.newest_periods, now)) for feed in self.counters)
        self._raise_if_alone(failed)
        return [period for periods in found.values() for period in periods]

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> "Iterator[CounterBatch]":
        """Raises Permanent for a file of a feed that is not configured any more."""
        own = Findings()
        batches = list(self._of(file).read(file, own, window))
        self.add(findings, file.feed, own)
        return iter(batches)

    def set_aside(self, file: SourceFile, reason: str) -> None:
        self._of(file).set_aside(file, reason)

    def passed_over(self, findings: Findings) -> None:
        for feed in self.counters:
            own = Findings()
            _, failed = _each([(feed.name, partial(feed.passed_over, own))])
            self.add(findings, feed.name, own)
            self.report(findings, failed)

    def _of(self, file: SourceFile) -> "CounterFeed":
        for feed in self.counters:
            if feed.name == file.feed:
                return feed
        mend = "configure the feed again, or leave it: what was read of it stays"
        raise Permanent(f"feed '{file.feed}' is not configured", where=file.name, mend=mend)

    def listed(
        self, due: Collection[str], after: Callable[[str], float], now: float, findings: Findings
    ) -> dict[str, Sequence[SourceFile]]:
        """Feed -> its files since `after(feed)`, of those counter feeds that are due and can be reached."""
        asked = [feed for feed in self.counters if feed.name in due]
        listed, failed = _each((feed.name, partial(feed.files, after(feed.name), now)) for feed in asked)
        self._raise_if_alone(failed)
        self.report(findings, failed)
        return listed

    def new(self, feed: EventFeed[Value], cursor: Cursor, now: float, findings: Findings) -> Arrivals[Value] | None:
        """What is new in this feed; None if it cannot be read, which is a finding."""
        own = Findings()
        try:
            return feed.new(cursor, now, own)
        except Transient as error:
            own.add("feed_unreachable", feed.where, f"{error}: asked again")
        except (Misconfigured, Permanent) as error:
            own.add("table_refused", error.where, f"{error.what}; {error.mend}: {UNTIL_THEN}")
        except Exception as error:  # noqa: BLE001  a reader's own mistake costs its feed, never the others
            what = f"{type(error).__name__}; this form of table is not foreseen: report it"
            own.add("table_refused", feed.where, f"{what}: {UNTIL_THEN}")
        finally:
            self.add(findings, feed.name, own)
        return None

    def everything(self, feeds: Iterable[EventFeed[Sequence[Noun]]], now: float, findings: Findings) -> list[Noun]:
        """All rows that these feeds still have."""
        given = [self.new(feed, Cursor(), now, findings) for feed in feeds]
        return [row for arrivals in given if arrivals is not None for row in arrivals.rows]

    @property
    def operator(self) -> Operator:
        """As stated by the first feed that states it."""
        said = (feed.operator for feed in self.references)
        return next((one for one in said if one is not None), Operator())

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        """Raises what a feed raises while no cells are known from another: counters would be lost."""
        known, failed = _each((feed.name, partial(self._known, feed, now, findings)) for feed in self.references)
        parts = list(known.values())
        if failed and not any(part.topology.cells for part in parts):
            raise next(iter(failed.values()))
        found = Findings()
        with self._lock:
            streamed = self._operations.at(now, lambda feed, cursor: self._streamed(feed, cursor, now, found))
            self.report(found, failed)
            if findings is not None:
                findings.extend(found)
            if len(parts) == 1 and streamed == Operations():
                return parts[0]
            return self._merged.of(parts, self.operator, streamed)

    def _known(self, feed: ReferenceFeed, now: float, findings: Findings | None) -> Reference:
        if findings is None:
            return feed.reference(now)
        own = Findings()
        try:
            return feed.reference(now, own)
        finally:
            self.add(findings, feed.name, own)

    def _streamed(self, feed: EventFeed[Value], cursor: Cursor, now: float, findings: Findings) -> Arrivals[Value] | None:
        """None also while the feed is not due."""
        configured = next(one for one in self._feeds if feed in (one.alarms, one.tickets, one.works))
        if not self._is_due(configured, feed.where):
            return None
        return self.new(feed, cursor, now, findings)

    def due(self) -> frozenset[str]:
        """Names of those that a pull is to read now, by their `every`; the reading is noted."""
        found: set[str] = set()
        for feed in self._feeds:
            if self._is_due(feed, "pull"):
                parts = (feed.counters, feed.presence, feed.contacts, feed.surveys, feed.events)
                found |= {feed.name, *(part.name for part in parts if part is not None)}
        return frozenset(found)

    def _is_due(self, feed: Feed, purpose: str) -> bool:
        now = self._steady()
        if now - self._asked.get((feed.name, purpose), -inf) < feed.every_s:
            return False
        self._asked[feed.name, purpose] = now
        return True

    def _raise_if_alone(self, failed: Mapping[str, Exception]) -> None:
        """The error of the only counter feed is the caller's."""
        if failed and len(self.counters) == 1:
            raise next(iter(failed.values()))

    def report(self, findings: Findings, failed: Mapping[str, Exception]) -> None:
        """A finding for each feed that could not be read."""
        for name, error in failed.items():
            said = error if isinstance(error, PrecallError) else unexpected(error, name, private=True)
            findings.add("feed_unreachable", name, f"{said}: asked again")


def _each(calls: Iterable[tuple[str, Callable[[], Value]]]) -> tuple[dict[str, Value], dict[str, Exception]]:
    """(what those calls gave that did not fail, the errors of the others), by name."""
    given: dict[str, Value] = {}
    failed: dict[str, Exception] = {}
    for name, call in calls:
        try:
            given[name] = call()
        except Exception as error:  # noqa: BLE001  whatever is wrong with one feed must not keep the others from being read
            failed[name] = error
    return given, failed
