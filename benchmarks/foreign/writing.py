"""An operator dataset's files (CONTRACTS section 1)."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.foreign.scenario import DAY_S

Column = NDArray[Any]


def iso(at: float) -> str:
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ}"


def table(path: Path, head: str, rows: Iterable[Sequence[object]]) -> None:
    """A small CSV file; `head`: its columns, separated by blanks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split())
        writer.writerows(rows)


class DayFiles:
    """Writes long tables, a file a day of UTC, as CSV or Parquet; one thread, so that the bytes are the same each time."""

    def __init__(self, folder: Path, *, parquet: bool) -> None:
        self._folder, self._parquet = folder, parquet
        self._connection = duckdb.connect(config={"threads": 1})

    def write(self, name: str, columns: Mapping[str, Column]) -> None:
        """`columns` of equal length with `start` (s) among them, rows ordered by it; NaN is written as missing."""
        days = columns["start"] // DAY_S
        for day in np.unique(days):
            low, high = np.searchsorted(days, [day, day + 1])
            part = {key: values[low:high] for key, values in columns.items()}
            self._one(self._folder / name.format(day=iso(int(day) * DAY_S)[:10]), part)

    def _one(self, path: Path, columns: Mapping[str, Column]) -> None:
        path = path.with_suffix(".parquet" if self._parquet else ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection.register("part", {f"c{i}": values for i, values in enumerate(columns.values())})
        chosen = ", ".join(f'{self._value(f"c{i}", name, columns[name])} as "{name}"' for i, name in enumerate(columns))
        form = "format parquet, compression zstd" if self._parquet else "format csv, header"
        self._connection.execute(f"copy (select {chosen} from part) to '{path}' ({form})")
        self._connection.unregister("part")

    def _value(self, short: str, name: str, values: Column) -> str:
        if name == "start":
            text = f"strftime(make_timestamp({short}::BIGINT * 1000000), '%Y-%m-%dT%H:%M:%SZ')"
            return f"to_timestamp({short})" if self._parquet else text
        if values.dtype.kind != "f":
            return short
        whole = bool(np.all(values[np.isfinite(values)] % 1 == 0))
        return f"case when isnan({short}) then null else {short + '::BIGINT' if whole else short} end"
