"""The bytes of a file that somebody else wrote: opened without waiting, unpacked, decoded."""

import os
import stat
import zlib
from collections.abc import Iterator
from errno import EINVAL
from io import BufferedReader
from pathlib import Path

from detector.domain.errors import Permanent
from detector.sources.budget import MOST_BYTES, most_bytes, spend

_UNPACKED_AT_ONCE = 16 << 20
"""Bytes unpacked at a time. Chosen: little beside the memory of a file."""
_HEAD = 1 << 18
"""Bytes by which the encoding is recognised. Chosen: as many as the header is searched in."""
_GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


def open_file(path: Path) -> BufferedReader:
    """A regular file for reading. Raises OSError for anything else: to open a pipe would block until somebody writes."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(EINVAL, "it is no file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def encoding_of(head: bytes) -> str:
    """By the first bytes, as XML 1.0, appendix F, detects encodings.

    >>> encoding_of("<?xml".encode("utf-16")), encoding_of("<?xml".encode("utf-16-be")), encoding_of(b"<?xml")
    ('utf-16', 'utf-16-be', 'latin-1')
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    return "latin-1"


def content_of(path: Path, name: str) -> tuple[bytes, bool]:
    """(the bytes, unpacked; whether they were packed)."""
    try:
        with open_file(path) as file:
            data = file.read(most_bytes(MOST_BYTES) + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Permanent(what, where=name, mend="check the file and its rights") from error
    spend(total_bytes=len(data))
    packed = data[:2] == _GZIP
    if packed:
        data = b"".join(_unpacked(data, name))
    if len(data) < _HEAD and not data.strip(b"\xef\xbb\xbf\xff\xfe\r\n \t\0"):
        raise Permanent("it is empty", where=name, mend="fetch it anew")
    return data, packed


def _unpacked(data: bytes, name: str) -> Iterator[bytes]:
    """Every member of a packed file. Raises Permanent if it is cut off or damaged."""
    total = 0
    try:
        while data:
            unpack = zlib.decompressobj(31)
            while data and not unpack.eof:
                yield (part := unpack.decompress(data, _UNPACKED_AT_ONCE))
                total += len(part)
                if total > MOST_BYTES:
                    raise Permanent(f"it holds more than {MOST_BYTES >> 20} MB", where=name, mend="split it")
                spend(total_bytes=total)
                data = unpack.unconsumed_tail
            if not unpack.eof:
                raise Permanent("gzip data are cut off", where=name, mend="fetch it anew")
            data = unpack.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Permanent(f"gzip data are damaged ({error})", where=name, mend="fetch it anew") from error


def decoded(data: bytes, *, replace: bool) -> tuple[str, str]:
    """(text, the encoding's name)."""
    if data[:2] in UTF16:
        return data.decode("utf-16", errors="replace"), "UTF-16"
    even, odd = data[:400:2].count(b"\0"), data[1:400:2].count(b"\0")
    if 3 * (even + odd) > len(data[:400]):
        return data.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace"), "UTF-16"
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if replace or error.reason == "unexpected end of data":
            return data.decode("utf-8-sig", errors="replace"), "UTF-8"
        return data.decode("cp1252", errors="replace"), "Windows-1252"
