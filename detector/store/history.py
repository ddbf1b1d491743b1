"""KPI history: one Parquet file a tick, days compacted; the manifest table says which file holds which tick."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from detector.domain.errors import Permanent
from detector.domain.frame import KpiFrame, empty_frame, stack
from detector.domain.kpi import Kpi
from detector.domain.window import Tick, Window, utc
from detector.store.database import Database
from detector.store.parquet import read_columns, write_columns
from detector.store.ticks import Ticks

_DAY = 86_400
_CACHED_TICKS = 64


class KpiHistory:
    """Frames by time. `kpis` is the catalogue's present set: older files are read with those that still exist."""

    def __init__(self, root: Path, database: Database, kpis: Sequence[Kpi]) -> None:
        self._root, self._database, self._kpis = root, database, tuple(kpis)
        self.ticks = Ticks(database)
        self._cache: OrderedDict[tuple[str, int], KpiFrame] = OrderedDict()

    def write(self, frame: KpiFrame, versions: dict[Tick, int]) -> dict[Tick, str]:
        """Write a frame's periods as files and say which holds what. Nothing refers to them until `record`."""
        if len(frame.starts) == 1:
            tick = Tick(int(frame.starts[0]), frame.duration_s)
            return {tick: self._write(frame, f"{utc(tick.start):%Y%m%d/%H%M}-{frame.duration_s}-v{versions[tick]}")}
        return {
            tick: path for day in np.unique(frame.starts // _DAY) for tick, path in self._write_day(frame, day, versions)
        }

    def _write_day(self, frame: KpiFrame, day: int, versions: dict[Tick, int]) -> list[tuple[Tick, str]]:
        """Several periods of one day in one file, named by its first period and versions so that no file is overwritten."""
        part = _pick(frame, frame.starts // _DAY == day)
        ticks = [Tick(int(s), frame.duration_s) for s in part.starts]
        version = max(versions[t] for t in ticks)
        name = f"{utc(ticks[0].start):%Y%m%d/%H%M}-{frame.duration_s}-x{len(ticks)}-v{version}"
        return [(tick, self._write(part, name) if i == 0 else f"{name}.parquet") for i, tick in enumerate(ticks)]

    def _write(self, frame: KpiFrame, name: str) -> str:
        periods, objects = len(frame.starts), len(frame.objects)
        columns: dict[str, np.ndarray[Any, Any]] = {
            "start": np.repeat(frame.starts, objects),
            "object": np.tile(np.array(frame.objects, dtype=object), periods),
            "suspect": frame.suspect.ravel(),
        }
        for k, kpi in enumerate(frame.kpis):
            columns[f"{kpi.id}/n"] = frame.numerator[:, :, k].ravel()
            columns[f"{kpi.id}/d"] = frame.denominator[:, :, k].ravel()
        write_columns(self._root / f"{name}.parquet", columns)
        return f"{name}.parquet"

    def record(self, connection: Connection, tick: Tick, version: int, path: str, objects: int) -> None:
        """Make the written file the tick's data: part of the caller's transaction. An empty path = no rows came."""
        self.ticks.record(connection, tick, version, path, objects)

    def read(self, duration_s: int, window: Window) -> KpiFrame:
        """All ticks of this duration that start in the window; ticks that never came are absent from `starts`."""
        frames = [self._load(path, starts, duration_s) for path, starts in self.ticks.files(duration_s, window).items()]
        found = [f for f in frames if len(f.starts)]
        return stack(found) if found else empty_frame(duration_s, self._kpis)

    def _load(self, path: str, starts: list[int], duration_s: int) -> KpiFrame:
        key = (path, len(starts))
        if key not in self._cache:
            self._cache[key] = self._parse(path, starts, duration_s)
            if len(self._cache) > _CACHED_TICKS:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key] if list(self._cache[key].starts) == starts else self._parse(path, starts, duration_s)

    def _parse(self, path: str, starts: list[int], duration_s: int) -> KpiFrame:
        wanted = f"start BETWEEN {starts[0]} AND {starts[-1]}"
        columns = read_columns([self._root / path], wanted)
        if "object" not in columns:
            raise Permanent("no column 'object'", where=path, mend="not a KPI history file: restore it")
        objects, o = np.unique(columns["object"].astype(str), return_inverse=True)
        p = np.searchsorted(np.array(starts), columns["start"])
        shape = (len(starts), len(objects), len(self._kpis))
        num, den, suspect = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape[:2], bool)
        suspect[p, o] = columns["suspect"]
        for k, kpi in enumerate(self._kpis):
            if f"{kpi.id}/n" in columns:
                num[p, o, k], den[p, o, k] = columns[f"{kpi.id}/n"], columns[f"{kpi.id}/d"]
        return KpiFrame(np.array(starts, np.int64), duration_s, tuple(objects.tolist()), self._kpis, num, den, suspect)

    def compact(self, before: int) -> int:
        """Join the tick files of each whole day before `before` into one; returns how many files went."""
        gone = 0
        with self._database.read() as connection:
            spans = self.ticks.span(connection)
        for duration_s, span in spans.items():
            for day in range(span.start // _DAY, min(before // _DAY, span.end // _DAY + 1)):
                gone += self._compact_day(duration_s, Window(day * _DAY, (day + 1) * _DAY))
        return gone

    def _compact_day(self, duration_s: int, day: Window) -> int:
        old = self.ticks.files(duration_s, day)
        if len(old) < 2:
            return 0
        frame = self.read(duration_s, day)
        ticks = [Tick(int(s), duration_s) for s in frame.starts]
        with self._database.begin() as connection:
            versions = self.ticks.versions(connection, ticks)
            for tick, path in self.write(frame, versions).items():
                self.record(connection, tick, versions[tick], path, len(frame.objects))
        for path in old:
            (self._root / path).unlink(missing_ok=True)
        self._cache.clear()
        return len(old) - 1

    def prune(self, before: int) -> int:
        """Forget ticks before this moment, and delete every file that no tick refers to; returns how many files went."""
        with self._database.begin() as connection:
            self.ticks.forget(connection, before)
            kept = self.ticks.paths(connection)
        gone = [path for path in self._root.rglob("[!.]*.parquet") if str(path.relative_to(self._root)) not in kept]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


def _pick(frame: KpiFrame, periods: np.ndarray[Any, np.dtype[np.bool_]]) -> KpiFrame:
    return KpiFrame(
        frame.starts[periods], frame.duration_s, frame.objects, frame.kpis,
        frame.numerator[periods], frame.denominator[periods], frame.suspect[periods],
    )  # fmt: skip
