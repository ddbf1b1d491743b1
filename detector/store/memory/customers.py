"""Impacts, listings, interactions and feedback, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from detector.domain.communication import Communication
from detector.domain.customer import SubscriberEvent
from detector.domain.feedback import Feedback
from detector.domain.identity import IncidentId, SubscriberId
from detector.domain.impact import Impact, Listing
from detector.domain.interaction import Interaction
from detector.store.memory.tables import InMemoryRepository, InMemoryTransaction


class InMemoryImpacts(InMemoryRepository):
    def save(self, transaction: InMemoryTransaction, impact: Impact) -> None:
        transaction.rows(self.name)[impact.incident_id, impact.assessed_at] = replace(impact, people=())

    def latest(self, incident_id: str) -> Impact | None:
        own = [one for one in self._all() if one.incident_id == incident_id]
        return max(own, key=lambda one: one.assessed_at, default=None)


class InMemoryListings(InMemoryRepository):
    def all(
        self,
        *,
        incident_id: str | None = None,
        subscriber: str | None = None,
        current: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Listing]:
        incident = None if incident_id is None else IncidentId(incident_id)
        person = None if subscriber is None else SubscriberId(subscriber)
        found = [
            one
            for one in self._all()
            if incident in (None, one.incident_id)
            and person in (None, one.subscriber)
            and not (current and one.delisted_at is not None)
        ]
        return found if limit is None else found[offset : offset + limit]

    def of(self, incident_ids: Iterable[str]) -> list[Listing]:
        ids = set(incident_ids)
        return [one for one in self.all(current=True) if one.incident_id in ids]

    def about(self, people: Iterable[str]) -> Sequence[Listing]:
        names = {SubscriberId(one) for one in people}
        return [one for one in self.all(current=True) if one.subscriber in names]

    def relist(self, transaction: InMemoryTransaction, ended: Sequence[Listing], begun: Sequence[Listing], at: int) -> None:
        rows = transaction.rows(self.name)
        rows.update({one.row: replace(rows[one.row], delisted_at=at) for one in ended})
        for one in begun:
            number = transaction.number()
            rows[number] = replace(one, row=number)


class InMemoryCommunications(InMemoryRepository):
    def add(self, transaction: InMemoryTransaction, rows: Iterable[Communication]) -> None:
        transaction.rows(self.name).update({transaction.number(): row for row in rows})

    def since(self, at: int) -> Sequence[Communication]:
        return [row for row in self._all() if row.at >= at]

    def of(self, incident_ids: Iterable[str]) -> Sequence[Communication]:
        ids = set(incident_ids)
        return [row for row in self._all() if row.incident_id in ids]

    def about(self, subscriber: str, since: int = 0) -> Sequence[Communication]:
        return [row for row in self.since(since) if row.subscriber == SubscriberId(subscriber)]

    def to(self, recipient: str, since: int = 0) -> Sequence[Communication]:
        return [row for row in self.since(since) if row.recipient == SubscriberId(recipient)]


class InMemoryInteractions(InMemoryRepository):
    def add(self, transaction: InMemoryTransaction, interactions: Iterable[Interaction]) -> None:
        transaction.rows(self.name).update({one.interaction_id: one for one in interactions})

    def add_events(self, transaction: InMemoryTransaction, events: Iterable[SubscriberEvent]) -> None:
        transaction.rows("events").update({(one.subscriber, one.at, one.kind): one for one in events})

    def between(self, start: int, end: int) -> Sequence[Interaction]:
        found = [one for one in self._all() if start <= one.at < end]
        return sorted(found, key=lambda one: (one.at, one.interaction_id))

    def recent(self, subscribers: Iterable[str], since: int) -> Sequence[Interaction]:
        named = set(subscribers) - {""}
        found = [one for one in self._all() if one.subscriber in named and one.at >= since]
        return sorted(found, key=lambda one: (one.at, one.interaction_id))

    def of(self, subscriber: str, since: int = 0) -> Sequence[Interaction]:
        found = [one for one in self._all() if one.subscriber == SubscriberId(subscriber) and one.at >= since]
        return sorted(found, key=lambda one: -one.at)

    def events_between(self, start: int, end: int) -> Sequence[SubscriberEvent]:
        found = [one for one in self.tables.read("events").values() if start <= one.at < end]
        return sorted(found, key=lambda one: one.at)

    def events_of(self, subscriber: str, since: int = 0) -> Sequence[SubscriberEvent]:
        name = SubscriberId(subscriber)
        found = [one for one in self.tables.read("events").values() if one.subscriber == name and one.at >= since]
        return sorted(found, key=lambda one: -one.at)


class InMemoryFeedback(InMemoryRepository):
    def add(self, transaction: InMemoryTransaction, one: Feedback) -> None:
        transaction.rows(self.name)[transaction.number()] = one

    def of(self, incident_id: str) -> Sequence[Feedback]:
        return [one for one in self._all() if one.incident_id == incident_id]
