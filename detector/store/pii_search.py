"""People in the files of the store: columns of Parquet, texts of arrays, bytes of everything else."""

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from detector.domain.errors import Permanent
from detector.store.parquet import rows_naming
from detector.store.person_match import PersonMatcher

PERSON_COLUMNS = ("subscriber", "subscriber_id", "guardian_id", "holder_id", "account_id", "parent_id")
"""Columns that hold identities, in our own files and in those of an operator."""
WAITING = "audit-waiting"
"""Folder of the audit log's entries that are not in its table yet: kept on purpose, as the table is."""
_CHUNK = 1 << 20
"""Bytes read at a time. Chosen: little beside the memory of a file."""
_OVERLAP = 4_096
"""Bytes that two chunks share. Chosen: longer than any spelling of an identity (sources.records.LONGEST_WORD), so that none
is cut in two."""
_OWN = ("keys.json",)
_TABLES = (".csv", ".tsv", ".txt")


def files_naming(root: Path, person: PersonMatcher, other_folders: Collection[Path] = ()) -> Iterator[str]:
    """Files below `root` in which this person can be found, as names below it.

    A database file is searched for the raw identity alone: pseudonyms stand in its log of audits, and its tables are
    searched as such. The log of audits that waits to be written is left out.
    """
    aside = [folder.resolve() for folder in (*other_folders, root / WAITING)]
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".") and p.name not in _OWN]
    for path in (p for p in files if not any(p.resolve().is_relative_to(folder) for folder in aside)):
        if _names(path, person):
            yield path.relative_to(root).as_posix()


def _names(path: Path, person: PersonMatcher) -> bool:
    if path.suffix == ".parquet":
        return _parquet_names(path, person)
    if path.suffix == ".npz":
        return array_names(path, person)
    if ".db" in path.name:
        raw = PersonMatcher((), person.raw, person.is_object)
        return bool(raw.spoken) and _found(path, re.compile(rb"(?<!\d)" + re.escape(raw.raw.encode()) + rb"(?!\d)"))
    spelled = person.spelled()
    return (spelled is not None and _found(path, spelled)) or _table_names(path, person)


def _parquet_names(path: Path, person: PersonMatcher) -> bool:
    """Its columns; the bytes of one that cannot be read (a damaged file that was set aside)."""
    try:
        return bool(rows_naming([path], person.spoken) or rows_naming([path], person.exact, PERSON_COLUMNS))
    except Permanent:
        spelled = person.spelled()
        return spelled is not None and _found(path, spelled)


def array_names(path: Path, person: PersonMatcher) -> bool:
    """Whether a text in one of the arrays of this file is this person."""
    spoken, exact = (np.array(sorted(names), dtype=str) for names in (person.spoken, person.exact))
    try:
        with zipfile.ZipFile(path) as arrays:
            for name in arrays.namelist():
                if (texts := _texts(arrays, name)) is not None:
                    wanted = exact if name.removesuffix(".npy") in ("subscribers", *PERSON_COLUMNS) else spoken
                    if np.isin(texts, wanted).any():
                        return True
    except (OSError, ValueError, zipfile.BadZipFile):
        spelled = person.spelled()
        return spelled is not None and _found(path, spelled)
    return False


def _texts(arrays: zipfile.ZipFile, name: str) -> Any:
    """An array's texts, None if it holds numbers: those are not even read."""
    with arrays.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        _, _, kind = read(file)
    if kind.kind not in "US":
        return None
    with arrays.open(name) as file:
        found = np.lib.format.read_array(file, allow_pickle=False)
    return found.astype(str) if kind.kind == "S" else found


def _opened(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked if need be."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


def _found(path: Path, wanted: re.Pattern[bytes]) -> bool:
    """Whether this is in the file, read in chunks."""
    try:
        with _opened(path) as file:
            held = file.read(_CHUNK)
            while part := file.read(_CHUNK):
                if _within(held, wanted, until=len(held) - _OVERLAP):
                    return True
                held = held[-2 * _OVERLAP :] + part
            return _within(held, wanted, until=len(held))
    except (OSError, EOFError):
        return False


def _within(data: bytes, wanted: re.Pattern[bytes], until: int) -> bool:
    """What begins behind `until` is looked at with the next chunk: here its end may be missing."""
    return any(found.start() <= until for found in wanted.finditer(data))


def _table_names(path: Path, person: PersonMatcher) -> bool:
    """A table that was set aside: its columns of identities, by whole value. Separates a short number from a cell's."""
    if not person.raw or not any(suffix in _TABLES for suffix in path.suffixes):
        return False
    try:
        with _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
            rows = csv.reader(text)
            header = [name.strip().lower() for name in next(rows, [])]
            places = [at for at, name in enumerate(header) if name in PERSON_COLUMNS]
            return any(at < len(row) and row[at].strip() == person.raw for row in rows for at in places)
    except (OSError, EOFError, csv.Error):
        return False
