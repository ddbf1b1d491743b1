"""An alert in a person's words: two or three lines on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from detector.domain.alert import ALERT_TYPES

COLOUR = {"critical": "bold white on red", "major": "bold red", "minor": "yellow", "warning": "cyan"}
HEADING = {"opened": ("▲ OPENED", "bold red"), "updated": ("● updated", "yellow"), "resolved": ("✔ RESOLVED", "bold green")}

COUNTED = (
    ("exposed", "{:,.0f} were there"),
    ("affectedAccounts", "larger accounts: {:,.0f}"),
    ("proposed", "{:,.0f} to be contacted"),
    ("suppressedByConsent", "no consent: {:,.0f}"),
)
"""Counts of the body's impact, in the order they are read out."""


def announcement(event: Mapping[str, Any], *, page: str = "") -> Text:
    """What happened, where, to how many, what to say and where to look; `page` is a link, empty = none.

    `event` is a CloudEvents body of ours; anything missing in it is left out.

    >>> body = {"type": "care.incident.opened.v1", "time": "2026-03-24T08:20:00Z", "severitytext": "major"}
    >>> print(announcement(body))
    ▲ OPENED    2026-03-24 08:20  MAJOR
    """
    kind = kind_of(event)
    heading, colour = HEADING.get(kind, (kind, "bold"))
    severity = str(event.get("severitytext", ""))
    data = _mapping(event.get("data"))
    line = Text.assemble(
        (f"{heading:<12}", colour), (_printable(str(event.get("time", ""))[:16].replace("T", " ")), "dim"), "  ",
        (_printable(severity.upper()), COLOUR.get(severity, "bold")),
    )  # fmt: skip
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


def lead_time(seconds: float) -> str:
    """Ahead of the first complaint, or behind it.

    >>> lead_time(2820), lead_time(-300)
    ('47 min before the first complaint', '5 min after the first complaint')
    """
    return f"{abs(seconds) / 60:.0f} min {'before' if seconds >= 0 else 'after'} the first complaint"


def _further(data: Mapping[str, Any], page: str) -> list[tuple[str, str]]:
    """(line, style) of what follows the first line."""
    impact, say, action = (_mapping(data.get(name)) for name in ("impact", "say", "action"))
    lines = []
    if people := _people(impact):
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


def _people(impact: Mapping[str, Any]) -> str:
    """How many people and accounts, and for how many care is proposed something."""
    parts = []
    if "affected" in impact and impact["affected"] is None:
        parts.append("few people affected (count withheld)")
    elif isinstance(affected := impact.get("affected"), int | float):
        parts.append(f"about {affected:,.0f} people affected")
        interval = impact.get("affectedInterval")
        if isinstance(interval, Sequence) and len(interval) == 2 and all(isinstance(n, int | float) for n in interval):
            parts[0] += f" ({interval[0]:,.0f} to {interval[1]:,.0f})"
    named, more = impact.get("accounts"), impact.get("accountsNotListed", 0)
    accounts = len(named) + more if isinstance(named, list) and named and isinstance(more, int) else None
    counts: dict[str, Any] = {"affectedAccounts": accounts, **impact}
    parts += [label.format(n) for key, label in COUNTED if isinstance(n := counts.get(key), int | float)]
    return ", ".join(parts)


def _where(problem: Mapping[str, Any]) -> str:
    """The root, `site s010`."""
    roots = problem.get("rootCauseResource")
    first = _mapping(roots[0]) if isinstance(roots, list) and roots else {}
    return str(first.get("id", "")).replace(":", " ", 1)


def _printable(text: str) -> str:
    """One line without control characters: an alert must not drive the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
