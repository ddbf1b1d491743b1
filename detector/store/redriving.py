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

<<<<<<< HEAD
    Of each incident a receiver gets at most one alert, the present state (`domain.message.redriven`). What was dead and is
    not the present state becomes superseded. InvalidIdentity for a blank receiver.
=======
    Of each incident a receiver gets at most one alert, the present state: the incident's latest alert. That is the dead one
    itself, with its key and bytes, if it is the latest; the latest that others got, if this receiver was not among them; and
    a new one, under a key of its own, if the latest is too old to be sent (`event_now`), or if it is an update to somebody
    who never got an opening. An incident that is over is not reported to receivers that never got it.
    What was dead and is not the present state becomes superseded. InvalidIdentity for a blank receiver.
>>>>>>> main
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
<<<<<<< HEAD
    return [noun_of(Message, row) for row in connection.execute(query.order_by(table.c.sequence, table.c.key))]
=======
    rows = list(connection.execute(query.order_by(table.c.sequence, table.c.key)))
    mine = [row for row in rows if row.receiver == receiver]
    dead = [row for row in mine if row.state == "dead"]
    place = _present(connection, rows, mine, event_now)
    if place == "again":
        last = mine[-1]
        again = {"state": "pending", "next_at": now, "attempts": 0, "finished_at": None}
        connection.execute(update(table).where(*_is(last)).values(**again))
        dead = dead[:-1]
    elif place == "copy":
        _insert(connection, rows[-1], {"receiver": receiver, "body": rows[-1].body}, now)
    elif place == "anew":
        assert event_now is not None or not _may_have(mine)  # noqa: S101  why else would it be made anew
        _insert(connection, rows[-1], _renewed(rows[-1], mine, event_now) | {"receiver": receiver}, now)
    for row in dead:
        over = {"state": "superseded", "finished_at": now, "last_error": SUPERSEDED}
        connection.execute(update(table).where(*_is(row)).values(**over))
    return Redriven(place != "", tuple(row.key for row in dead))


def _present(connection: Connection, rows: Sequence[Row[Any]], mine: Sequence[Row[Any]], event_now: float | None) -> str:
    """How this receiver gets the present state: "again" (its own latest, dead), "copy" (the latest of others), "anew", or ""
    if it has it, gets it in any case, or has nothing to get."""
    last = rows[-1]
    ending, own = last.type in _ENDINGS, mine[-1] if mine[-1].key == last.key else None
    if own is not None and own.state in ("sent", "pending"):
        return ""
    late = event_now is not None and last.expires_at <= event_now
    if ending:
        if not _may_have(mine) or (mine[-1].type in _ENDINGS and mine[-1].state in ("sent", "pending")):
            return ""
        if late:
            return "anew"
        return "copy" if own is None else "again" if own.state == "dead" else ""
    if _over(connection, last.incident_id):  # its end is sent by the next assessment
        return ""
    had_one = _may_have(mine)
    misfit = last.type == "updated" if not had_one else last.type == "opened" and own is None
    if misfit or (late and last.type in ALERT_TYPES):
        return "anew"
    if late:
        return ""
    return "copy" if own is None else "again" if own.state == "dead" else ""


def _may_have(mine: Sequence[Row[Any]]) -> bool:
    """The receiver got an alert of this incident, or may have."""
    return any(row.state == "sent" or row.body is not None for row in mine)
>>>>>>> main


def _over(connection: Connection, incident_id: str) -> bool:
    """The incident is known, and not open any more."""
    found = connection.execute(select(incident.c.state).where(incident.c.incident_id == incident_id)).scalar()
    return found is not None and found != "open"
