"""`CareService` over a store, in memory or of SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from detector.care.context import Context
from detector.clock import WallClock
from detector.domain.feedback import Feedback
from detector.domain.ports import Clock, Reference, ReferenceFeed
from detector.domain.window import Window
from detector.reports import Report
from detector.sources.identity import Pseudonymiser
from detector.store.protocols import StateStore
from jobs.people_facts import PeopleFacts
from jobs.reporting import window_of


@dataclass(frozen=True)
class StoreCareService:
    """Implements `CareService`. `make_report` makes the report of a name over a window, by week or month."""

    store: StateStore
    source: ReferenceFeed
    clock: Clock
    pseudonymiser: Pseudonymiser
    make_report: "MakeReport"
    wall: Clock = field(default_factory=WallClock)

    def feedback(self, incident_id: str) -> Sequence[Feedback]:
        return self.store.feedback.of(incident_id)

    def give_feedback(
        self, incident_id: str, verdict: str, actor: str, *, raw_subscriber: str | None = None, outcome: str = ""
    ) -> Feedback:
        at = self.wall.now()
        key = "" if raw_subscriber is None else self._key(raw_subscriber)
        one = Feedback(incident_id, at, actor, verdict, key, outcome)
        self.store.audit.note(at, actor, "feedback", key or incident_id, f"{incident_id}: {verdict} {outcome}".strip())
        with self.store.begin() as connection:
            self.store.feedback.add(connection, one)
        return one

    def contexts(self, incident_id: str, people: Sequence[str], actor: str) -> Mapping[str, Context]:
        self.store.audit.note(self.wall.now(), actor, "context", incident_id, f"{len(people)} people")
        return self._contexts(people, besides=incident_id)

    def context(self, raw_subscriber: str, actor: str) -> Context:
        key = self._key(raw_subscriber)
        self.store.audit.note(self.wall.now(), actor, "context", key)
        return self._contexts([key])[key]

    def _contexts(self, people: Sequence[str], besides: str = "") -> Mapping[str, Context]:
        reference = self._known()
        now = int(self.clock.now())
        return PeopleFacts(self.store, reference, now).contexts(people, besides=besides)

    def _known(self) -> Reference:
        return self.source.reference(self.clock.now())

    def _key(self, raw_subscriber: str) -> str:
        """The pseudonym under which this person is known; the newest where none is."""
        keys = self.pseudonymiser.subscribers(raw_subscriber)
        known = self._known().customers.subscribers
        return next((key for key in keys if key in known), keys[0])

    def report(self, name: str, *, start: int | None, end: int | None, step: str) -> Report:
        now = int(self.clock.now())
        window = window_of(start, end, now=now)
        return self.make_report(name, now=now, window=window, step=step)


class MakeReport(Protocol):
    def __call__(self, name: str, /, *, now: int, window: Window, step: str) -> Report: ...
