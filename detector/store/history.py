"""KPI history: one Parquet file a tick, days compacted; the manifest table lists which file holds which tick."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from detector.domain.errors import Permanent
from detector.domain.frame import KpiFrame, empty_frame, stack
from detector.domain.kpi import Kpi
from detector.domain.window import DAY_S, Tick, Window, utc
from detector.store.atomic_write import remove_abandoned
from detector.store.damage import Damage, Damaged
from detector.store.database import Database
from detector.store.parquet import read_columns, write_columns
from detector.store.stored_files import Content, StoredFiles
from detector.store.ticks import DAMAGED, Ticks

_CACHED_TICKS, _CACHED_BYTES = 64, 256 << 20
"""Frames stay in memory up to the larger of the two: a small network's whole history does."""
_WRITTEN_HELD = 10_000
"""Checksums of files that were written and perhaps not recorded yet. Chosen: far more than one pull writes."""


class KpiHistory:
    """Frames by time, with the KPIs that they hold and that the catalogue (`kpis`) still has.

    A damaged file is set aside when it is read, and its ticks are marked: they are not known until `jobs.restore` has pulled
    them again. What is in memory already is not looked at again.
    """

    def __init__(self, root: Path, database: Database, kpis: Sequence[Kpi], stored: StoredFiles, damage: Damage) -> None:
        self._root, self._database, self._kpis = root, database, tuple(kpis)
        self._stored, self._damage = stored, damage
        self.ticks = Ticks(database)
        self._cache: OrderedDict[tuple[str, int], KpiFrame] = OrderedDict()
        self._written: dict[str, Content] = {}

    def write(self, frame: KpiFrame, versions: dict[Tick, int]) -> dict[Tick, str]:
        """Write a frame's periods as files; returns which holds what. Nothing refers to them until `record`."""
        return {
            tick: path for day in np.unique(frame.starts // DAY_S) for tick, path in self._write_day(frame, day, versions)
        }

    def _write_day(self, frame: KpiFrame, day: int, versions: dict[Tick, int]) -> list[tuple[Tick, str]]:
        """The periods of one day in one file, named by the first, the newest version, and what is in it: so other data
        never take the place of a file that a tick refers to."""
        part = _pick(frame, frame.starts // DAY_S == day)
        ticks = [Tick(int(s), frame.duration_s) for s in part.starts]
        many = f"-x{len(ticks)}" if len(ticks) > 1 else ""
        version = max(versions[t] for t in ticks)
        name = f"{utc(ticks[0].start):%Y%m%d/%H%M}-{frame.duration_s}{many}-v{version}-{_digest(part)}"
        path = self._write(part, name)
        return [(tick, path) for tick in ticks]

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
        path = f"{name}.parquet"
        write_columns(self._root / path, columns)
        self._written[path] = self._stored.measured(self._root / path)
        while len(self._written) > _WRITTEN_HELD:
            del self._written[next(iter(self._written))]
        return path

    def record(self, connection: Connection, tick: Tick, version: int, path: str, objects: int) -> None:
        """Make the written file the tick's data: part of the caller's transaction. An empty path = no rows came."""
        self.ticks.record(connection, tick, version, path, objects)
        if path in self._written:
            self._stored.record(connection, self._root / path, self._written[path])

    def read(self, duration_s: int, window: Window) -> KpiFrame:
        """All ticks of this duration that start in the window; ticks that never came, or whose file is damaged, are absent
        from `starts`. Raises Transient."""
        files = self.ticks.files(duration_s, window)
        frames, wrong = self._loaded(files, duration_s)
        if wrong:
            if self.ticks.files(duration_s, window) != files:
                return self.read(duration_s, window)  # a compaction put another file in its place meanwhile
            for path, why in wrong.items():
                self.set_aside(path, why)
        found = [f for f in frames if len(f.starts)]
        return stack(found) if found else empty_frame(duration_s, self._kpis)

    def read_whole(self, duration_s: int, window: Window) -> KpiFrame:
        """The same for those who judge by it. Raises Damaged while a tick of the window waits to be pulled again."""
        frame = self.read(duration_s, window)
        if waiting := self.ticks.in_state(DAMAGED, duration_s=duration_s, window=window):
            raise Damaged(f"{len(waiting)} ticks are damaged", where="KPI history", mend="they are pulled again")
        return frame

    def _loaded(self, files: dict[str, list[int]], duration_s: int) -> tuple[list[KpiFrame], dict[str, str]]:
        """(frames of the whole files, what is wrong with each of the others)."""
        unread = [path for path, starts in files.items() if (path, len(starts)) not in self._cache]
        troubles = self._stored.troubles([self._root / path for path in unread])
        wrong = {path: why for path in unread if (why := troubles.get(self._root / path))}
        frames = []
        for path, starts in files.items():
            if path in wrong:
                continue
            try:
                frames.append(self._load(path, starts, duration_s))
            except Permanent as error:
                wrong[path] = error.what
        return frames, wrong

    def set_aside(self, path: str, why: str) -> None:
        """A damaged file (its path below the folder of the history) goes to quarantine, and its ticks are marked."""

        def mark(connection: Connection) -> None:
            self.ticks.mark(connection, path, DAMAGED)

        self._damage.set_aside(self._root / path, why, "its ticks are pulled again", mark)
        for key in [key for key in self._cache if key[0] == path]:
            del self._cache[key]

    def whole_again(self, path: str) -> bool:
        """The file of marked ticks is there and whole: it was put back, or its disk was away."""
        return not self._stored.checked([self._root / path])

    def _load(self, path: str, starts: list[int], duration_s: int) -> KpiFrame:
        key = (path, len(starts))
        if key not in self._cache:
            self._cache[key] = self._parse(path, starts, duration_s)
            while len(self._cache) > _CACHED_TICKS and sum(map(_bytes, self._cache.values())) > _CACHED_BYTES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key] if list(self._cache[key].starts) == starts else self._parse(path, starts, duration_s)

    def _parse(self, path: str, starts: list[int], duration_s: int) -> KpiFrame:
        wanted = f"start BETWEEN {starts[0]} AND {starts[-1]}"
        columns = read_columns([self._root / path], wanted)
        if not {"object", "start", "suspect"} <= columns.keys():
            raise Permanent("it is no file of KPI history", where=path, mend="it is set aside")
        p = np.minimum(np.searchsorted(starts, columns["start"]), len(starts) - 1)
        if not (mine := np.asarray(starts)[p] == columns["start"]).all():  # ticks that have a file of their own by now
            columns, p = {name: column[mine] for name, column in columns.items()}, p[mine]
        if len(p) and not np.bincount(p, minlength=len(starts)).all():
            raise Permanent("it does not hold its ticks", where=path, mend="it is set aside")
        objects, o = _sorted_codes(columns["object"].tolist())
        kpis = tuple(kpi for kpi in self._kpis if f"{kpi.id}/n" in columns)
        shape = (len(starts), len(objects), len(kpis))
        num, den, suspect = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape[:2], bool)
        suspect[p, o] = columns["suspect"]
        for k, kpi in enumerate(kpis):
            num[p, o, k], den[p, o, k] = columns[f"{kpi.id}/n"], columns[f"{kpi.id}/d"]
        return KpiFrame(
            starts=np.array(starts, np.int64),
            duration_s=duration_s,
            objects=objects,
            kpis=kpis,
            numerator=num,
            denominator=den,
            suspect=suspect,
        )

    def compact(self, before: int) -> int:
        """Join the tick files of each whole day before `before` into one; returns how many files went."""
        gone = 0
        with self._database.read() as connection:
            spans = self.ticks.span(connection)
        for duration_s, span in spans.items():
            for day in range(span.start // DAY_S, min(before // DAY_S, span.end // DAY_S + 1)):
                gone += self._compact_day(duration_s, Window(day * DAY_S, (day + 1) * DAY_S))
        return gone

    def _compact_day(self, duration_s: int, day: Window) -> int:
        old = self.ticks.files(duration_s, day)
        if len(old) < 2:
            return 0
        frame = self.read(duration_s, day)
        if self.ticks.in_state(DAMAGED, duration_s=duration_s, window=day):
            return 0  # they are pulled again first
        ticks = [Tick(int(s), duration_s) for s in frame.starts]
        with self._database.begin() as connection:
            if self.ticks.files(duration_s, day) != old:  # new data came while it was read
                return 0
            versions = self.ticks.versions(connection, ticks)
            new = self.write(frame, versions)
            for tick, path in new.items():
                self.record(connection, tick, versions[tick], path, len(frame.objects))
            self._stored.forget(connection, [self._stored.name(self._root / path) for path in set(old) - set(new.values())])
        for path in set(old) - set(new.values()):
            (self._root / path).unlink(missing_ok=True)
        for key in [key for key in self._cache if key[0] in old]:
            del self._cache[key]
        return len(old) - 1

    def prune(self, before: int, *, untouched_since: float = inf) -> int:
        """Forget ticks before this moment, and delete every file that no tick refers to; returns how many files went.

        Files written after `untouched_since` (s, wall) stay: a pull may be about to record them.
        """
        with self._database.begin() as connection:
            self.ticks.forget(connection, before)
            kept = self.ticks.paths(connection)
            named = {self._stored.name(self._root / path) for path in kept if path}
            self._stored.forget(connection, self._stored.named("kpi") - named)
        files = [path for path in self._root.rglob("[!.]*.parquet") if str(path.relative_to(self._root)) not in kept]
        gone = [path for path in files if path.stat().st_mtime < untouched_since]
        for path in gone:
            path.unlink(missing_ok=True)
        self.adopt()
        return len(gone) + remove_abandoned(self._root, untouched_since)

    def adopt(self) -> None:
        """Files of earlier versions get their checksums."""
        with self._database.read() as connection:
            paths = [self._root / path for path in sorted(self.ticks.whole_paths(connection))]
        for path in self._stored.unnamed(paths):
            if path.is_file():
                with self._database.begin() as connection:
                    self._stored.record(connection, path, self._stored.measured(path))


def _digest(frame: KpiFrame) -> str:
    """What is in it, in eight letters."""
    digest = sha256("\n".join((*frame.objects, *(k.id for k in frame.kpis))).encode())
    for values in (frame.starts, frame.numerator, frame.denominator, frame.suspect):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def _bytes(frame: KpiFrame) -> int:
    return frame.numerator.nbytes + frame.denominator.nbytes


def _pick(frame: KpiFrame, periods: np.ndarray[Any, np.dtype[np.bool_]]) -> KpiFrame:
    return KpiFrame(
        starts=frame.starts[periods],
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[periods],
        denominator=frame.denominator[periods],
        suspect=frame.suspect[periods],
    )


def _sorted_codes(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray[Any, np.dtype[np.intp]]]:
    """The different names in order, and each row's place among them; sorting the rows themselves takes far longer.

    >>> _sorted_codes(["b", "a", "b"])
    (('a', 'b'), array([1, 0, 1]))
    """
    different = tuple(sorted(set(names)))
    place = {name: i for i, name in enumerate(different)}
    return different, np.fromiter((place[name] for name in names), np.intp, len(names))
