"""State of the jobs, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from detector.domain.coverage import SeenCounters
from detector.domain.feed import FeedPart, FeedState, FeedStop
from detector.domain.finding import Finding
from detector.domain.learned_models import AdoptedLevel, LearnedExtent
from detector.domain.notification import NotificationState, WaitingIncident
from detector.domain.outlook import Outlook
from detector.domain.ports import Cursor
from detector.domain.risk import RiskModel
from detector.store.memory.tables import InMemoryRepository, InMemoryTransaction


class InMemoryCursors(InMemoryRepository):
    def get(self, feed: str, what: str) -> Cursor:
        return self.all().get((feed, what), Cursor())

    def put(self, transaction: InMemoryTransaction, feed: str, what: str, at: Cursor) -> None:
        transaction.rows(self.name)[feed, what] = at

    def all(self) -> Mapping[tuple[str, str], Cursor]:
        return self.tables.read(self.name)


class InMemoryProgress(InMemoryRepository):
    def until(self, job: str) -> float | None:
        found: float | None = self.tables.read(self.name).get(job, (None, ""))[0]
        return found

    def made_for(self, job: str) -> str:
        return str(self.tables.read(self.name).get(job, (None, ""))[1])

    def save(self, transaction: InMemoryTransaction, job: str, until: float | None) -> None:
        rows = transaction.rows(self.name)
        rows[job] = (until, rows.get(job, (None, ""))[1])

    def save_made_for(self, transaction: InMemoryTransaction, job: str, made_for: str) -> None:
        rows = transaction.rows(self.name)
        rows[job] = (rows.get(job, (None, ""))[0], made_for)

    def drop(self, transaction: InMemoryTransaction, job: str) -> None:
        transaction.rows(self.name).pop(job, None)


class InMemoryFindings(InMemoryRepository):
    def add(self, transaction: InMemoryTransaction, findings: Iterable[Finding], at: float) -> None:
        rows = transaction.rows(self.name)
        for new in findings:
            old = rows.get((new.code, new.where), replace(new, count=0, example=new.example[:500]))
            rows[new.code, new.where] = replace(old, count=old.count + new.count)

    def all(self) -> list[Finding]:
        return sorted(self._all(), key=lambda one: (-one.count, one.code))


class InMemoryPerIncident(InMemoryRepository):
    def get(self, incident_id: str) -> Any:
        return self.tables.read(self.name).get(incident_id)

    def save(self, transaction: InMemoryTransaction, one: NotificationState | WaitingIncident | Outlook) -> None:
        transaction.rows(self.name)[one.incident_id] = one

    def drop(self, transaction: InMemoryTransaction, incident_id: str) -> None:
        transaction.rows(self.name).pop(incident_id, None)


class InMemoryFeeds(InMemoryRepository):
    def get(self, feed: str) -> FeedState:
        found: FeedState = self.tables.read(self.name).get(feed, FeedState(feed))
        return found

    def all(self) -> Sequence[FeedState]:
        return sorted(self._all(), key=lambda one: one.feed)

    def save(self, transaction: InMemoryTransaction, state: FeedState) -> None:
        transaction.rows(self.name)[state.feed] = state

    def parts(self, feed: str) -> Sequence[FeedPart]:
        return list(self.tables.read("parts").get(feed, ()))

    def replace_parts(self, transaction: InMemoryTransaction, feed: str, parts: Iterable[FeedPart]) -> None:
        transaction.rows("parts")[feed] = tuple(parts)

    def stops(self, feed: str) -> list[FeedStop]:
        return list(self.tables.read("stops").get(feed, ()))

    def replace_stops(self, transaction: InMemoryTransaction, feed: str, stops: Iterable[FeedStop]) -> None:
        transaction.rows("stops")[feed] = tuple(stops)


class InMemoryCounterNames(InMemoryRepository):
    def get(self) -> SeenCounters:
        found: SeenCounters = self.tables.read(self.name).get("", SeenCounters())
        return found

    def replace(self, transaction: InMemoryTransaction, names: SeenCounters) -> None:
        transaction.rows(self.name)[""] = names


class InMemoryModels(InMemoryRepository):
    def extents(self) -> Sequence[LearnedExtent]:
        return sorted(self.tables.read(self.name).get("extents", ()), key=lambda one: one.duration_s)

    def adopted(self) -> Sequence[AdoptedLevel]:
        return list(self.tables.read(self.name).get("adopted", ()))

    def risk(self) -> RiskModel | None:
        found: RiskModel | None = self.tables.read(self.name).get("risk", (None, ""))[0]
        return found

    def risk_why_not(self) -> str:
        return str(self.tables.read(self.name).get("risk", (None, ""))[1])

    def save_risk(self, transaction: InMemoryTransaction, model: RiskModel | None, why_not: str) -> None:
        transaction.rows(self.name)["risk"] = (model, why_not)

    def replace(
        self, transaction: InMemoryTransaction, extents: Iterable[LearnedExtent], adopted: Iterable[AdoptedLevel]
    ) -> None:
        transaction.rows(self.name).update(extents=tuple(extents), adopted=tuple(adopted))
