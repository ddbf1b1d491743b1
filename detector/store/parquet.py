"""Columns of numpy arrays to Parquet and back, through DuckDB; a file appears whole or not at all."""

import errno
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from detector.domain.errors import Permanent, PrecallError, Transient
from detector.store.atomic_write import atomic_write

Columns = Mapping[str, np.ndarray[Any, Any]]
_engines = threading.local()


def _engine() -> duckdb.DuckDBPyConnection:
    """One in-memory engine a thread: DuckDB connections are not shared."""
    if not hasattr(_engines, "connection"):
        _engines.connection = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": False})
    connection: duckdb.DuckDBPyConnection = _engines.connection
    return connection


def write_columns(path: Path, columns: Columns) -> None:
    """Write beside `path`, then rename. Raises Transient when the disk is full or cannot be written."""
    try:
        with atomic_write(path) as part:
            engine = _engine()
            engine.register("columns_to_write", dict(columns))
            try:
                query = f"COPY (SELECT * FROM columns_to_write) TO '{_quoted(part)}' (FORMAT parquet, COMPRESSION zstd)"
                engine.execute(query)
            finally:
                engine.unregister("columns_to_write")
    except (OSError, duckdb.Error) as error:
        raise Transient(
            _first_line(error), where=str(path), mend="free space or mend the folder; it is tried again"
        ) from error


def read_columns(paths: Sequence[Path], where: str = "TRUE") -> dict[str, np.ndarray[Any, Any]]:
    """The files' columns one after another, NULL as NaN in numbers; columns that a file lacks are NULL there.

    Raises Permanent when a file is gone or damaged, Transient when memory or file handles are short.
    """
    names = ", ".join(f"'{_quoted(p)}'" for p in paths)
    try:
        query = f"SELECT * FROM read_parquet([{names}], union_by_name = true) WHERE {where}"
        found = _engine().execute(query).fetchnumpy()
    except (OSError, duckdb.Error) as error:
        raise _of(error, paths[0]) from error
    return {name: _plain(column) for name, column in found.items()}


def rows_naming(paths: Sequence[Path], names: Sequence[str], only: Collection[str] = ()) -> dict[Path, int]:
    """Files in which a column of text (one of `only`, if any is named) is one of these names, and in how many rows. Raises
    Permanent like read_columns."""
    found = {}
    for path in paths if names else ():
        columns = [row[0] for row in _asked(path, "DESCRIBE SELECT * FROM {file}") if row[1] == "VARCHAR"]
        columns = [column for column in columns if not only or column in only]
        named = " OR ".join(f'list_contains($names, "{c.replace(chr(34), 2 * chr(34))}")' for c in columns)
        if named and (count := _asked(path, f"SELECT count(*) FROM {{file}} WHERE {named}", names)[0][0]):
            found[path] = int(count)
    return found


def rewrite_without(path: Path, column: str, names: Sequence[str], written: Callable[[Path], object]) -> None:
    """The same file without the rows in which `column` is one of these names. Raises Permanent or Transient.

    `written`: called with the new content's path before it takes the place of the old one.
    """
    query = f'COPY (SELECT * FROM {{file}} WHERE NOT list_contains($names, "{column}")) TO '
    try:
        with atomic_write(path) as part:
            _asked(path, query + f"'{_quoted(part)}' (FORMAT parquet, COMPRESSION zstd)", names)
            written(part)
    except OSError as error:
        raise Transient(_first_line(error), where=str(path), mend="free space; it is tried again") from error


def _asked(path: Path, query: str, names: Sequence[str] | None = None) -> list[Any]:
    file = f"read_parquet('{_quoted(path)}')"
    try:
        values = {} if names is None else {"names": list(names)}
        return _engine().execute(query.replace("{file}", file), values).fetchall()
    except (OSError, duckdb.Error) as error:
        raise _of(error, path) from error


def _of(error: Exception, path: Path) -> PrecallError:
    """A shortage of this machine is no evidence about the file."""
    short = isinstance(error, duckdb.OutOfMemoryException) or "Too many open files" in str(error)
    if short or (isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}):
        return Transient(_first_line(error), where=str(path), mend="it is tried again")
    return Permanent(_first_line(error), where=str(path), mend="`precall rebuild` mends what can be")


def _plain(column: Any) -> np.ndarray[Any, Any]:
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(column.filled(np.nan if column.dtype.kind == "f" else column.fill_value))
    return np.asarray(column)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
