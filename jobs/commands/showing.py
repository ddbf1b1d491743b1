"""Tables for people, JSON for machines: incidents, deliveries, lookups."""

import json
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.domain.errors import Misconfigured
from detector.domain.window import utc

if TYPE_CHECKING:
    from detector.app import House

_WIDTH = 140
HELD = "held"
"""State of what care waits for in `precall deliveries`."""


def table(rows: Sequence[Mapping[str, Any]], as_json: bool, empty: str) -> str:
    """The same rows as JSON, or as a table; `empty` says that there is none."""
    if as_json:
        return json.dumps(rows, indent=2, default=str)
    if not rows:
        return empty
    from rich.console import Console
    from rich.table import Table

    shown = Table(*rows[0].keys(), box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*("" if v is None else str(v) for v in row.values()))
    out = StringIO()
    Console(file=out, width=_WIDTH).print(shown)
    return out.getvalue().rstrip()


def moment(at: float | None) -> str | None:
    """ISO 8601 in UTC to the minute."""
    return None if at is None else f"{utc(at):%Y-%m-%dT%H:%MZ}"


def show_incidents(house: "House", state: str, limit: int, as_json: bool) -> str:
    from detector.care.privacy import shown as people_shown

    rows, floor = [], house.settings.impact.privacy_floor
    for i in house.store.book.incidents(state=state, limit=limit):
        impact = house.store.book.impact(i.incident_id)
        rows.append({
            "incident": i.incident_id, "opened": moment(i.opened_at), "resolved": moment(i.resolved_at),
            "severity": i.severity, "root": f"{i.root_kind} {i.root_id}", "cells": len(i.cells),
            "affected": people_shown(impact.affected, floor) if impact else None, "silent": i.suppressed_reason,
            "reason": i.reason,
        })  # fmt: skip
    return table(rows, as_json, "no incidents")


def show_findings(house: "House", as_json: bool) -> str:
    rows = [
        {"finding": f.code, "where": f.where, "count": f.count, "example": f.example} for f in house.store.notes.findings()
    ]
    return table(rows, as_json, "no findings")


def show_deliveries(house: "House", state: str, limit: int, as_json: bool) -> str:
    """What was composed, after what is not composed yet: `held` are incidents that care is not told of."""
    rows = list(_held(house)) if state in ("", HELD) else []
    rows += [
        {
            "alert": m.key, "receiver": m.receiver, "type": m.type, "incident": m.incident_id, "planned": moment(m.time),
            "state": m.state, "attempts": m.attempts, "error": m.last_error,
        }
        for m in (house.store.outbox.by_state(state, limit) if state != HELD else ())
    ]  # fmt: skip
    return table(rows[:limit], as_json, "no deliveries")


def _held(house: "House") -> Iterator[dict[str, Any]]:
    """An incident that waits: since when, for which team, and why."""
    from detector.web.wording import HELD as WHY_HELD
    from jobs.assessing.holding import note_of

    for incident in house.store.book.incidents(state="open"):
        note = house.store.notes.get(note_of(incident))
        if note and not incident.silent:
            yield {
                "alert": "", "receiver": note["team"], "type": "opened", "incident": incident.incident_id,
                "planned": moment(note["since"]), "state": HELD, "attempts": 0,
                "error": WHY_HELD.get(note["why"], note["why"]),
            }  # fmt: skip


def show_report(house: "House", name: str, given: tuple[int | None, int | None], step: str, by: str, as_json: bool) -> str:
    """A report's rows and under them its notes; without a name the reports that there are."""
    from detector.reports import REPORTS
    from detector.reports.report import STEPS
    from jobs.reporting import report, window_of

    if not name:
        return table([{"report": n, "about": kind.title} for n, kind in sorted(REPORTS.items())], as_json, "no reports")
    if step not in STEPS:
        raise Misconfigured(f"no step '{step}'", where="--per", mend=f"one of {', '.join(STEPS)}")
    now = int(house.clock.now())
    window = window_of(*given, now=now)
    made = report(name, house.source, house.store, house.settings, now=now, window=window, step=step).only("by", by)
    if as_json:
        return table(made.records(), True, "")
    rows = [{c.title: v for c, v in zip(made.columns, row, strict=True)} for row in made.rows]
    return "\n".join([table(rows, False, "nothing in this time"), *made.notes])


def show_rules(house: "House", what: str, incident: str, subscriber: str, file: Path | None, as_json: bool) -> str:
    """The rules as they are tried, or what they would do for the people who are listed now."""
    from jobs.commands.trying import Trial

    trial = Trial(house, incident, file)
    if what == "list":
        rows = [
            {"rule": rule.name, "action": rule.action, "when": ", ".join(name for name, _ in rule.when) or "(everybody)",
             "at": rule.at, "of": rule.of}
            for rule in trial.tried
        ]  # fmt: skip
        return table(rows, as_json, "no rules")
    if what != "try":
        raise Misconfigured(f"cannot '{what}' rules", where="precall rules", mend="try or list")
    rows = trial.one_person(subscriber) if subscriber else trial.counts()
    none = "this person is on no such list" if subscriber else "nobody is listed now; name an incident that is over"
    told = table(rows, as_json, f"{len(trial.tried)} rules are well; {none}")
    if as_json or subscriber or not rows:
        return told
    floor = house.settings.impact.privacy_floor
    return f"{told}\nAs if they began at {moment(trial.now)}; people in steps of {floor}, empty for fewer."
