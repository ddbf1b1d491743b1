"""Tables of the operator dataset that are read row by row: a wrong value is a finding, and the rest goes on."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import product
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, TypeVar

from detector.domain.errors import Misconfigured, Permanent
from detector.domain.finding import Findings
from detector.sources.columns import COLUMNS, NAMES, NUMBERS, TIMES
from detector.sources.csv_layout import known_name, tell_layout
from detector.sources.csv_rows import plain_rows
from detector.sources.identifiers import LIKE_NUMBERS, as_identifiers
from detector.sources.timestamps import SHEET_DATE, DateOrder, date_order, instant, is_day_first_by_dots, whole_time

if TYPE_CHECKING:
    from detector.sources.table_values import Table

ENDINGS = (".csv", ".csv.gz", ".parquet")
LONGEST_WORD = 1_000
"""Characters of anything but a customer's own words. Chosen: far beyond any name or id."""
OF_PEOPLE = ("subscribers", "accounts", "account_members", "consents", "contacts", "surveys", "subscriber_events")
"""Tables whose values are not repeated in findings, for a shifted column holds identities; nor is a table refused for one
bad line: others write into them."""
PROTECTING = ("minor", "vulnerable")
"""Flags of a person that keep others from writing to them."""
_TRUE = ("1", "true", "yes", "t", "y", "1.0")
_FALSE = ("", "0", "false", "no", "f", "n", "0.0", "null", "none", "nan", "na", "n/a", "-")
_KEPT = {
    "consents": "a row in which they differ counts as withdrawn",
    "subscribers": "the first is kept, and of minor and vulnerable the one that protects",
}
"""What becomes of a column that stands twice, where it is not the first alone that is kept."""
Noun = TypeVar("Noun")


@dataclass(slots=True, kw_only=True)  # frozen, the millions of them would take twice as long to make
class Record:
    """One row of a table: `row` is its line in a CSV file, or counts from 1; an empty or absent field is not known.

    `orders`: what comes first in the dates of a column like 03/04/2026.
    """

    file: str
    row: int
    fields: dict[str, str]
    zone: tzinfo
    findings: Findings
    private: bool = False
    orders: Mapping[str, DateOrder] | None = None

    @property
    def place(self) -> str:
        """Its place, as a finding shows it."""
        return f"{'row' if self.file.endswith('.parquet') else 'line'} {self.row}"

    def _quoted(self, text: str) -> str:
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
        """The allowed word that this is but for its capitals."""
        text = self.needed(column)
        if (word := known_name(text, allowed)) not in allowed:
            raise ValueError(f"{column}{self._quoted(text)} is none of {', '.join(allowed)}")
        return intern(word)

    def flag(self, column: str) -> bool:
        """Yes or no. A word that is neither is a finding, and protects where the flag protects."""
        text = self.fields.get(column, "").lower()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        protects = column in PROTECTING
        taken = "yes, for it protects" if protects else "no"
        self.findings.add("not_a_flag", self.file, f"{self.place}: {column} is none of true, false, 1, 0: taken as {taken}")
        return protects

    def number(self, column: str) -> float | None:
        if not (text := self.text(column)):
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{column}{self._quoted(text)} is no number")
        return number

    def time(self, column: str) -> int | None:
        """Seconds since the epoch, None if not stated; ValueError if it is no time."""
        if not (text := self.text(column)):
            return None
        try:
            at = instant(whole_time(text), self.zone, self.orders.get(column, "") if self.orders else "")
        except ValueError as error:
            what = "is no time like 2026-03-24T08:15:00+01:00" if self.private else error
            raise ValueError(f"{column} {what}") from error
        if not at.own:
            self.findings.add("time_without_offset", self.file, f"{self.place}: {column} {text}, taken as {self.zone}")
        if at.again is not None:
            self.findings.add("time_comes_twice", self.file, f"{self.place}: {column} {text}, taken as the earlier")
        return at.seconds

    def needed_time(self, column: str) -> int:
        self.needed(column)
        at = self.time(column)
        assert at is not None  # noqa: S101  it is not empty
        return at


def find(root: Path, stem: str) -> Path | None:
    """The file of this table, in whichever form it is there. Raises Misconfigured for what is no file under its name."""
    for ending in ENDINGS:
        path = root / f"{stem}{ending}"
        if path.is_file():
            return path
        if path.exists() or path.is_symlink():
            mend = "put the table in its place, or take it away"
            raise Misconfigured("it is no file: a folder, a pipe, a device or a link to nothing", where=path.name, mend=mend)
    return None


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

    def take(record: Record) -> None:
        try:
            made.append(make(record))
        except ValueError as error:
            findings.add("row_rejected", path.name, f"{record.place}: {error}")

    try:
        plain = None if path.name.endswith(".parquet") else plain_rows(path, path.name, required, COLUMNS, replace=private)
        if plain is not None:
            header = plain.layout.header
            for line, values in plain:
                fields = dict(zip(header, map(str.strip, values), strict=True))
                take(Record(file=path.name, row=line, fields=fields, zone=zone, findings=findings, private=private))
            tell_layout(plain.layout, path.name, findings)
        else:
            from detector.sources.table_values import Table  # with DuckDB, which plain tables of CSV do not need

            with Table(path, path.name, required, COLUMNS, private=private) as table:
                for record in _records(table, path.name, zone, findings, private=private):
                    take(record)
    except Permanent as error:
        raise Misconfigured(error.what, where=path.name, mend=error.mend) from error
    return made


def of_people(file: str) -> bool:
    """Whether this table is about people."""
    return file.partition(".")[0] in OF_PEOPLE


def _records(table: "Table", file: str, zone: tzinfo, findings: Findings, *, private: bool) -> Iterator[Record]:
    """The rows of a table, its numbers, times and names as the contract writes them."""
    contradictory = _readings(table, file)
    rows = table.texts([c for c in table.columns if c in NUMBERS], findings)
    names = {c: known for c in table.columns if c in NAMES and (known := _names(table, c, file, findings, private=private))}
    orders = {c: order for c in table.columns if c in TIMES and (order := _order(table, c))}
    table.tell(findings, _KEPT.get(file.partition(".")[0], ""))
    columns = table.columns
    for number, values in enumerate(rows, 1):
        fields = {name: value for name, value in zip(columns, values, strict=True) if value}
        for one in _cautious(file, fields, contradictory[number]) if number in contradictory else (fields,):
            for column, known in names.items():
                if column in one:
                    one[column] = known.get(one[column], one[column])
            yield Record(
                file=file,
                row=table.line_of(number),
                fields=one,
                zone=zone,
                findings=findings,
                private=private,
                orders=orders,
            )


def _readings(table: "Table", file: str) -> dict[int, dict[str, list[str]]]:
    """Row (from 1) -> the values of each column that occurs twice and differs there. For the tables in which the first must
    not be taken for what was meant: consents, and who is to be protected."""
    wanted = {"consents": set(table.doubled_columns), "subscribers": set(PROTECTING)}.get(file.partition(".")[0], set())
    rows: dict[int, dict[str, list[str]]] = {}
    for column in table.doubled_columns:
        if column in wanted:
            for row, values in table.contradictions(column):
                rows.setdefault(row, {})[column] = values
    return rows


def _cautious(file: str, fields: dict[str, str], said: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """The most restrictive readings of a row: a consent with two values is withdrawn in all that it may be about, and
    a person whom one of two columns protects is protected."""
    if file.startswith("subscribers."):
        yield fields | {c: next((v for v in values if v.lower() in _TRUE), values[0]) for c, values in said.items()}
        return
    about = {column: values for column, values in said.items() if column != "state"}
    for values in product(*about.values()):
        one = fields | dict(zip(about, values, strict=True)) | {"state": "withdrawn"}
        yield {column: value for column, value in one.items() if value}


def _names(table: "Table", column: str, file: str, findings: Findings, *, private: bool) -> dict[str, str]:
    """Text -> name for a column of names that a program took for numbers; nothing for any other."""
    if not table.matching(column, LIKE_NUMBERS):
        return {}
    words = table.matching(column, ".*")
    return dict(zip(words, as_identifiers(words, column, file, findings, private=private), strict=True))


def _order(table: "Table", column: str) -> DateOrder:
    """Of the dates in a column that are like 03/04/2026."""
    words = table.matching(column, SHEET_DATE)
    if not words:
        return ""
    words = [whole_time(word) for word in words]
    order = date_order(words)
    table.say(order or ("day first" if any(map(is_day_first_by_dots, words)) else "dates of unknown order"))
    return order
