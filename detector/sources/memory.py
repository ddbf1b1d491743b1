"""Feeds in memory: what a test, a drill or a simulation puts there is given when it has arrived."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from detector.domain.counters import CounterBatch
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.ports import Arrivals, Cursor, Operator, Reference, Rows, SourceFile
from detector.domain.window import Window

Noun = TypeVar("Noun")


@dataclass
class InMemoryCounters:
    """A `CounterFeed` of batches by file. A text in place of batches is the reason why the file cannot be read."""

    name: str
    held: dict[str, tuple[float, Sequence[CounterBatch] | str]] = field(default_factory=dict)
    """Name of the file -> when it arrived (s), and what it holds."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(name, reason) of the files that were set aside."""

    def put(self, file: str, arrived_at: float, content: Sequence[CounterBatch] | str) -> None:
        """A file, or new bytes for one of this name."""
        self.held[file] = arrived_at, content

    def files(self, after: float, now: float) -> Sequence[SourceFile]:
        found = [self._file(name) for name, (at, _) in self.held.items() if after < at <= now]
        return sorted(found, key=lambda file: (file.arrived_at, file.name))

    def _file(self, name: str) -> SourceFile:
        at, content = self.held[name]
        said = (
            content if isinstance(content, str) else [(b.start, b.objects, b.counters, b.values.tolist()) for b in content]
        )
        return SourceFile(self.name, name, hashlib.sha256(repr(said).encode()).hexdigest(), at)

    def read(self, file: SourceFile, findings: Findings, window: Window | None = None) -> Iterator[CounterBatch]:
        if file.name not in self.held or self._file(file.name).sha256 != file.sha256:
            raise Permanent("it is gone", where=file.name, mend="put it back")
        content = self.held[file.name][1]
        if isinstance(content, str):
            raise Permanent(content, where=file.name, mend="send it again")
        return iter([replace(b, file=file.name) for b in content if window is None or window.contains(b.start)])

    def newest_periods(self, now: float) -> Sequence[Window]:
        batches = [b for _, content in self.held.values() if not isinstance(content, str) for b in content]
        newest = max(batches, key=lambda b: b.start + b.duration_s, default=None)
        return [Window(newest.start, newest.start + newest.duration_s)] if newest is not None else []

    def set_aside(self, file: SourceFile, reason: str) -> None:
        self.refused.append((file.name, reason))
        self.held.pop(file.name, None)

    def passed_over(self, findings: Findings) -> None:
        """Nothing lies beside its files."""


@dataclass
class InMemoryEvents(Generic[Rows]):
    """An `EventFeed` of batches of rows in order of their arrival. Its position counts the batches given."""

    name: str
    where: str
    join: Callable[[Sequence[Rows]], Rows]
    """Several batches as one; of none, no rows."""
    held: list[tuple[float, Rows]] = field(default_factory=list)

    def put(self, arrived_at: float, rows: Rows) -> None:  # type: ignore[misc]  # it is written by its owner alone
        self.held.append((arrived_at, rows))

    def new(self, cursor: Cursor, now: float, findings: Findings) -> Arrivals[Rows]:
        begun = int(cursor.position) if cursor.position else sum(at <= cursor.until for at, _ in self.held)
        came = [rows for at, rows in self.held[begun:] if at <= now]
        return Arrivals(self.join(came), self.join([]), Cursor(max(now, cursor.until), str(begun + len(came))))


@dataclass
class InMemoryReference:
    """A `ReferenceFeed` of snapshots, each with the moment from which it counts."""

    name: str
    held: Mapping[float, Reference] = field(default_factory=dict)
    says: Operator | None = None

    @property
    def operator(self) -> Operator | None:
        return self.says

    def reference(self, now: float, findings: Findings | None = None) -> Reference:
        begun = [at for at in self.held if at <= now]
        return self.held[max(begun)] if begun else _NOTHING


_NOTHING = Reference()


def rows_of(batches: Sequence[Sequence[Noun]]) -> Sequence[Noun]:
    """The rows of several batches, one after the other."""
    return [row for batch in batches for row in batch]
