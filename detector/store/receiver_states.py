"""The state of each receiver, for every process that reads the store: since when it fails, what waits and what is dead."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, func, or_, select, update

from detector.domain.receiver_state import Backlog, Outage, ReceiverState
from detector.store.database import Database
from detector.store.tables import outbox
from detector.store.tables import receiver_state as table

_HELD = "receiver is down"


class ReceiverStateRepository:
    """One row for each receiver that ever failed or was gone; the counts are those of the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, receiver: str, *, failed: bool, at: float) -> None:
        """What one attempt came to, at `at` (s, wall). A success while nothing had failed writes nothing."""
        before = self._failures(receiver)
        if not failed and not before[0]:
            return
        with self._database.begin() as connection:
            failures, since = (before[0] + 1, at if before[1] is None else before[1]) if failed else (0, None)
            change = update(table).where(table.c.receiver == receiver).values(failures=failures, since=since)
            if not connection.execute(change).rowcount:
                row = {"receiver": receiver, "failures": failures, "since": since, "gone_url": ""}
                connection.execute(table.insert(), [row])

    def all(self) -> Mapping[str, ReceiverState]:
        """Every receiver that failed, or for which an alert waits or is dead; by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.receiver))
            outages = {row.receiver: Outage(row.failures, row.since) for row in rows}
            backlogs: dict[str, Backlog] = {}
            for name, kind, count, oldest in connection.execute(_COUNTS):
                change = {"dead": count} if kind == "dead" else {"waiting": count, "oldest_at": oldest}
                backlogs[name] = replace(backlogs.get(name, Backlog()), **change)
            for name, one in outages.items():
                outages[name] = replace(one, error=_error(connection, name)) if one.failures else one
            names = dict.fromkeys([*outages, *backlogs])
            return {name: ReceiverState(name, outages.get(name, Outage()), backlogs.get(name, Backlog())) for name in names}

    def _failures(self, receiver: str) -> tuple[int, float | None]:
        query = select(table.c.failures, table.c.since).where(table.c.receiver == receiver)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (0, None) if row is None else (row.failures, row.since)


_COUNTS = (
    select(outbox.c.receiver, outbox.c.state, func.count(), func.min(outbox.c.time))
    .where(outbox.c.state.in_(("pending", "dead")))
    .group_by(outbox.c.receiver, outbox.c.state)
)


def _error(connection: Connection, receiver: str) -> str:
    """The error of the alert that was tried most often."""
    tried = or_(outbox.c.state == "pending", outbox.c.state == "dead")
    query = (
        select(outbox.c.last_error)
        .where(outbox.c.receiver == receiver, tried, outbox.c.last_error.not_in(("", _HELD)))
        .order_by(outbox.c.state.desc(), outbox.c.attempts.desc(), outbox.c.sequence)
        .limit(1)
    )
    return str(connection.execute(query).scalar() or "")
