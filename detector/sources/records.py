"""Small tables of the operator dataset, row by row: what a row says wrongly is a finding, and the rest goes on."""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from sys import intern
from typing import TypeVar

from detector.domain.errors import Misconfigured, Permanent
from detector.domain.finding import Findings
from detector.sources.pm_time import timestamp_s

ENDINGS = (".csv", ".csv.gz", ".parquet")
LONGEST_WORD = 1_000
"""Characters of anything but a customer's own words."""
OF_PEOPLE = ("subscribers", "accounts", "account_members", "consents", "contacts", "surveys", "subscriber_events")
"""Tables whose values are not repeated in findings, for a shifted column holds identities; nor is a table refused for one
bad line: others write into them."""
csv.field_size_limit(1 << 27)  # a row is refused, not the table
Noun = TypeVar("Noun")


@dataclass(slots=True)  # frozen, the millions of them would take twice as long to make
class Record:
    """One row of a table: `row` counts from 1 below the header; an empty or absent field is not known."""

    file: str
    row: int
    fields: dict[str, str]
    zone: tzinfo
    findings: Findings
    private: bool = False

    def _told(self, text: str) -> str:
        """A value as an error repeats it."""
        return "" if self.private else f" {text[:40]!r}"

    def text(self, column: str) -> str:
        return self.fields.get(column, "")

    def word(self, column: str) -> str:
        """A text of which there are few different ones, kept once."""
        text = self.fields.get(column, "")
        if len(text) > LONGEST_WORD or "\0" in text:
            raise ValueError(f"{column} has {len(text):,} characters, or a NUL")
        return intern(text)

    def needed(self, column: str) -> str:
        """The field, or ValueError if it is empty."""
        if not (text := self.text(column)):
            raise ValueError(f"{column} is empty")
        if len(text) > LONGEST_WORD or "\0" in text:
            raise ValueError(f"{column} has {len(text):,} characters, or a NUL")
        return text

    def one_of(self, column: str, allowed: Sequence[str]) -> str:
        if (text := self.needed(column)) not in allowed:
            raise ValueError(f"{column}{self._told(text)} is none of {', '.join(allowed)}")
        return intern(text)

    def flag(self, column: str) -> bool:
        text = self.fields.get(column, "")
        return bool(text) and text.lower() in ("1", "true", "yes", "t", "y", "1.0")

    def number(self, column: str) -> float | None:
        if not (text := self.text(column)):
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{column}{self._told(text)} is no number")
        return number

    def time(self, column: str) -> int | None:
        """Seconds since the epoch, None if not said; ValueError if it is no time."""
        if not (text := self.text(column)):
            return None
        try:
            at, own = timestamp_s(text, self.zone)
        except ValueError as error:
            what = "is no time like 2026-03-24T08:15:00+01:00" if self.private else error
            raise ValueError(f"{column} {what}") from error
        if not own:
            self.findings.add("time_without_offset", self.file, f"row {self.row}: {column} {text}, taken as {self.zone}")
        return at

    def needed_time(self, column: str) -> int:
        self.needed(column)
        at = self.time(column)
        assert at is not None  # noqa: S101  it is not empty
        return at


def find(root: Path, stem: str) -> Path | None:
    """The file of this table, in whichever form it is there."""
    return next((path for ending in ENDINGS if (path := root / f"{stem}{ending}").is_file()), None)


def table(
    root: Path, stem: str, required: Sequence[str], make: Callable[[Record], Noun], zone: tzinfo, findings: Findings
) -> list[Noun]:
    """The nouns of this table, none if the file is absent."""
    path = find(root, stem)
    return nouns(path, required, make, zone, findings) if path else []


def nouns(
    path: Path, required: Sequence[str], make: Callable[[Record], Noun], zone: tzinfo, findings: Findings
) -> list[Noun]:
    """Every row that makes a noun. Raises Misconfigured for a missing column or a file that is no such table."""
    made: list[Noun] = []
    private = of_people(path.name)
    for number, fields in enumerate(_rows(path, required, findings), 1):
        try:
            made.append(make(Record(path.name, number, fields, zone, findings, private)))
        except ValueError as error:
            findings.add("row_rejected", path.name, f"row {number}: {error}")
    return made


def _rows(path: Path, required: Sequence[str], findings: Findings) -> Iterator[dict[str, str]]:
    if path.name.endswith(".parquet"):
        yield from _parquet_rows(path, required)
        return
    try:
        packed = path.read_bytes()
        text = _decoded(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed, path.name, findings)
        lines = _lines(text, path.name, findings)
        header = [name.strip() for name in next(lines, [])]
        check_columns(path.name, header, required)
        yield from _csv_rows(path.name, header, lines, findings)
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, OSError) as error:
        raise Misconfigured(
            f"it is no CSV table: {error}", where=path.name, mend="write it as UTF-8 CSV (RFC 4180)"
        ) from error


def of_people(file: str) -> bool:
    """Whether this table is about people."""
    return file.partition(".")[0] in OF_PEOPLE


def _decoded(data: bytes, file: str, findings: Findings) -> str:
    """In a table of people, bytes that are no UTF-8 become U+FFFD, which is a finding; UnicodeDecodeError in others."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not of_people(file):
            raise
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("utf-8-sig", errors="replace")
        findings.add("not_utf8", file, f"line {line}", text.count("\ufffd"))
        return text


def _lines(text: str, file: str, findings: Findings) -> Iterator[list[str]]:
    """Rows of fields. In a table of people a broken quote costs its line: from there on each line is read by itself."""
    reader, read = csv.reader(io.StringIO(text, newline=""), strict=True), 0
    try:
        for line in reader:
            read = reader.line_num
            yield line
        return
    except csv.Error:
        if not of_people(file) or not read:
            raise
    for number, one in enumerate(list(io.StringIO(text, newline=""))[read:], read):
        try:
            yield from csv.reader([one], strict=True)
        except csv.Error:
            findings.add("row_rejected", file, f"row {number}: a quote that is not closed, or not doubled")


def _csv_rows(file: str, header: list[str], lines: Iterable[list[str]], findings: Findings) -> Iterator[dict[str, str]]:
    for number, line in enumerate(lines, 1):
        if len(line) == len(header):
            yield dict(zip(header, map(str.strip, line), strict=True))
        elif line:
            findings.add("row_rejected", file, f"row {number}: {len(line)} fields under {len(header)} columns")


def _parquet_rows(path: Path, required: Sequence[str]) -> Iterator[dict[str, str]]:
    from detector.sources.tabular import Table  # with DuckDB, which tables of CSV do not need

    try:
        with Table(path, path.name) as table:
            check_columns(path.name, table.columns, required)
            for values in table.texts():
                yield {name: value or "" for name, value in zip(table.columns, values, strict=True)}
    except Permanent as error:
        raise Misconfigured(error.what, where=path.name, mend=error.mend) from error


def check_columns(file: str, header: Sequence[str], required: Sequence[str]) -> None:
    """Raises Misconfigured naming the file and the columns that it lacks."""
    if lacking := [column for column in required if column not in header]:
        from detector.sources.tabular import header_told

        what = f"column {', '.join(map(repr, lacking))} is missing"
        raise Misconfigured(what, where=file, mend=f"its header reads {header_told(header)}")
