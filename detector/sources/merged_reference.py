"""Several feeds merged: one reference of snapshots, one log of the streams' rows on operations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from detector.domain.cell import Topology
from detector.domain.customer import Customers
from detector.domain.operations import Alarm, Maintenance, Operations, Ticket
from detector.domain.ports import Arrivals, Cursor, EventFeed, Operator, Reference
from detector.domain.window import Window
from detector.sources.operations_tables import over_time
from detector.sources.timeline import Timeline

Part = TypeVar("Part")
Noun = TypeVar("Noun")
Ask = Callable[[EventFeed[Any], Cursor], Arrivals[Any] | None]


class Merged(Generic[Part]):
    """One value of several, made again only when one of them is another object; of those that are not empty, if only one
    does, that one itself."""

    def __init__(self, empty: Part, join: Callable[[Sequence[Part]], Part]) -> None:
        self._empty, self._join = empty, join
        self._held: tuple[tuple[Part, ...], Part] | None = None

    def of(self, parts: Sequence[Part]) -> Part:
        said = tuple(part for part in parts if part != self._empty)
        if len(said) < 2:
            return said[0] if said else self._empty
        if self._held is None or not _same(self._held[0], said):
            self._held = said, self._join(said)
        return self._held[1]


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


class MergedReference:
    """Of two parts with the same key the later one counts."""

    def __init__(self) -> None:
        self._topology = Merged(Topology(), _topology)
        self._operations = Merged(Operations(), _operations)
        self._customers = Merged(Customers(), _customers)
        self._raw_ids = Merged[Mapping[str, str]]({}, _union)
        self._held: tuple[tuple[object, ...], Reference] | None = None

    def of(self, parts: Sequence[Reference], operator: Operator, streamed: Operations) -> Reference:
        """The same object while nothing changes. `streamed`: rows of event feeds on operations."""
        topology = self._topology.of([part.topology for part in parts])
        operations = self._operations.of([*(part.operations for part in parts), streamed])
        customers = self._customers.of([part.customers for part in parts])
        raw_ids = self._raw_ids.of([part.raw_ids for part in parts])
        key = operator, topology, operations, customers, raw_ids
        if self._held is None or not _same(self._held[0], key):
            made = Reference(
                operator=operator, topology=topology, operations=operations, customers=customers, raw_ids=raw_ids
            )
            self._held = key, made
        return self._held[1]


def _topology(parts: Sequence[Topology]) -> Topology:
    neighbours: dict[str, frozenset[str]] = {}
    for part in parts:
        for cell, near in part.neighbours.items():
            neighbours[cell] = neighbours.get(cell, frozenset()) | near
    cells, functions = _union([p.cells for p in parts]), _union([p.functions for p in parts])
    return Topology(cells, functions, neighbours, tuple(dict.fromkeys(e for part in parts for e in part.edges)))


def _operations(parts: Sequence[Operations]) -> Operations:
    return Operations(
        maintenance=tuple(dict.fromkeys(m for part in parts for m in part.maintenance)),
        calendar=tuple(dict.fromkeys(e for part in parts for e in part.calendar)),
        alarms=tuple({a.alarm_id: a for part in parts for a in part.alarms}.values()),
        tickets=tuple({t.ticket_id: t for part in parts for t in part.tickets}.values()),
    )


def _customers(parts: Sequence[Customers]) -> Customers:
    return Customers(
        subscribers=_union([part.subscribers for part in parts]),
        accounts=_union([part.accounts for part in parts]),
        memberships=tuple(dict.fromkeys(m for part in parts for m in part.memberships)),
        consents=tuple(sorted((c for part in parts for c in part.consents), key=lambda c: c.since)),
    )


def _union(parts: Sequence[Mapping[str, Noun]]) -> Mapping[str, Noun]:
    return {key: value for part in parts for key, value in part.items()}


@dataclass(eq=False)
class _Stream(Generic[Noun]):
    """Rows of one feed so far, the last of each key."""

    feed: EventFeed[Sequence[Noun]]
    key: Callable[[Noun], object]
    cursor: Cursor = field(default_factory=Cursor)
    rows: dict[object, Noun] = field(default_factory=dict)

    def advance(self, ask: Ask) -> bool:
        """Whether anything has come."""
        arrivals = ask(self.feed, self.cursor)
        if arrivals is None:
            return False
        self.cursor = arrivals.cursor
        came = [*arrivals.late, *arrivals.rows]
        self.rows.update((self.key(row), row) for row in came)
        return bool(came)


class OperationsLog:
    """What event feeds have sent on alarms, tickets and works since this process began: of each the last row counts. A
    process requests all that a feed still has when it begins, for nothing of it is kept in the store."""

    def __init__(
        self,
        alarms: Sequence[EventFeed[Sequence[Alarm]]],
        tickets: Sequence[EventFeed[Sequence[Ticket]]],
        works: Sequence[EventFeed[Sequence[Maintenance]]],
    ) -> None:
        self._alarms = [_Stream(feed, lambda alarm: alarm.alarm_id) for feed in alarms]
        self._tickets = [_Stream(feed, lambda ticket: ticket.ticket_id) for feed in tickets]
        self._works = [_Stream(feed, _scope) for feed in works]
        self._timeline: Timeline[Operations] = over_time((), (), (), lambda _now: ())

    def at(self, now: float, ask: Ask) -> Operations:
        """As known at `now`; the same object while nothing changes."""
        streams: list[_Stream[Any]] = [*self._alarms, *self._tickets, *self._works]
        came = [stream.advance(ask) for stream in streams]
        if any(came):
            self._timeline = over_time(
                [row for stream in self._alarms for row in stream.rows.values()],
                [row for stream in self._tickets for row in stream.rows.values()],
                [row for stream in self._works for row in stream.rows.values()],
                lambda _now: (),
            )
        return self._timeline.at(now)


def _scope(works: Maintenance) -> tuple[str, str, Window]:
    return works.scope_kind, works.scope_id, works.window
