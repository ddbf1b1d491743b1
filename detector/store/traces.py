"""Names in the files of the store: columns of Parquet, texts of arrays, bytes of everything else."""

import gzip
import json
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import numpy as np

from detector.store.parquet import rows_naming

SHORTEST_RAW = 6
"""A raw identity shorter than this is found everywhere by chance: it is looked for in columns only."""
_CHUNK = 1 << 20
_OWN = ("keys.json",)


def traces(root: Path, names: Sequence[str], raw: str, elsewhere: Collection[Path] = ()) -> Iterator[str]:
    """Files below `root` in which one of these names, or the raw identity, can be found, as names below it.

    A database file is searched for the raw identity alone: pseudonyms stand in its log of audits, and its tables are
    searched as such.
    """
    aside = [folder.resolve() for folder in elsewhere]
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".") and p.name not in _OWN]
    files = [p for p in files if not any(p.resolve().is_relative_to(folder) for folder in aside)]
    exact = [*names, *([raw] if raw else [])]
    parquet = [p for p in files if p.suffix == ".parquet"]
    yield from (p.relative_to(root).as_posix() for p in rows_naming(parquet, exact))
    for path in files:
        if path.suffix == ".parquet":
            continue
        database = ".db" in path.name
        if array_names(path, exact) if path.suffix == ".npz" else holds(path, [] if database else names, raw):
            yield path.relative_to(root).as_posix()


def array_names(path: Path, names: Collection[str]) -> bool:
    """Whether a text in one of the arrays of this file is one of these names."""
    wanted = np.array(sorted(names), dtype=str)
    try:
        with zipfile.ZipFile(path) as arrays:
            return any(
                np.isin(texts, wanted).any() for name in arrays.namelist() if (texts := _texts(arrays, name)) is not None
            )
    except (OSError, ValueError, zipfile.BadZipFile):
        return holds(path, list(names), "")


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


def holds(path: Path, names: Sequence[str], raw: str) -> bool:
    """Whether the bytes of this file, unpacked if need be, have one of these in them."""
    wanted = {name.encode() for name in names} | (_spellings(raw) if len(raw) >= SHORTEST_RAW else set())
    if not wanted:
        return False
    longest = max(map(len, wanted))
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            return _found(file, wanted, longest)  # type: ignore[arg-type]
    except (OSError, EOFError):
        return False


def _found(file: IO[bytes], wanted: Collection[bytes], longest: int) -> bool:
    before = b""
    while part := file.read(_CHUNK):
        part = before + part
        if any(one in part for one in wanted):
            return True
        before = part[-longest:]
    return False


def _spellings(raw: str) -> set[bytes]:
    """As it is written in text, in JSON, in an address and in UTF-16.

    >>> sorted(_spellings("+49é")) == sorted({b"+49\\xc3\\xa9", b"+49\\\\u00e9", b"%2B49%C3%A9", "+49é".encode("utf-16-le")})
    True
    """
    told = (raw, json.dumps(raw)[1:-1], json.dumps(raw, ensure_ascii=False)[1:-1], quote(raw, safe=""))
    return {one.encode() for one in told} | {raw.encode("utf-16-le")}
