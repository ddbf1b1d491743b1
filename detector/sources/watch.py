"""A directory into which others drop files: the dataset's layout, live."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from heapq import nlargest
from pathlib import Path

from detector.domain.errors import PrecallError, Transient
from detector.domain.finding import Findings
from detector.domain.ports import Clock, Piece
from detector.domain.window import Window
from detector.sources.counter_files import CounterFiles
from detector.sources.dataset import NEWEST_FILES, OperatorDataset, file_of, files_below
from detector.sources.identity import Pseudonymiser
from detector.sources.presence import AttachmentFile

_REMEMBERED = 1000
"""Files of which the newest period is remembered."""


class FileDrop(OperatorDataset):
    """Gives every complete file under counters/, whenever it came: the ledger knows what it has read.

    Complete: size and mtime as at the look before, or older than `settle_s` by the `wall` clock (by `now` if none is
    given). Names that begin with a dot or end in .part or .tmp are still being written. `arrived_at` is the mtime, or
    the moment of the look if that is earlier.
    """

    name = "file_drop"

    def __init__(
        self, root: Path, pseudonymiser: Pseudonymiser, quarantine: Path, *, wall: Clock | None = None, settle_s: float = 2.0
    ) -> None:
        super().__init__(root, pseudonymiser)
        self._quarantine, self._wall, self._settle_s = quarantine, wall, settle_s
        self._looks: dict[Path, tuple[int, int]] = {}
        self._newest: dict[tuple[Path, int], Window | None] = {}
        self._arrived: dict[tuple[Path, int], float] = {}

    def pieces(self, after: float, now: float) -> Sequence[Piece]:
        self._now = now
        found = []
        for path, _ in self._complete("counters", now):
            try:
                file = self._files.describe(path)
            except OSError:  # taken away between two looks
                continue
            found.append(self._piece(file, self._arrival(path, now)))
        return sorted(found, key=lambda p: (p.arrived_at, p.name))

    def newest_periods(self, now: float) -> Sequence[Window]:
        """By the time of change of the files, the newest first: of each the period that ends last."""
        found: list[tuple[int, Path]] = []
        for path, _ in files_below(self._root, "counters"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        newest = (self._newest_period(path, at) for at, path in nlargest(NEWEST_FILES, found))
        return [period for period in newest if period is not None]

    def _newest_period(self, path: Path, changed_at: int) -> Window | None:
        """Read once for each change; None if the file says nothing yet."""
        if (path, changed_at) not in self._newest:
            try:
                name, zone = path.relative_to(self._root).as_posix(), self._reference.zone
                periods = [(b.start, b.duration_s) for b in CounterFiles(self._root).read(name, Findings(), zone, None)]
            except (PrecallError, OSError):
                periods = []
            start, length = max(periods, key=sum, default=(0, 0))
            if len(self._newest) > _REMEMBERED:
                self._newest.clear()
            self._newest[path, changed_at] = Window(start, start + length) if periods else None
        return self._newest[path, changed_at]

    def set_aside(self, piece: Piece, reason: str) -> None:
        """Moves an unreadable file to quarantine, with a `.reason.txt` beside it. Raises Transient if the disk refuses."""
        name = file_of(piece)
        target = self._quarantine / name
        if target.exists():
            target = target.with_name(f"{target.name}.{piece.sha256[:12]}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(f"{target.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")
            if (self._root / name).exists():
                shutil.move(self._root / name, target)
        except OSError as error:
            raise Transient(f"cannot be set aside: {error.strerror or error}", where=name, mend="free the disk") from error

    def _attachment_files(self, now: float) -> list[AttachmentFile]:
        """Attachments are asked for by the time of their arrival: the moment from which on every look finds them settled,
        so that none falls between two looks, and none is given twice after a restart."""
        wall = self._wall.now() if self._wall is not None else now
        found = []
        for path, rel in files_below(self._root, "attachments"):
            try:
                stat = path.stat()
            except OSError:
                continue
            settled = (stat.st_mtime if self._wall is None else max(stat.st_mtime, stat.st_ctime)) + self._settle_s
            if wall >= settled:
                at = self._arrived.setdefault((path, stat.st_mtime_ns), min(settled, now))
                found.append(AttachmentFile(path, rel, at))
        return found

    def _complete(self, folder: str, now: float) -> list[tuple[Path, str]]:
        wall = self._wall.now() if self._wall is not None else now
        found = []
        for path, rel in files_below(self._root, folder):
            try:
                stat = path.stat()
            except OSError:
                continue
            look = stat.st_size, stat.st_mtime_ns
            if self._looks.get(path) == look or wall - stat.st_mtime >= self._settle_s:
                found.append((path, rel))
            self._looks[path] = look
        return found

    def _arrival(self, path: Path, now: float) -> float:
        """Once said, it stays."""
        try:
            stat = path.stat()
        except OSError:
            return now
        return self._arrived.setdefault((path, stat.st_mtime_ns), min(stat.st_mtime, now))
