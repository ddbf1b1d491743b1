"""Incidents, degradations, missing data and the steps of ticks in memory."""

from collections.abc import Iterable, Sequence

from detector.domain.degradation import REMEMBERED_S, Degradation, leading
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.detection import remembered_degradations
from detector.domain.identity import Choice
from detector.domain.incident import Incident, check_transition
from detector.domain.window import Tick, Window
from detector.store.memory.tables import InMemoryRepository, InMemoryTransaction
from detector.store.ticks import PendingTick


class InMemoryIncidents(InMemoryRepository):
    def save(self, transaction: InMemoryTransaction, incidents: Iterable[Incident], *, corrected: bool = False) -> None:
        rows, todo = transaction.rows(self.name), list(incidents)
        for one in todo:
            if (known := rows.get(one.incident_id)) is not None and known.phase != one.phase:
                check_transition(known.phase, one, corrected=corrected)
        rows.update({one.incident_id: one for one in todo})

    def get(self, incident_id: str) -> Incident | None:
        return self.tables.read(self.name).get(incident_id)

    def all(self, *, state: str | None = None, limit: int | None = None, offset: int = 0) -> list[Incident]:
        found = [i for i in self._all() if state is None or i.state == Choice(state)]
        found.sort(key=lambda i: (-i.opened_at, i.incident_id))
        return found if limit is None else found[offset : offset + limit]

    def named(self, ids: Iterable[str]) -> list[Incident]:
        wanted = set(ids)
        return [i for i in self._all() if i.incident_id in wanted]

    def since(self, start: int) -> list[Incident]:
        found = [i for i in self._all() if (i.resolved_at is None or i.resolved_at > start) and i.withdrawn_at is None]
        return sorted(found, key=lambda i: i.incident_id)

    def within(self, window: Window) -> list[Incident]:
        return [i for i in self.since(window.start) if i.started_at < window.end]

    def changed_since(self, updated_at: int) -> list[Incident]:
        found = [i for i in self._all() if i.state == "open" or i.updated_at >= updated_at]
        return sorted(found, key=lambda i: (i.opened_at, i.incident_id))


class InMemoryDegradations(InMemoryRepository):
    def save(self, transaction: InMemoryTransaction, degradations: Iterable[Degradation]) -> None:
        transaction.rows(self.name).update({d.degradation_id: d for d in degradations})

    def open(self) -> list[Degradation]:
        return [d for d in self.all() if d.cleared_at is None]

    def all(self) -> list[Degradation]:
        return sorted(self._all(), key=lambda d: (d.started_at, d.degradation_id))

    def wanted(self, at: int, incidents: Sequence[Incident]) -> tuple[Degradation, ...]:
        members = {name for incident in incidents for name in incident.degradation_ids}
        lately = [d for d in self.all() if d.cleared_at is None or d.cleared_at > at - REMEMBERED_S]
        known = {d.degradation_id for d in lately}
        return remembered_degradations([*lately, *self.named(members - known)], incidents, at)

    def of(self, incident: Incident) -> list[Degradation]:
        return self.named(incident.degradation_ids)

    def named(self, ids: Iterable[str]) -> list[Degradation]:
        wanted = set(ids)
        return [d for d in self.all() if d.degradation_id in wanted]

    def since(self, start: int) -> list[Degradation]:
        return [d for d in self.all() if (d.cleared_at is None or d.cleared_at > start) and d.withdrawn_at is None]

    def leading(self, incident: Incident) -> Degradation | None:
        own = self.of(incident)
        return leading(own, incident.kind) if own else None

    def leading_drift(self, incident: Incident) -> Degradation | None:
        drifting = self.of(incident) if incident.traits.trend else ()
        return max(drifting, key=lambda d: (d.neg_log10_p, d.degradation_id), default=None)

    def missing_data_outcomes(self, start: int) -> tuple[int, int]:
        cases = [d for d in self.since(start) if d.family == MISSING_DATA and (d.cleared_at or d.affects_service)]
        return len(cases), sum(d.affects_service for d in cases)


class InMemoryMissingData(InMemoryRepository):
    def get(self, duration_s: int) -> dict[str, int]:
        return dict(self.tables.read(self.name).get(duration_s, {}))

    def save(self, transaction: InMemoryTransaction, duration_s: int, periods: dict[str, int]) -> None:
        transaction.rows(self.name)[duration_s] = dict(periods)


class InMemorySteps(InMemoryRepository):
    def add_pending(self, transaction: InMemoryTransaction, step: str, tick: Tick, version: int) -> None:
        transaction.rows(self.name)[step, tick] = PendingTick(step, tick, version)

    def pending(self, step: str) -> Sequence[PendingTick]:
        found = [one for one in self._all() if one.step == step]
        return sorted(found, key=lambda one: (one.tick.start, one.tick.duration_s))

    def still_pending(self, transaction: InMemoryTransaction, one: PendingTick) -> bool:
        return bool(transaction.rows(self.name).get((one.step, one.tick)) == one)

    def complete(self, transaction: InMemoryTransaction, one: PendingTick, at: float) -> None:
        transaction.rows("completed")[one.step, one.tick] = one
        rows = transaction.rows(self.name)
        if (known := rows.get((one.step, one.tick))) is not None and known.version <= one.version:
            del rows[one.step, one.tick]

    def completed(self, step: str) -> Sequence[PendingTick]:
        found = [one for one in self.tables.read("completed").values() if one.step == step]
        return sorted(found, key=lambda one: one.tick.start)

    def newest_done(self, step: str, duration_s: int) -> int | None:
        own = [one.tick.start for one in self.completed(step) if one.tick.duration_s == duration_s]
        return max(own, default=None)
