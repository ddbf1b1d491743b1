"""The outbox and the audit log in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from detector.domain.alert import Alert
from detector.domain.identity import Choice
from detector.domain.message import NOBODY, Message, missed, redriven
from detector.store.memory.tables import InMemoryRepository, InMemoryTransaction
from detector.store.outbox import CLAIMED_AT_ONCE, LEASE_S, LONGEST_FIRST_WAIT_S, LONGEST_WAIT_S, WITHDRAWN


class InMemoryOutbox(InMemoryRepository):
    """Messages by (key, receiver). Incidents of the same tables decide what a redrive sends."""

    def add(self, transaction: InMemoryTransaction, alert: Alert, receivers: Sequence[str], due_at: float) -> None:
        rows = transaction.rows(self.name)
        for name in receivers or [NOBODY]:
            rows.setdefault((alert.key, name), Message.of(alert, name, due_at))

    def sequence(self, transaction: InMemoryTransaction, incident_id: str) -> int:
        own = (one.sequence for one in transaction.rows(self.name).values() if one.incident_id == incident_id)
        return max(own, default=0)

    def opened_since(self, transaction: InMemoryTransaction, since: int) -> Counter[str]:
        found = {
            one.key: str((one.data.get("action") or {}).get("team") or "")
            for one in transaction.rows(self.name).values()
            if one.type == "opened" and one.time > since and one.state != "withdrawn"
        }
        return Counter(found.values())

    def alerts_of(self, incident_id: str) -> list[Message]:
        return [one for one in self._ordered() if one.incident_id == incident_id]

    def messages_of(self, key: str) -> list[Message]:
        return [one for one in self._ordered() if one.key == key]

    def by_state(self, state: str | None = None, limit: int = 100) -> list[Message]:
        wanted = None if state is None else Choice(state)
        return [one for one in self._ordered() if wanted in (None, one.state)][:limit]

    def _ordered(self) -> list[Message]:
        return sorted(self._all(), key=lambda one: (one.time, one.sequence, one.receiver))

    def claim(
        self,
        now: float,
        *,
        receiver: str | None = None,
        besides: Collection[str] | None = None,
        lease_s: float = LEASE_S,
    ) -> list[Message]:
        pending = [one for one in self._all() if one.state == "pending"]
        first: dict[tuple[str, str], int] = {}
        for one in pending:
            queue = (one.incident_id, one.receiver)
            first[queue] = min(first.get(queue, one.sequence), one.sequence)
        found = [
            one
            for one in pending
            if _due(one, now)
            and receiver in (None, one.receiver)
            and one.receiver not in (besides or ())
            and one.sequence == first[one.incident_id, one.receiver]
        ]
        found = sorted(found, key=lambda one: (one.next_at, one.sequence))[:CLAIMED_AT_ONCE]
        self.release(found, at=now + lease_s)
        return found

    def release(self, messages: Sequence[Message], *, at: float) -> None:
        for one in messages:
            self._change(one, next_at=at)

    def bring_forward(self, seconds: float) -> None:
        for one in self._all():
            self._change(one, next_at=one.next_at - seconds)

    def follow_clock(self, machine: str, offset: float, tolerance_s: float) -> float:
        with self.tables.begin() as transaction:
            clocks = transaction.rows("delivery_clock")
            moved = offset - clocks.get(machine, offset)
            if machine in clocks and abs(moved) <= tolerance_s:
                return 0.0
            clocks[machine] = offset
        for one in self._all():
            if moved <= 0 or one.attempts > 0 or one.last_error:
                self._change(one, next_at=one.next_at + moved)
        return float(moved)

    def freeze(self, message: Message, data: dict[str, Any], body: bytes) -> bytes | None:
        if self._now(message).body is None:
            self._change(message, body=body, data=data)
        found: bytes | None = self._now(message).body
        return found

    def withdraw(self, transaction: InMemoryTransaction, incident_id: str, at: float) -> list[str]:
        rows = transaction.rows(self.name)
        for where, one in rows.items():
            if one.incident_id == incident_id and one.body is None and one.state in ("pending", "dead"):
                rows[where] = replace(one, state="withdrawn", last_error=WITHDRAWN)
        return sorted({one.receiver for one in rows.values() if one.incident_id == incident_id and one.may_have_arrived})

    def finish(self, message: Message, *, state: str, at: float, error: str = "") -> None:
        self._change(message, state=state, attempts=message.attempts + (state != "expired"), last_error=error)

    def retry(self, message: Message, *, at: float, error: str, counted: bool = True) -> None:
        self._change(message, next_at=at, attempts=message.attempts + counted, last_error=error)

    def _now(self, message: Message) -> Message:
        found: Message = self.tables.read(self.name)[message.key, message.receiver]
        return found

    def _change(self, message: Message, **change: Any) -> None:
        """Of a message that is still pending."""
        with self.tables.begin() as transaction:
            rows, where = transaction.rows(self.name), (message.key, message.receiver)
            if rows[where].state == "pending":
                rows[where] = replace(rows[where], **change)

    def switch_off(self, receiver: str, url: str) -> None:
        with self.tables.begin() as transaction:
            transaction.rows("gone")[receiver] = url

    def is_off(self, receiver: str, url: str) -> bool:
        return bool(url) and self.tables.read("gone").get(receiver) == url

    def redrive(self, now: float, receiver: str | None = None, *, event_now: float | None = None) -> int:
        named, due = None if receiver is None else Choice(receiver), 0
        with self.tables.begin() as transaction:
            rows, incidents = transaction.rows(self.name), self.tables.read("incidents")
            gone = transaction.rows("gone")
            gone.update({name: "" for name in gone if named in (None, name)})
            for incident_id, own in groupby(
                sorted(rows.values(), key=lambda one: one.incident_id), lambda one: one.incident_id
            ):
                known = incidents.get(incident_id)
                ongoing = known is not None and known.state == "open"
                for name in sorted(
                    {one.receiver for one in own if missed(one, ongoing=ongoing) and named in (None, one.receiver)}
                ):
                    sent = [one for one in rows.values() if one.incident_id == incident_id and one.state != "withdrawn"]
                    sent.sort(key=lambda one: (one.sequence, one.key))
                    over = known is not None and not ongoing
                    again, superseded = redriven(sent, name, over=over, now=now, event_now=event_now)
                    rows.update({(one.key, one.receiver): one for one in [*superseded, *([] if again is None else [again])]})
                    due += again is not None
        return due

    def receivers(self) -> set[str]:
        return {one.receiver for one in self._all()} - {NOBODY}


def _due(one: Message, now: float) -> bool:
    never_tried = one.attempts == 0 and one.next_at > now + LONGEST_FIRST_WAIT_S
    return one.next_at <= now or one.next_at > now + LONGEST_WAIT_S or never_tried


class InMemoryAuditLog(InMemoryRepository):
    """Entries by row number; nothing waits, and no chain is kept: nobody but this process can change them."""

    def note(self, at: float, actor: str, action: str, subject: str, detail: str = "") -> None:
        with self.tables.begin() as transaction:
            rows = transaction.rows(self.name)
            row = len(rows) + 1
            rows[row] = {"row": row, "at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}

    def entries(self, limit: int = 100) -> list[Mapping[str, Any]]:
        return list(reversed(self._all()))[:limit]

    def about(self, subjects: Collection[str], action: str | None = None) -> list[Mapping[str, Any]]:
        wanted = None if action is None else Choice(action)
        return [one for one in self._all() if one["subject"] in subjects and wanted in (None, one["action"])]
