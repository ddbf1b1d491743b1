"""Dead alerts made due again: what a receiver gets is what is true now, never what has been overtaken."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from detector.domain.alert import ALERT_TYPES, alert_key
from detector.domain.identity import Choice
from detector.store.tables import incident, receiver_state
from detector.store.tables import outbox as table

SUPERSEDED = "superseded: a later alert of the incident says what is true now"
_ENDINGS = ("resolved", "operations.feed.resumed.v1")


@dataclass(frozen=True)
class Redriven:
    """How many alerts are due again, and the keys of those whose place a later one took."""

    due: int = 0
    superseded: Sequence[str] = field(default=())


def redrive(connection: Connection, now: float, receiver: str | None = None, *, event_now: float | None = None) -> Redriven:
    """Make the dead alerts of one receiver or of all due again at `now` (wall time), and those that expired while their
    incident goes on or that report its end; switch on who answered 410.

    Of each incident a receiver gets at most one alert, the present state: the incident's latest alert. That is the dead one
    itself, with its key and bytes, if it is the latest; the latest that others got, if this receiver was not among them; and
    a new one, under a key of its own, if the latest is too old to be sent (`event_now`), or if it is an update to somebody
    who never got an opening. An incident that is over is not reported to receivers that never got it.
    What was dead and is not the present state becomes superseded. InvalidIdentity for a blank receiver.
    """
    named = None if receiver is None else Choice(receiver)
    ongoing = select(incident.c.incident_id).where(incident.c.state == "open")
    still_news = or_(table.c.incident_id.in_(ongoing), table.c.type.in_(_ENDINGS))
    missed = or_(table.c.state == "dead", and_(table.c.state == "expired", still_news))
    where = [missed, *([] if named is None else [table.c.receiver == named])]
    again = update(receiver_state).values(gone_url="")
    connection.execute(again if named is None else again.where(receiver_state.c.receiver == named))
    query = select(table.c.incident_id, table.c.receiver).where(*where).distinct()
    found = sorted(tuple(row) for row in connection.execute(query.order_by(table.c.incident_id, table.c.receiver)))
    due, superseded = 0, list[str]()
    for incident_id, pairs in groupby(found, key=lambda pair: pair[0]):
        for _, name in pairs:
            chosen = _redriven(connection, incident_id, name, now, event_now)
            due += chosen.due
            superseded += chosen.superseded
    return Redriven(due, tuple(superseded))


def _redriven(connection: Connection, incident_id: str, receiver: str, now: float, event_now: float | None) -> Redriven:
    """One incident, one receiver."""
    query = select(table).where(table.c.incident_id == incident_id, table.c.state != "withdrawn")
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


def _over(connection: Connection, incident_id: str) -> bool:
    """The incident is known, and not open any more."""
    found = connection.execute(select(incident.c.state).where(incident.c.incident_id == incident_id)).scalar()
    return found is not None and found != "open"


def _renewed(last: Row[Any], mine: Sequence[Row[Any]], event_now: float | None) -> dict[str, Any]:
    """The latest alert as one of its own: composed now, with a key that never meant anything else."""
    type_, sequence = last.type if last.type in _ENDINGS else "updated" if _may_have(mine) else "opened", last.sequence + 1
    at = last.time if event_now is None else int(event_now)
    return {
        "key": alert_key(last.incident_id, type_, sequence),
        "type": type_,
        "sequence": sequence,
        "time": at,
        "expires_at": at + last.expires_at - last.time,
        "body": None,
    }


def _insert(connection: Connection, like: Row[Any], change: dict[str, Any], now: float) -> None:
    row = {**like._mapping, "state": "pending", "attempts": 0, "next_at": now, "last_error": "", "finished_at": None}
    connection.execute(insert(table).values(**(row | change)))


def _is(row: Row[Any]) -> tuple[Any, Any]:
    return table.c.key == row.key, table.c.receiver == row.receiver
