"""Tables to files: counters of a day as columns, CSV and Parquet through DuckDB, small tables row by row."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from detector.domain import window
from detector.simulator.counters import DayCounters, Table
from detector.simulator.file_defects import SUSPECT_COVERAGE, FileDefects
from detector.simulator.presence import DayPresence
from detector.simulator.scenario import PERIOD_S
from detector.simulator.subscribers import People
from detector.simulator.topology import Network
from detector.simulator.world import World

Columns = dict[str, NDArray[np.generic]]
Cell = str | int | float | bool | None


def iso(at: float | None) -> str:
    """ISO 8601 in UTC, empty for None.

    >>> iso(0), iso(None)
    ('1970-01-01T00:00:00Z', '')
    """
    return "" if at is None else window.iso(at)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """A small CSV file, complete or not there at all; gives the number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    count = 0
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row])
            count += 1
    temporary.replace(path)
    return count


class TableWriter:
    """Writes columns of equal length; `start` and `duration_s` are as in the contract. One thread: same bytes always."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})

    def write(self, path: Path, columns: Mapping[str, NDArray[np.generic]]) -> None:
        """As CSV or Parquet by the path's suffix; NaN becomes NULL, a column of whole numbers is written as integers,
        `start` (s) becomes ISO 8601 or TIMESTAMPTZ."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        parquet = path.suffix == ".parquet"
        names = {f"c{i}": name for i, name in enumerate(columns)}
        self._connection.register("rows", {short: columns[name] for short, name in names.items()})
        chosen = ", ".join(
            f'{_expression(short, name, columns[name], parquet)} as "{name}"' for short, name in names.items()
        )
        form = "format parquet, compression zstd" if parquet else "format csv, header"
        target = str(temporary).replace("'", "''")
        self._connection.execute(f"copy (select {chosen} from rows) to '{target}' ({form})")
        self._connection.unregister("rows")
        temporary.replace(path)


def _expression(short: str, name: str, values: NDArray[np.generic], parquet: bool) -> str:
    if name == "start":
        at = f"to_timestamp({short})"
        return at if parquet else f"strftime(make_timestamp({short}::BIGINT * 1000000), '%Y-%m-%dT%H:%M:%SZ')"
    if values.dtype.kind != "f":
        return short
    known = values[np.isfinite(values)]
    whole = bool(np.all(known == np.floor(known)))
    return f"case when isnan({short}) then null else {short + '::BIGINT' if whole else short} end"


def cell_rows(
    network: Network, counters: DayCounters, file_defects: FileDefects, nr: bool, chosen: NDArray[np.bool_]
) -> Columns:
    """Rows of one technology for the chosen [96, C] period-cell pairs, in order of time and then of cell."""
    own = np.flatnonzero(network.nr == nr)
    periods, at = np.nonzero(chosen[:, own])
    suspect = file_defects.suspect[:, own][periods, at]
    reset = np.zeros(chosen.shape, bool)
    for period, cell in file_defects.resets:
        reset[period, cell] = True
    columns: Columns = {
        "object_id": network.ids[own][at],
        "start": counters.starts[periods],
        "duration_s": np.full(len(periods), PERIOD_S),
        "suspect": suspect,
    }
    table: Table = counters.nr if nr else counters.lte
    for number, (name, values) in enumerate(table.items()):
        column = values[periods, at]
        column = np.where(suspect, np.floor(column * SUSPECT_COVERAGE), column)
        columns[name] = np.where(reset[:, own][periods, at], column - 100_000, column) if number == 0 else column
    return columns


def core_rows(network: Network, counters: DayCounters, kind: str) -> Columns:
    """Rows of all functions of one kind, every period."""
    ids = np.array([f.nf_id for f in network.functions if f.kind == kind], dtype=object)
    count = len(counters.starts)
    columns: Columns = {
        "object_id": np.tile(ids, count),
        "start": np.repeat(counters.starts, len(ids)),
        "duration_s": np.full(count * len(ids), PERIOD_S),
        "suspect": np.zeros(count * len(ids), bool),
    }
    return columns | {name: values.ravel() for name, values in counters.core[kind].items()}


def attachment_columns(world: World, people: People, presence: DayPresence) -> Columns:
    """The columns of attachments/**; bytes follow from how much a person uses data."""
    network, count = world.network, len(presence.person)
    technology, slices = np.array(["LTE", "NR"], dtype=object), np.array(["", "01-000001"], dtype=object)
    nr = network.nr[presence.cell].astype(int)
    flow = 40_000 * people.active[presence.person] * (1 + 2 * nr)
    return {
        "subscriber_id": people.ids[presence.person],
        "cell_id": network.ids[presence.cell],
        "start": presence.hour,
        "duration_s": np.full(count, 3600),
        "seconds": presence.seconds,
        "bytes": np.floor(flow * presence.seconds * (presence.attempts > 0)).astype(np.int64),
        "technology": technology[nr],
        "slice": slices[nr],
        "attempts": presence.attempts,
        "failures": presence.failures,
    }
