"""Whether each feed still comes: what of it stopped, since when, and the alerts to operations."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from sqlalchemy import Connection

from detector.delivery import Receiver
from detector.domain.alert import Alert, alert_key
from detector.domain.degradation import Degradation
from detector.domain.feed import FeedPart, FeedStop
from detector.domain.finding import Findings
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, iso
from detector.sources.feeds import Feeds
from detector.store import Store
from jobs.intake import WHOLE
from jobs.object_groups import describe, is_expected

ALL_COUNTERS = "all counters"
"""What a stop names that is of objects, where several feeds give counters: which of them sent theirs is not known."""
SILENT, RESUMED = "operations.feed.silent.v1", "operations.feed.resumed.v1"
_PATIENCE = 2
"""Periods or deliveries that a part must have missed to be silent, besides `silent_after`. Chosen: one may be late."""
_FORGOTTEN_S = DAY_S
"""A kind of file that has not come for so long while others do was renamed or given up. Chosen: a day."""
_SEEN_OFTEN = 4
"""Deliveries after which a kind of file is expected again. Chosen: three gaps give a median."""
_TTL_S = DAY_S
"""Lifetime of an alert on a feed. Chosen: after a day it is of no use."""


def stops(store: Store, feed: str) -> list[FeedStop]:
    """What of the feed is silent, as it was seen last."""
    return store.feeds.stops(feed)


def last_seen(store: Store, feed: str) -> float | None:
    """When (s) the newest file of the feed came; None = none ever did."""
    return store.feeds.get(feed).last_seen


@dataclass(frozen=True)
class StopNotice:
    """Who is notified of a stop, from when on (s, wall time), with links to which address."""

    receivers: Sequence[Receiver] = ()
    due_at: float = 0.0
    link_base: str = ""


NOBODY = StopNotice()


@dataclass(frozen=True, kw_only=True)
class FeedWatch:
    """One look at a feed at `now` (s): what of it is silent by `silent_after_s`, and who is to be notified."""

    store: Store
    reference: Reference
    feed: str
    now: float
    begun_at: int
    """When the service began to judge (s): before that nothing was expected."""
    silent_after_s: float
    notice: StopNotice = NOBODY
    by_arrival: bool = True
    """Whether it is looked at when files or rows of the feed came last."""
    by_object: bool = True
    """Whether it is looked for measured objects that send nothing any more."""
    explained: frozenset[int] = frozenset()
    """Until when (s) the data of other feeds reach that are silent as a whole: objects without data since then are
    theirs."""

    def look(self) -> tuple[list[FeedStop], list[FeedStop]]:
        """(stops that are new, stops that are over); recorded, with a finding and an alert to operations for each that is
        new and an alert for each that is over, in one transaction."""
        before = stops(self.store, self.feed)
        if any(
            state.backlog for state in self.store.feeds.all()
        ):  # what came is not all read: that of it some part is silent is not known
            return [], []
        found = {stop.key: stop for stop in self._silent()}
        known = {stop.key: stop for stop in before}
        now = [replace(stop, noticed_at=known.get(key, stop).noticed_at) for key, stop in found.items()]
        fresh, over = [s for s in now if s.key not in known], [s for s in before if s.key not in found]
        if now == before:
            return [], []
        findings = Findings()
        for stop in fresh:
            findings.add("feed_silent", stop.name, stop.sentence(self.reference.operator.timezone))
        with self.store.begin() as connection:
            self.store.feeds.replace_stops(connection, self.feed, now)
            self.store.findings.add(connection, findings, self.now)
            for stop, type_ in [*((s, SILENT) for s in fresh), *((s, RESUMED) for s in over if not self._given_up(s))]:
                self._tell(connection, stop, type_)
        return fresh, over

    @cached_property
    def _known(self) -> frozenset[tuple[str, str, int | None]]:
        """What was silent at the look before."""
        return frozenset(stop.key for stop in stops(self.store, self.feed))

    def _silent(self) -> Iterator[FeedStop]:
        parts = self._parts if self.by_arrival else {}
        lost = self._lost() if self.by_object or parts else []
        measured = len(self._expected)
        if not parts and self.by_arrival:
            if self.now - self.begun_at > self.silent_after_s:
                yield self._stop("", None, 0, 0)
            return
        if parts and self._late(parts[WHOLE]):
            until = parts[WHOLE].data_until
            own = lost if self.by_object else [d for d in lost if abs(d.started_at - until) <= d.duration_s]
            yield self._stop("", until, len({d.base_object for d in own}), measured if own or self.by_object else 0)
            return
        explained = {d.started_at for d in self._open if d.family == "data" and d.affects_service}  # their outage does
        if self.by_object:
            yield from self._silent_groups(lost, measured, explained)
        yield from self._silent_kinds(parts, explained)

    def _silent_groups(self, lost: Sequence[Degradation], measured: int, explained: set[int]) -> Iterator[FeedStop]:
        """Groups of objects that fell silent together; when they did is `explained` from then on."""
        newest = max((d.updated_at for d in lost), default=0)
        if self.by_arrival and self._parts:
            newest = self._parts[WHOLE].data_until
        for since, names in self._together(lost):
            part = describe(names, self.reference.topology, {d.base_object for d in lost})
            judged = all(d.updated_at >= newest for d in lost if d.base_object in names)
            if not judged and (self.feed, part, since) not in self._known:
                continue  # it may be in the newest data, which nobody has looked at yet
            if any(abs(since - at) <= self._longest(lost) for at in self.explained):
                continue
            if part and self.now - since > self.silent_after_s + self.reference.operator.arrival_delay_s:
                explained.add(since)
                yield self._stop(part, since, len(names), measured)

    @staticmethod
    def _longest(lost: Sequence[Degradation]) -> int:
        """The longest period (s) of these."""
        return max((d.duration_s for d in lost), default=0)

    def _silent_kinds(self, parts: Mapping[str, FeedPart], explained: set[int]) -> Iterator[FeedStop]:
        """Kinds of files and period lengths that do not come any more though nothing of the kind is explained."""
        for name, part in parts.items():
            gone = self._age_s(part) > max(_FORGOTTEN_S, 2 * self._patience(part))
            expected = name != WHOLE and part.times >= _SEEN_OFTEN and not gone
            near = any(abs(part.data_until - at) <= part.duration_s for at in explained)
            if expected and self._late(part) and not near:
                explained.add(part.data_until)
                yield self._stop(name, part.data_until, 0, len(self._expected))

    @cached_property
    def _parts(self) -> Mapping[str, FeedPart]:
        """What is known of the feed, by kind of file."""
        return {part.part: part for part in self.store.feeds.parts(self.feed)}

    def _age_s(self, part: FeedPart) -> float:
        """Since newer data than before last came."""
        return self.now - (part.advanced_at or 0.0)

    def _late(self, part: FeedPart) -> bool:
        return self._age_s(part) > self._patience(part)

    def _patience(self, part: FeedPart) -> float:
        typical_s = float(median(part.gaps)) if part.gaps else 0.0
        return max(self.silent_after_s, _PATIENCE * max(typical_s, float(part.duration_s)))

    def _given_up(self, stop: FeedStop) -> bool:
        """A kind of file that is not expected any more has not come back."""
        part = self._parts.get(stop.part)
        return part is not None and part.data_until == stop.since

    def _lost(self) -> list[Degradation]:
        """Objects that send nothing, and that no source reports as out of service."""
        lost = [d for d in self._open if not d.affects_service and not d.quiet_periods]
        return [d for d in lost if d.base_object in self._expected]

    @cached_property
    def _open(self) -> list[Degradation]:
        return self.store.degradations.open()

    @cached_property
    def _expected(self) -> frozenset[str]:
        topology = self.reference.topology
        return frozenset(c.cell_id for c in topology.cells.values() if is_expected(c)) | topology.functions.keys()

    def _together(self, lost: Sequence[Degradation]) -> Iterator[tuple[int, set[str]]]:
        """(since, objects) of those that fell silent in the same period or the next."""
        starts: dict[int, set[str]] = defaultdict(set)
        length = {d.started_at: d.duration_s for d in lost}
        for d in lost:
            starts[d.started_at].add(d.base_object)
        first, names = None, set[str]()
        for at in sorted(starts):
            if first is not None and at - first > length[at]:
                yield first, names
                first, names = None, set()
            first = at if first is None else first
            names |= starts[at]
        if first is not None:
            yield first, names

    def _stop(self, part: str, since: int | None, objects: int, of: int) -> FeedStop:
        return FeedStop(self.feed, part, since, objects, max(objects, of), int(self.now))

    def _tell(self, connection: Connection, stop: FeedStop, type_: str) -> None:
        """Into the outbox, for receivers of operations alone; without one there is nobody to send it to."""
        alert = self._alert(connection, stop, type_)
        names = [r.name for r in self.notice.receivers if r.wants_feeds(alert.severity)]
        if names:
            self.store.outbox.add(connection, alert, names, self.notice.due_at)

    def _alert(self, connection: Connection, stop: FeedStop, type_: str) -> Alert:
        subject = f"feed/{stop.feed}" + (f"/{stop.part}" if stop.part else "")
        waiting = [i for i in self.store.incidents.all(state="open") if i.no_data_since is not None]
        data = {
            "feed": {"name": stop.feed, "part": stop.part or None},
            "noDataSince": _iso(stop.since),
            "noticedAt": _iso(stop.noticed_at),
            "resumedAt": _iso(int(self.now)) if type_ == RESUMED else None,
            "objects": {"withoutData": stop.objects, "of": stop.of},
            "incidentsWithoutData": len(waiting),
            "say": {"en": self._words(stop, type_, len(waiting))},
            "links": {"page": f"{self.notice.link_base}/"},
        }
        return Alert(
            key=alert_key(subject, type_, stop.since or 0),
            incident_id=subject,
            type=type_,
            sequence=self.store.outbox.sequence(connection, subject) + 1,
            severity="major" if stop.whole else "minor",
            time=int(self.now),
            expires_at=int(self.now) + _TTL_S,
            data=data,
        )

    def _words(self, stop: FeedStop, type_: str, waiting: int) -> str:
        if type_ == RESUMED:
            return f"Feed {stop.name}: data comes again."
        said = stop.sentence(self.reference.operator.timezone)
        kept = f" {waiting} open incidents are left as they were." if waiting else ""
        return f"{said[0].upper()}{said[1:]}. Nothing is concluded from it about the network.{kept}"


def watches(
    feeds: Feeds,
    store: Store,
    reference: Reference,
    *,
    now: float,
    begun_at: int,
    notice: StopNotice = NOBODY,
) -> Iterator[FeedWatch]:
    """One for each feed that must not be silent; where several give counters, one more for objects that send nothing
    through any of them. Look before the next is requested: the last one rests on what the others saw."""
    counters = [feed for feed in feeds if feed.counters is not None]
    alone = len(counters) < 2
    every = FeedWatch(
        store=store,
        reference=reference,
        feed=ALL_COUNTERS,
        now=now,
        begun_at=begun_at,
        silent_after_s=max((feed.silent_after_s or 0.0 for feed in counters), default=0.0),
        notice=notice,
        by_arrival=False,
    )
    for feed in feeds:
        if feed.silent_after_s is not None:
            by_object = alone and feed.counters is not None
            yield replace(every, feed=feed.name, silent_after_s=feed.silent_after_s, by_arrival=True, by_object=by_object)
    if not alone:
        whole = [stop.since for feed in counters for stop in stops(store, feed.name) if stop.whole]
        yield replace(every, explained=frozenset(since for since in whole if since is not None))


def silent_parts(feeds: Feeds, store: Store) -> list[FeedStop]:
    """What of all feeds is silent, as it was seen last."""
    names = [*(feed.name for feed in feeds), ALL_COUNTERS]
    return [stop for name in names for stop in stops(store, name)]


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
