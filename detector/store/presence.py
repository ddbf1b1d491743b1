"""Attachments under pseudonyms, one Parquet file for each arrival, in a folder a day: kept short, erased first."""

from pathlib import Path

import numpy as np

from detector.domain.exposure import Presence, join_presence, no_presence
from detector.domain.window import Window, utc
from detector.store.parquet import read_columns, write_columns

_DAY = 86_400


class PresenceStore:
    """Rows by the day in which they start."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, presence: Presence, arrived_at: float) -> None:
        """Keep these rows; the same arrival written twice is one file."""
        for day in np.unique(presence.start // _DAY).tolist():
            rows = presence.take(presence.start // _DAY == day)
            path = self._root / f"{utc(day * _DAY):%Y%m%d}" / f"{int(arrived_at)}.parquet"
            columns = {
                "subscriber": np.array(rows.subscribers, dtype=object)[rows.subscriber],
                "cell": np.array(rows.cells, dtype=object)[rows.cell],
                "start": rows.start, "duration_s": rows.duration_s, "seconds": rows.seconds,
                "attempts": rows.attempts, "failures": rows.failures,
            }  # fmt: skip
            write_columns(path, columns)

    def read(self, window: Window) -> Presence:
        """All rows that start in the window."""
        days = range(window.start // _DAY, (window.end - 1) // _DAY + 1)
        parts = [self._read(f"{utc(day * _DAY):%Y%m%d}", window) for day in days]
        return join_presence(parts)

    def _read(self, day: str, window: Window) -> Presence:
        paths = sorted((self._root / day).glob("[!.]*.parquet"))
        if not paths:
            return no_presence()
        rows = read_columns(paths, f"start >= {window.start} AND start < {window.end}")
        subscribers, s = np.unique(rows["subscriber"].astype(str), return_inverse=True)
        cells, c = np.unique(rows["cell"].astype(str), return_inverse=True)
        return Presence(
            tuple(subscribers.tolist()), tuple(cells.tolist()), s.astype(np.int32), c.astype(np.int32),
            rows["start"].astype(np.int64), rows["duration_s"].astype(np.int32), rows["seconds"].astype(float),
            rows["attempts"].astype(float), rows["failures"].astype(float),
        )  # fmt: skip

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
