"""Where people were and what they let us know, in: each kind of table by itself, each with a pointer of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from detector import feedback
from detector.domain.customer import Contact, SubscriberEvent, Survey
from detector.domain.errors import Misconfigured, Permanent, PrecallError
from detector.domain.finding import Findings
from detector.domain.interaction import Interaction
from detector.domain.ports import Reference, Source
from detector.store import Store

Row = TypeVar("Row", Contact, Survey, SubscriberEvent)
_LATE_S = 28 * 86_400
"""Rows that come so late are still taken in: what people usually let us know is counted over so long."""
POINTERS = tuple(f"pulled:{kind}" for kind in ("people", "presence", "contacts", "surveys", "subscriber_events"))
"""The notes that say until when (s) rows of each kind were taken in; the first is that of earlier versions."""


@dataclass(frozen=True)
class _Taken:
    """Rows of one table that came since the last time: `fresh` by their own time, `late` of before; `noted` is what to
    remember."""

    fresh: Sequence[Any]
    late: Sequence[Any]
    noted: dict[str, Any]


@dataclass(frozen=True)
class PeoplePull:
    """One pull of what is about people, as of `now`. A table that cannot be read keeps its pointer, so that nothing of it is
    missing once it is mended, and keeps no other from being taken in."""

    source: Source
    store: Store
    reference: Reference
    now: float
    findings: Findings

    def run(self) -> None:
        """Raises Transient when the store cannot be written."""
        self._apart("attachments", self._presence)
        self._apart("contacts", self._words)
        self._apart("subscriber_events", self._events)

    def _apart(self, where: str, take: Callable[[], None]) -> None:
        try:
            take()
        except (Misconfigured, Permanent) as error:
            self._refused(error.where, f"{error.what}; {error.mend}")
        except PrecallError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, AttributeError) as error:
            self._refused(where, f"{type(error).__name__}; this form of table is not foreseen: report it")

    def _refused(self, where: str, what: str) -> None:
        self.findings.add("table_refused", where, f"{what}: nothing more of it is taken in until then")

    def _after(self, kind: str) -> float:
        """The moment up to which rows of this kind were taken in."""
        pointer: float = self.store.notes.get(f"pulled:{kind}", self.store.notes.get("pulled:people", 0.0))
        return pointer

    def _presence(self) -> None:
        """The file is named by the pointer, so a repetition replaces it."""
        after = self._after("presence")
        if self.now <= after:
            return
        rows = self.store.tombstones.read().without(self.source.presence(after, self.now, self.findings))
        with self.store.begin() as connection:
            if self._after("presence") != after:  # another daemon was faster
                return
            if len(rows):  # written while no other daemon can be at it: it would have seen less, or more
                self.store.presence.supersede(rows, connection)
                self.store.presence.write(rows, after, connection, self.now)
            self.store.notes.put(connection, "pulled:presence", self.now)

    def _words(self) -> None:
        """Contacts and surveys together, for each is told by what came before it. Late rows first, for the same reason."""
        nothing = _Taken((), (), {})
        contacts = self._rows("contacts", self.source.contacts) or nothing
        surveys = self._rows("surveys", self.source.surveys) or nothing
        if contacts.late or surveys.late:
            self._listen(contacts.late, surveys.late, Findings(), {})
        if noted := contacts.noted | surveys.noted:
            self._listen(contacts.fresh, surveys.fresh, self.findings, noted)

    def _rows(self, kind: str, ask: Callable[[float, float, Findings], Sequence[Row]]) -> _Taken | None:
        """None: nothing new may be taken, or the table is refused."""
        after = self._after(kind)
        if self.now <= after:
            return None
        try:
            fresh = ask(after, self.now, self.findings)
            version = self.source.people_version()
            changed = after > 0 and version != self.store.notes.get(f"version:{kind}", "")
            late = ask(max(0.0, after - _LATE_S), after, Findings()) if changed else ()
        except Misconfigured as error:
            self._refused(error.where, f"{error.what}; {error.mend}")
            return None
        return _Taken(fresh, late, {f"pulled:{kind}": self.now, f"version:{kind}": version})

    def _listen(
        self, contacts: Sequence[Contact], surveys: Sequence[Survey], findings: Findings, noted: dict[str, Any]
    ) -> None:
        """Kept as interactions, without their words; one that is known as it is is not written again."""
        made = _interactions(self.store, self.reference, contacts, surveys, findings)
        erased = self.store.tombstones.read()
        allowed = [one for one in made if not erased.covers(one.subscriber, one.at)]
        span = [one.at for one in allowed]
        known = {k.interaction_id: k for k in self.store.interactions.between(min(span), max(span) + 1)} if span else {}
        with self.store.begin() as connection:
            self.store.interactions.add(connection, [one for one in allowed if known.get(one.interaction_id) != one])
            self._note(connection, noted)

    def _events(self) -> None:
        taken = self._rows("subscriber_events", self.source.subscriber_events)
        if taken is None:
            return
        erased = self.store.tombstones.read()
        with self.store.begin() as connection:
            rows = [one for one in (*taken.late, *taken.fresh) if not erased.covers(one.subscriber, one.at)]
            self.store.interactions.add_events(connection, rows)
            self._note(connection, taken.noted)

    def _note(self, connection: Connection, noted: dict[str, Any]) -> None:
        for name, body in noted.items():
            self.store.notes.put(connection, name, body)


def _interactions(
    store: Store, reference: Reference, contacts: Sequence[Contact], surveys: Sequence[Survey], findings: Findings
) -> list[Interaction]:
    """What customers let us know, without its words."""
    people = {c.subscriber for c in contacts} | {s.subscriber for s in surveys}
    begin = min([c.at for c in contacts] + [s.at for s in surveys], default=0)
    known = store.interactions.recent(people, begin - feedback.REPEAT_S) if people else ()
    persons = reference.customers.subscribers
    return feedback.listen(
        contacts, surveys, known, reference.topology, findings, lambda key: persons[key].language if key in persons else ""
    )
