"""The tick manifest (which file holds which version of a tick), and the steps pending and completed for each tick."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from detector.domain.window import Tick, Window
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import completed_step, pending_step, tick_source_file
from detector.store.tables import tick as table

STEPS = ("score", "decide", "assess")
_LAST_TICKS = 64
"""Newest ticks by which the usual number of objects is counted. Chosen: sixteen hours of quarters."""
DAMAGED, UNKNOWN = "damaged", "unknown"
"""States of a tick's data: its file is damaged or gone, and it is pulled again; nothing of it could be pulled again. A tick
in one of them is not known, which is another thing than a tick for which nothing came (`path` is empty)."""


@dataclass(frozen=True)
class PendingTick:
    """A step that is still to be done for a tick, at this version of its data."""

    step: str
    tick: Tick
    version: int


class Ticks:
    """All methods that take a connection belong to the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def versions(self, connection: Connection, ticks: Iterable[Tick]) -> dict[Tick, int]:
        """The present version of each tick that has one."""
        wanted = set(ticks)
        if not wanted:
            return {}
        low, high = min(t.start for t in wanted), max(t.start for t in wanted)
        query = select(table.c.start, table.c.duration_s, table.c.version).where(table.c.start.between(low, high))
        rows = {Tick(r.start, r.duration_s): r.version for r in connection.execute(query)}
        return {tick: rows[tick] for tick in wanted if tick in rows}

    def record(self, connection: Connection, tick: Tick, version: int, path: str, objects: int) -> None:
        row = {"version": version, "path": path, "objects": objects, "state": ""}
        upsert(connection, table, [{"start": tick.start, "duration_s": tick.duration_s} | row])

    def files(self, duration_s: int, window: Window) -> dict[str, list[int]]:
        """Path -> starts of the ticks inside the window that it holds, in order of time."""
        inside = [table.c.start >= window.start, table.c.start < window.end]
        here = [table.c.duration_s == duration_s, *inside, table.c.path != "", table.c.state == ""]
        found: dict[str, list[int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(table.c.start, table.c.path).where(*here).order_by(table.c.start)):
                found.setdefault(row.path, []).append(row.start)
        return found

    def span(self, connection: Connection) -> dict[int, Window]:
        """Duration -> from the first tick's start to the last one's end."""
        query = select(table.c.duration_s, func.min(table.c.start), func.max(table.c.start)).group_by(table.c.duration_s)
        return {d: Window(first, last + d) for d, first, last in connection.execute(query)}

    def measured_span(self) -> dict[int, Window]:
        """The same over the ticks that hold data: those without data do not count."""
        query = select(table.c.duration_s, func.min(table.c.start), func.max(table.c.start)).where(table.c.path != "")
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(table.c.duration_s))
            return {d: Window(first, last + d) for d, first, last in rows}

    def newest_measured(self) -> list[Tick]:
        """The newest tick of each duration of which at least half as many objects reported as of any of the last ones."""
        query = select(table.c.duration_s, table.c.start, table.c.objects).where(table.c.path != "")
        found: dict[int, list[tuple[int, int]]] = {}
        with self._database.read() as connection:
            for duration_s, start, objects in connection.execute(query.order_by(table.c.start.desc()).limit(_LAST_TICKS)):
                found.setdefault(duration_s, []).append((start, objects))
        return [
            Tick(next(start for start, objects in ticks if 2 * objects >= max(n for _, n in ticks)), duration_s)
            for duration_s, ticks in found.items()
        ]

    def forget_ahead(self, connection: Connection, now: float, *, data_until: float) -> list[Tick]:
        """Drop ticks that were recorded as empty before their end, and all that start after `data_until` (s), with their
        pending and completed steps; returns them. They were recorded at a clock that was ahead."""
        early = (table.c.path == "") & (table.c.start + table.c.duration_s > now)
        rows = connection.execute(select(table.c.start, table.c.duration_s).where(early | (table.c.start > data_until)))
        ahead = [Tick(start, duration_s) for start, duration_s in rows]
        for part in (table, pending_step, completed_step):
            for tick in ahead:
                connection.execute(delete(part).where(part.c.start == tick.start, part.c.duration_s == tick.duration_s))
            connection.execute(delete(part).where(part.c.start > data_until))
        return ahead

    def starts(self, connection: Connection, duration_s: int, since: int) -> set[int]:
        """Starts of the known ticks from `since` on."""
        query = select(table.c.start).where(table.c.duration_s == duration_s, table.c.start >= since)
        return set(connection.execute(query).scalars())

    def mark(self, connection: Connection, path: str, state: str) -> int:
        """All ticks that this file holds get this state; returns how many."""
        change = update(table).where(table.c.path == path, table.c.state != state).values(state=state)
        return connection.execute(change).rowcount

    def mark_tick(self, connection: Connection, tick: Tick, state: str) -> None:
        here = (table.c.start == tick.start, table.c.duration_s == tick.duration_s)
        connection.execute(update(table).where(*here).values(state=state))

    def in_state(self, *states: str, duration_s: int | None = None, window: Window | None = None) -> dict[Tick, str]:
        """Ticks whose data are in one of these states, in order of time, with the file that held them."""
        where: list[ColumnElement[bool]] = [table.c.state.in_(states)]
        where += [] if duration_s is None else [table.c.duration_s == duration_s]
        where += [] if window is None else [table.c.start >= window.start, table.c.start < window.end]
        query = select(table.c.start, table.c.duration_s, table.c.path).where(*where).order_by(table.c.start)
        with self._database.read() as connection:
            return {Tick(r.start, r.duration_s): r.path for r in connection.execute(query)}

    def whole_paths(self, connection: Connection) -> set[str]:
        """Files that hold a tick which is known."""
        query = select(table.c.path).where(table.c.path != "", table.c.state == "").distinct()
        return set(connection.execute(query).scalars())

    def paths(self, connection: Connection) -> set[str]:
        """All files that hold a tick."""
        return set(connection.execute(select(table.c.path).distinct()).scalars())

    def forget(self, connection: Connection, before: int) -> None:
        """Drop the ticks that started before this moment, and what is known of their files."""
        for part in (table, tick_source_file, completed_step):
            connection.execute(delete(part).where(part.c.start < before))

    def add_pending(self, connection: Connection, step: str, tick: Tick, version: int) -> None:
        row = {"step": step, "start": tick.start, "duration_s": tick.duration_s, "version": version}
        upsert(connection, pending_step, [row])

    def still_pending(self, connection: Connection, one: PendingTick) -> bool:
        """Nobody else has settled it, and no newer data came: held until the caller's transaction ends."""
        key = [
            pending_step.c.step == one.step,
            pending_step.c.start == one.tick.start,
            pending_step.c.duration_s == one.tick.duration_s,
        ]
        query = select(pending_step.c.version).where(*key).with_for_update()
        return connection.execute(query).scalar() == one.version

    def complete(self, connection: Connection, one: PendingTick, at: float) -> None:
        """The step is done for this version; a newer version that came meanwhile stays pending."""
        key = {"step": one.step, "start": one.tick.start, "duration_s": one.tick.duration_s}
        upsert(connection, completed_step, [key | {"version": one.version, "completed_at": at}])
        same = [pending_step.c[name] == value for name, value in key.items()]
        connection.execute(delete(pending_step).where(*same, pending_step.c.version <= one.version))

    def pending(self, step: str) -> Sequence[PendingTick]:
        """Ticks for which this step is pending, the oldest first."""
        query = (
            select(pending_step).where(pending_step.c.step == step).order_by(pending_step.c.start, pending_step.c.duration_s)
        )
        with self._database.read() as connection:
            return [PendingTick(step, Tick(r.start, r.duration_s), r.version) for r in connection.execute(query)]

    def newest_done(self, step: str, duration_s: int) -> int | None:
        """Start of the newest tick for which this step was done."""
        query = select(func.max(completed_step.c.start)).where(
            completed_step.c.step == step, completed_step.c.duration_s == duration_s
        )
        with self._database.read() as connection:
            found: int | None = connection.execute(query).scalar()
        return found

    def done_version(self, connection: Connection, step: str, tick: Tick) -> int:
        """The version of the tick's data for which this step was done last; 0 = never."""
        key = [
            completed_step.c.step == step,
            completed_step.c.start == tick.start,
            completed_step.c.duration_s == tick.duration_s,
        ]
        return int(connection.execute(select(completed_step.c.version).where(*key)).scalar() or 0)

    def done_within(self, connection: Connection, step: str, duration_s: int, window: Window) -> list[Tick]:
        """Ticks that start in the window for which this step was done, in order of time."""
        inside = [completed_step.c.start >= window.start, completed_step.c.start < window.end]
        query = select(completed_step.c.start).where(
            completed_step.c.step == step, completed_step.c.duration_s == duration_s, *inside
        )
        return [Tick(start, duration_s) for start in connection.execute(query.order_by(completed_step.c.start)).scalars()]

    def completed(self, step: str) -> Sequence[PendingTick]:
        """Everything that this step has done, oldest first: for checks that no tick was lost."""
        query = select(completed_step).where(completed_step.c.step == step).order_by(completed_step.c.start)
        with self._database.read() as connection:
            return [PendingTick(step, Tick(r.start, r.duration_s), r.version) for r in connection.execute(query)]
