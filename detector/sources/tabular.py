"""Every table (CSV, packed or not, and Parquet) through DuckDB, locked to the one file it reads."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.sources.budget import seconds_left, spend
from detector.sources.dialect import (
    Layout,
    column_name,
    doubled,
    header_told,
    known_name,
    read_layout,
    repaired,
    tell_layout,
)
from detector.sources.identifiers import as_identifiers
from detector.sources.numerals import KINDS, Numerals, counts_sql, is_either
from detector.sources.opening import open_file

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "3GB",
    "threads": "2",
}
_CSV = (
    "read_csv({path}, header=false, auto_detect=false, columns={{{columns}}}, skip={skip}, delim={delim}, quote={quote}, "
    "escape={quote}, nullstr='', strict_mode=true, ignore_errors=true, store_rejects=true, compression='{packed}')"
)
_NUMERIC = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"}
FEW_ROWS = 20_000
_PLAIN_PATH = re.compile(r"[^*?\[\]{}\\\x00-\x1f]+")


class Table:
    """A table of one file, open while in a `with`; how it is written is settled here for all of them.

    `required`: the columns without which a file is no such table; `known`: further ones of the contract, found whatever
    their capitals. `private`: of people, so that findings repeat no value. `columns` are the header's names, each once.
    Raises Permanent in one line for a file that is no table or lacks a column.
    """

    def __init__(
        self, path: Path, name: str, required: Sequence[str] = (), known: Sequence[str] = (), *, private: bool = False
    ) -> None:
        self._name, self._path, self._private = name, path, private
        self.rows = 0
        """Loaded rows."""
        self._words: list[str] = []
        self._numeric: set[str] = set()
        self._layout: Layout | None = None
        known = (*required, *known)
        if not (parquet := self._is_parquet()):
            self._layout = read_layout(path, name, required, known, replace=private)
        self._link, self._opened = _plainly_named(path)
        self._connection = duckdb.connect(":memory:", config=_LIMITS)
        self._closed = Event()
        if (left := seconds_left()) is not None:
            Thread(target=self._interrupt, args=(left,), name="file budget", daemon=True).start()
        try:
            if self._layout is not None and self._layout.rows is not None:
                self._register(self._layout)
            self._lock(self._opened)
            if parquet:
                self._describe_parquet(known)
            else:
                self._describe_csv()
            self.need(required)
        except Exception:
            self._close()
            raise

    def _close(self) -> None:
        self._closed.set()
        self._connection.close()
        if self._link is not None:
            self._link.cleanup()

    def _interrupt(self, left: float) -> None:
        """Ends what DuckDB is doing once the time is over, again and again: an alarm while it plans a query is lost."""
        while not self._closed.wait(left):
            self._connection.interrupt()
            left = 1.0

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def _is_parquet(self) -> bool:
        try:
            with open_file(self._path) as file:
                magic = file.read(4)
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            raise Permanent(what, where=self._name, mend="check the file and its rights") from error
        if not magic:
            raise Permanent("it is empty", where=self._name, mend="fetch it anew")
        return magic == b"PAR1"

    def _lock(self, path: Path) -> None:
        self._query("SET TimeZone='UTC'")
        self._query(f"SET allowed_paths=[{_text(str(path))}]")
        self._query("SET enable_external_access=false")
        self._query("SET lock_configuration=true")

    def _register(self, layout: Layout) -> None:
        """Rows that were put right in memory, as a relation."""
        rows = layout.rows or []
        columns = [np.array([row[i] or None for row in rows], object) for i in range(len(layout.header))]
        self._connection.register("mended", {f"c{i}": column for i, column in enumerate(columns)})

    def _describe_parquet(self, known: Sequence[str]) -> None:
        relation = f"read_parquet({_text(str(self._opened))}, hive_partitioning=false)"
        described = self._query(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        header = [known_name(column_name(str(row[0])), known) for row in described]
        if odd := [(str(row[0]), name) for row, name in zip(described, header, strict=True) if row[0] != name]:
            self._words.append(f"column {ascii(odd[0][0])[1:-1][:40]} read as {odd[0][1][:40]}")
        self._name_columns(header, [f'"{_inner(str(row[0]))}"' for row in described])
        self._from = relation
        kinds = {name: str(row[1]) for row, name in zip(described, header, strict=True)}
        self._numeric = {name for name, kind in kinds.items() if kind in _NUMERIC}

    def _describe_csv(self) -> None:
        layout = self._layout
        assert layout is not None  # noqa: S101
        self._name_columns(layout.header, [f"c{i}" for i in range(len(layout.header))])
        if layout.rows is not None:
            self._from = "mended" if layout.rows else f"(SELECT {self._nothing(layout)} WHERE false)"
            return
        self._from = _CSV.format(
            path=_text(str(self._opened)),
            columns=", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(layout.header))),
            skip=layout.skip,
            delim=_text(layout.delimiter),
            quote=_text('"' if layout.quoted else ""),
            packed="gzip" if layout.packed else "none",
        )

    @staticmethod
    def _nothing(layout: Layout) -> str:
        return ", ".join(f"NULL::VARCHAR AS c{i}" for i in range(len(layout.header)))

    def _name_columns(self, header: Sequence[str], expressions: Sequence[str]) -> None:
        """`columns` and the expression of each; of a column that stands twice the first counts."""
        self._twice = {name: [expressions[i] for i in at] for name, at in doubled(header).items() if name}
        self._sql = {name: f"{at}::VARCHAR" for name, at in reversed(list(zip(header, expressions, strict=True))) if name}
        self.columns = tuple(dict.fromkeys(name for name in header if name))
        spend(columns=len(self.columns))

    def _query(self, sql: str) -> Any:
        try:
            return self._connection.execute(sql)
        except (duckdb.Error, UnicodeDecodeError) as error:
            spend()  # the alarm rang: no fault of its form
            reason = str(error).replace(str(self._opened), "the file").strip().partition("\n")[0][:200]
            raise Permanent(
                f"it is no table: {reason}", where=self._name, mend="write it as CSV (RFC 4180) or Parquet"
            ) from error

    def need(self, columns: Iterable[str]) -> None:
        """Permanent naming the first of these columns that the file lacks."""
        for column in columns:
            if column not in self.columns:
                header = header_told(self.columns)
                raise Permanent(f"column {column!r} is missing", where=self._name, mend=f"its header reads {header}")

    def texts(self, numbers: Sequence[str], findings: Findings) -> Iterator[tuple[str | None, ...]]:
        """Loads every row as trimmed text, and gives them in the file's order and that of `columns`.

        `numbers` stand in the plain form where the table writes them otherwise; what may be read in two ways says so.
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
        found = self._query(f"SELECT DISTINCT {name} FROM loaded WHERE regexp_full_match({name}, {_text(pattern)}, 's')")
        return sorted(row[0] for row in found.fetchall())

    def distinct(self, *columns: str) -> list[tuple[str | None, ...]]:
        """The different combinations of these columns."""
        listed = ", ".join(self._sql[c] for c in columns)
        return list(self._query(f"SELECT DISTINCT {listed} FROM {self._from}").fetchall())

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
            told = ": decimals or thousands? no other number of the table tells" if either else ""
            findings.add(code, self._name, f"{self.place(row)}: {column}{value}{told}", count)

    def place(self, row: int) -> str:
        """Where the loaded row (from 1) stands in the file, as a finding says it."""
        return f"{'row' if self._layout is None else 'line'} {self.line_of(row)}"

    def line_of(self, row: int) -> int:
        """The line of a CSV file in which the loaded row (from 1) begins, if no field before it has line breaks; in Parquet
        the row's own number."""
        layout = self._layout
        if layout is None:
            return row
        return layout.lines[row - 1] if layout.lines else row + layout.skip

    def say(self, *words: str) -> None:
        """A further word of how the table is written."""
        self._words += [word for word in words if word not in self._words]

    def tell(self, findings: Findings, kept: str = "") -> None:
        """Findings about the file as a whole: its form, columns that stand twice, lines that are no rows. `kept`:
        what became of such a column, if it is not the first that is kept."""
        if self._layout is not None:
            tell_layout(self._layout, self._name, findings, self._words)
        elif self._words:
            findings.add("dialect", self._name, ", ".join(self._words))
        for column in self._twice:
            count = self.differing(column)
            told = f"{count} rows in which they differ" if count else "the same in every row"
            example = f"column {column[:60]} stands twice, {kept or 'the first is kept'}; {told}"
            findings.add("duplicate_column", self._name, example, max(1, count))

    def differing(self, column: str) -> int:
        """Rows in which a column that stands twice says two things."""
        return int(self._query(f"SELECT count(*) FROM {self._from} WHERE {self._differ(column)}").fetchall()[0][0])

    def contradictions(self, column: str) -> list[tuple[int, list[str]]]:
        """(row from 1, the different texts) of those rows."""
        listed = ", ".join(f"coalesce(trim({one}::VARCHAR), '')" for one in self._twice.get(column, ["''"]))
        inner = f'SELECT row_number() OVER () AS "?row", {self._differ(column)} AS "?differ", [{listed}] FROM {self._from}'
        found = self._query(f'SELECT * EXCLUDE "?differ" FROM ({inner}) WHERE "?differ" ORDER BY 1').fetchall()
        return [(int(row), list(dict.fromkeys(texts))) for row, texts in found]

    def _differ(self, column: str) -> str:
        first, *others = (f"coalesce(trim({one}::VARCHAR), '')" for one in self._twice.get(column, ["''"]))
        return " OR ".join(f"{one} <> {first}" for one in others) or "false"

    @property
    def doubled_columns(self) -> tuple[str, ...]:
        return tuple(self._twice)

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


def _plainly_named(path: Path) -> tuple[TemporaryDirectory[str] | None, Path]:
    """(what holds a link, the path to open): DuckDB takes some characters of a name for a pattern, and only UTF-8."""
    if _PLAIN_PATH.fullmatch(str(path)) and not any(0xD800 <= ord(c) <= 0xDFFF for c in str(path)):
        return None, path
    folder = TemporaryDirectory(prefix="precall-table-")
    link = Path(folder.name) / "table"
    link.symlink_to(path.absolute())
    return folder, link


def _inner(column: str) -> str:
    return column.replace('"', '""')


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
