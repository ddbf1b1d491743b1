"""Pulls presence and interactions: each feed by itself, each with a cursor of its own."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy import Connection

from detector import feedback
from detector.domain.customer import Contact, SubscriberEvent, Survey
from detector.domain.errors import PrecallError
from detector.domain.exposure import Presence, join_presence
from detector.domain.finding import Findings
from detector.domain.interaction import Interaction
from detector.domain.ports import Arrivals, Cursor, EventFeed, Reference
from detector.sources.feeds import UNTIL_THEN, Feeds
from detector.sources.plausibility import of_known, presence_of_known
from detector.store import Store
from jobs.feed_cursors import cursor_of, keep_cursor, own_name

Value = TypeVar("Value")
Row = TypeVar("Row", Contact, Survey, SubscriberEvent)


@dataclass(frozen=True)
class _Taken(Generic[Row]):
    """Rows of one sort of all feeds since the last time: `fresh` by their own time, `late` of before; `cursors` is
    (feed, what) -> where to go on."""

    fresh: Sequence[Row]
    late: Sequence[Row]
    cursors: Mapping[tuple[str, str], Cursor]


@dataclass(frozen=True, kw_only=True)
class EventPull:
    """One pull of what is about people, as of `now`, from the feeds that are `due`. A feed that cannot be read keeps its
    cursor, so that nothing of it is missing once it is mended, and keeps no other from being taken in."""

    feeds: Feeds
    store: Store
    reference: Reference
    now: float
    findings: Findings
    due: frozenset[str]
    rows: Counter[str] = field(default_factory=Counter)
    """Feed -> how many of its rows were new."""

    def run(self) -> Counter[str]:
        """`rows`. Raises Transient when the store cannot be written."""
        for feed in self.feeds.presence:
            self._apart(feed.where, partial(self._presence, feed))
        self._apart("contacts", self._contacts_and_surveys)
        self._apart("subscriber_events", self._events)
        return self.rows

    def _apart(self, where: str, take: Callable[[], None]) -> None:
        """Rows that fail where nobody foresaw it keep no others from being taken in."""
        try:
            take()
        except PrecallError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, AttributeError) as error:
            what = f"{type(error).__name__}; this form of table is not foreseen: report it"
            self.findings.add("table_refused", where, f"{what}: {UNTIL_THEN}")

    def _asked(self, feed: EventFeed[Value], what: str) -> tuple[Cursor, Arrivals[Value]] | None:
        """(the cursor, what came since); None: it is not due, has nothing new, or cannot be read."""
        cursor = cursor_of(self.store, feed.name, what)
        if feed.name not in self.due or self.now <= cursor.until:
            return None
        arrivals = self.feeds.new(feed, cursor, self.now, self.findings)
        return None if arrivals is None else (cursor, arrivals)

    def _presence(self, feed: EventFeed[Presence]) -> None:
        """The file is named by the cursor, so a repetition replaces it."""
        asked = self._asked(feed, "presence")
        if asked is None:
            return
        cursor, arrivals = asked
        found, people, topology = Findings(), self.reference.customers.subscribers, self.reference.topology
        came = join_presence([arrivals.late, arrivals.rows]) if len(arrivals.late) else arrivals.rows
        known = presence_of_known(came, people, topology, self.now, found)
        self.feeds.add(self.findings, feed.name, found)
        rows = self.store.tombstones.read().without(known)
        with self.store.begin() as connection:
            if cursor_of(self.store, feed.name, "presence") != cursor:  # another daemon was faster
                return
            if len(rows):  # written while no other daemon can be at it: it would have seen less, or more
                self.store.presence.supersede(rows, connection)
                self.store.presence.write(rows, cursor.until, connection, arrivals.cursor.until, own_name(feed.name))
            keep_cursor(connection, self.store, feed.name, "presence", arrivals.cursor)
        self.rows[feed.name] += len(rows)

    def _contacts_and_surveys(self) -> None:
        """Together, for each is judged by what came before it. Late rows first, for the same reason."""
        contacts = self._taken(self.feeds.contacts, "contacts")
        surveys = self._taken(self.feeds.surveys, "surveys")
        if contacts.late or surveys.late:
            self._listen(contacts.late, surveys.late, Findings(), {})
        if cursors := {**contacts.cursors, **surveys.cursors}:
            self._listen(contacts.fresh, surveys.fresh, self.findings, cursors)

    def _taken(self, feeds: Sequence[EventFeed[Sequence[Row]]], what: str) -> _Taken[Row]:
        fresh: list[Row] = []
        late: list[Row] = []
        cursors: dict[tuple[str, str], Cursor] = {}
        people = self.reference.customers.subscribers
        for feed in feeds:
            asked = self._asked(feed, what)
            if asked is None:
                continue
            found, arrivals = Findings(), asked[1]
            own = of_known(arrivals.rows, people, feed.where, found)
            self.feeds.add(self.findings, feed.name, found)
            fresh += own
            late += of_known(arrivals.late, people, feed.where, Findings())
            cursors[feed.name, what] = arrivals.cursor
            self.rows[feed.name] += len(own)
        return _Taken(fresh, late, cursors)

    def _listen(
        self,
        contacts: Sequence[Contact],
        surveys: Sequence[Survey],
        findings: Findings,
        cursors: Mapping[tuple[str, str], Cursor],
    ) -> None:
        """Kept as interactions, without their words; one that is known as it is is not written again."""
        made = _interactions(self.store, self.reference, contacts, surveys, findings)
        tombstones = self.store.tombstones.read()
        allowed = [one for one in made if not tombstones.covers(one.subscriber, one.at)]
        span = [one.at for one in allowed]
        known = {k.interaction_id: k for k in self.store.interactions.between(min(span), max(span) + 1)} if span else {}
        with self.store.begin() as connection:
            self.store.interactions.add(connection, [one for one in allowed if known.get(one.interaction_id) != one])
            self._keep(connection, cursors)

    def _events(self) -> None:
        taken = self._taken(self.feeds.events, "subscriber_events")
        if not taken.cursors:
            return
        tombstones = self.store.tombstones.read()
        with self.store.begin() as connection:
            rows = [one for one in (*taken.late, *taken.fresh) if not tombstones.covers(one.subscriber, one.at)]
            self.store.interactions.add_events(connection, rows)
            self._keep(connection, taken.cursors)

    def _keep(self, connection: Connection, cursors: Mapping[tuple[str, str], Cursor]) -> None:
        for (feed, what), cursor in cursors.items():
            keep_cursor(connection, self.store, feed, what, cursor)


def _interactions(
    store: Store, reference: Reference, contacts: Sequence[Contact], surveys: Sequence[Survey], findings: Findings
) -> list[Interaction]:
    """Interactions of customers, without their text."""
    people = {c.subscriber for c in contacts} | {s.subscriber for s in surveys}
    begin = min([c.at for c in contacts] + [s.at for s in surveys], default=0)
    known = store.interactions.recent(people, begin - feedback.REPEAT_S) if people else ()
    persons = reference.customers.subscribers
    return feedback.interactions_of(
        contacts, surveys, known, reference.topology, findings, lambda key: persons[key].language if key in persons else ""
    )
