"""Attachments under pseudonyms, one Parquet file for each arrival, in a folder a day: kept short, erased first."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.errors import Permanent
from detector.domain.exposure import Presence, no_presence
from detector.domain.window import Window, utc
from detector.store.parquet import read_columns, write_columns

_DAY = 86_400
HELD_ROWS = 3_000_000
"""So many rows stay in memory (44 bytes each): assessing asks for the newest hours at every tick."""
HELD_NAMES = 3_000_000
_COLUMNS = ("subscriber", "cell", "start", "duration_s", "seconds", "attempts", "failures")


class PresenceStore:
    """Rows by the day in which they start. Names of what is held have one numbering, so that joining files costs nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: OrderedDict[Path, _Held] = OrderedDict()
        self._people: dict[str, int] = {}
        self._cells: dict[str, int] = {}

    def write(self, presence: Presence, arrived_at: float) -> None:
        """Keep these rows; the same arrival written twice is one file."""
        for day in np.unique(presence.start // _DAY).tolist():
            today = np.flatnonzero(presence.start // _DAY == day)
            rows = presence.take(today[np.argsort(presence.start[today], kind="stable")])  # hours of a file are found by it
            path = self._root / f"{utc(day * _DAY):%Y%m%d}" / f"{int(arrived_at)}.parquet"
            write_columns(path, _as_columns(rows))

    def supersede(self, presence: Presence) -> int:
        """Take away what these rows say anew: of one person, cell and start the last delivery counts. Returns how many
        went."""
        gone = 0
        for day in np.unique(presence.start // _DAY).tolist():
            rows = presence.take(np.flatnonzero(presence.start // _DAY == day))
            low, high = int(rows.start.min()), int(rows.start.max())
            anew: set[tuple[Any, ...]] | None = None
            for path in self._paths(Window(day * _DAY, (day + 1) * _DAY)):
                try:
                    if not len(read_columns([path], f"start >= {low} AND start <= {high}")["start"]):
                        continue  # hours of a file are found by its statistics: this costs next to nothing
                    old = read_columns([path])
                except Permanent:  # damaged: it holds nothing that could count twice
                    continue
                anew = set(_keys(_as_columns(rows))) if anew is None else anew
                stays = np.array([key not in anew for key in _keys(old)], bool)
                gone += int((~stays).sum())
                if not stays.any():
                    path.unlink()
                elif not stays.all():
                    write_columns(path, {name: column[stays] for name, column in old.items()})
        return gone

    def read(self, window: Window) -> Presence:
        """All rows that start in the window."""
        if len(self._people) > HELD_NAMES:  # of people who are held no more
            self._held, self._people, self._cells = OrderedDict(), {}, {}
        parts = [_inside(self._file(path, window.start), window) for path in self._paths(window)]
        if not parts:
            return no_presence()
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
        return Presence(tuple(self._people), tuple(self._cells), *columns)

    def parts(self, window: Window) -> Iterator[Presence]:
        """The same, arrival by arrival in order of the days, none held in memory: for weeks of them."""
        return (_inside(_load(path, window.start, {}, {}), window) for path in self._paths(window))

    def _paths(self, window: Window) -> list[Path]:
        days = range(window.start // _DAY, (window.end - 1) // _DAY + 1)
        return [path for day in days for path in sorted((self._root / f"{utc(day * _DAY):%Y%m%d}").glob("[!.]*.parquet"))]

    def _file(self, path: Path, since: int) -> Presence:
        """A file's rows from `since` (s) on, read again only when it was written anew or earlier ones are asked for."""
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
        gone = 0
        for folder in sorted(self._root.glob("[0-9]*")):
            if folder.name < f"{utc(before):%Y%m%d}":
                for path in folder.iterdir():
                    path.unlink()
                    gone += 1
                folder.rmdir()
        return gone


def _as_columns(rows: Presence) -> dict[str, NDArray[Any]]:
    return {
        "subscriber": np.array(rows.subscribers, dtype=object)[rows.subscriber],
        "cell": np.array(rows.cells, dtype=object)[rows.cell],
        "start": rows.start, "duration_s": rows.duration_s, "seconds": rows.seconds,
        "attempts": rows.attempts, "failures": rows.failures,
    }  # fmt: skip


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
        tuple(people), tuple(cells), subscriber, cell, rows["start"].astype(np.int64), rows["duration_s"].astype(np.int32),
        rows["seconds"].astype(float), rows["attempts"].astype(float), rows["failures"].astype(float),
    )  # fmt: skip


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
