"""Attachments under pseudonyms, one Parquet file for each arrival, in a folder a day: kept short, erased first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from detector.domain.errors import Permanent
from detector.domain.exposure import Presence, no_presence
from detector.domain.window import DAY_S, Window, utc
from detector.store.damage import Damage, Damaged
from detector.store.database import Database
from detector.store.parquet import read_columns, write_columns
from detector.store.stored_files import GONE, StoredFile, StoredFiles, feed_of

HELD_ROWS = 3_000_000
"""Rows kept in memory (44 bytes each). Chosen: an assessment reads the newest hours at every tick."""
HELD_NAMES = 3_000_000
"""Pseudonyms kept in memory. Chosen: one for each row held."""
_COLUMNS = ("subscriber", "cell", "start", "duration_s", "seconds", "attempts", "failures")


class PresenceStore:
    """Rows by the day in which they start. Names of what is held have one numbering, so that joining files costs nothing.

    A file that is damaged or gone is set aside when it is read, and marked: its rows are not known until `jobs.restore`
    has pulled them again.
    """

    def __init__(self, root: Path, database: Database, stored: StoredFiles, damage: Damage) -> None:
        self._root, self._database, self._stored, self._damage = root, database, stored, damage
        self._held: OrderedDict[Path, _Held] = OrderedDict()
        self._people: dict[str, int] = {}
        self._cells: dict[str, int] = {}

    def write(self, presence: Presence, arrived_at: float, connection: Connection, until: float, feed: str = "") -> None:
        """Keep these rows, which arrived later than `arrived_at` and up to `until` (s); the same arrival written twice is
        one file. `feed`: the name of the feed where there are several. Part of the caller's transaction."""
        name = f"{int(arrived_at)}@{feed}.parquet" if feed else f"{int(arrived_at)}.parquet"
        for day in np.unique(presence.start // DAY_S).tolist():
            today = np.flatnonzero(presence.start // DAY_S == day)
            rows = presence.take(today[np.argsort(presence.start[today], kind="stable")])  # hours of a file are found by it
            path = self._root / f"{utc(day * DAY_S):%Y%m%d}" / name
            write_columns(path, _as_columns(rows))
            self._stored.record(connection, path, self._stored.measured(path), after=arrived_at, until=until)

    def read_whole(self, window: Window) -> Presence:
        """As `read`, for those who judge by it. Raises Damaged while rows of these days wait to be pulled again."""
        rows = self.read(window)
        days = set(self._days(window))
        if waiting := [one.path for one in self._stored.damaged("presence") if one.path.split("/")[1] in days]:
            raise Damaged(f"{len(waiting)} files are damaged", where="attachments", mend="they are pulled again")
        return rows

    def supersede(self, presence: Presence, connection: Connection) -> int:
        """Remove rows that these replace: of one person, cell and start the last delivery counts. Returns how many
        went. Part of the caller's transaction."""
        gone = 0
        for day in np.unique(presence.start // DAY_S).tolist():
            rows = presence.take(np.flatnonzero(presence.start // DAY_S == day))
            anew: set[tuple[Any, ...]] | None = None
            for path in self._paths(Window(day * DAY_S, (day + 1) * DAY_S)):
                old = _overlapping(path, int(rows.start.min()), int(rows.start.max()))
                if old is None:
                    continue
                anew = set(_keys(_as_columns(rows))) if anew is None else anew
                stays = np.array([key not in anew for key in _keys(old)], bool)
                gone += int((~stays).sum())
                if not stays.all():
                    self._keep_only(path, {name: column[stays] for name, column in old.items()}, connection)
        return gone

    def _keep_only(self, path: Path, columns: dict[str, NDArray[Any]], connection: Connection) -> None:
        if not len(columns["start"]):
            self._stored.forget(connection, [self._stored.name(path)])
            path.unlink()
            return
        write_columns(path, columns)
        self._stored.renew(connection, path, self._stored.measured(path))

    def read(self, window: Window) -> Presence:
        """All rows that start in the window, those of damaged files left out. Raises Transient."""
        if len(self._people) > HELD_NAMES:  # of people who are held no more
            self._held, self._people, self._cells = OrderedDict(), {}, {}
        files = (self._whole(path, lambda path: self._file(path, window.start)) for path in self._paths(window))
        parts = [_inside(rows, window) for rows in files if rows is not None]
        if not parts:
            return no_presence()
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
        return Presence(subscribers=tuple(self._people), cells=tuple(self._cells), **columns)

    def parts(self, window: Window) -> Iterator[Presence]:
        """The same, arrival by arrival in order of the days, none held in memory: for weeks of them."""
        files = (self._whole(path, lambda path: _load(path, window.start, {}, {})) for path in self._paths(window))
        return (_inside(rows, window) for rows in files if rows is not None)

    @staticmethod
    def _days(window: Window) -> list[str]:
        """Names of the folders of these days."""
        return [f"{utc(day * DAY_S):%Y%m%d}" for day in range(window.start // DAY_S, (window.end - 1) // DAY_S + 1)]

    def _paths(self, window: Window) -> list[Path]:
        """The whole files of these days; damaged ones and those that are gone are set aside."""
        days = self._days(window)
        marked = {one.path for one in self._stored.damaged("presence")}
        found = [path for day in days for path in sorted((self._root / day).glob("[!.]*.parquet"))]
        found = [path for path in found if self._stored.name(path) not in marked]
        named = self._stored.named("presence")
        gone = {self._root.parent / name for name in named if name.split("/")[1] in days} - set(found)
        wrong = self._stored.troubles([*found, *sorted(gone)])
        for path, why in wrong.items():
            if why != GONE or self._stored.name(path) in named:
                self.set_aside(path, why)
        return [path for path in found if path not in wrong]

    def _whole(self, path: Path, load: Callable[[Path], Presence]) -> Presence | None:
        """What `load` reads; None for a file that cannot be read: it is set aside."""
        try:
            return load(path)
        except (Permanent, KeyError, FileNotFoundError) as error:
            self.set_aside(path, error.what if isinstance(error, Permanent) else "it is no file of attachments")
            return None

    def set_aside(self, path: Path, why: str) -> None:
        """A damaged file goes to quarantine, and is marked."""
        name = self._stored.name(path)
        self._damage.set_aside(path, why, "its rows are pulled again", lambda conn: self._stored.mark(conn, name))
        self._held.pop(path, None)

    def write_again(self, presence: Presence, file: StoredFile, connection: Connection) -> bool:
        """What arrived when the rows of a marked file did takes its place: the rows of its day. False if there are none;
        then nothing is known of them any more. Part of the caller's transaction."""
        self._stored.forget(connection, [file.path])
        day = [
            d for d in np.unique(presence.start // DAY_S).tolist() if f"{utc(d * DAY_S):%Y%m%d}" == file.path.split("/")[1]
        ]
        if not day or file.after is None or file.until is None:
            return False
        self.write(presence.take(presence.start // DAY_S == day[0]), file.after, connection, file.until, feed_of(file.path))
        return True

    def adopt(self) -> None:
        """Files of earlier versions get their checksums."""
        for path in self._stored.unnamed(sorted(self._root.rglob("[!.]*.parquet"))):
            with self._database.begin() as connection:
                self._stored.record(connection, path, self._stored.measured(path))

    def whole_again(self, name: str) -> bool:
        """A marked file is there and whole: it was put back, or its disk was away."""
        return not self._stored.checked([self._root.parent / name])

    def _file(self, path: Path, since: int) -> Presence:
        """A file's rows from `since` (s) on, read again only when it was written anew or earlier ones are needed."""
        written = path.stat().st_mtime_ns
        if (held := self._held.get(path)) is None or held.written != written or held.since > since:
            rows = _load(path, since, self._people, self._cells)
            self._held[path] = _Held(written, since, replace(rows, subscribers=(), cells=()))
            while len(self._held) > 1 and sum(len(held.rows) for held in self._held.values()) > HELD_ROWS:
                self._held.popitem(last=False)
        self._held.move_to_end(path)
        return self._held[path].rows

    def prune(self, before: int) -> int:
        """Erase whole days before this moment; returns how many files went."""
        gone, oldest = 0, f"{utc(before):%Y%m%d}"
        with self._database.begin() as connection:
            known = [*self._stored.named("presence"), *(one.path for one in self._stored.damaged("presence"))]
            self._stored.forget(connection, [name for name in known if name.split("/")[1] < oldest])
        self.adopt()
        for folder in sorted(self._root.glob("[0-9]*")):
            if folder.name < oldest and folder.is_dir():
                for path in folder.iterdir():
                    path.unlink()
                    gone += 1
                folder.rmdir()
        return gone


def _as_columns(rows: Presence) -> dict[str, NDArray[Any]]:
    return {
        "subscriber": np.array(rows.subscribers, dtype=object)[rows.subscriber],
        "cell": np.array(rows.cells, dtype=object)[rows.cell],
        "start": rows.start,
        "duration_s": rows.duration_s,
        "seconds": rows.seconds,
        "attempts": rows.attempts,
        "failures": rows.failures,
    }


def _overlapping(path: Path, low: int, high: int) -> dict[str, NDArray[Any]] | None:
    """The file's rows if some of them start between these (s); None if none does, or the file is damaged: then it holds
    nothing that could count twice. Hours of a file are found by its statistics: a query costs next to nothing."""
    try:
        if not len(read_columns([path], f"start >= {low} AND start <= {high}")["start"]):
            return None
        return read_columns([path])
    except Permanent:
        return None


def _keys(columns: Mapping[str, NDArray[Any]]) -> Iterator[tuple[Any, ...]]:
    """(subscriber, cell, start) of each row."""
    return zip(*(columns[name].tolist() for name in ("subscriber", "cell", "start")), strict=True)


@dataclass(frozen=True, eq=False)
class _Held:
    """Of a file as it was `written` (ns), the rows that start at `since` (s) or later, under the store's own numbering."""

    written: int
    since: int
    rows: Presence


def _load(path: Path, since: int, people: dict[str, int], cells: dict[str, int]) -> Presence:
    """Names that are new are added to the numberings."""
    rows = read_columns([path], f"start >= {int(since)}")
    subscriber, cell = _coded(rows["subscriber"], people), _coded(rows["cell"], cells)
    return Presence(
        subscribers=tuple(people),
        cells=tuple(cells),
        subscriber=subscriber,
        cell=cell,
        start=rows["start"].astype(np.int64),
        duration_s=rows["duration_s"].astype(np.int32),
        seconds=rows["seconds"].astype(float),
        attempts=rows["attempts"].astype(float),
        failures=rows["failures"].astype(float),
    )


def _coded(column: NDArray[Any], place: dict[str, int]) -> NDArray[np.int32]:
    """Each row's place in the numbering, which grows in order of appearance: many times faster than sorting.

    >>> names = {"a": 0}
    >>> _coded(np.array(["b", "a", "b"], dtype=object), names).tolist(), list(names)
    ([1, 0, 1], ['a', 'b'])
    """
    names = column.tolist()
    for name in dict.fromkeys(names):
        place.setdefault(name, len(place))
    return np.fromiter(map(place.__getitem__, names), np.int32, len(names))


def _inside(rows: Presence, window: Window) -> Presence:
    within = (rows.start >= window.start) & (rows.start < window.end)
    return rows if within.all() else rows.take(within)
