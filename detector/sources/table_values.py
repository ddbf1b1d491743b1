"""The values of a table: texts, numbers, codes of names, whichever way they are written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.domain.finding import Findings
from detector.sources.csv_rows import repaired
from detector.sources.identifiers import as_identifiers
from detector.sources.numerals import KINDS, Numerals, counts_sql, is_either
from detector.sources.table_file import TableFile, quoted_text

FEW_ROWS = 20_000
"""Rows that are taken out in one query. Chosen: a small table costs as much as the number of its queries."""


class Table(TableFile):
    """A table of which columns are loaded into memory; how it is written is settled here for all of them."""

    def __init__(
        self, path: Path, name: str, required: Sequence[str] = (), known: Sequence[str] = (), *, private: bool = False
    ) -> None:
        super().__init__(path, name, required, known, private=private)
        self.rows = 0
        """Loaded rows."""

    def texts(self, numbers: Sequence[str], findings: Findings) -> Iterator[tuple[str | None, ...]]:
        """Loads every row as trimmed text, and gives them in the file's order and that of `columns`.

        `numbers` stand in the plain form where the table writes them otherwise; what may be read in two ways is marked.
        """
        self._load([self._trimmed(c) for c in self.columns])
        own = [c for c in numbers if c not in self._numeric]
        numerals = self._numerals(own)
        if numerals != Numerals():
            self._words += numerals.words
            self._load([self._plain_number(c, numerals) if c in own else self._trimmed(c) for c in self.columns])
        return self._fetch()

    def _trimmed(self, column: str) -> str:
        return f"nullif(trim({self._sql[column]}), '') AS {self._inside(column)}"

    def _plain_number(self, column: str, numerals: Numerals) -> str:
        text, value = f"trim({self._sql[column]})", numerals.sql(self._sql[column])
        either = f"CASE WHEN {is_either(text)} THEN {text} || ' (decimals or thousands?)' ELSE nullif({text}, '') END"
        return f"coalesce(({value})::VARCHAR, {either}) AS {self._inside(column)}"

    def _fetch(self) -> Iterator[tuple[str | None, ...]]:
        found = self._query(f'SELECT {", ".join(map(self._inside, self.columns))} FROM loaded ORDER BY "?row"')
        while some := found.fetchmany(1000):
            yield from some

    def matching(self, column: str, pattern: str) -> list[str]:
        """The different texts of a loaded column that match a regular expression (RE2) as a whole."""
        name = self._inside(column)
        found = self._query(
            f"SELECT DISTINCT {name} FROM loaded WHERE regexp_full_match({name}, {quoted_text(pattern)}, 's')"
        )
        return sorted(row[0] for row in found.fetchall())

    def load(self, texts: Sequence[str], numbers: Sequence[str], findings: Findings) -> None:
        """Takes these columns into memory; a text where a number belongs is a finding, which does not repeat the value of a
        private table."""
        words = [self._trimmed(c) for c in texts]
        numerals = Numerals()
        self._load([*words, *self._numbers(numbers, numerals)])
        if numbers and self._odd_numbers(numbers):
            numerals = self._numerals(numbers)
            if numerals != Numerals():
                self._words += numerals.words
                self._load([*words, *self._numbers(numbers, numerals)])
            self._tell_odd_numbers(numbers, findings)

    def _numbers(self, columns: Sequence[str], numerals: Numerals) -> list[str]:
        """Each number, and the first text of the row that is none."""
        values = {c: self._raw(c) if c in self._numeric else f"({numerals.sql(self._sql[c])})" for c in columns}
        wrong = [
            f"CASE WHEN {self._sql[c]} <> '' AND ({value} IS NULL OR NOT isfinite({value})) THEN {i} END"
            for i, (c, value) in enumerate(values.items())
        ]
        bad = f"coalesce({', '.join(wrong)})" if wrong else "NULL"
        finite = [f"CASE WHEN isfinite({value}) THEN {value} END AS {self._inside(c)}" for c, value in values.items()]
        return [*finite, f'{bad} AS "?bad"'] if columns else []

    def _raw(self, column: str) -> str:
        """A column of numbers, without the way over text."""
        return f"{self._sql[column].removesuffix('::VARCHAR')}::DOUBLE"

    def _load(self, columns: Sequence[str]) -> None:
        """Makes `loaded`; a plain file in which some line is no row is read again, line by line."""
        listed = ", ".join(['row_number() OVER () AS "?row"', *columns])
        self._query(f"CREATE OR REPLACE TEMP TABLE loaded AS SELECT {listed} FROM {self._from}")
        layout = self._layout
        if layout is not None and layout.rows is None and self._query("SELECT count(*) FROM reject_errors").fetchall()[0][0]:
            repaired(self._path, self._name, layout, replace=self._private)
            self._register(layout)
            self._describe_csv()
            self._query(f"CREATE OR REPLACE TEMP TABLE loaded AS SELECT {listed} FROM {self._from}")
        self.rows = int(self._query("SELECT count(*) FROM loaded").fetchall()[0][0])

    def _odd_numbers(self, numbers: Sequence[str]) -> bool:
        """Whether some text may be a number of another form: one that is none, or, between semicolons, one like 1.600."""
        if self._query('SELECT count(*) FROM loaded WHERE "?bad" IS NOT NULL').fetchall()[0][0]:
            return True
        if self._layout is None or self._layout.delimiter != ";":
            return False
        either = " OR ".join(is_either(f"trim({self._sql[c]})") for c in numbers)
        return bool(self._query(f"SELECT count(*) FROM {self._from} WHERE {either}").fetchall()[0][0])

    def _numerals(self, numbers: Sequence[str]) -> Numerals:
        """How this table writes its numbers, by all of them."""
        counts = [0] * len(KINDS)
        for column in numbers:
            found = self._query(f"SELECT {counts_sql(f'trim({self._sql[column]})')} FROM {self._from}").fetchall()[0]
            counts = [a + b for a, b in zip(counts, found, strict=True)]
        semicolon = self._layout is not None and self._layout.delimiter == ";"
        return Numerals.of(dict(zip(KINDS, counts, strict=True)), semicolon=semicolon)

    def _tell_odd_numbers(self, numbers: Sequence[str], findings: Findings) -> None:
        by = 'SELECT "?bad", count(*), min("?row") FROM loaded WHERE "?bad" IS NOT NULL GROUP BY 1 ORDER BY 3, 1'
        for bad, count, row in self._query(by).fetchall():
            column = numbers[bad]
            trimmed = f"trim({self._sql[column]})"
            sql = f"SELECT {trimmed}, {is_either(trimmed)} FROM {self._from} LIMIT 1 OFFSET {row - 1}"
            text, either = self._query(sql).fetchall()[0]
            value = "" if self._private else f" {str(text)[:60]}"
            code = "ambiguous_number" if either else "not_a_number"
            question = ": decimals or thousands? no other number of the table tells" if either else ""
            findings.add(code, self._name, f"{self.place(row)}: {column}{value}{question}", count)

    def identifiers(self, column: str, findings: Findings) -> tuple[list[str], NDArray[np.int64]]:
        """As `codes`, for a column of names: a whole number that was written as a double is that number."""
        words, codes = self.codes(column)
        given = as_identifiers(words, column, self._name, findings, private=self._private)
        if given == words:
            return words, codes
        names = sorted({word for word in given if word})
        place = {word: i for i, word in enumerate(names)} | {"": -1}
        new = np.array([*(place[word] for word in given), -1], np.int64)
        return names, new[codes]

    def codes(self, column: str) -> tuple[list[str], NDArray[np.int64]]:
        """(different texts, index of each row's text, -1 = empty) of a loaded text column."""
        name = self._inside(column)
        if self.rows <= FEW_ROWS:
            return self._few_codes(name)
        different = f"SELECT DISTINCT {name} FROM loaded WHERE {name} IS NOT NULL ORDER BY 1"
        words = [str(row[0]) for row in self._query(different).fetchall()]
        if not words:
            return [], np.full(self.rows, -1, np.int64)
        kind = f"kind_{name}"
        self._query(f"CREATE TYPE {kind} AS ENUM ({different})")
        sql = f'SELECT coalesce(enum_code({name}::{kind})::BIGINT, -1) AS code FROM loaded ORDER BY "?row"'
        return words, np.asarray(self._query(sql).fetchnumpy()["code"], np.int64)

    def _few_codes(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """The same in one query: what a small table costs is the number of questions."""
        texts = [row[0] for row in self._query(f'SELECT {name} FROM loaded ORDER BY "?row"').fetchall()]
        words = sorted({text for text in texts if text is not None})
        place: dict[str | None, int] = {word: i for i, word in enumerate(words)} | {None: -1}
        return words, np.array([place[text] for text in texts], np.int64)

    def numbers(self, *columns: str) -> list[NDArray[np.float64]]:
        """Loaded number columns, NaN = NULL."""
        listed = ", ".join(f"{self._inside(column)} AS n{i}" for i, column in enumerate(columns))
        found = self._query(f'SELECT {listed} FROM loaded ORDER BY "?row"').fetchnumpy() if columns else {}
        return [np.ma.filled(np.ma.asarray(found[f"n{i}"]).astype(np.float64), np.nan) for i in range(len(columns))]

    def _inside(self, column: str) -> str:
        """A column's name in `loaded`, where any name and any capitals may be beside each other."""
        return f"l{self.columns.index(column)}"
