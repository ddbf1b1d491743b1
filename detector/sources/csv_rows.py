"""The rows of a CSV file, where a fast reader would lose or join some: a line that is no row costs itself alone."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.sources.budget import spend
from detector.sources.csv_layout import Layout, Rejected, doubled, find_header, is_plain
from detector.sources.file_bytes import content_of, decoded

LONGEST_RECORD = 2_000
"""Lines of one record. Chosen: a customer's text has fewer, so beyond it a quote was not closed."""
_OPEN_QUOTES, _LONGEST_OF_MANY = 100, 20
"""After so many quotes that were not closed a record may have so many lines: each costs a look at as many."""
_SMALL_BYTES = 128 << 10
"""Bytes up to which a file is read line by line. Chosen: that is faster than to make an engine that may read it (20 ms)."""
_LINES_A_LOOK = 10_000
"""Lines between two checks of the budget. Chosen: milliseconds."""
_ANOTHER_FORM = re.compile(
    r'[0-9]\.0+(?:[",\r\n]|\Z)|[0-9][eE]\+[0-9]|[0-9][./-][0-9]{4}[T ,"\r\n]|"[^,"\n]*[0-9],[0-9]'
    r"|[0-9][ \u00a0\u202f\u2019'][0-9]{3}\b"
)
"""Where a name was a number, a date begins with the day, or a number has commas or spaces; or looks like it."""
_QUOTE = "a quote that is not closed, or not doubled"
csv.field_size_limit(1 << 27)  # a row is refused, not the table


def read_layout(path: Path, name: str, required: Sequence[str], known: Sequence[str], *, replace: bool = False) -> Layout:
    """The form of a CSV file. `known`: the contract's columns, found whatever their capitals. `replace`: bytes that are no
    UTF-8 become U+FFFD, else they are read as Windows-1252.

    Raises Permanent for a file that is empty, cannot be unpacked, or has no line with the required columns.
    """
    data, packed = content_of(path, name)
    layout = find_header(data, name, required, known)
    layout.packed = packed
    if not is_plain(data, layout) or len(data) <= _SMALL_BYTES:
        repair(data, layout, replace=replace)
    return layout


def repaired(path: Path, name: str, layout: Layout, *, replace: bool = False) -> None:
    """Reads the rows of a file that a strict reader could not read to its end."""
    repair(content_of(path, name)[0], layout, replace=replace)


@dataclass(kw_only=True)
class Rows:
    """A CSV file row by row, for tables of which every field is read. `layout` is whole once they are read."""

    layout: Layout
    data: bytes
    replace: bool

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return rows_of(self.data, self.layout, replace=self.replace)


def plain_rows(path: Path, name: str, required: Sequence[str], known: Sequence[str], *, replace: bool) -> Rows | None:
    """The rows of a CSV file in which no name, number or date is written in another form than the contract's.

    None where one may be, or a column stands twice: then all of a column must be seen before its first field is understood.
    """
    data, _ = content_of(path, name)
    layout = find_header(data, name, required, known)
    text, _ = decoded(data, replace=True)
    if layout.delimiter != "," or doubled(layout.header) or _ANOTHER_FORM.search(text):
        return None
    return Rows(layout=layout, data=data, replace=replace)


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
