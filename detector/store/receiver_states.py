"""How each receiver stands, for every process that reads the store: since when it fails, what waits and what is dead."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, func, or_, select

from detector.domain.receiver_state import ReceiverState
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import outbox, state

_PREFIX = "receiver:"
_HELD = "receiver is down"


class ReceiverStateRepository:
    """Kept in the table `state`, one row for each receiver that ever failed; the counts are those of the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, receiver: str, *, failed: bool, at: float) -> None:
        """What one attempt came to, at `at` (s, wall). A success while nothing had failed writes nothing."""
        before = self._failures(receiver)
        if not failed and not before[0]:
            return
        with self._database.begin() as connection:
            failures, since = (before[0] + 1, at if before[1] is None else before[1]) if failed else (0, None)
            upsert(connection, state, [{"name": _PREFIX + receiver, "body": {"failures": failures, "since": since}}])

    def all(self) -> Mapping[str, ReceiverState]:
        """Every receiver that failed, or for which an alert waits or is dead; by name."""
        found: dict[str, ReceiverState] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(state).where(state.c.name.startswith(_PREFIX, autoescape=True))):
                name = row.name.removeprefix(_PREFIX)
                found[name] = ReceiverState(receiver=name, failures=row.body["failures"], since=row.body["since"])
            for name, kind, count, oldest in connection.execute(_COUNTS):
                one = found.get(name, ReceiverState(receiver=name))
                change = {"dead": count} if kind == "dead" else {"waiting": count, "oldest_at": oldest}
                found[name] = replace(one, **change)
            return {name: replace(one, error=_error(connection, name)) if one.down else one for name, one in found.items()}

    def _failures(self, receiver: str) -> tuple[int, float | None]:
        query = select(state.c.body).where(state.c.name == _PREFIX + receiver)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (0, None) if row is None else (row[0]["failures"], row[0]["since"])


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
