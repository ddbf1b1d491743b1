"""Impacts, listings, interactions and feedback, in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from detector.domain.communication import Communication
from detector.domain.customer import SubscriberEvent
from detector.domain.experience import Experience, Touch
from detector.domain.feedback import Feedback
from detector.domain.identity import IncidentId, SubscriberId
from detector.domain.impact import Impact, Listing
from detector.domain.interaction import Interaction
from detector.domain.window import Window
from detector.store.experience import LIKELY
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


class InMemoryExperience(InMemoryRepository):
    """Listings, interactions and communications of the same tables are the past of people."""

    def replace(self, transaction: InMemoryTransaction, days: Window, rows: Iterable[Experience]) -> None:
        kept = transaction.rows(self.name)
        for key in [key for key in kept if days.start <= key[0] < days.end]:
            del kept[key]
        kept.update({(row.day, row.holder_kind, row.holder): row for row in rows})

    def between(self, days: Window) -> list[Experience]:
        rows = sorted(self.tables.read(self.name).items())
        return [row for (day, _, _), row in rows if days.start <= day < days.end]

    def of(self, holders: Iterable[str], days: Window) -> Mapping[tuple[str, str], list[Experience]]:
        wanted, found = set(holders), defaultdict[tuple[str, str], list[Experience]](list)
        for row in self.between(days):
            if row.holder in wanted:
                found[row.holder_kind, row.holder].append(row)
        return found

    def incidents_of(self, people: Iterable[str], since: int) -> Mapping[str, frozenset[str]]:
        wanted, found = set(people), defaultdict[str, set[str]](set)
        for one in self.tables.read("listings").values():
            current = one.delisted_at is None and one.listed_at >= since and one.probability >= LIKELY
            if current and one.subscriber in wanted:
                found[one.subscriber].add(one.incident_id)
        return {person: frozenset(own) for person, own in found.items()}

    def contacts_of(self, people: Iterable[str], since: int) -> Mapping[str, Touch]:
        wanted, found = set(people), dict[str, Touch]()
        for one in self.tables.read("interactions").values():
            if one.subscriber in wanted and one.at >= since:
                before = found.get(one.subscriber, Touch(last_at=one.at))
                found[one.subscriber] = Touch(before.contacts + one.about_network, max(before.last_at or 0, one.at))
        return found

    def last_notified_of(self, people: Iterable[str]) -> Mapping[str, int]:
        wanted, found = set(people), dict[str, int]()
        for one in self.tables.read("communications").values():
            if one.subscriber in wanted:
                found[one.subscriber] = max(found.get(one.subscriber, one.at), one.at)
        return found
