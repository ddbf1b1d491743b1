"""Files under counters/: what each is, which periods it holds, and its rows. The bytes of a file decide its format, not its
name."""

import codecs
import hashlib
import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from detector.domain.counters import CounterBatch
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window
from detector.sources.file_bytes import encoding_of, open_file
from detector.sources.file_names import name_text, path_of
from detector.sources.timestamps import duration_s, timestamp_s

if TYPE_CHECKING:  # the formats bring lxml and DuckDB: imported to read a file, not to list a table
    from detector.sources.counter_tables import CounterTable

HELD_BYTES = 512 << 20
"""Tables are kept in memory up to this size. Chosen: a day is often split over a file for each kind of object."""
LOADED_AT_ONCE = 4 << 20
"""Bytes up to which a table is loaded when it is listed. Chosen: opening takes longer than reading it."""
_CHUNK = 1 << 20
"""Bytes read at a time. Chosen: little beside the memory of a file."""
_ANY_SIZE = 1 << 62
"""Larger than every file. Definition."""
_GRANULARITY = re.compile(r"granPeriod\s([^>]*)>")
_DURATION, _END = re.compile(r"\bduration\s*=\s*[\"']([^\"']*)"), re.compile(r"\bendTime\s*=\s*[\"']([^\"']*)")


@dataclass(frozen=True)
class CounterFile:
    """One file as it was found."""

    name: str
    path: Path
    sha256: str
    size: int
    mtime_ns: int
    ctime_ns: int
    """When anything of it changed, whatever its mtime was set to."""


class CounterFiles:
    """Describes and reads counter files below `root`; descriptions are kept while a file's size and mtime stay."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, CounterFile] = {}
        self._periods: dict[CounterFile, tuple[Window, ...]] = {}
        self._tables: OrderedDict[tuple[str, int], tuple[CounterTable, Findings]] = OrderedDict()

    def describe(self, path: Path, largest: int = _ANY_SIZE) -> CounterFile:
        """Raises OSError if the file has gone. Of one with more than `largest` bytes only the beginning is read."""
        stat = path.stat()
        known = self._known.get(path)
        if known is None or (known.size, known.mtime_ns, known.ctime_ns) != (
            stat.st_size,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
        ):
            name = name_text(path.relative_to(self._root).as_posix())
            known = CounterFile(name, path, _sha256(path, stat, largest), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            self._known[path] = known
        return known

    def described_anew(self, path: Path, largest: int = _ANY_SIZE) -> str:
        """The sha256 of its present content, whatever its times are. Raises OSError."""
        self._known.pop(path, None)
        return self.describe(path, largest).sha256

    def periods(self, file: CounterFile, zone: tzinfo) -> tuple[Window, ...]:
        """Those that the file holds, in order of time; empty if none could be made out."""
        if file not in self._periods:
            self._periods[file] = self._look(file, zone)
        return self._periods[file]

    def _look(self, file: CounterFile, zone: tzinfo) -> tuple[Window, ...]:
        """A small table is loaded when its periods are listed: it is going to be read, and opening takes longest."""
        small = file.size <= LOADED_AT_ONCE and self._held_bytes < HELD_BYTES // 2
        if small and self._inside(file.path) and kind_of(file.path, file.name) == "table":
            try:
                return self._load(file.path, file.name, zone)[0].periods or _periods(file.path, file.name, zone)
            except Permanent:
                return ()  # reading it gives the reason
        return _periods(file.path, file.name, zone)

    def read(self, name: str, findings: Findings, zone: tzinfo, window: Window | None) -> Iterator[CounterBatch]:
        """Rows of the file `name` whose period starts in the window. Raises Permanent for one that cannot be read."""
        path = self._root / path_of(name)
        if _version(path, name) in self._tables:
            return self._table(path, name, zone, findings).batches(window)
        if not self._inside(path):
            raise Permanent("it lies outside the dataset", where=name, mend="name a file below it")
        kind = kind_of(path, name)
        if kind == "json":
            raise Permanent("JSON counters are not read", where=name, mend="write PM XML, CSV or Parquet")
        if kind == "xml":
            from detector.sources.pm_xml import read_pm_xml

            return read_pm_xml(path, findings, name=name, zone=zone, window=window)
        return self._table(path, name, zone, findings).batches(window)

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root.resolve())

    def _table(self, path: Path, name: str, zone: tzinfo, findings: Findings) -> "CounterTable":
        """A table is loaded once and read period by period; its findings are given once."""
        table, untold = self._load(path, name, zone)
        findings.extend(untold)
        self._tables[_version(path, name)] = table, Findings()
        return table

    def _load(self, path: Path, name: str, zone: tzinfo) -> tuple["CounterTable", Findings]:
        """(the table, its findings that were not given yet)."""
        key = _version(path, name)
        if key not in self._tables:
            from detector.sources.counter_tables import load_counter_table

            found = Findings()
            self._tables[key] = load_counter_table(path, name, zone, found), found
            while len(self._tables) > 1 and self._held_bytes > HELD_BYTES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        return self._tables[key]

    @property
    def _held_bytes(self) -> int:
        return sum(table.nbytes for table, _ in self._tables.values())


def _sha256(path: Path, stat: os.stat_result, largest: int) -> str:
    """Of the bytes; of a file that is too large to be read at all, of its beginning, size and time."""
    with open_file(path) as raw:
        if stat.st_size <= largest:
            return hashlib.file_digest(raw, "sha256").hexdigest()
        identity = f"{stat.st_size} {stat.st_mtime_ns} ".encode()
        return hashlib.sha256(identity + raw.read(_CHUNK)).hexdigest()


def _version(path: Path, name: str) -> tuple[str, int]:
    try:
        return name, path.stat().st_mtime_ns
    except OSError as error:
        raise Permanent("it is gone", where=name, mend="put it back") from error


def kind_of(path: Path, name: str) -> str:
    """xml, json or table, by the first bytes."""
    head = next(_inflated(path, name, limit=1 << 12), b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    return "xml" if head[:1] == b"<" else "json" if head[:1] in b"{[" and head else "table"


def _inflated(path: Path, name: str, limit: int) -> Iterator[bytes]:
    """Up to `limit` bytes of the content; what is cut off or damaged ends early, for the reader to complain about."""
    try:
        with open_file(path) as stream:
            unpack = zlib.decompressobj(31) if stream.read(2) == b"\x1f\x8b" else None
            stream.seek(0)
            while limit > 0 and (chunk := stream.read(min(_CHUNK, limit))):
                while chunk:
                    content = unpack.decompress(chunk, _CHUNK) if unpack else chunk
                    yield content
                    limit -= len(content)
                    chunk = unpack.unconsumed_tail if unpack and limit > 0 else b""
                    if unpack and unpack.eof and (chunk := unpack.unused_data):  # packed in several members
                        unpack = zlib.decompressobj(31)
    except zlib.error:
        return
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Permanent(what, where=name, mend="check the file and its rights") from error


def _periods(path: Path, name: str, zone: tzinfo) -> tuple[Window, ...]:
    try:
        if kind_of(path, name) == "xml":
            return tuple(sorted(_granularities(path, name, zone)))
        from detector.sources.counter_tables import periods

        return tuple(periods(path, name, zone))
    except Permanent:
        return ()  # reading it gives the reason


def _granularities(path: Path, name: str, zone: tzinfo) -> set[Window]:
    """The periods that a PM file's granPeriods name, by a look over its bytes that parses nothing else."""
    texts: set[str] = set()
    rest = ""
    for chunk in _characters(path, name):
        seen = rest + chunk
        texts.update(_GRANULARITY.findall(seen))
        rest = seen[-1024:]
    found: set[Window] = set()
    for text in map(unescape, texts):
        duration, end = _DURATION.search(text), _END.search(text)
        try:
            stop = timestamp_s(end[1], zone)[0] if end else 0
            found.add(Window(stop - duration_s(duration[1] if duration else ""), stop))
        except ValueError:  # the reader rejects that block
            continue
    return found


def _characters(path: Path, name: str) -> Iterator[str]:
    """The text of an XML file. Only the wide encodings matter here: in all others tags and times are ASCII."""
    decoder: codecs.IncrementalDecoder | None = None
    for chunk in _inflated(path, name, limit=8 << 30):
        decoder = decoder or codecs.getincrementaldecoder(encoding_of(chunk))(errors="replace")
        yield decoder.decode(chunk)
