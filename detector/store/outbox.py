"""Alerts for receivers: written in the transaction that decided them, relayed by `push` alone."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from detector.domain.alert import Alert
from detector.domain.identity import Choice
from detector.domain.message import NOBODY, Message
from detector.domain.window import DAY_S, HOUR_S
from detector.store.database import Database
from detector.store.records import noun_of, row_of, upsert
from detector.store.redriving import redrive
from detector.store.tables import delivery_clock, receiver_state
from detector.store.tables import outbox as table

WITHDRAWN = "withdrawn: corrected data do not bear it out"
CLAIMED_AT_ONCE = 50
"""Messages that one claim leases. Chosen: their attempts end within the lease, several at a time."""
LEASE_S = 120.0
"""A message claimed by a push that ended becomes due again after this. Chosen: beyond an attempt with the default
time-out."""
LONGEST_WAIT_S = 1.2 * DAY_S
"""No wait of the schedule is longer: what lies further ahead was written by a clock that has been set back since, and is
due. Chosen: the day and a fifth of `delivery.backoff`."""
LONGEST_FIRST_WAIT_S = float(HOUR_S)
"""Longest wait of a message that was never tried. Chosen: over a lease of twice the longest time-out, and over a pause of
the breaker."""


class Outbox:
    """Messages by key and receiver; `Message` defines their states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, alert: Alert, receivers: Sequence[str], due_at: float) -> None:
        """Part of the deciding transaction; an alert that is there already stays as it is. Without receivers it is kept
        for the record."""
        known = set(connection.execute(select(table.c.receiver).where(table.c.key == alert.key)).scalars())
        new = [row_of(Message.of(alert, name, due_at)) for name in receivers or [NOBODY] if name not in known]
        upsert(connection, table, new)

    def sequence(self, connection: Connection, incident_id: str) -> int:
        """How many different alerts this incident has had."""
        query = select(table.c.sequence).where(table.c.incident_id == incident_id).order_by(table.c.sequence.desc()).limit(1)
        return int(connection.execute(query).scalar() or 0)

    def opened_since(self, connection: Connection, since: int) -> Counter[str]:
        """How many `opened` alerts each care team was given after `since` (s), those withdrawn unsent left out."""
        query = select(table.c.key, table.c.data).where(
            table.c.type == "opened", table.c.time > since, table.c.state != "withdrawn"
        )
        teams = {row.key: str((row.data.get("action") or {}).get("team") or "") for row in connection.execute(query)}
        return Counter(teams.values())

    def alerts_of(self, incident_id: str) -> list[Message]:
        """All alerts of an incident in order."""
        return self.messages(table.c.incident_id == incident_id)

    def messages_of(self, key: str) -> list[Message]:
        """One alert, for each receiver."""
        return self.messages(table.c.key == key)

    def messages(self, *where: ColumnElement[bool], limit: int | None = None) -> list[Message]:
        query = select(table).where(*where).order_by(table.c.time, table.c.sequence, table.c.receiver)
        query = query.limit(limit) if limit is not None else query
        with self._database.read() as connection:
            return [noun_of(Message, row) for row in connection.execute(query)]

    def by_state(self, state: str | None = None, limit: int = 100) -> list[Message]:
        return self.messages(*([] if state is None else [table.c.state == Choice(state)]), limit=limit)

    def claim(
        self,
        now: float,
        *,
        receiver: str | None = None,
        besides: Collection[str] | None = None,
        lease_s: float = LEASE_S,
    ) -> list[Message]:
        """Due messages, leased for `lease_s`: an incident's alerts to one receiver go out in order, none overtakes another.
        Of all receivers, of one, or of all `besides` some."""
        earlier = table.alias()
        blocked = (
            select(earlier.c.key)
            .where(
                and_(
                    earlier.c.incident_id == table.c.incident_id,
                    earlier.c.receiver == table.c.receiver,
                    earlier.c.state == "pending",
                    earlier.c.sequence < table.c.sequence,
                )
            )
            .exists()
        )
        whose = [table.c.receiver == receiver] if receiver is not None else []
        whose += [table.c.receiver.not_in(besides)] if besides is not None else []
        query = select(table).where(table.c.state == "pending", _due(now), ~blocked, *whose)
        query = query.order_by(table.c.next_at, table.c.sequence).limit(CLAIMED_AT_ONCE).with_for_update(skip_locked=True)
        with self._database.begin() as connection:
            found = [noun_of(Message, row) for row in connection.execute(query)]
            _due_at(connection, found, now + lease_s)
        return found

    def release(self, messages: Sequence[Message], *, at: float) -> None:
        """Claimed and not tried: due again at `at`."""
        if messages:
            with self._database.begin() as connection:
                _due_at(connection, messages, at)

    def bring_forward(self, seconds: float) -> None:
        """Everything that waits is due so much earlier: the wall clock was set back."""
        change = update(table).where(table.c.state == "pending").values(next_at=table.c.next_at - seconds)
        with self._database.begin() as connection:
            connection.execute(change)

    def follow_clock(self, machine: str, offset: float, tolerance_s: float) -> float:
        """Move what waits by as much as the wall clock was set, once for all processes of a machine; returns by how much
        (s, 0 = not at all). `offset`: wall time less the time since the machine started, which nobody can set; `machine`
        names this run of it. An alert that was never tried is due when it was composed, by whatever clock: it is only
        moved to an earlier time."""
        query = select(delivery_clock.c.offset_s).where(delivery_clock.c.machine == machine)
        with self._database.begin() as connection:
            known = connection.execute(query).scalar()
            moved = 0.0 if known is None else offset - known
            if known is not None and abs(moved) <= tolerance_s:
                return 0.0
            upsert(connection, delivery_clock, [{"machine": machine, "offset_s": offset}])
            waiting = [table.c.state == "pending"]
            if moved > 0:
                waiting.append(or_(table.c.attempts > 0, table.c.last_error != ""))
            connection.execute(update(table).where(*waiting).values(next_at=table.c.next_at + moved))
        return moved

    def freeze(self, message: Message, data: dict[str, Any], body: bytes) -> bytes | None:
        """Before the first attempt: what the key means from now on. Returns it: another push may have been the first.
        None: it was withdrawn meanwhile."""
        mine = (table.c.key == message.key, table.c.receiver == message.receiver)
        fresh = (table.c.body.is_(None), table.c.state == "pending")
        with self._database.begin() as connection:
            connection.execute(_this(message).where(*fresh).values(body=body, data=data))
            frozen = connection.execute(select(table.c.body).where(*mine)).scalar_one()
        return None if frozen is None else bytes(frozen)

    def withdraw(self, connection: Connection, incident_id: str, at: float) -> list[str]:
        """Withdraws the alerts of this incident that cannot have reached anybody. Returns the receivers that have, or
        may have, got one."""
        unheard = and_(table.c.body.is_(None), table.c.state.in_(("pending", "dead")))
        mine = table.c.incident_id == incident_id
        change = {"state": "withdrawn", "finished_at": at, "last_error": WITHDRAWN}
        connection.execute(update(table).where(mine, unheard).values(**change))
        tried = ("pending", "dead", "expired", "superseded")
        received = or_(table.c.state == "sent", and_(table.c.body.is_not(None), table.c.state.in_(tried)))
        return sorted(set(connection.execute(select(table.c.receiver).where(mine, received)).scalars()))

    def finish(self, message: Message, *, state: str, at: float, error: str = "") -> None:
        """sent, dead or expired."""
        change = {
            "state": state,
            "attempts": message.attempts + (state != "expired"),
            "finished_at": at,
            "last_error": error,
        }
        with self._database.begin() as connection:
            connection.execute(_this(message).where(table.c.state == "pending").values(**change))

    def retry(self, message: Message, *, at: float, error: str, counted: bool = True) -> None:
        change = {"next_at": at, "attempts": message.attempts + counted, "last_error": error}
        with self._database.begin() as connection:
            connection.execute(_this(message).where(table.c.state == "pending").values(**change))

    def switch_off(self, receiver: str, url: str) -> None:
        """This receiver answered 410 at this address: nothing more goes there, not even after a restart."""
        with self._database.begin() as connection:
            change = update(receiver_state).where(receiver_state.c.receiver == receiver).values(gone_url=url)
            if not connection.execute(change).rowcount:
                row = {"receiver": receiver, "failures": 0, "since": None, "gone_url": url}
                connection.execute(receiver_state.insert(), [row])

    def is_off(self, receiver: str, url: str) -> bool:
        """Another address in the settings, or a redrive, switches it on again."""
        query = select(receiver_state.c.gone_url).where(receiver_state.c.receiver == receiver)
        with self._database.read() as connection:
            gone_url = connection.execute(query).scalar()
        return bool(gone_url) and gone_url == url

    def redrive(self, now: float, receiver: str | None = None, *, event_now: float | None = None) -> int:
        """Make dead alerts due again as `store.redriving` does; returns how many. InvalidIdentity for a blank receiver."""
        with self._database.begin() as connection:
            return redrive(connection, now, receiver, event_now=event_now).due

    def receivers(self) -> set[str]:
        """Names of all that an alert was ever meant for."""
        with self._database.read() as connection:
            return set(connection.execute(select(table.c.receiver).distinct()).scalars()) - {NOBODY}


def _due(now: float) -> ColumnElement[bool]:
    """Its time has come, or lies further ahead than any wait is long."""
    first = and_(table.c.attempts == 0, table.c.next_at > now + LONGEST_FIRST_WAIT_S)
    return or_(table.c.next_at <= now, table.c.next_at > now + LONGEST_WAIT_S, first)


def _due_at(connection: Connection, messages: Sequence[Message], at: float) -> None:
    """All of these wait until then, unless they are finished."""
    for receiver in {message.receiver for message in messages}:
        keys = [message.key for message in messages if message.receiver == receiver]
        mine = (table.c.receiver == receiver, table.c.key.in_(keys), table.c.state == "pending")
        connection.execute(update(table).where(*mine).values(next_at=at))


def _this(message: Message) -> Any:
    return update(table).where(table.c.key == message.key, table.c.receiver == message.receiver)
