"""Big tables (CSV, packed or not, and Parquet) through DuckDB, locked to the one file it reads."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from detector.domain.errors import Permanent
from detector.domain.finding import Findings

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "3GB",
    "threads": "2",
}
_CSV = (
    "read_csv({path}, header=true, all_varchar=true, delim=',', quote='\"', escape='\"', nullstr='', strict_mode=true, "
    "ignore_errors=true, store_rejects=true, compression='{packed}')"
)


FEW_ROWS = 20_000


class Table:
    """A table of one file, open while in a `with`. Raises Permanent in one line for a file that is no table."""

    def __init__(self, path: Path, name: str) -> None:
        self._name, self._path = name, str(path)
        self.rows = 0
        """Loaded rows."""
        self._connection = duckdb.connect(":memory:", config=_LIMITS)
        try:
            self._lock(path)
            self._from = self._relation(path)
            described = self._query(f"DESCRIBE SELECT * FROM {self._from}").fetchall()
        except Permanent:
            self._connection.close()
            raise
        self.columns = tuple(str(row[0]) for row in described)

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def _lock(self, path: Path) -> None:
        self._query("SET TimeZone='UTC'")
        self._query(f"SET allowed_paths=[{_text(str(path))}]")
        self._query("SET enable_external_access=false")
        self._query("SET lock_configuration=true")

    def _relation(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            raise Permanent(what, where=self._name, mend="check the file and its rights") from error
        if not magic:
            raise Permanent("it is empty", where=self._name, mend="fetch it anew")
        if magic == b"PAR1":
            return f"read_parquet({_text(str(path))})"
        return _CSV.format(path=_text(str(path)), packed="gzip" if magic[:2] == b"\x1f\x8b" else "none")

    def _query(self, sql: str) -> Any:
        try:
            return self._connection.execute(sql)
        except (duckdb.Error, UnicodeDecodeError) as error:
            reason = str(error).replace(self._path, "the file").strip().partition("\n")[0][:200]
            raise Permanent(
                f"it is no table: {reason}", where=self._name, mend="write it as CSV (RFC 4180) or Parquet"
            ) from error

    def need(self, columns: Iterable[str]) -> None:
        """Permanent naming the first of these columns that the file lacks."""
        for column in columns:
            if column not in self.columns:
                header = header_told(self.columns)
                raise Permanent(f"column {column!r} is missing", where=self._name, mend=f"its header reads {header}")

    def texts(self) -> Iterator[tuple[str | None, ...]]:
        """Every row as text, in the file's order."""
        found = self._query(f"SELECT COLUMNS(*)::VARCHAR FROM {self._from}")
        while rows := found.fetchmany(1000):
            yield from rows

    def distinct(self, *columns: str) -> list[tuple[str | None, ...]]:
        """The different combinations of these columns."""
        listed = ", ".join(f"{_name(c)}::VARCHAR" for c in columns)
        return list(self._query(f"SELECT DISTINCT {listed} FROM {self._from}").fetchall())

    def load(self, texts: Sequence[str], numbers: Sequence[str], findings: Findings, *, private: bool = False) -> None:
        """Takes these columns into memory; a text where a number belongs, or a row that is none, is a finding, which does
        not repeat the value where it may be an identity (`private`)."""
        words = [f"nullif(trim({_name(c)}::VARCHAR), '') AS {_name(c)}" for c in texts]
        values = [f"{_number(c)} AS {_name(c)}" for c in numbers]
        wrong = [
            f"CASE WHEN trim({_name(c)}::VARCHAR) <> '' AND {_number(c)} IS NULL "
            f"THEN {_text(c + ' ')}{'' if private else f' || {_name(c)}::VARCHAR'} END"
            for c in numbers
        ]
        bad = f"nullif(concat_ws(', ', {', '.join(wrong) or 'NULL'}), '') AS \"?bad\""
        listed = ", ".join(['row_number() OVER () AS "?row"', *words, *values, bad])
        self._query(f"CREATE TEMP TABLE loaded AS SELECT {listed} FROM {self._from}")
        self.rows = int(self._query("SELECT count(*) FROM loaded").fetchone()[0])
        for count, row, example in self._query(
            'SELECT count(*), min("?row"), arg_min("?bad", "?row") FROM loaded WHERE "?bad" IS NOT NULL HAVING count(*) > 0'
        ).fetchall():
            findings.add("not_a_number", self._name, f"row {row}: {str(example)[:80]}", count)
        self._add_rejects(findings)

    def _add_rejects(self, findings: Findings) -> None:
        if not self._from.startswith("read_csv"):
            return
        sql = "SELECT count(DISTINCT line), min(line), arg_min(error_message, line) FROM reject_errors HAVING count(*) > 0"
        for count, line, message in self._query(sql).fetchall():
            reason = str(message).partition("\n")[0][:80]
            findings.add("row_rejected", self._name, f"line {line}: {reason}", count)

    def codes(self, column: str) -> tuple[list[str], NDArray[np.int64]]:
        """(different texts, index of each row's text, -1 = empty) of a loaded text column."""
        if self.rows <= FEW_ROWS:
            return self._few_codes(column)
        different = f"SELECT DISTINCT {_name(column)} FROM loaded WHERE {_name(column)} IS NOT NULL ORDER BY 1"
        words = [str(row[0]) for row in self._query(different).fetchall()]
        if not words:
            return [], np.full(self.rows, -1, np.int64)
        kind = f"kind_{self.columns.index(column)}"
        self._query(f"CREATE TYPE {kind} AS ENUM ({different})")
        sql = f'SELECT coalesce(enum_code({_name(column)}::{kind})::BIGINT, -1) AS code FROM loaded ORDER BY "?row"'
        return words, np.asarray(self._query(sql).fetchnumpy()["code"], np.int64)

    def _few_codes(self, column: str) -> tuple[list[str], NDArray[np.int64]]:
        """The same in one query: what a small table costs is the number of questions."""
        texts = [row[0] for row in self._query(f'SELECT {_name(column)} FROM loaded ORDER BY "?row"').fetchall()]
        words = sorted({text for text in texts if text is not None})
        place: dict[str | None, int] = {word: i for i, word in enumerate(words)} | {None: -1}
        return words, np.array([place[text] for text in texts], np.int64)

    def numbers(self, *columns: str) -> list[NDArray[np.float64]]:
        """Loaded number columns, NaN = NULL."""
        listed = ", ".join(f"{_name(column)} AS n{i}" for i, column in enumerate(columns))
        found = self._query(f'SELECT {listed} FROM loaded ORDER BY "?row"').fetchnumpy() if columns else {}
        return [np.ma.filled(np.ma.asarray(found[f"n{i}"]).astype(np.float64), np.nan) for i in range(len(columns))]


def header_told(columns: Iterable[str]) -> str:
    """A header as an error repeats it: names alone, for a file without one begins with a row of identities.

    >>> header_told(["subscriber_id", "491701234567", "c11"])
    'subscriber_id,...,c11'
    """
    names = (c if c[:1].isalpha() and sum(map(str.isdigit, c)) < 5 and "@" not in c else "..." for c in columns)
    return ",".join(names)[:120] or "(nothing)"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number(column: str) -> str:
    cast = f"TRY_CAST({_name(column)} AS DOUBLE)"
    return f"CASE WHEN isfinite({cast}) THEN {cast} END"
