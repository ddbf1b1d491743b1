"""Writes what a backtest leaves behind (CONTRACTS section 4): tables, alerts, summary."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from detector.backtest.results import Results
from detector.domain.incident import Suppression
from detector.domain.window import iso

DEGRADATION_COLUMNS = (
    "degradation_id",
    "object_id",
    "dimension",
    "kpi",
    "kind",
    "started_at",
    "detected_at",
    "cleared_at",
    "severity",
    "evidence",
    "expected",
    "observed",
    "incident_id",
)
INCIDENT_COLUMNS = (
    "incident_id",
    "root_kind",
    "root_id",
    "opened_at",
    "resolved_at",
    "severity",
    "cells",
    "exposed",
    "affected",
    "affected_low",
    "affected_high",
    "accounts",
    "alarm_id",
    "ticket_id",
    "suppressed_reason",
    "started_at",
    "ended_at",
)
AFFECTED_COLUMNS = (
    "incident_id",
    "subscriber_id",
    "account_id",
    "basis",
    "probability",
    "exposure_s",
    "listed_at",
    "delisted_at",
    "contactable",
    "why_not",
    "action",
    "decided_at",
)
_Row = Sequence[str | int]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The signs with which a spreadsheet's formula may begin, also in full width."""
_MERGED = re.compile("merged:(.+)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def write(out: Path, results: Results, figures: Mapping[str, Any], *, identify: Callable[[str], str] | None = None) -> None:
    """Writes the five files of figures and tables into the folder `out`; each appears whole or not at all.

    Times are ISO 8601 in UTC, unknown values empty. `identify` turns pseudonyms of subscribers and accounts back into the
    dataset's own ids; without it affected.csv holds pseudonyms. Raises OSError if the folder cannot be written.
    """
    write_tables(out, results, identify=identify)
    write_figures(out, figures)


def write_figures(out: Path, figures: Mapping[str, Any]) -> None:
    """Writes summary.json alone."""
    write_whole(out, {"summary.json": lambda path: _text(path, json.dumps(figures, indent=2, allow_nan=False) + "\n")})


def write_tables(out: Path, results: Results, *, identify: Callable[[str], str] | None = None) -> None:
    """Writes what was replayed, without the figures; see `write`."""
    write_whole(
        out,
        {
            "degradations.csv": lambda path: _table(path, DEGRADATION_COLUMNS, _degradations(results)),
            "incidents.csv": lambda path: _table(path, INCIDENT_COLUMNS, _incidents(results)),
            "affected.csv": lambda path: _table(path, AFFECTED_COLUMNS, _affected(results, cache(identify or str))),
            "alerts.jsonl": lambda path: _alerts(path, results),
        },
    )


def write_whole(out: Path, files: Mapping[str, Callable[[Path], None]]) -> None:
    """Writes each file beside its place and renames it, so that no reader ever sees half of one."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=out) as beside:
        for name, fill in files.items():
            fill(Path(beside) / name)
            (Path(beside) / name).replace(out / name)


def _degradations(results: Results) -> Iterable[_Row]:
    for d in sorted(results.degradations, key=lambda d: (d.detected_at, d.degradation_id)):
        yield (
            d.degradation_id,
            d.base_object,
            d.dimension,
            d.kpi,
            d.kind,
            _iso(d.started_at),
            _iso(d.detected_at),
            _iso(d.cleared_at),
            d.severity,
            _number(d.neg_log10_p),
            _number(d.expected),
            _number(d.observed),
            results.incident_of.get(d.degradation_id, ""),
        )


def _incidents(results: Results) -> Iterable[_Row]:
    for i in sorted(results.incidents, key=lambda i: (i.opened_at, i.incident_id)):
        impact = results.impacts.get(i.incident_id)
        touched: _Row = ("", "", "", "", "")
        if impact is not None:
            interval = (_number(impact.affected), _number(impact.affected_low), _number(impact.affected_high))
            touched = (impact.exposed, *interval, len(impact.accounts))
        yield (
            i.incident_id,
            i.root_kind,
            i.root_id,
            _iso(i.opened_at),
            _iso(i.resolved_at),
            i.severity,
            len(i.cells),
            *touched,
            i.alarm_id,
            i.ticket_id,
            i.suppressed_reason,
            _iso(i.started_at),
            _iso(i.ended_at),
        )


def suppression_in(suppressed_reason: str) -> tuple[Suppression | None, str | None]:
    """Fields of a row of `incidents.csv`: why nobody was notified, and the id of the incident that it was merged into.

    >>> suppression_in("maintenance"), suppression_in("merged:inc_1"), suppression_in("")
    (('maintenance', None), (None, 'inc_1'), (None, None))
    """
    merged = _MERGED.fullmatch(suppressed_reason)
    known = (one for one in get_args(Suppression) if one == suppressed_reason)
    return next(known, None), merged[1] if merged else None


def _affected(results: Results, identify: Callable[[str], str]) -> Iterable[_Row]:
    for row in sorted(results.listings, key=lambda row: (row.listed_at, row.incident_id, row.subscriber)):
        yield (
            row.incident_id,
            identify(row.subscriber),
            identify(row.affected.account) if row.affected.account else "",
            row.affected.basis,
            _number(row.probability),
            _number(row.affected.exposure_s),
            _iso(row.listed_at),
            _iso(row.delisted_at),
            int(row.contactable),
            row.why_not,
            row.decision.action,
            _iso(row.decision.decided_at),
        )


def _table(path: Path, columns: Sequence[str], rows: Iterable[_Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([for_spreadsheets(cell) for cell in row] for row in rows)


def for_spreadsheets(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that begins as one gets an apostrophe before it, which a
    program takes away again (docs/reference/outputs.md). Numbers, telephone numbers among them, stay as they are.

    Source: OWASP, CSV Injection.

    >>> [for_spreadsheets(one) for one in ("=1+1", "-0.5", "+41790000001", "@SUM(A1)", "c01010", 7)]
    ["'=1+1", '-0.5', '+41790000001', "'@SUM(A1)", 'c01010', 7]
    """
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _alerts(path: Path, results: Results) -> None:
    with path.open("w", encoding="utf-8") as file:
        for body, planned_at in results.alerts:
            file.write(
                json.dumps({**body, "planned_at": _iso(planned_at)}, ensure_ascii=False, separators=(",", ":")) + "\n"
            )


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _iso(at: int | None) -> str:
    return "" if at is None else iso(at)


def _number(value: float) -> str:
    """Six digits exceed the precision of any figure; NaN and infinity are unknown."""
    return f"{value:.6g}" if isfinite(value) else ""
