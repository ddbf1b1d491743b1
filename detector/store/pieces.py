"""Which pieces of which files were read, and which ticks they fed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from detector.domain.ports import Piece
from detector.domain.window import Tick, Window
from detector.store.database import Database
from detector.store.records import upsert
from detector.store.tables import piece as table
from detector.store.tables import tick_piece

Identity = tuple[str, str, str, int]


def identity(piece: Piece) -> Identity:
    """(source, name, sha256, start of the part or -1): the same bytes twice are one piece."""
    return piece.source, piece.name, piece.sha256, piece.window.start if piece.window else -1


class Pieces:
    """Read-once memory of files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            rows = connection.execute(select(table.c.source, table.c.name, table.c.sha256, table.c.window_start))
            self._known: set[Identity] = {(r[0], r[1], r[2], r[3]) for r in rows}

    def unread(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Those never read before, in the given order; the same bytes under the same name only once."""
        fresh: dict[Identity, Piece] = {}
        for piece in pieces:
            if identity(piece) not in self._known:
                fresh.setdefault(identity(piece), piece)
        return list(fresh.values())

    def record(self, connection: Connection, piece: Piece, ticks: Sequence[Tick], reason: str = "") -> None:
        """This piece was read and fed `ticks`; or, with a `reason`, was set aside. Call `learned` after the commit."""
        source, name, sha256, start = identity(piece)
        key = {"source": source, "name": name, "sha256": sha256, "window_start": start}
        end = piece.window.end if piece.window else -1
        row = {"window_end": end, "arrived_at": piece.arrived_at, "size": piece.size, "reason": reason}
        upsert(connection, table, [key | row | {"state": "set_aside" if reason else "read"}])
        upsert(connection, tick_piece, [{"start": t.start, "duration_s": t.duration_s} | key for t in ticks])

    def learned(self, pieces: Iterable[Piece]) -> None:
        """What was committed is known from now on."""
        self._known.update(map(identity, pieces))

    def feeding(self, connection: Connection, ticks: Iterable[Tick]) -> list[Piece]:
        """The pieces that fed any of these ticks, in order of arrival; of one name only its newest bytes."""
        found: dict[tuple[str, str, int], Piece] = {}
        key = ("source", "name", "sha256", "window_start")
        same = [tick_piece.c[name] == table.c[name] for name in key]
        for tick in ticks:
            here = [tick_piece.c.start == tick.start, tick_piece.c.duration_s == tick.duration_s, table.c.state == "read"]
            query = select(table).where(*same, *here).order_by(table.c.arrived_at, table.c.name)
            for row in connection.execute(query):
                window = Window(row.window_start, row.window_end) if row.window_start >= 0 else None
                piece = Piece(row.source, row.name, row.sha256, row.arrived_at, row.size, window)
                found[row.source, row.name, row.window_start] = piece
        return sorted(found.values(), key=lambda p: (p.arrived_at, p.name))

    def set_aside(self) -> list[tuple[str, str]]:
        """(name, reason) of everything that could not be read."""
        with self._database.read() as connection:
            query = select(table.c.name, table.c.reason).where(table.c.state == "set_aside")
            return [(r.name, r.reason) for r in connection.execute(query)]
