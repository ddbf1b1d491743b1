"""Dead alerts made due again: what a receiver gets is what is true now, never what has been overtaken."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, or_, select, update

from detector.domain.identity import Choice
from detector.domain.message import ENDINGS, Message, Redriven, redriven
from detector.store.records import noun_of, row_of, upsert
from detector.store.tables import incident, receiver_state
from detector.store.tables import outbox as table


def redrive(connection: Connection, now: float, receiver: str | None = None, *, event_now: float | None = None) -> Redriven:
    """Make the dead alerts of one receiver or of all due again at `now` (wall time), and those that expired while their
    incident goes on or that report its end; send to who answered 410 again.

    Of each incident a receiver gets at most one alert, the present state (`domain.message.redriven`). What was dead and is
    not the present state becomes superseded. InvalidIdentity for a blank receiver.
    """
    named = None if receiver is None else Choice(receiver)
    again = update(receiver_state).values(gone_url="")
    connection.execute(again if named is None else again.where(receiver_state.c.receiver == named))
    due, superseded = 0, list[str]()
    for incident_id, name in _missed(connection, named):
        over = _over(connection, incident_id)
        one, others = redriven(_messages(connection, incident_id), name, over=over, now=now, event_now=event_now)
        if one is not None:
            upsert(connection, table, [{**row_of(one), "finished_at": None}])
        upsert(connection, table, [{**row_of(other), "finished_at": now} for other in others])
        due += one is not None
        superseded += [other.key for other in others]
    return Redriven(due, tuple(superseded))


def _missed(connection: Connection, receiver: str | None) -> list[tuple[str, str]]:
    """(incident, receiver) of everything that is `domain.message.missed`, in order."""
    ongoing = select(incident.c.incident_id).where(incident.c.state == "open")
    still_news = or_(table.c.incident_id.in_(ongoing), table.c.type.in_(ENDINGS))
    query = select(table.c.incident_id, table.c.receiver).distinct()
    query = query.where(or_(table.c.state == "dead", and_(table.c.state == "expired", still_news)))
    query = query if receiver is None else query.where(table.c.receiver == receiver)
    rows = connection.execute(query.order_by(table.c.incident_id, table.c.receiver))
    return sorted((row.incident_id, row.receiver) for row in rows)


def _messages(connection: Connection, incident_id: str) -> Sequence[Message]:
    query = select(table).where(table.c.incident_id == incident_id, table.c.state != "withdrawn")
    return [noun_of(Message, row) for row in connection.execute(query.order_by(table.c.sequence, table.c.key))]


def _over(connection: Connection, incident_id: str) -> bool:
    """The incident is known, and not open any more."""
    found = connection.execute(select(incident.c.state).where(incident.c.incident_id == incident_id)).scalar()
    return found is not None and found != "open"
