"""Tables for people, JSON for machines: incidents, deliveries, lookups."""

import csv
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from detector.domain.errors import Misconfigured
from detector.domain.identity import IncidentId, SubscriberId
from detector.domain.window import utc
from jobs.commands.options import one_of

if TYPE_CHECKING:
    from rich.table import Table

    from detector.app import App
    from detector.reports import Report

_UNBOUNDED = 10_000
"""Width where the output is no terminal. Chosen: a row a line, whole, for `grep` and the like."""
_LEAST_COLUMN = 12
"""Narrowest column of a table. Chosen: under it each row is shown as a block of lines."""
HELD = "held"
"""State of what care waits for in `precall deliveries`."""


def table(rows: Sequence[Mapping[str, Any]], as_json: bool, empty: str) -> str:
    """The same rows as JSON, or as a table as wide as the terminal; `empty` is the text if there is none.

    No value is ever cut: single words, such as ids and times, stay whole on their line so that they can be pasted, texts are
    wrapped. Where the columns do not fit beside each other, each row is a block of `name  value` lines.
    """
    if as_json:
        return json.dumps(rows, indent=2, default=str)
    if not rows:
        return empty
    cells = [{name: "" if v is None else str(v) for name, v in row.items()} for row in rows]
    width = terminal_width()
    least = {name: _least(name, [row.get(name, "") for row in cells]) for name in cells[0]}
    if sum(least.values()) + len(least) - 1 > width:
        return "\n\n".join(_block(row, width) for row in cells)
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in cells[0]:
        shown.add_column(name, overflow="fold", min_width=least[name])
    for row in cells:
        shown.add_row(*(Text(value.strip()) for value in row.values()))  # rich counts a leading space as part of the word
    return _printed(shown, width)


def terminal_width(most: int = _UNBOUNDED) -> int:
    """Columns of the terminal, or the environment variable COLUMNS; where neither is known, `most`."""
    asked = os.environ.get("COLUMNS", "")
    known = asked.isdigit() and int(asked) > 0
    if not known and not sys.stdout.isatty():
        return most
    return min(shutil.get_terminal_size().columns, most)


def _least(name: str, values: Sequence[str]) -> int:
    """The narrowest this column can be: its longest single word, and for texts enough to read them."""
    words = [word for value in (name, *values) for word in value.split()]
    longest = max(map(len, words), default=1)
    return max(longest, min(_LEAST_COLUMN, max(map(len, values), default=0)))


def _block(row: Mapping[str, str], width: int) -> str:
    """One row as lines of name and value; where a single word is too long to stand beside its name, values stand below."""
    indent = max(map(len, row)) + 2
    longest = max((len(word) for value in row.values() for word in value.split()), default=0)
    if indent + longest > width:
        lines = [f"{name}:\n{_wrapped(value, width, '  ', '  ')}" for name, value in row.items() if value]
    else:
        lines = [_wrapped(value, width, f"{name:{indent}}", " " * indent) for name, value in row.items() if value]
    return "\n".join(lines)


def _wrapped(text: str, width: int, first: str, rest: str) -> str:
    return fill(
        text,
        max(width, len(rest) + 8),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _printed(shown: "Table", width: int) -> str:
    from rich.console import Console

    out = StringIO()
    Console(file=out, width=width, color_system=None, highlight=False).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def iso_minute(at: float | None) -> str | None:
    """ISO 8601 in UTC to the minute."""
    return None if at is None else f"{utc(at):%Y-%m-%dT%H:%MZ}"


def show_incidents(app: "App", state: str | None, limit: int, as_json: bool) -> str:
    """Newest first. JSON has ISO times in UTC; the table shows them in the operator's zone."""
    from detector.care.facts import facts_of
    from detector.care.impact_part import counted
    from detector.labels.terms import place
    from detector.labels.times import stamp

    rows, floor = [], app.settings.impact.privacy_floor
    found = app.store.incidents.all(state=state, limit=limit)
    zone = "UTC" if as_json or not found else app.operator.timezone
    for i in found:
        impact = None if i.withdrawn_at is not None else app.store.impacts.latest(i.incident_id)
        notified = app.store.notifications.get(i.incident_id)
        said = {} if notified is None else notified.said.get("impact") or {}
        seen = counted(impact, floor, said) if impact else None
        facts = facts_of(i, now=app.clock.now(), timezone=zone)
        times = (
            {
                "started": iso_minute(facts.since),
                "ended": iso_minute(facts.until),
                "opened": iso_minute(i.opened_at),
                "resolved": iso_minute(i.resolved_at),
            }
            if as_json
            else {"since": stamp(facts.since, zone), "state": facts.in_words}
        )
        rows.append(
            {
                "incident": i.incident_id,
                **times,
                "severity": i.severity,
                "root": f"{i.root_kind} {i.root_id}" if as_json else place(i.root_kind, i.root_id),
                "cells": len(i.cells),
                "affected": seen.affected if seen else None,
                "silent": i.suppressed_reason if as_json else facts.silence,
                "reason": i.reason,
            }
        )
    return table(rows, as_json, "no incidents")


def show_findings(app: "App", as_json: bool) -> str:
    rows = [{"finding": f.code, "where": f.where, "count": f.count, "example": f.example} for f in app.store.findings.all()]
    return table(rows, as_json, "no findings")


def show_deliveries(app: "App", state: str | None, limit: int, as_json: bool) -> str:
    """What was composed, after what is not composed yet: `held` are incidents of which care is not notified."""
    rows = list(_held(app)) if state in (None, HELD) else []
    rows += [
        {
            "alert": m.key,
            "receiver": m.receiver,
            "type": m.type,
            "incident": m.incident_id,
            "planned": iso_minute(m.time),
            "state": m.state,
            "attempts": m.attempts,
            "error": m.last_error,
        }
        for m in (app.store.outbox.by_state(state, limit) if state != HELD else ())
    ]
    return table(rows[:limit], as_json, "no deliveries")


def _held(app: "App") -> Iterator[dict[str, Any]]:
    """An incident that waits: since when, for which team, and why."""
    from detector.labels.terms import HELD as WHY_HELD

    for incident in app.store.incidents.all(state="open"):
        waiting = app.store.waiting.get(incident.incident_id)
        if waiting is not None and not incident.silent:
            yield {
                "alert": "",
                "receiver": waiting.team,
                "type": "opened",
                "incident": incident.incident_id,
                "planned": iso_minute(waiting.since),
                "state": HELD,
                "attempts": 0,
                "error": WHY_HELD.get(waiting.why, waiting.why),
            }


def show_report(
    app: "App", name: str | None, given: tuple[int | None, int | None], step: str, by: str | None, as_json: bool
) -> str:
    """A report's rows and under them its notes; without a name the reports that there are."""
    from detector.reports import REPORTS

    if name is None:
        return table([{"report": n, "about": kind.title} for n, kind in sorted(REPORTS.items())], as_json, "no reports")
    made = _made_report(app, name, given, step, by)
    if as_json:
        return table(made.records(), True, "")
    rows = [{c.title: v for c, v in zip(made.columns, row, strict=True)} for row in made.rows]
    return "\n".join([table(rows, False, "nothing in this time"), *made.notes])


def write_report(
    app: "App", name: str | None, given: tuple[int | None, int | None], step: str, by: str | None, out: Path
) -> str:
    """Writes a report's rows into `out`, JSON or CSV by its ending; returns what was written, and the notes."""
    if name is None:
        raise Misconfigured("which report?", where="--out", mend="name one: precall report planning --out rows.csv")
    made = _made_report(app, name, given, step, by)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            if out.suffix == ".json":
                file.write(table(made.records(), True, "") + "\n")
            else:
                rows = csv.writer(file)
                rows.writerow([column.name for column in made.columns])
                rows.writerows(made.rows)
    except OSError as error:
        raise Misconfigured(f"cannot be written: {error.strerror}", where=str(out), mend="name another file") from error
    return "\n".join([f"{out}: {len(made.rows)} rows", *made.notes])


def _made_report(app: "App", name: str, given: tuple[int | None, int | None], step: str, by: str | None) -> "Report":
    from detector.reports import report_kind
    from detector.reports.report import STEPS

    one_of(step, STEPS, "--per")
    if by:
        one_of(by, report_kind(name).by, "--by")
    from jobs.reporting import report, window_of

    now = int(app.clock.now())
    window = window_of(*given, now=now)
    return report(name, app.feeds, app.store, app.settings, now=now, window=window, step=step).only("by", by)


def show_rules(
    app: "App", what: str, incident: IncidentId | None, subscriber: SubscriberId | None, file: Path | None, as_json: bool
) -> str:
    """The rules as they are tried, or what they would do for the people who are listed now."""
    from jobs.commands.rules_dry_run import RulesDryRun

    trial = RulesDryRun(app, incident, file)
    if what == "list":
        rows = [
            {
                "rule": rule.name,
                "action": rule.action,
                "when": ", ".join(name for name, _ in rule.when) or "(everybody)",
                "at": rule.at,
                "of": rule.of,
            }
            for rule in trial.tried
        ]
        return table(rows, as_json, "no rules")
    if what != "try":
        raise Misconfigured(f"cannot '{what}' rules", where="precall rules", mend="try or list")
    rows = trial.counts() if subscriber is None else trial.one_person(subscriber)
    none = (
        "this person is on no such list" if subscriber is not None else "nobody is listed now; name an incident that is over"
    )
    output = table(rows, as_json, f"{len(trial.tried)} rules are well; {none}")
    if as_json or subscriber is not None or not rows:
        return output
    floor = app.settings.impact.privacy_floor
    return f"{output}\nAs if they began at {iso_minute(trial.now)}; people in steps of {floor}, empty for fewer."
