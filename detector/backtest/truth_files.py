"""Reads `truth.csv`, `truth_subscribers.csv`, `contacts.csv` and, for complaints without a cell, `attachments/**`.

DuckDB does the reading, so a year of attachments is scanned for a few complainers without being held in memory.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from detector.backtest.truth import SUFFERED_DEGRADED_S, Complaint, Fault, Truth
from detector.domain.errors import Permanent
from detector.domain.finding import Findings
from detector.domain.window import Window

PRESENT_S = 7200
"""How long before a complaint its sender's attachments still say where the trouble was."""
_TIMES = ("start", "end", "at")
_OFFSET = r":[0-9]{2}(\.[0-9]+)?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_ENDINGS = (".csv", ".csv.gz", ".parquet")


def read_truth(
    dataset: Path, pseudonym: Callable[[str], str], *, timezone: str = "UTC", findings: Findings | None = None
) -> Truth:
    """Faults, sufferers and complaints of an operator dataset (CONTRACTS section 1); an absent file gives None.

    `pseudonym` maps raw subscriber ids to the keys that the stages used; `timezone` is taken by times without offset.
    Rows that cannot be read are counted in `findings` and left out. Raises Permanent, naming the file and the column,
    for a file without a column that it must have.
    """
    tables = _Tables(dataset, timezone, Findings() if findings is None else findings)
    return Truth(_faults(tables), _sufferers(tables, pseudonym), _complaints(tables, pseudonym))


def read_faults(dataset: Path, *, timezone: str = "UTC") -> tuple[Fault, ...] | None:
    """The faults of `truth.csv` alone, None without one: what a default window is chosen by, before anything is replayed.

    Raises Permanent for a file without a column that it must have, so that this is said before the replay, not after it.
    """
    return _faults(_Tables(dataset, timezone, Findings()))


class _Tables:
    """The dataset's tables (CSV, gzipped CSV or Parquet) as views of text, their times in s since the epoch."""

    def __init__(self, dataset: Path, timezone: str, findings: Findings) -> None:
        self._dataset, self._findings = dataset, findings
        self._connection = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})
        self._connection.execute("SET TimeZone = '" + timezone.replace("'", "") + "'")

    def load(self, name: str, required: Sequence[str], optional: Sequence[str] = (), *, judge: bool = True) -> bool:
        """Makes a view `name` of the rows that have all required values; False if there is no such file.

        `judge`: count what had to be left out; a scan of its own, so not for a folder that the sources judge anyway.
        """
        paths = self._paths(name)
        if not paths:
            return False
        self._connection.execute(f"CREATE VIEW raw_{name} AS {_scan(paths)}")
        present = {row[0] for row in self.rows(f"DESCRIBE raw_{name}")}
        if missing := [c for c in required if c not in present]:
            raise Permanent(f"no column {missing[0]}", where=paths[0].name, mend=f"it has {', '.join(sorted(present))}")
        columns = ", ".join(_column(c, c in present) for c in (*required, *optional))
        whole = " AND ".join(f'"{c}" IS NOT NULL' for c in required)
        self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM (SELECT {columns} FROM raw_{name}) WHERE {whole}")
        if judge:
            self._judge(name, paths[0].name, [c for c in _TIMES if c in required])
        return True

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return rows

    def _paths(self, name: str) -> list[Path]:
        folder = sorted(p for p in (self._dataset / name).rglob("*") if p.name.endswith(_ENDINGS))
        single = [self._dataset / f"{name}{ending}" for ending in _ENDINGS]
        return folder or [p for p in single if p.is_file()][:1]

    def _judge(self, name: str, file: str, times: Sequence[str]) -> None:
        lost = self.rows(f"SELECT (SELECT count(*) FROM raw_{name}) - (SELECT count(*) FROM {name})")[0][0]
        if lost:
            self._findings.add("incomplete_row", file, "a required value is missing, or a time is no time", count=lost)
        for column in times:
            query = f'SELECT count(*), min("{column}") FROM raw_{name} WHERE NOT regexp_matches("{column}", \'{_OFFSET}\')'
            count, example = self.rows(query)[0]
            if count:
                dated = re.match(r"\d{4}-\d\d-\d\d", str(example))  # if not, a column has slipped: it may be an identity
                told = example if dated else "no time"
                self._findings.add("time_without_offset", f"{file}: {column}", told, count=count)


def _scan(paths: Sequence[Path]) -> str:
    """One SELECT over all files of a table, every value as text."""
    parquet = [p for p in paths if p.suffix == ".parquet"]
    text = [p for p in paths if p.suffix != ".parquet"]
    parts = []
    if text:
        options = "header = true, all_varchar = true, union_by_name = true, null_padding = true, ignore_errors = true"
        parts.append(f"SELECT * FROM read_csv({_names(text)}, delim = ',', quote = '\"', escape = '\"', {options})")
    if parquet:
        parts.append(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet({_names(parquet)}, union_by_name = true)")
    return " UNION ALL BY NAME ".join(parts)


def _names(paths: Sequence[Path]) -> str:
    return "[" + ", ".join("'" + str(p).replace("'", "''") + "'" for p in paths) + "]"


def _column(name: str, present: bool) -> str:
    text = f"NULLIF(TRIM(\"{name}\"), '')" if present else "NULL"
    if name in _TIMES:
        return f'CAST(FLOOR(EPOCH(TRY_CAST({text} AS TIMESTAMPTZ))) AS BIGINT) AS "{name}"'
    return f'{text} AS "{name}"'


def _faults(tables: _Tables) -> tuple[Fault, ...] | None:
    if not tables.load("truth", ("fault_id", "object_id", "start", "end", "kind"), ("customer_affecting", "severity")):
        return None
    scopes: dict[str, list[tuple[str, Window]]] = defaultdict(list)
    said: dict[str, tuple[str, bool, str]] = {}
    query = 'SELECT fault_id, object_id, start, greatest(start, "end"), kind, customer_affecting, severity FROM truth'
    for fault_id, object_id, start, end, kind, affecting, severity in tables.rows(
        f"{query} ORDER BY start, fault_id, object_id"
    ):
        scopes[fault_id].append((object_id, Window(start, end)))
        said.setdefault(fault_id, (kind, _affects(kind, affecting), severity or ""))
    return tuple(Fault(f, said[f][0], tuple(own), said[f][1], said[f][2]) for f, own in scopes.items())


def _affects(kind: str, said: str | None) -> bool:
    """What the column says; where it is silent, every kind but a glitch affects customers."""
    return kind != "glitch" if said is None else said.lower() not in {"0", "0.0", "false", "no"}


def _sufferers(tables: _Tables, pseudonym: Callable[[str], str]) -> dict[str, frozenset[str]] | None:
    if not tables.load("truth_subscribers", ("fault_id", "subscriber_id"), ("failures", "degraded_s")):
        return None
    bad = f"TRY_CAST(failures AS DOUBLE) >= 1 OR TRY_CAST(degraded_s AS DOUBLE) >= {SUFFERED_DEGRADED_S}"
    found: dict[str, set[str]] = defaultdict(set)
    for fault_id, subscriber in tables.rows(f"SELECT DISTINCT fault_id, subscriber_id FROM truth_subscribers WHERE {bad}"):
        found[fault_id].add(pseudonym(subscriber))
    return {fault_id: frozenset(people) for fault_id, people in found.items()}


def _complaints(tables: _Tables, pseudonym: Callable[[str], str]) -> tuple[Complaint, ...] | None:
    if not tables.load("contacts", ("contact_id", "at"), ("subscriber_id", "category", "cell_id")):
        return None
    where = "coalesce(lower(category), 'network') = 'network'"
    rows = tables.rows(f'SELECT contact_id, "at", subscriber_id, cell_id FROM contacts WHERE {where} ORDER BY 2, 1')
    attachments = _attachments(tables, where) if any(s and not c for _, _, s, c in rows) else {}
    return tuple(
        Complaint(contact, at, pseudonym(subscriber) if subscriber else "", cell or "", tuple(attachments.get(contact, ())))
        for contact, at, subscriber, cell in rows
    )


def _attachments(tables: _Tables, where: str) -> dict[str, list[tuple[str, Window]]]:
    """Contact id -> where its sender was in the PRESENT_S before it, for contacts without a cell."""
    if not tables.load("attachments", ("subscriber_id", "cell_id", "start", "duration_s"), judge=False):
        return {}
    found: dict[str, list[tuple[str, Window]]] = defaultdict(list)
    for contact, cell, start, duration in tables.rows(f"""
        SELECT contact_id, a.cell_id, start, TRY_CAST(duration_s AS BIGINT) AS s
        FROM contacts c JOIN attachments a USING (subscriber_id)
        WHERE {where} AND c.cell_id IS NULL AND start <= "at" AND start + s > "at" - {PRESENT_S} ORDER BY ALL"""):
        found[contact].append((cell, Window(start, start + duration)))
    return found
