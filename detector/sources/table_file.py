"""A table of one file (CSV, packed or not, or Parquet), opened through DuckDB, locked to that file or to memory."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np

from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.sources.budget import seconds_left, spend
from detector.sources.csv_layout import Layout, column_name, doubled, header_shown, known_name, tell_layout
from detector.sources.csv_rows import read_layout
from detector.sources.file_bytes import open_file
from detector.sources.table_engine import LIMITS, borrow_engine, return_engine

_CSV = (
    "read_csv({path}, header=false, auto_detect=false, columns={{{columns}}}, skip={skip}, delim={delim}, quote={quote}, "
    "escape={quote}, nullstr='', strict_mode=true, ignore_errors=true, store_rejects=true, compression='{packed}')"
)
_NUMERIC = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"}
_PLAIN_PATH = re.compile(r"[^*?\[\]{}\\\x00-\x1f]+")


class TableFile:
    """A table of one file, open while in a `with`; how it is written is settled here for all of them.

    `required`: the columns without which a file is no such table; `known`: further ones of the contract, found whatever
    their capitals. `private`: of people, so that findings repeat no value. `columns` are the header's names, each once.
    Raises Permanent in one line for a file that is no table or lacks a column.
    """

    def __init__(
        self, path: Path, name: str, required: Sequence[str] = (), known: Sequence[str] = (), *, private: bool = False
    ) -> None:
        self._name, self._path, self._private = name, path, private
        self._words: list[str] = []
        self._numeric: set[str] = set()
        self._layout: Layout | None = None
        known = (*required, *known)
        if not (parquet := self._is_parquet()):
            self._layout = read_layout(path, name, required, known, replace=private)
        self._link, self._opened = _plainly_named(path)
        in_memory = self._layout is not None and self._layout.rows is not None
        self._engine = borrow_engine() if in_memory else None
        self._connection = self._engine.cursor() if self._engine else duckdb.connect(":memory:", config=LIMITS)
        self._closed = Event()
        if (left := seconds_left()) is not None:
            Thread(target=self._interrupt, args=(left,), name="file budget", daemon=True).start()
        try:
            if self._layout is not None and self._layout.rows is not None:
                self._register(self._layout)
            else:
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
        if self._engine is not None:
            return_engine(self._engine)
            self._engine = None
        if self._link is not None:
            self._link.cleanup()

    def _interrupt(self, left: float) -> None:
        """Ends what DuckDB is doing once the time is over, again and again: an alarm while it plans a query is lost."""
        while not self._closed.wait(left):
            self._connection.interrupt()
            left = 1.0

    def __enter__(self) -> Self:
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
        self._query(f"SET allowed_paths=[{quoted_text(str(path))}]")
        self._query("SET enable_external_access=false")
        self._query("SET lock_configuration=true")

    def _register(self, layout: Layout) -> None:
        """Rows that were put right in memory, as a relation."""
        rows = layout.rows or []
        columns = [np.array([row[i] or None for row in rows], object) for i in range(len(layout.header))]
        self._connection.register("mended", {f"c{i}": column for i, column in enumerate(columns)})

    def _describe_parquet(self, known: Sequence[str]) -> None:
        relation = f"read_parquet({quoted_text(str(self._opened))}, hive_partitioning=false)"
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
            path=quoted_text(str(self._opened)),
            columns=", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(layout.header))),
            skip=layout.skip,
            delim=quoted_text(layout.delimiter),
            quote=quoted_text('"' if layout.quoted else ""),
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
            self._engine = None  # an error of DuckDB's own may leave it unusable
            spend()  # the alarm rang: no fault of its form
            reason = str(error).replace(str(self._opened), "the file").strip().partition("\n")[0][:200]
            raise Permanent(
                f"it is no table: {reason}", where=self._name, mend="write it as CSV (RFC 4180) or Parquet"
            ) from error

    def need(self, columns: Iterable[str]) -> None:
        """Permanent naming the first of these columns that the file lacks."""
        for column in columns:
            if column not in self.columns:
                header = header_shown(self.columns)
                raise Permanent(f"column {column!r} is missing", where=self._name, mend=f"its header reads {header}")

    def distinct(self, *columns: str) -> list[tuple[str | None, ...]]:
        """The different combinations of these columns."""
        listed = ", ".join(self._sql[c] for c in columns)
        return list(self._query(f"SELECT DISTINCT {listed} FROM {self._from}").fetchall())

    def place(self, row: int) -> str:
        """Where the loaded row (from 1) is in the file, as a finding shows it."""
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
            difference = f"{count} rows in which they differ" if count else "the same in every row"
            example = f"column {column[:60]} stands twice, {kept or 'the first is kept'}; {difference}"
            findings.add("duplicate_column", self._name, example, max(1, count))

    def differing(self, column: str) -> int:
        """Rows in which a column that occurs twice has two values."""
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


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
