"""Which pieces of which files were read, and which ticks they fed."""

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from detector.domain.ports import Piece
from detector.domain.window import Tick, Window
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import piece as table
from detector.store.tables import tick_piece

_NAMES_A_QUERY = 500
_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0
"""Between two attempts at a file that could not be read for a reason outside it: a disk is seldom mended within a minute."""
_KEY = ("source", "name", "sha256", "window_start")
Identity = tuple[str, str, str, int]


def identity(piece: Piece) -> Identity:
    """(source, name, sha256, start of the part or -1): the same bytes twice are one piece."""
    return piece.source, piece.name, piece.sha256, piece.window.start if piece.window else -1


def _key(piece: Piece) -> dict[str, Any]:
    return dict(zip(_KEY, identity(piece), strict=True))


def _row(piece: Piece, state: str, reason: str) -> dict[str, Any]:
    end = piece.window.end if piece.window else -1
    told = {"window_end": end, "arrived_at": piece.arrived_at, "size": piece.size}
    return _key(piece) | told | {"state": state, "reason": reason}


class Pieces:
    """Read-once memory of files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            rows = connection.execute(select(table.c.source, table.c.name, table.c.sha256, table.c.window_start))
            self._known: set[Identity] = {(r[0], r[1], r[2], r[3]) for r in rows}
        self._postponed: dict[Identity, tuple[int, float]] = {}
        """How often in a row, and until when (monotonic s)."""
        self._gave_way: dict[Identity, int] = {}

    def unread(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Those never read before, in the given order; the same bytes under the same name only once."""
        fresh: dict[Identity, Piece] = {}
        for piece in pieces:
            if identity(piece) not in self._known:
                fresh.setdefault(identity(piece), piece)
        self._known |= self._read_by_others(sorted({piece.name for piece in fresh.values()}))
        self._postponed = {key: value for key, value in self._postponed.items() if key in fresh}
        return [piece for key, piece in fresh.items() if key not in self._known]

    def postponed(self, piece: Piece) -> bool:
        """Whether this one is to be left alone for now."""
        return monotonic() < self._postponed.get(identity(piece), (0, 0.0))[1]

    def failed(self, piece: Piece) -> int:
        """How often in a row this one could not be read, though it may be sound."""
        return self._postponed.get(identity(piece), (0, 0.0))[0]

    def gave_way(self, piece: Piece) -> int:
        """How often this one was left for others, this time included."""
        self._gave_way[identity(piece)] = self._gave_way.get(identity(piece), 0) + 1
        return self._gave_way[identity(piece)]

    def postpone(self, piece: Piece) -> float:
        """Leave this one alone for _PAUSE_S, twice as long the next time and so on; returns for how long (s). A restart
        begins anew."""
        times = self.failed(piece) + 1
        pause = min(_PAUSE_S * 2.0 ** (times - 1), _LONGEST_PAUSE_S)
        self._postponed[identity(piece)] = times, monotonic() + pause
        return pause

    def _read_by_others(self, names: Sequence[str]) -> set[Identity]:
        """What another daemon has recorded under these names since we looked."""
        found: set[Identity] = set()
        query = select(table.c.source, table.c.name, table.c.sha256, table.c.window_start)
        with self._database.read() as connection:
            for at in range(0, len(names), _NAMES_A_QUERY):
                rows = connection.execute(query.where(table.c.name.in_(names[at : at + _NAMES_A_QUERY])))
                found |= {(r[0], r[1], r[2], r[3]) for r in rows}
        return found

    def record(
        self, connection: Connection, read: Iterable[tuple[Piece, Sequence[Tick]]], refused: Iterable[tuple[Piece, str]] = ()
    ) -> None:
        """Each piece and the ticks that it fed; those set aside and why. Call `learned` after the commit."""
        fed, aside = list(read), list(refused)
        rows = [_row(piece, "read", "") for piece, _ in fed] + [_row(piece, "set_aside", why) for piece, why in aside]
        upsert(connection, table, rows)
        ticks = [{"start": t.start, "duration_s": t.duration_s} | _key(piece) for piece, own in fed for t in own]
        upsert(connection, tick_piece, ticks)

    def learned(self, pieces: Iterable[Piece]) -> None:
        """What was committed is known from now on."""
        for key in map(identity, pieces):
            self._known.add(key)
            self._gave_way.pop(key, None)

    def feeding(self, connection: Connection, ticks: Iterable[Tick]) -> list[Piece]:
        """The pieces that fed any of these ticks, in order of arrival; of one name only its newest bytes."""
        found: dict[tuple[str, str, int], Piece] = {}
        same = [tick_piece.c[name] == table.c[name] for name in _KEY]
        for tick in ticks:
            here = [tick_piece.c.start == tick.start, tick_piece.c.duration_s == tick.duration_s, table.c.state == "read"]
            query = select(table).where(*same, *here).order_by(table.c.arrived_at, table.c.name)
            for row in connection.execute(query):
                window = Window(row.window_start, row.window_end) if row.window_start >= 0 else None
                piece = Piece(row.source, row.name, row.sha256, row.arrived_at, row.size, window)
                found[row.source, row.name, row.window_start] = piece
        return sorted(found.values(), key=lambda p: (p.arrived_at, p.name))

    def refused(self, pieces: Iterable[Piece]) -> list[tuple[Piece, str]]:
        """Those of these that were set aside, with the reason: still lying there after a crash, or put back."""
        listed = {identity(piece): piece for piece in pieces}
        query = select(table).where(table.c.state == "set_aside")
        with self._database.read() as connection:
            rows = [(r.source, r.name, r.sha256, r.window_start, r.reason) for r in connection.execute(query)]
        return [(listed[row[:4]], row[4]) for row in rows if row[:4] in listed]

    def set_aside(self) -> list[tuple[str, str]]:
        """(name, reason) of everything that could not be read."""
        with self._database.read() as connection:
            query = select(table.c.name, table.c.reason).where(table.c.state == "set_aside")
            return [(r.name, r.reason) for r in connection.execute(query)]

    def prune(self, before: int, given: Iterable[Piece]) -> int:
        """Forget those of which no tick is left (periods before `before`, s); returns how many. One that the source still
        gives stays: forgotten, it would be read again."""
        fed = select(tick_piece.c.start).where(*[tick_piece.c[name] == table.c[name] for name in _KEY]).exists()
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
