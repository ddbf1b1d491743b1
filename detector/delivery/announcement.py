"""An alert in a person's words: two or three lines on a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from detector.domain.alert import ALERT_TYPES
from detector.domain.communication import ALL_CLEAR
from detector.domain.window import epoch
from detector.labels.terms import place
from detector.labels.times import lead_time, stamp

COLOUR = {"critical": "bold white on red", "major": "bold red", "minor": "yellow", "warning": "cyan"}
CLOSED = ("✔ CLOSED", "dim")
"""Heading of what is over without having been solved: part of another, or a false alarm."""
HEADING = {"opened": ("▲ OPENED", "bold red"), "updated": ("● updated", "yellow"), "resolved": ("✔ RESOLVED", "bold green")}


def announcement(event: Mapping[str, Any], *, page: str = "") -> Text:
    """What happened, where, to how many, the sentences and where to look; `page` is a link, empty = none.

    `event` is a CloudEvents body of ours; anything missing in it is left out.

    >>> body = {"type": "care.incident.opened.v1", "time": "2026-03-24T08:20:00Z", "severitytext": "major"}
    >>> print(announcement(body))
    ▲ OPENED    2026-03-24 08:20 UTC  MAJOR
    """
    kind, data = kind_of(event), _mapping(event.get("data"))
    heading, colour = _heading(kind, _mapping(data.get("serviceProblem")))
    severity = str(event.get("severitytext", ""))
    line = Text.assemble(
        (f"{heading:<12}", colour),
        (_printable(_time(str(event.get("time", "")), data)), "dim"),
        "  ",
        (_printable(severity.upper()), COLOUR.get(severity, "bold")),
    )
    problem = _mapping(data.get("serviceProblem"))
    if where := _where(problem):
        line.append(f"  {_printable(where)}", "bold")
    if reason := problem.get("reason"):
        line.append(f"  {_printable(str(reason))}")
    for text, style in _further(data, page):
        line.append(f"\n            {_printable(text)}", style)
    return line


def kind_of(event: Mapping[str, Any]) -> str:
    """opened, updated or resolved, from the type `care.incident.<kind>.v1`; empty for a foreign type."""
    parts = str(event.get("type", "")).split(".")
    ours = parts[:2] == ["care", "incident"] and len(parts) == 4 and parts[2] in ALERT_TYPES
    return parts[2] if ours else ""


def _heading(kind: str, problem: Mapping[str, Any]) -> tuple[str, str]:
    return CLOSED if problem.get("status") == "Closed" else HEADING.get(kind, (kind, "bold"))


def _time(at: str, data: Mapping[str, Any]) -> str:
    """In the operator's zone, which the body names; in UTC if it does not, or names none that is known here."""
    try:
        then = epoch(datetime.fromisoformat(at))
    except ValueError:
        return at
    try:
        return stamp(then, str(data.get("timezone") or "UTC"))
    except (OSError, ValueError):
        return stamp(then, "UTC")


def _further(data: Mapping[str, Any], page: str) -> list[tuple[str, str]]:
    """(line, style) of what follows the first line."""
    impact, say, action = (_mapping(data.get(name)) for name in ("impact", "say", "action"))
    lines = []
    problem = _mapping(data.get("serviceProblem"))
    if status := problem.get("statusChangeReason"):
        lines.append((str(status), ""))
    if people := _people(impact, action):
        lines.append((people, ""))
    if isinstance(lead := impact.get("leadTimeS"), int | float):
        lines.append((lead_time(lead), "green" if lead >= 0 else "red"))
    if say:
        lines.append((f"say: “{say.get('en') or next(iter(say.values()))}”", "italic"))
    if action.get("kind", "none") != "none":
        lines.append((f"next: {action['kind']} by {action.get('team') or 'care'}".replace("_", " "), ""))
    if page:
        lines.append((page, "blue underline"))
    return lines


def _people(impact: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    """How many people and accounts, and for how many of those listed care is proposed something."""
    parts = [] if (affected := _affected(impact)) is None else [affected]
    if (exposed := _count(impact, "exposed")) is not None:
        parts.append(f"{exposed:,} were there")
    named, more = impact.get("accounts"), impact.get("accountsNotListed", 0)
    if isinstance(named, list) and named and isinstance(more, int):
        parts.append(f"larger accounts: {len(named) + more:,}")
    listed = "" if (number := _count(impact, "listed")) is None else f" of {number:,} listed"
    if (proposed := _count(impact, "proposed")) is not None:
        what = "to hear that it is over" if action.get("kind") == ALL_CLEAR else "to be contacted"
        parts.append(f"{proposed:,}{listed} {what}")
    if (suppressed := _count(impact, "suppressedByConsent")) is not None:
        parts.append(f"no consent: {suppressed:,}{'' if proposed is not None else listed}")
    return ", ".join(parts)


def _affected(impact: Mapping[str, Any]) -> str | None:
    if "affected" in impact and impact["affected"] is None:
        return "few people affected (count withheld)"
    affected, interval = _count(impact, "affected"), impact.get("affectedInterval")
    if affected is None:
        return None
    affected_text = f"about {affected:,} people affected"
    if isinstance(interval, Sequence) and len(interval) == 2 and all(isinstance(n, int | float) for n in interval):
        affected_text += f" ({interval[0]:,.0f} to {interval[1]:,.0f})"
    return affected_text


def _count(impact: Mapping[str, Any], name: str) -> int | None:
    found = impact.get(name)
    return round(found) if isinstance(found, int | float) else None


def _where(problem: Mapping[str, Any]) -> str:
    """The root, `core function amf-1`."""
    roots = problem.get("rootCauseResource")
    first = _mapping(roots[0]) if isinstance(roots, list) and roots else {}
    kind, _, name = str(first.get("id", "")).partition(":")
    return place(kind, name).strip()


def _printable(text: str) -> str:
    """One line without control characters: an alert must not drive the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
