"""Arrays of an uncompressed .npz file where they lie on the disk: read as they are touched, shared, never copied whole."""

import struct
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

_LOCAL_HEADER = 30
"""Bytes of a zip entry before its name (PKWARE APPNOTE 4.3.7); lengths of name and extra field stand at 26."""


def mapped(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Read-only. Raises OSError, ValueError or BadZipFile for what is no such file."""
    with ZipFile(path) as entries, path.open("rb") as file:
        return {entry.filename.removesuffix(".npy"): _array(path, file, entry) for entry in entries.infolist()}


def _array(path: Path, file: IO[bytes], entry: ZipInfo) -> np.ndarray[Any, Any]:
    if entry.compress_type != ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed")
    file.seek(entry.header_offset)
    name, extra = struct.unpack_from("<HH", file.read(_LOCAL_HEADER), 26)
    file.seek(entry.header_offset + _LOCAL_HEADER + name + extra)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, kind = read(file)
    if not np.prod(shape, dtype=int):
        return np.empty(shape, kind)
    return np.asarray(np.memmap(path, kind, "r", file.tell(), shape, "F" if by_column else "C"))
