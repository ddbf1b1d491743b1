"""Whether a file that does not change any more is whole, as far as its format shows."""

import re
import zlib
from enum import Enum
from pathlib import Path
from typing import IO

from detector.sources.file_bytes import encoding_of, open_file

_EDGE = 1 << 16
"""Bytes at either end in which the root's tags are looked for. Chosen: a root element comes as early, or the reader refuses
it."""
_CHUNK = 1 << 20
"""Bytes read at a time. Chosen: little beside the memory of a file."""
_GZIP, _PARQUET = b"\x1f\x8b", (b"PAR1", b"PARE")
_BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
_PROLOGUE = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*+", re.DOTALL)
_ROOT = re.compile(r"<([^\s/>!?]+)(?=[\s/>])([^>]*)")


ROOTS = frozenset({"measCollecFile", "measDataFile"})
"""Root elements of the XML files that are read: TS 32.435, TS 28.532."""


class Completeness(Enum):
    """Whether a file is whole, by its end."""

    COMPLETE = "whole"
    OPEN_LINE = "open"
    """A table whose last line has no line end: whole, or written so far."""
    TRUNCATED = "cut off"
    """Something is missing for sure."""


def completeness_of(path: Path, most_bytes: int) -> tuple[Completeness, int]:
    """(whether the bytes are whole, how many there are, unpacked so far as `most_bytes`)."""
    unpacked = [path.stat().st_size]
    return _end_of(path, most_bytes, unpacked), unpacked[-1]


def _end_of(path: Path, most_bytes: int, sizes: list[int]) -> Completeness:
    """A file whose beginning is wrong already counts as whole, for no further bytes mend it, and so
    does one that unpacks to more than `most_bytes`: the reader gives the reason. Raises OSError."""
    with open_file(path) as file:
        head = file.read(_EDGE)
        size = file.seek(0, 2)
        if not head.strip(_BLANK) and size <= _EDGE:
            return Completeness.TRUNCATED
        if size < len(_PARQUET[0]) and any(mark.startswith(head) for mark in (*_PARQUET, _GZIP)):
            return Completeness.TRUNCATED
        if head.startswith(_GZIP):
            return Completeness.TRUNCATED if _misses_members(file, most_bytes, sizes) else Completeness.COMPLETE
        tail_at = max(0, size - _EDGE) // 4 * 4
        file.seek(tail_at)
        tail = file.read(_EDGE + 4)
    if head.startswith(_PARQUET):
        return Completeness.COMPLETE if size > 8 and tail.endswith(_PARQUET) else Completeness.TRUNCATED
    if head.lstrip(_BLANK)[:1] == b"<":
        return _end_of_xml(head, tail, all_seen=size <= _EDGE)
    return (
        Completeness.COMPLETE
        if b"\n" in tail[-4:].rstrip(b"\0")[-1:] or head.lstrip(_BLANK)[:1] in (b"{", b"[")
        else Completeness.OPEN_LINE
    )


def _misses_members(file: IO[bytes], most_bytes: int, sizes: list[int]) -> bool:
    """Whether packed data end inside a member; their size is added to `sizes`."""
    file.seek(0)
    unpack, total, data = zlib.decompressobj(31), 0, b""
    try:
        while total <= most_bytes:
            data = data or file.read(_CHUNK)
            if not data:
                return not unpack.eof
            if unpack.eof:
                data = data.lstrip(b"\0")
                if data and not data.startswith(_GZIP):
                    return data == _GZIP[:1]
                unpack = zlib.decompressobj(31) if data else unpack
                continue
            total += len(unpack.decompress(data, _CHUNK))
            sizes[1:] = [total]
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    except zlib.error:
        return False
    return False


def _end_of_xml(head: bytes, tail: bytes, *, all_seen: bool) -> Completeness:
    encoding = encoding_of(head)
    begin = head.decode(encoding, "replace").lstrip("\ufeff\u00ef\u00bb\u00bf")
    root = _ROOT.match(_PROLOGUE.sub("", begin, count=1))
    if root is None:
        return Completeness.TRUNCATED if all_seen and "<!DOCTYPE" not in begin else Completeness.COMPLETE
    if root[1].rpartition(":")[2] not in ROOTS or root[2].endswith("/"):
        return Completeness.COMPLETE
    wide = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    if head[:2] == b"\xfe\xff":
        wide = "utf-16-be"
    closing = re.compile(rf"</{re.escape(root[1])}\s*>")
    return Completeness.COMPLETE if closing.search(tail.decode(wide, "replace")) else Completeness.TRUNCATED
