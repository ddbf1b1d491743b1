"""How a table's file is written: encoding, separator, header; and its rows where a fast reader would lose or join some.

The header decides: the first line in which one of four separators gives every required column. A general sniffer has to
guess from the values what the contract knows.
"""

import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.sources.budget import most_bytes, spend
from detector.sources.opening import open_file

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEADER_LINES = 30
"""A header is looked for in so many lines: exports put a title, a time and a unit above it, seldom more."""
LONGEST_RECORD = 2_000
"""Lines of one record: a customer's text has fewer, so beyond it a quote was not closed."""
_OPEN_QUOTES, _LONGEST_OF_MANY = 100, 20
"""After so many quotes that were not closed a record may have so many lines: each costs a look at as many."""
MAX_BYTES = 4 << 30
_HEAD = 1 << 18
_UNPACKED_AT_ONCE = 16 << 20
_LINES_A_LOOK = 10_000
"""Lines between two looks at the budget."""
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ANOTHER_FORM = re.compile(
    r'[0-9]\.0+(?:[",\r\n]|\Z)|[0-9][eE]\+[0-9]|[0-9][./-][0-9]{4}[T ,"\r\n]|"[^,"\n]*[0-9],[0-9]'
    r"|[0-9][ \u00a0\u202f\u2019'][0-9]{3}\b"
)
"""Where a name was a number, a date begins with the day, or a number has commas or spaces; or looks like it."""
_INVISIBLE = re.compile("[\ufeff\u200b-\u200f\u2060\u00ad\x00-\x08\x0e-\x1f]")
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")
_QUOTE = "a quote that is not closed, or not doubled"
csv.field_size_limit(1 << 27)  # a row is refused, not the table


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A line that is no row, and why."""

    line: int
    why: str


@dataclass(kw_only=True)
class Layout:
    """A CSV file's form. `rows` is None where any strict reader gives the same rows from `skip` lines on; else the rows,
    with the number of each line in `lines`, and `rejected` holds what is none. `words`: what differs from the plain form."""

    header: tuple[str, ...]
    delimiter: str = ","
    skip: int = 1
    quoted: bool = False
    packed: bool = False
    rows: list[list[str]] | None = None
    lines: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    not_utf8: int = 0
    """Characters that could not be decoded."""


def column_name(text: str) -> str:
    """A header's cell without what nobody sees in it.

    >>> column_name(" RRC.ConnEstabAtt\\u00a0"), column_name("\\ufeffobject_id")
    ('RRC.ConnEstabAtt', 'object_id')
    """
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def known_name(name: str, known: Sequence[str]) -> str:
    """The contract's name that this is but for capital letters; else the name itself."""
    return name if name in known else next((k for k in known if k.casefold() == name.casefold()), name)


def read_layout(path: Path, name: str, required: Sequence[str], known: Sequence[str], *, replace: bool = False) -> Layout:
    """The form of a CSV file. `known`: the contract's columns, found whatever their capitals. `replace`: bytes that are no
    UTF-8 become U+FFFD, else they are read as Windows-1252.

    Raises Permanent for a file that is empty, cannot be unpacked, or has no line with the required columns.
    """
    data, packed = _content(path, name)
    layout = _find_header(data, name, required, known)
    layout.packed = packed
    if not _is_plain(data, layout):
        repair(data, layout, replace=replace)
    return layout


def repaired(path: Path, name: str, layout: Layout, *, replace: bool = False) -> None:
    """Reads the rows of a file that a strict reader could not read to its end."""
    repair(_content(path, name)[0], layout, replace=replace)


@dataclass(kw_only=True)
class Rows:
    """A CSV file row by row, for tables of which every field is wanted. `layout` is whole once they are read."""

    layout: Layout
    data: bytes
    replace: bool

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return rows_of(self.data, self.layout, replace=self.replace)


def plain_rows(path: Path, name: str, required: Sequence[str], known: Sequence[str], *, replace: bool) -> Rows | None:
    """The rows of a CSV file in which no name, number or date is written in another form than the contract's.

    None where one may be, or a column stands twice: then all of a column must be seen before its first field is understood.
    """
    data, _ = _content(path, name)
    layout = _find_header(data, name, required, known)
    text, _ = decoded(data, replace=True)
    if layout.delimiter != "," or doubled(layout.header) or _ANOTHER_FORM.search(text):
        return None
    return Rows(layout=layout, data=data, replace=replace)


def _content(path: Path, name: str) -> tuple[bytes, bool]:
    """(the bytes, unpacked; whether they were packed)."""
    try:
        with open_file(path) as file:
            data = file.read(most_bytes(MAX_BYTES) + 1)
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
                if total > MAX_BYTES:
                    raise Permanent(f"it holds more than {MAX_BYTES >> 20} MB", where=name, mend="split it")
                spend(total_bytes=total)
                data = unpack.unconsumed_tail
            if not unpack.eof:
                raise Permanent("gzip data are cut off", where=name, mend="fetch it anew")
            data = unpack.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Permanent(f"gzip data are damaged ({error})", where=name, mend="fetch it anew") from error


def _find_header(data: bytes, name: str, required: Sequence[str], known: Sequence[str]) -> Layout:
    """The first line that names every required column."""
    head, encoding = decoded(data[:_HEAD], replace=True)
    lines = io.StringIO(head, newline="").readlines()[:HEADER_LINES]
    words = [f"encoding {encoding}"] if encoding not in ("UTF-8", "Windows-1252") else []
    for number, line in enumerate(lines):
        for delimiter in DELIMITERS:
            cells = _split(line, delimiter)
            names = [known_name(column_name(cell), known) for cell in cells]
            if names and not set(required) <= set(names) and names[0].startswith("#"):
                names[0] = known_name(names[0].lstrip("# "), known)
            if set(required) <= set(names):
                spend(columns=len(names))
                return Layout(
                    header=_without_tail(names),
                    delimiter=delimiter,
                    skip=number + 1,
                    words=words + _said(cells, names, delimiter, number, lines),
                )
    raise _no_header(lines, name, required, known)


def _said(cells: Sequence[str], names: Sequence[str], delimiter: str, above: int, lines: Sequence[str]) -> list[str]:
    """What a header differs in, in words."""
    words = [] if delimiter == "," else [f"separator {DELIMITER_NAMES[delimiter] if delimiter == chr(9) else delimiter}"]
    separator_line = above and re.match(r"\ufeff?\"?sep=", lines[0], re.IGNORECASE)
    if above - bool(separator_line):
        words.append(f"{above} line{'s' if above > 1 else ''} above the header passed over")
    odd = [(c, n) for c, n in zip(cells, names, strict=True) if n and c.strip(" \t\r\n\ufeff") != n]
    if odd:
        words.append(f"column {ascii(odd[0][0])[1:-1][:40]} read as {odd[0][1][:40]}")
    return words


def _no_header(lines: Sequence[str], name: str, required: Sequence[str], known: Sequence[str]) -> Permanent:
    """The refusal names what the likeliest header lacks."""
    rows = [[known_name(column_name(c), known) for c in _split(line, d)] for line in lines[:1] for d in DELIMITERS]
    best = max(rows, key=lambda names: (len(set(required) & set(names)), len(names)), default=[])
    lacking = [column for column in required if column not in best]
    what = f"column {', '.join(map(repr, lacking))} is missing"
    return Permanent(what, where=name, mend=f"its header reads {header_told(best)}")


def header_told(columns: Sequence[str]) -> str:
    """A header as an error repeats it: names alone, for a file without one begins with a row of identities.

    >>> header_told(["subscriber_id", "491701234567", "c11"])
    'subscriber_id,...,c11'
    """
    names = (c if c[:1].isalpha() and sum(map(str.isdigit, c)) < 5 and "@" not in c else "..." for c in columns)
    return ",".join(names)[:120] or "(nothing)"


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _without_tail(names: Sequence[str]) -> tuple[str, ...]:
    """Separators at the end of a header name no column."""
    count = len(names)
    while count and not names[count - 1]:
        count -= 1
    return tuple(names[:count])


def decoded(data: bytes, *, replace: bool) -> tuple[str, str]:
    """(text, the encoding's name)."""
    if data[:2] in _UTF16:
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


def _is_plain(data: bytes, layout: Layout) -> bool:
    """Whether every row, field and character is where any strict reader of this separator would find it."""
    if b"\0" in data or data[:2] in _UTF16 or not (data.isascii() or _is_utf8(data)):
        return False
    feeds, returns = data.count(b"\n"), data.count(b"\r")
    if returns and not (returns == feeds == data.count(b"\r\n")):
        return False
    start = _after_lines(data, layout.skip)
    first = data[start : _after_lines(data, 1, start)].decode("utf-8", "replace")
    if first.strip() and len(_split(first, layout.delimiter)) not in (0, len(layout.header)):
        return False
    layout.quoted = b'"' in data
    if not layout.quoted:
        return True
    mark = re.escape(layout.delimiter).encode()
    well = re.compile(rb"(?:(?<=[" + mark + rb'\n])|\A)"(?:[^"]++|"")*+"(?=[' + mark + rb"\r\n]|\Z)")
    return b'"' not in well.sub(b"", data[start:])


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _after_lines(data: bytes, count: int, start: int = 0) -> int:
    for _ in range(count):
        at = data.find(b"\n", start)
        if at < 0:
            return len(data)
        start = at + 1
    return start


def repair(data: bytes, layout: Layout, *, replace: bool) -> None:
    """Fills `rows`, `lines` and `rejected`: a line that is no row costs itself alone."""
    layout.rows, layout.lines = [], []
    for line, row in rows_of(data, layout, replace=replace):
        layout.rows.append(row)
        layout.lines.append(line)


def rows_of(data: bytes, layout: Layout, *, replace: bool) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of each row below the header; afterwards `rejected` and `words` are whole."""
    text, encoding = decoded(data, replace=replace)
    if encoding == "Windows-1252":
        layout.words.append("no UTF-8, read as Windows-1252")
    elif encoding == "UTF-8":
        layout.not_utf8 = text.count("\ufffd")
    lines = io.StringIO(text, newline="").readlines()
    layout.rejected = []
    width, longer, nul, open_quotes = len(layout.header), 0, "\0" in text, 0
    at = layout.skip
    while at < len(lines):
        spend()
        longest = LONGEST_RECORD if open_quotes < _OPEN_QUOTES else _LONGEST_OF_MANY
        begun, reader = at, csv.reader(_bounded(lines, first := [at], longest), delimiter=layout.delimiter, strict=True)
        try:
            for row in reader:
                line, first[0] = first[0], at + reader.line_num
                if len(row) == width and not (nul and _wrong(row, width)):
                    yield line + 1, row
                elif why := _wrong(row, width):
                    begun = _reject(layout, line, why if first[0] - line == 1 else _QUOTE)
                    if first[0] - line > 1:
                        break
                elif row:
                    longer += 1
                    yield line + 1, row[:width]
            else:
                begun = len(lines)
        except csv.Error:
            begun = _reject(layout, first[0], _QUOTE)
            open_quotes += 1
        at = begun
    if longer:
        layout.words.append("separators at the end of lines")


def _wrong(row: Sequence[str], width: int) -> str:
    """Why these fields are no row; empty if they are one, or an empty line."""
    if row and (len(row) < width or any(row[width:])):
        return f"{len(row)} fields under {width} columns"
    return "a NUL in it" if any("\0" in cell for cell in row) else ""


def _bounded(lines: Sequence[str], first: Sequence[int], longest: int) -> Iterator[str]:
    """Lines from the record's own on; csv.Error where one takes too many."""
    at = first[0]
    while at < len(lines):
        if at - first[0] > longest:
            raise csv.Error("a record of too many lines")
        if not at % _LINES_A_LOOK:
            spend()
        yield lines[at]
        at += 1


def _reject(layout: Layout, line: int, why: str) -> int:
    """Counts the line (from 0) as none; the next one's number."""
    layout.rejected.append(Rejected(line=line + 1, why=why))
    return line + 1


def tell_layout(layout: Layout, name: str, findings: Findings, words: Sequence[str] = ()) -> None:
    """Findings about a file as a whole: its lines that are no rows, its encoding, and its form in words."""
    if layout.rejected:
        first = layout.rejected[0]
        findings.add("row_rejected", name, f"line {first.line}: {first.why}", len(layout.rejected))
    if layout.not_utf8:
        findings.add("not_utf8", name, "bytes that are no UTF-8", layout.not_utf8)
    if told := dict.fromkeys([*layout.words, *words]):
        findings.add("dialect", name, ", ".join(told))


def doubled(header: Sequence[str]) -> dict[str, list[int]]:
    """Column -> its places, for those that stand twice or more.

    >>> doubled(["a", "b", "a"])
    {'a': [0, 2]}
    """
    return {name: [i for i, n in enumerate(header) if n == name] for name, count in Counter(header).items() if count > 1}
