"""Which files of which files were read, and which ticks they fed."""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from detector.domain.ports import SourceFile
from detector.domain.window import Tick, Window
from detector.store.database import Database
from detector.store.records import batches, upsert
from detector.store.tables import source_file as table
from detector.store.tables import tick_source_file

_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0
"""Between two attempts at a file that could not be read for a reason outside it: a disk is seldom mended within a minute."""
_KEY = ("feed", "name", "sha256", "window_start")
Identity = tuple[str, str, str, int]


def identity(source_file: SourceFile) -> Identity:
    """(feed, name, sha256, start of the part or -1): the same bytes twice are one file."""
    return source_file.feed, source_file.name, source_file.sha256, source_file.window.start if source_file.window else -1


def _key(source_file: SourceFile) -> dict[str, Any]:
    return dict(zip(_KEY, identity(source_file), strict=True))


def _row(source_file: SourceFile, state: str, reason: str) -> dict[str, Any]:
    end = source_file.window.end if source_file.window else -1
    arrival = {"window_end": end, "arrived_at": source_file.arrived_at, "size": source_file.size}
    return _key(source_file) | arrival | {"state": state, "reason": reason}


class SourceFileRepository:
    """Read-once memory of files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            rows = connection.execute(select(table.c.feed, table.c.name, table.c.sha256, table.c.window_start))
            self._known: set[Identity] = {(r[0], r[1], r[2], r[3]) for r in rows}
        self._postponed: dict[Identity, tuple[int, float]] = {}
        """How often in a row, and until when (monotonic s)."""
        self._gave_way: dict[Identity, int] = {}

    def unread(self, source_files: Iterable[SourceFile]) -> list[SourceFile]:
        """Those never read before, in the given order; the same bytes under the same name only once."""
        fresh: dict[Identity, SourceFile] = {}
        for source_file in source_files:
            if identity(source_file) not in self._known:
                fresh.setdefault(identity(source_file), source_file)
        self._known |= self._read_by_others(sorted({source_file.name for source_file in fresh.values()}))
        self._postponed = {key: value for key, value in self._postponed.items() if key in fresh}
        return [source_file for key, source_file in fresh.items() if key not in self._known]

    def postponed(self, source_file: SourceFile) -> bool:
        """Whether this one is to be left alone for now."""
        return monotonic() < self._postponed.get(identity(source_file), (0, 0.0))[1]

    def failed(self, source_file: SourceFile) -> int:
        """How often in a row this one could not be read, though it may be sound."""
        return self._postponed.get(identity(source_file), (0, 0.0))[0]

    def gave_way(self, source_file: SourceFile) -> int:
        """How often this one was left for others, this time included."""
        self._gave_way[identity(source_file)] = self._gave_way.get(identity(source_file), 0) + 1
        return self._gave_way[identity(source_file)]

    def postpone(self, source_file: SourceFile) -> float:
        """Leave this one alone for _PAUSE_S, twice as long the next time and so on; returns for how long (s). A restart
        begins anew."""
        times = self.failed(source_file) + 1
        pause = min(_PAUSE_S * 2.0 ** (times - 1), _LONGEST_PAUSE_S)
        self._postponed[identity(source_file)] = times, monotonic() + pause
        return pause

    def _read_by_others(self, names: Sequence[str]) -> set[Identity]:
        """What another daemon has recorded under these names since we looked."""
        found: set[Identity] = set()
        query = select(table.c.feed, table.c.name, table.c.sha256, table.c.window_start)
        with self._database.read() as connection:
            for part in batches(names):
                rows = connection.execute(query.where(table.c.name.in_(part)))
                found |= {(r[0], r[1], r[2], r[3]) for r in rows}
        return found

    def record(
        self,
        connection: Connection,
        read: Iterable[tuple[SourceFile, Sequence[Tick]]],
        refused: Iterable[tuple[SourceFile, str]] = (),
    ) -> None:
        """Each file and the ticks that it fed; those set aside and why. Call `learned` after the commit."""
        fed, aside = list(read), list(refused)
        rows = [_row(source_file, "read", "") for source_file, _ in fed] + [
            _row(source_file, "set_aside", why) for source_file, why in aside
        ]
        upsert(connection, table, rows)
        ticks = [{"start": t.start, "duration_s": t.duration_s} | _key(source_file) for source_file, own in fed for t in own]
        upsert(connection, tick_source_file, ticks)

    def learned(self, source_files: Iterable[SourceFile]) -> None:
        """What was committed is known from now on."""
        for key in map(identity, source_files):
            self._known.add(key)
            self._gave_way.pop(key, None)

    def feeding(self, connection: Connection, ticks: Iterable[Tick]) -> list[SourceFile]:
        """The files that fed any of these ticks, in order of arrival; of one name only its newest bytes."""
        found: dict[tuple[str, str, int], SourceFile] = {}
        same = [tick_source_file.c[name] == table.c[name] for name in _KEY]
        for tick in ticks:
            here = [
                tick_source_file.c.start == tick.start,
                tick_source_file.c.duration_s == tick.duration_s,
                table.c.state == "read",
            ]
            query = select(table).where(*same, *here).order_by(table.c.arrived_at, table.c.name)
            for row in connection.execute(query):
                window = Window(row.window_start, row.window_end) if row.window_start >= 0 else None
                source_file = SourceFile(row.feed, row.name, row.sha256, row.arrived_at, row.size, window)
                found[row.feed, row.name, row.window_start] = source_file
        return sorted(found.values(), key=lambda p: (p.arrived_at, p.name))

    def refused(self, source_files: Iterable[SourceFile]) -> list[tuple[SourceFile, str]]:
        """Those of these that were set aside, with the reason: still lying there after a crash, or put back."""
        listed = {identity(source_file): source_file for source_file in source_files}
        query = select(table).where(table.c.state == "set_aside")
        with self._database.read() as connection:
            rows = [(r.feed, r.name, r.sha256, r.window_start, r.reason) for r in connection.execute(query)]
        return [(listed[row[:4]], row[4]) for row in rows if row[:4] in listed]

    def set_aside(self) -> list[tuple[str, str]]:
        """(name, reason) of everything that could not be read."""
        with self._database.read() as connection:
            query = select(table.c.name, table.c.reason).where(table.c.state == "set_aside")
            return [(r.name, r.reason) for r in connection.execute(query)]

    def prune(self, before: int, given: Iterable[SourceFile]) -> int:
        """Forget those of which no tick is left (periods before `before`, s); returns how many. One that the source still
        gives stays: forgotten, it would be read again."""
        fed = select(tick_source_file.c.start).where(*[tick_source_file.c[name] == table.c[name] for name in _KEY]).exists()
        whole = and_(table.c.window_start < 0, table.c.arrived_at < before, ~fed)
        part = and_(table.c.window_start >= 0, table.c.window_end <= before)
        with self._database.begin() as connection:
            rows = connection.execute(select(*[table.c[name] for name in _KEY]).where(or_(whole, part)))
            old = {(r[0], r[1], r[2], r[3]) for r in rows} - set(map(identity, given))
            if old:
                this = delete(table).where(*[table.c[name] == bindparam(f"old_{name}") for name in _KEY])
                names = [f"old_{name}" for name in _KEY]
                connection.execute(this, [dict(zip(names, one, strict=True)) for one in old])
        self._known -= old
        return len(old)
