"""What the desk's pages show, worked out in plain values: a report's table, and what care teams said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from detector.domain.feedback import VERDICTS, Feedback
from detector.reports import Report
from detector.reports.report import STEPS

MOST_ROWS = 500
VERDICT_WORDS = {
    "confirmed": "confirmed",
    "false_alarm": "false alarm",
    "wrong_cause": "wrong cause",
    "resolved_for_customer": "resolved for the customer",
    "not_resolved_for_customer": "not resolved for the customer",
}


def said_of(feedback: Sequence[Feedback]) -> list[tuple[str, int]]:
    """How often care teams said what.

    >>> said_of([Feedback("inc_1", 60.0, "desk-7", "confirmed"), Feedback("inc_1", 90.0, "desk-8", "confirmed")])
    [('confirmed', 2)]
    """
    counts = Counter(one.verdict for one in feedback)
    return [(VERDICT_WORDS[verdict], counts[verdict]) for verdict in VERDICTS if counts[verdict]]


def report_view(made: Report, *, by: str, per: str, asked: Mapping[str, str]) -> dict[str, object]:
    """Everything the template `report.html` names; `asked`: the times in the address, kept by its links."""
    names = [c.name for c in made.columns]
    dimensions = list(dict.fromkeys(str(row[names.index("by")]) for row in made.rows)) if "by" in names else []
    shown = made.only("by", by or None)
    kept = {name: value for name, value in asked.items() if value}

    def link(**changes: str) -> str:
        parts = kept | {"per": per, "by": by} | changes
        return f"/reports/{made.name}?{urlencode({name: value for name, value in parts.items() if value})}"

    return {
        "report": made,
        "rows": shown.told()[:MOST_ROWS],
        "more": max(0, len(shown.rows) - MOST_ROWS),
        "steps": [(step, link(per=step), step == per) for step in STEPS] if "period" in names else [],
        "dimensions": [(one, link(by=one), one == by) for one in ("", *dimensions)] if len(dimensions) > 1 else [],
    }
