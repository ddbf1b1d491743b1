"""How a table's file is written: encoding, separator, header.

The header decides: the first line in which one of four separators gives every required column. A general sniffer has to
guess from the values what the contract states.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.sources.budget import spend
from detector.sources.file_bytes import UTF16, decoded

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEADER_LINES = 30
"""A header is looked for in so many lines. Chosen: exports put a title, a time and a unit above it, seldom more."""
_HEAD = 1 << 18
"""Bytes in which the header is searched. Chosen: `HEADER_LINES` lines of 5,000 columns with short names."""
_INVISIBLE = re.compile("[\ufeff\u200b-\u200f\u2060\u00ad\x00-\x08\x0e-\x1f]")
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A line that is no row, and why."""

    line: int
    why: str


@dataclass(kw_only=True)
class Layout:
    """A CSV file's form. `rows` is None where any strict reader gives the same rows from `skip` lines on; else, and in a
    small file, the rows, with the number of each line in `lines`, and `rejected` holds what is none. `words`: what differs
    from the plain form."""

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


def find_header(data: bytes, name: str, required: Sequence[str], known: Sequence[str]) -> Layout:
    """The first line that names every required column."""
    head, encoding = decoded(data[:_HEAD], replace=True)
    lines = io.StringIO(head, newline="").readlines()[:HEADER_LINES]
    words = [f"encoding {encoding}"] if encoding not in ("UTF-8", "Windows-1252") else []
    for number, line in enumerate(lines):
        for delimiter in DELIMITERS:
            cells = split_line(line, delimiter)
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
    rows = [[known_name(column_name(c), known) for c in split_line(line, d)] for line in lines[:1] for d in DELIMITERS]
    best = max(rows, key=lambda names: (len(set(required) & set(names)), len(names)), default=[])
    lacking = [column for column in required if column not in best]
    what = f"column {', '.join(map(repr, lacking))} is missing"
    return Permanent(what, where=name, mend=f"its header reads {header_shown(best)}")


def header_shown(columns: Sequence[str]) -> str:
    """A header as an error repeats it: names alone, for a file without one begins with a row of identities.

    >>> header_shown(["subscriber_id", "491701234567", "c11"])
    'subscriber_id,...,c11'
    """
    names = (c if c[:1].isalpha() and sum(map(str.isdigit, c)) < 5 and "@" not in c else "..." for c in columns)
    return ",".join(names)[:120] or "(nothing)"


def split_line(line: str, delimiter: str) -> list[str]:
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


def is_plain(data: bytes, layout: Layout) -> bool:
    """Whether every row, field and character is where any strict reader of this separator would find it."""
    if b"\0" in data or data[:2] in UTF16 or not (data.isascii() or _is_utf8(data)):
        return False
    feeds, returns = data.count(b"\n"), data.count(b"\r")
    if returns and not (returns == feeds == data.count(b"\r\n")):
        return False
    start = _after_lines(data, layout.skip)
    first = data[start : _after_lines(data, 1, start)].decode("utf-8", "replace")
    if first.strip() and len(split_line(first, layout.delimiter)) not in (0, len(layout.header)):
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


def tell_layout(layout: Layout, name: str, findings: Findings, words: Sequence[str] = ()) -> None:
    """Findings about a file as a whole: its lines that are no rows, its encoding, and its form in words."""
    if layout.rejected:
        first = layout.rejected[0]
        findings.add("row_rejected", name, f"line {first.line}: {first.why}", len(layout.rejected))
    if layout.not_utf8:
        findings.add("not_utf8", name, "bytes that are no UTF-8", layout.not_utf8)
    if said := dict.fromkeys([*layout.words, *words]):
        findings.add("dialect", name, ", ".join(said))


def doubled(header: Sequence[str]) -> dict[str, list[int]]:
    """Column -> its places, for those that stand twice or more.

    >>> doubled(["a", "b", "a"])
    {'a': [0, 2]}
    """
    return {name: [i for i, n in enumerate(header) if n == name] for name, count in Counter(header).items() if count > 1}
