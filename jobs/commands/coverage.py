"""What is measured: by KPI, by cell, and which counters nobody understood."""

import json
from typing import Any

from detector.app import App
from detector.domain.coverage import Coverage
from detector.web import serializers
from jobs.commands.tables import iso_minute, table
from jobs.coverage import CoverageReader


def show_coverage(app: App, *, cells: bool, everything: bool, as_json: bool) -> tuple[str, bool]:
    """(what there is to print, whether nothing or little is measured)."""
    coverage_reader = CoverageReader(app.store, app.catalogue, app.feeds.reference(app.clock.now()), app.clock.now())
    found = coverage_reader.coverage()
    return _by_cell(coverage_reader, as_json) if cells else _by_kpi(app, found, everything, as_json), found.little


def _by_cell(coverage_reader: CoverageReader, as_json: bool) -> str:
    rows = [
        row
        | {"value": None if row["value"] is None else float(f"{row['value']:.6g}"), "last_at": iso_minute(row["last_at"])}
        for row in coverage_reader.values()
    ]
    return table(rows, as_json, "no cells; put a cells.csv into the watched folder")


def _by_kpi(app: App, found: Coverage, everything: bool, as_json: bool) -> str:
    if as_json:
        return json.dumps(serializers.coverage(found), indent=2)
    shown = [one for one in found.kpis if one.have or everything]
    rows: list[dict[str, Any]] = [
        {
            "kpi": one.kpi,
            "title": one.title,
            "measured": f"{one.have} of {one.should}",
            "share": f"{one.share:.0%}",
            "last": iso_minute(one.last_at),
            "counters missing": ", ".join(one.lacks),
        }
        for one in sorted(shown, key=lambda one: -one.share)
    ]
    return "\n".join([*_summary(app, found), table(rows, False, "no KPI is measured"), *_names(found, everything)])


def _summary(app: App, found: Coverage) -> list[str]:
    span = "" if found.until is None else f", from {iso_minute(found.since)} to {iso_minute(found.until)} (UTC)"
    lines = [f"{found.measured} of {found.objects} cells and core functions measured, by {len(found.there)} KPIs{span}"]
    if not found.objects:
        lines.append(f"no cells are known: put a cells.csv into {' or '.join(map(str, app.settings.inboxes.values()))}")
    return lines


def _names(found: Coverage, everything: bool) -> list[str]:
    """Counters that were read and not understood: those that were probably misspelt, then, of the others, their number."""
    likely = [f"  {name}: {meant}" for name, meant in found.unused.items() if meant]
    others = [name for name, meant in found.unused.items() if not meant]
    lines = [f"{len(likely)} counters read and not understood, with what was probably meant:", *likely] if likely else []
    if others:
        some = others if everything else others[:8]
        more = "" if len(some) == len(others) else f", and {len(others) - len(some)} more (--all)"
        lines.append(f"{len(others)} counters read that no KPI of the catalogue needs: {', '.join(some)}{more}")
    lacking = sum(not one.have for one in found.kpis)
    if lacking and not everything:
        lines.append(f"{lacking} KPIs of these technologies are measured nowhere (--all shows which counters they need)")
    return lines
