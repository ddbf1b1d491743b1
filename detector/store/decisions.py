"""The log of decisions: what each began with, so that corrected data can be decided upon again from there."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, delete, func, select

from detector.domain.degradation import Degradation
from detector.domain.detection import DetectionDecision, DetectionState
from detector.domain.incident import Incident
from detector.domain.people_seen import PeopleSeen
from detector.domain.window import Tick
from detector.store.database import Database
from detector.store.records import noun_from, row_of, upsert
from detector.store.tables import decision as table
from detector.store.tables import missing_data

Noun = TypeVar("Noun")


class Decisions:
    """Numbered in the order in which they were taken. The newest number changes with every decision, so that a caller who
    has computed one can see whether it still fits. Methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, connection: Connection | None = None) -> int:
        """0 before the first."""
        if connection is None:
            with self._database.read() as own:
                return self.newest(own)
        return int(connection.execute(select(func.max(table.c.number))).scalar() or 0)

    def ticks(self) -> list[tuple[int, Tick]]:
        """(number, tick) of all that are kept, in order."""
        query = select(table.c.number, table.c.start, table.c.duration_s).order_by(table.c.number)
        with self._database.read() as connection:
            return [(r.number, Tick(r.start, r.duration_s)) for r in connection.execute(query)]

    def since(self, number: int) -> list[DetectionDecision]:
        """This one and all after it."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).where(table.c.number >= number).order_by(table.c.number))
            return [DetectionDecision(Tick(r.start, r.duration_s), r.decided_at, _unpacked(r)) for r in rows]

    def add(self, connection: Connection, decided: Iterable[DetectionDecision]) -> None:
        """As the newest, in this order."""
        first = self.newest(connection) + 1
        rows = [
            {
                "number": first + i,
                "start": one.tick.start,
                "duration_s": one.tick.duration_s,
                "decided_at": one.decided_at,
                "before": _packed(one.before),
            }
            for i, one in enumerate(decided)
        ]
        if rows:
            connection.execute(table.insert(), rows)

    def replace(self, connection: Connection, number: int, decided: Sequence[DetectionDecision]) -> None:
        """These in place of that one and all after it, under numbers of their own."""
        self.add(connection, decided)
        taken = self.newest(connection) - len(decided)
        connection.execute(delete(table).where(table.c.number >= number, table.c.number <= taken))

    def forget(self, connection: Connection, before: int) -> None:
        """Drop those that are older than every tick which ends at or after this moment (s)."""
        kept = select(func.min(table.c.number)).where(table.c.start + table.c.duration_s >= before)
        oldest = connection.execute(kept).scalar()
        if oldest is not None:
            connection.execute(delete(table).where(table.c.number < oldest))

    def forget_ahead(self, connection: Connection, ticks: Iterable[Tick], *, after: int) -> None:
        """Drop the decisions on these ticks, and on all that start after this moment (s): no such time has come yet."""
        for tick in ticks:
            connection.execute(delete(table).where(table.c.start == tick.start, table.c.duration_s == tick.duration_s))
        connection.execute(delete(table).where(table.c.start > after))


class MissingDataRepository:
    """How many periods in a row each object has been missing, for each duration: one row a duration, for a whole network
    may be missing, and all of it is read and written at every tick."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, duration_s: int) -> dict[str, int]:
        """Object -> its missing periods in a row."""
        query = select(missing_data.c.periods).where(missing_data.c.duration_s == duration_s)
        with self._database.read() as connection:
            return dict(connection.execute(query).scalar() or {})

    def save(self, connection: Connection, duration_s: int, periods: dict[str, int]) -> None:
        """As of the newest decision; part of the caller's transaction."""
        upsert(connection, missing_data, [{"duration_s": duration_s, "periods": periods}])


def _packed(before: DetectionState) -> bytes:
    """Names of the fields once, then the values row by row, squeezed: most of a network's state is alike."""
    body = {"degradations": _rows(before.degradations), "incidents": _rows(before.incidents), "missing": before.missing}
    body |= {"people": _rows(before.people)} if before.people else {}
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)


def _rows(nouns: Sequence[Any]) -> list[list[Any]]:
    rows = [row_of(noun) for noun in nouns]
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []


def _unpacked(row: Row[Any]) -> DetectionState:
    body = json.loads(zlib.decompress(row.before))
    return DetectionState(
        _nouns(Degradation, body["degradations"]),
        _nouns(Incident, body["incidents"]),
        body["missing"],
        _nouns(PeopleSeen, body.get("people", [])),
    )


def _nouns(kind: type[Noun], rows: list[list[Any]]) -> tuple[Noun, ...]:
    """What a later version added to the noun has its default; what it dropped is left out."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    named = (dict(zip(rows[0], values, strict=True)) for values in rows[1:])
    return tuple(noun_from(kind, {name: v for name, v in values.items() if name in known}) for values in named)
