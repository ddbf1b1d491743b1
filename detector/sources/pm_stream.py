"""Bytes of a PM file to finished XML elements, within bounds: the file comes from outside and is not trusted."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn, cast

from lxml import etree

from detector.domain.errors import Permanent
from detector.sources.budget import spend
from detector.sources.file_bytes import open_file

CHUNK = 1 << 17
"""Bytes read at a time. Chosen: little beside the memory of a batch."""
MAX_BYTES = 8 << 30
"""Bytes of one file, unpacked. Chosen: a hundred times a period of 50,000 cells."""
MAX_PROLOGUE = 1 << 16
"""Bytes before the root element. Chosen: comments and a style sheet take less."""
SCOUTED = 1 << 9
"""Bytes given to the parser at a time until the root is known. Chosen: an entity is refused before it is expanded."""
MAX_SILENCE = 4 << 20
"""Bytes without one finished element of interest. Chosen: no measValue is that large."""
MAX_RATIO = 500
"""Inflated size over packed size, judged from 64 MB on. Chosen: zeros alone inflate 1,000-fold, real PM files 20 to 100."""
_GZIP = b"\x1f\x8b"


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def elements(path: Path, name: str, tags: tuple[str, ...], roots: frozenset[str]) -> Iterator[etree._Element]:
    """Each finished element with one of these local names, in document order.

    The caller drops what it has used (see `drop`). Raises Permanent naming file, line and reason for anything that is
    not well-formed XML with one of `roots` at its top, is cut off, names a doctype, or exceeds the bounds above.
    """
    # huge_tree stays off: libxml2 then refuses texts over 10 MB and depths over 256 by itself.
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    kept = {"remove_comments": True, "remove_pis": True}  # within a text they would hide what follows them
    parser = etree.XMLPullParser(events=("end",), tag=tuple(f"{{*}}{t}" for t in tags), **safe, **kept)  # type: ignore[arg-type]
    chunks = _chunks(path, name)
    silent, line = 0, 1
    try:
        for chunk in _after_prologue(chunks, name, roots, safe):
            parser.feed(chunk)
            silent += len(chunk)
            for element in _finished(parser):
                silent, line = 0, 1
                yield element
            if silent > MAX_SILENCE:
                what = f"one element is larger than {MAX_SILENCE >> 20} MB"
                raise Permanent(what, where=f"{name}, line {line}", mend="export it anew")
            line += chunk.count(b"\n")
        parser.close()
        yield from _finished(parser)
    except etree.XMLSyntaxError as error:
        _refuse(error, name)


def drop(element: etree._Element) -> None:
    """Frees a used element and all its elder siblings, so that memory stays flat."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _finished(parser: etree.XMLPullParser) -> Iterator[etree._Element]:
    return (element for _, element in cast("Iterator[tuple[str, etree._Element]]", parser.read_events()))


def _after_prologue(chunks: Iterator[bytes], name: str, roots: frozenset[str], safe: dict[str, bool]) -> Iterator[bytes]:
    """The same chunks, once the root's start tag has been seen and found harmless."""
    scout = etree.XMLPullParser(events=("start",), **safe)  # type: ignore[arg-type]
    seen: list[bytes] = []
    size = 0
    for chunk in chunks:
        seen.append(chunk)
        head = chunk[: MAX_PROLOGUE - size]
        size += len(head)
        root = _first_begun(scout, head)
        if root is not None:
            _check_root(root, name, roots)
            break
        if size >= MAX_PROLOGUE:
            raise Permanent(
                f"no root element in the first {MAX_PROLOGUE >> 10} kB", where=f"{name}, line 1", mend="is this a PM file?"
            )
    else:
        scout.close()
        _check_root(next(_finished(scout)), name, roots)
    yield from seen
    yield from chunks


def _first_begun(scout: etree.XMLPullParser, head: bytes) -> etree._Element | None:
    """The first element to begin; fed little by little, for what the scout reads is parsed twice."""
    for at in range(0, len(head), SCOUTED):
        scout.feed(head[at : at + SCOUTED])
        if (root := next(_finished(scout), None)) is not None:
            return root
    return None


def _check_root(root: etree._Element, name: str, roots: frozenset[str]) -> None:
    where = f"{name}, line {root.sourceline}"
    if root.getroottree().docinfo.internalDTD is not None:
        raise Permanent("it declares a doctype, which no PM file needs", where=where, mend="remove the DOCTYPE")
    if local_name(root) not in roots:
        mend = f"only {' and '.join(sorted(roots))} are read (TS 32.435, TS 28.532)"
        raise Permanent(f"root element is {local_name(root)[:60]}", where=where, mend=mend)


def _refuse(error: etree.XMLSyntaxError, name: str) -> NoReturn:
    reason = " ".join(str(error.msg or "no XML at all").split())[:200]
    raise Permanent(
        f"malformed XML: {reason} (XML 1.0, 2.1)", where=f"{name}, line {error.lineno or 1}", mend="fetch or export it anew"
    ) from error


def _chunks(path: Path, name: str) -> Iterator[bytes]:
    """The file's bytes, inflated if they begin as gzip does, whatever the name is."""
    try:
        with open_file(path) as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            yield from _inflated(raw, path.stat().st_size, name) if packed else _plain(raw, name)
    except OSError as error:
        raise Permanent(
            f"cannot be read: {error.strerror or error}", where=name, mend="check the file and its rights"
        ) from error


def _plain(raw: IO[bytes], name: str) -> Iterator[bytes]:
    total, line = 0, 1
    while chunk := raw.read(CHUNK):
        total += len(chunk)
        _bound(total, MAX_BYTES, f"{name}, line {line}")
        spend(total_bytes=total)
        yield chunk
        line += chunk.count(b"\n")


def _inflated(raw: IO[bytes], size: int, name: str) -> Iterator[bytes]:
    total, line = 0, 1
    limit = min(MAX_BYTES, max(64 << 20, MAX_RATIO * size))
    try:
        with gzip.GzipFile(fileobj=raw) as stream:
            while chunk := stream.read(CHUNK):
                total += len(chunk)
                _bound(total, limit, f"{name}, line {line}")
                spend(total_bytes=total)
                yield chunk
                line += chunk.count(b"\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = "gzip data are cut off" if isinstance(error, EOFError) else f"gzip data are damaged ({error})"
        raise Permanent(what, where=f"{name}, line {line}", mend="fetch it anew") from error


def _bound(total: int, limit: int, where: str) -> None:
    if total > limit:
        raise Permanent(f"it holds more than {limit >> 20} MB", where=where, mend="split it, or export it anew")
