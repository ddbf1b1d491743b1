"""Whether files of a folder have settled: nobody writes to them any more, as far as their times and formats show."""

from dataclasses import dataclass
from pathlib import Path

from detector.domain.ports import Clock
from detector.sources.completeness import Completeness, completeness_of

_OPEN_TIMES = 15
"""A table whose last line has not ended is waited for so many times `settle_s`. Chosen: 30 s by default. Most that lack the
last line end are whole; of one that stalls, the last value may be half a number."""


@dataclass(frozen=True, kw_only=True)
class Watching:
    """How a folder is watched. `settle_s`: an unchanged file is read after so long; `patience_s`: one that is cut off is
    reported as incomplete after so long; `largest_bytes`, `file_s`: bounds of one file."""

    settle_s: float = 2.0
    patience_s: float = 60.0
    largest_bytes: int = 0
    """0: by the network's size."""
    file_s: float = 60.0


@dataclass
class Look:
    """What a file was like when it was seen so first, at `since` (s, wall)."""

    version: tuple[int, int]
    """(size, mtime in ns)."""
    since: float
    completeness: Completeness
    unpacked: int
    """Bytes, so far as a file of this network may have."""
    often: bool = False
    """Whether it was seen so before."""


class Settling:
    """The looks at the files of a folder, by the `wall` clock; by the time of the job where there is none, as in a test."""

    def __init__(self, how: Watching, wall: Clock | None) -> None:
        self._how, self._wall = how, wall
        self._looks: dict[Path, Look] = {}

    def known(self, path: Path) -> Look | None:
        """The last look at this file."""
        return self._looks.get(path)

    def unpacked(self, path: Path) -> int:
        """Bytes that the file holds, as far as it was looked through."""
        known = self._looks.get(path)
        return known.unpacked if known else 0

    def has_settled(self, path: Path, now: float, most_bytes: int) -> bool:
        """Whether a file that is looked at now has settled. Raises OSError."""
        wall, stat = self.wall_at(now), path.stat()
        version = stat.st_size, stat.st_mtime_ns
        known = self._looks.get(path)
        if known is None or known.version != version:
            known = self._looks[path] = Look(version, wall, *completeness_of(path, most_bytes))
        still = max(wall - stat.st_mtime, wall - known.since)
        unchanged = known.often and known.completeness is Completeness.COMPLETE
        known.often = True
        return still >= self.wait_s(known.completeness) or unchanged

    def wait_s(self, completeness: Completeness) -> float:
        """For how long (s) a file must not have changed."""
        how = self._how
        return {
            Completeness.COMPLETE: how.settle_s,
            Completeness.OPEN_LINE: _OPEN_TIMES * how.settle_s,
            Completeness.TRUNCATED: max(how.settle_s, how.patience_s),
        }[completeness]

    def wall_at(self, now: float) -> float:
        return self._wall.now() if self._wall is not None else now
