"""A directory into which others drop files: the dataset's layout, live."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from heapq import nlargest
from pathlib import Path
from time import monotonic

from detector.domain.counters import CounterBatch
from detector.domain.errors import Incomplete, Permanent, PrecallError, Transient, Unfinished
from detector.domain.finding import Findings
from detector.domain.ports import Reference, SourceFile
from detector.domain.window import Window
from detector.sources.budget import MOST_BYTES, TABLE_TIMES, FileBudget, spend, spending
from detector.sources.completeness import Completeness, completeness_of
from detector.sources.counter_files import CounterFiles
from detector.sources.dataset import NEWEST_FILES, OperatorDataset, file_of
from detector.sources.feed import EVERYTHING, FeedContext, What
from detector.sources.file_names import path_of, shown_name
from detector.sources.folder_listing import FolderListing, list_files
from detector.sources.presence import AttachmentFile
from detector.sources.quarantine import Quarantine, look_at
from detector.sources.read_errors import is_environmental, unexpected
from detector.sources.reference import Signature, TableOptions
from detector.sources.settling import Settling, Watching

_AGAIN_S = 600.0
"""Time between two attempts to move a file that could not be moved. Chosen: rights are corrected by hand."""


_REMEMBERED = 1000
"""Files whose newest period is kept. Chosen: an inbox of ten days of quarters of an hour."""
_PEEKED_BYTES, _PEEKED_S = 16 << 20, 2.0
"""Bounds of a file of which only the period is read: a quarter of an hour of 10,000 cells has 16 MB."""


class WatchedFolder(OperatorDataset):
    """Gives every complete file under counters/, whenever it arrived: the ledger records what was read.

    Complete: size and mtime as at the look before, or older than `settle_s` by the `wall` clock (by `now` if none is
    given); and its format does not show that something is missing (see `wholeness`), unless it has been so for
    `patience_s`. Names that begin with a dot or end in .part or .tmp are still being written. `arrived_at` is the mtime, or
    the moment of the look if that is earlier.
    """

    def __init__(
        self,
        root: Path,
        context: FeedContext,
        *,
        name: str = "file_drop",
        what: Collection[What] = EVERYTHING,
        how: Watching | None = None,
    ) -> None:
        self._how, self._wall = how or Watching(), context.wall
        tables = TableOptions(
            each=True,
            budget=FileBudget(most_bytes=self._how.largest_bytes or MOST_BYTES, seconds=TABLE_TIMES * self._how.file_s),
            settled=self._tables_settled,
            operator=context.operator,
        )
        super().__init__(root, context.pseudonymiser, name=name, what=what, tables=tables)
        self._quarantine = Quarantine(context.quarantine, root)
        self._settling = Settling(self._how, context.wall)
        self._newest: dict[tuple[Path, int], Window | None] = {}
        self._arrived: dict[tuple[Path, int], float] = {}
        self._left: dict[tuple[str, str], float] = {}
        self._objects = 0
        self._findings, self._passed = Findings(), dict[str, str]()

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        self._now = now
        found = []
        for path, name in self._look_into("counters").files:
            try:
                if not self._settling.has_settled(path, now, self._budget.most_bytes):
                    continue
                file = self._files.describe(path, self._most_bytes)
            except FileNotFoundError:  # taken away between two looks
                continue
            except OSError as error:
                self._say_once(name, f"it cannot be read: {error.strerror or error}")
                continue
            listed = self._file(file, self._arrival(path, now))
            found.append(replace(listed, size=max(file.size, self._settling.unpacked(path))))
        return sorted(found, key=lambda p: (p.arrived_at, p.name))

    def newest_periods(self, now: float) -> Sequence[Window]:
        """By the time of change of the files, the newest first: of each the period that ends last. Large files are left
        out: what time it is by the data must not cost what reading them does."""
        found: list[tuple[int, Path, str]] = []
        for path, name in list_files(self._root, "counters").files:
            with suppress(OSError):
                stat = path.stat()
                if stat.st_size <= _PEEKED_BYTES:
                    found.append((stat.st_mtime_ns, path, name))
        newest = (self._newest_period(path, name, at) for at, path, name in nlargest(NEWEST_FILES, found))
        return [period for period in newest if period is not None]

    def _newest_period(self, path: Path, name: str, changed_at: int) -> Window | None:
        """Read once for each change; None if the file is empty yet, or not readable."""
        if (path, changed_at) not in self._newest:
            try:
                with spending(name, FileBudget(most_bytes=_PEEKED_BYTES, seconds=_PEEKED_S)):
                    batches = CounterFiles(self._root).read(name, Findings(), self._reference.zone, None)
                    periods = [(b.start, b.duration_s) for b in batches]
            except Exception:  # noqa: BLE001  whatever is wrong with it is reported when it is pulled
                periods = []
            start, length = max(periods, key=sum, default=(0, 0))
            if len(self._newest) > _REMEMBERED:
                self._newest.clear()
            self._newest[path, changed_at] = Window(start, start + length) if periods else None
        return self._newest[path, changed_at]

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        """The file's batches, all at once. Raises Unfinished for a file that changes meanwhile or whose disk fails,
        Incomplete for one that is cut off, Permanent for any other that cannot be read."""
        name = file_of(file)
        path = self._root / path_of(name)
        self._must_be(file, path)
        found = Findings()
        try:
            with spending(name, self._budget):
                spend(total_bytes=file.size)
                batches = list(super().read(file, found, window))
                names = {one for batch in batches for one in batch.objects}
                spend(objects=len(names), periods=len({batch.start for batch in batches}))
        except PrecallError as error:
            if not isinstance(error, Permanent):
                raise
            raise self._refusal(name, path, error) from error
        except Exception as error:
            raise self._refusal(name, path, unexpected(error, name)) from error
        self._must_be(file, path)
        findings.extend(found)
        return iter(batches)

    def _must_be(self, file: SourceFile, path: Path) -> None:
        """Raises Unfinished unless the file has the bytes that were listed."""
        try:
            same = self._files.describe(path, self._most_bytes).sha256 == file.sha256
        except OSError as error:
            raise Unfinished(f"cannot be read: {error.strerror or error}", where=file.name) from error
        if not same:
            raise Unfinished("its bytes are others by now", where=file.name)

    def _refusal(self, name: str, path: Path, error: Permanent) -> PrecallError:
        if is_environmental(error):
            return Unfinished(error.what, where=name, mend="it stays in place and is tried again")
        if self._end(path) is Completeness.TRUNCATED:
            mend = "it stays in place and is read when the rest has come"
            return Incomplete(f"it is incomplete: {error.what}", where=error.where or name, mend=mend)
        return error

    def _end(self, path: Path) -> Completeness:
        try:
            return completeness_of(path, self._budget.most_bytes)[0]
        except OSError:
            return Completeness.COMPLETE

    @property
    def _most_bytes(self) -> int:
        """A larger file is not even looked through."""
        return self._how.largest_bytes or MOST_BYTES

    @property
    def _budget(self) -> FileBudget:
        how = self._how
        return FileBudget.of(self._objects, largest_bytes=how.largest_bytes, seconds=how.file_s)

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        found = super().reference(now, findings)
        self._objects = len(found.topology.cells) + len(found.topology.functions)
        return found

    def passed_over(self, findings: Findings) -> None:
        for name in self._quarantine.release_changed():
            self._findings.add("file_given_back", name, "changed in quarantine: it is read again")
        findings.extend(self._findings)
        self._findings = Findings()

    def set_aside(self, file: SourceFile, reason: str) -> None:
        """Moves an unreadable file to quarantine, with a `.reason.txt` beside it: this file with these bytes, or none. One
        that is cut off stays. Raises Transient if it cannot be moved; that is tried again after _AGAIN_S."""
        name = file_of(file)
        path, key = self._root / path_of(name), (name, file.sha256)
        if monotonic() < self._left.get(key, 0.0):
            return
        try:
            look = look_at(path)
            known = self._settling.known(path)
            cut_off = (
                known.completeness is Completeness.TRUNCATED
                if known and known.version == look
                else self._end(path) is Completeness.TRUNCATED
            )
            if not cut_off and (path.is_symlink() or self._files.described_anew(path, self._most_bytes) == file.sha256):
                self._quarantine.move_in(name, file.sha256, look, reason)
            self._left.pop(key, None)
        except FileNotFoundError:
            return
        except OSError as error:
            self._left[key] = monotonic() + _AGAIN_S
            what = f"cannot be set aside: {error.strerror or error}"
            raise Transient(
                what, where=name, mend="it stays in place; free the disk, or let the folder be written"
            ) from error

    def people_version(self) -> str:
        return self._reference.people_version

    def _attachment_files(self, now: float) -> list[AttachmentFile]:
        """Attachments are read by the time of their arrival: the instant from which on every look finds them settled,
        so that none falls between two looks, and none is given twice after a restart."""
        wall = self._settling.wall_at(now)
        found = []
        for path, name in self._look_into("attachments").files:
            try:
                stat = path.stat()
                self._settling.has_settled(path, now, self._budget.most_bytes)
            except OSError:
                continue
            if not path.resolve().is_relative_to(self._root.resolve()):
                self._say_once(name, "it lies outside the dataset")
                continue
            look = self._settling.known(path)
            end = look.completeness if look else Completeness.COMPLETE
            settled = (stat.st_mtime if self._wall is None else max(stat.st_mtime, stat.st_ctime)) + self._settling.wait_s(
                end
            )
            if wall >= settled:
                at = self._arrived.setdefault((path, stat.st_mtime_ns), min(settled, now))
                found.append(AttachmentFile(path, name, at, self._budget, end is Completeness.TRUNCATED))
        return found

    def _look_into(self, folder: str) -> FolderListing:
        """What is no file is reported once, and again when it has become something else."""
        listed = list_files(self._root, folder)
        for name, why in listed.odd.items():
            self._say_once(name, why)
        here = {name for _, name in listed.files}.union(listed.odd)
        self._passed = {name: why for name, why in self._passed.items() if name in here or not name.startswith(f"{folder}/")}
        return listed

    def _say_once(self, name: str, why: str) -> None:
        if self._passed.get(name) != why:
            self._passed[name] = why
            self._findings.add("file_passed_over", shown_name(name), why)

    def _tables_settled(self, signature: Signature) -> bool:
        """A table that is being written is read when it has not changed for `settle_s`."""
        newest = max((mtime_ns for _, mtime_ns, _ in signature), default=0) / 1e9
        return self._wall is None or not 0 <= self._wall.now() - newest < self._how.settle_s

    def _arrival(self, path: Path, now: float) -> float:
        """Once reported, it stays."""
        try:
            stat = path.stat()
        except OSError:
            return now
        return self._arrived.setdefault((path, stat.st_mtime_ns), min(stat.st_mtime, now))
