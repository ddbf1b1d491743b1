"""What the incident's page shows, worked out in plain values; the template only lays it out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from detector.charts import Mark, band_chart
from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.evidence import Band
from detector.domain.feedback import VERDICTS, Feedback
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import LEVEL, Breach
from detector.labels import quantities, terms, times
from detector.web import serializers
from detector.web.affected_view import care_words, nobody_known, people
from detector.web.page import Page, summary
from detector.web.service import CareView, Update, WebService

MOST_ROWS = 12
"""Rows of a table of the page. Chosen: a screen."""
MOST_CHARTS = 6
"""Charts of the page. Chosen: each takes a read of the history."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of evidence, as text."""

    object_id: str
    kpi: str
    observed: str
    counts: str
    expected: str
    since: str
    periods: str
    severity: str
    state: str
    explanation: str = ""


@dataclass(frozen=True)
class Candidate:
    """One line of what may be the root, as text."""

    place: str
    named: bool
    bad: str
    chance: str
    coverage: str


def incident_view(service: WebService, incident: Incident, page: Page) -> dict[str, object]:
    """Everything the template `incident.html` names."""
    degradations = sorted(
        service.degradations(incident.incident_id),
        key=lambda d: (-SEVERITIES.index(d.severity), -d.neg_log10_p, d.degradation_id),
    )
    impact, care = service.impact(incident.incident_id), service.care(incident.incident_id)
    notified = service.notified_impact(incident.incident_id)
    unknown = impact is not None and nobody_known(service, impact)
    rows = [measured(d, service.kpi, page) for d in degradations]
    return {
        "summary": summary(incident, page),
        "found_after": times.duration(incident.opened_at - incident.started_at),
        "decided": "" if incident.resolved_at is None else page.clock(incident.resolved_at),
        "works": "" if incident.works_until is None else page.clock(incident.works_until),
        "lead": lead_time(incident, care),
        "lead_class": lead_class(incident, care),
        "clear": expected_clear(incident, care, page),
        "breaches": [
            breach_text(one, service.kpi, page) for one in (care.outlook.breaches if care and care.outlook else ())
        ],
        "unknown": unknown,
        "people": impact and incident.withdrawn_at is None and not unknown and people(impact, page, notified),
        "care": care and care_words(care, page, incident, notified),
        "rows": rows[:MOST_ROWS],
        "more_rows": rows[MOST_ROWS:],
        "candidates": candidates(incident),
        "charts": charts(service.bands(incident.incident_id), incident, care, page),
        "timeline": [(page.clock(u.at), u) for u in timeline(incident, service.timeline(incident.incident_id))],
    }


def measured(d: Degradation, find: Callable[[str], Kpi | None], page: Page) -> Measured:
    """Observed with its counts, against the expectation: as of the latest bad period, or of the worst once it is over."""
    kpi, one = find(d.kpi), d.reading
    observed, expected = quantities.pair(kpi, one.observed, one.expected)
    title = kpi.title if kpi else d.kpi
    if d.family == MISSING_DATA:
        title, observed, expected = "Measurements", "none", f"every {times.duration(d.duration_s)}"
    return Measured(
        object_id=d.object_id,
        kpi=title,
        observed=observed,
        counts=quantities.counts(kpi, one.numerator, one.denominator),
        expected=expected,
        since=page.dated(d.started_at),
        periods=times.duration(one.periods * d.duration_s),
        severity=d.severity,
        state="ongoing" if d.cleared_at is None else f"until {page.dated(d.cleared_at)}",
        explanation=serializers.explained(d, find),
    )


def candidates(incident: Incident) -> list[Candidate]:
    """The named root and the other candidates, if there are any."""
    if len(incident.root_candidates) < 2:
        return []
    return [
        Candidate(
            terms.place(r.root_kind, r.root_id),
            (r.root_kind, r.root_id) == (incident.root_kind, incident.root_id),
            f"{r.bad} of {r.testable}",
            quantities.rare(r.chance),
            f"{100 * r.coverage:.0f} %",
        )
        for r in incident.root_candidates
    ]


def _lead_s(incident: Incident, care: CareView | None) -> int | None:
    """Seconds from opening to the first complaint; None without one, and of what was no trouble of its own."""
    if care is None or care.first_complaint_at is None or incident.withdrawn_at is not None or incident.state == "merged":
        return None
    return care.first_complaint_at - incident.opened_at


def lead_time(incident: Incident, care: CareView | None) -> str:
    """How far the incident was ahead of the first complaint."""
    lead_s = _lead_s(incident, care)
    return "" if lead_s is None else times.lead_time(lead_s)


def lead_class(incident: Incident, care: CareView | None) -> str:
    """`lead` where care knew first, `late` where the customer did."""
    return "lead" if (_lead_s(incident, care) or 0) >= 0 else "late"


def breach_text(breach: Breach, find: Callable[[str], Kpi | None], page: Page) -> str:
    """When a drift reaches its next severity, with the interval; a bound that is not reached in three days has no time."""
    kpi = find(breach.kpi)
    limit = quantities.value(kpi, breach.limit)
    said = f"{kpi.title if kpi else breach.kpi} of {breach.object_id} to {breach.severity} ({limit})"
    if breach.at is None:
        return f"{said}: not within three days" + (f", at the earliest {page.clock(breach.low)}" if breach.low else "")
    latest = page.clock(breach.high) if breach.high else "later than in three days"
    return f"{said}: {page.clock(breach.at)} (our estimate; {page.clock(breach.low or breach.at)} to {latest})"


def expected_clear(incident: Incident, care: CareView | None, page: Page) -> str:
    """The operations centre's promise while it is still to come, else our own estimate with its interval."""
    if incident.state != "open":
        return ""
    ours = care.outlook if care else None
    promised = incident.promised_clear(int(page.now))
    if promised is None:
        if ours is None:
            return ""
        between = f"{page.clock(ours.clear_low)} to {page.clock(ours.clear_high)}"
        return f"{page.clock(ours.clear_at)} (our estimate; {between} in {100 * LEVEL:.0f} % of such cases)"
    source = f" ({incident.expected_clear_source})" if incident.expected_clear_source else ""
    return f"{page.clock(promised)}{source}"


def charts(bands: Sequence[Band], incident: Incident, care: CareView | None, page: Page) -> list[str]:
    """Inline SVG, with onset, detection, first complaint and resolution marked."""
    marks = [Mark(incident.started_at, "began", "started"), Mark(incident.opened_at, "detected", "detected")]
    if care and care.first_complaint_at is not None:
        marks.append(Mark(care.first_complaint_at, "first complaint", "complaint"))
    if incident.resolved_at is not None:
        over = page.facts(incident).until
        marks += [] if over is None else [Mark(over, "over", "resolved")]
    return [band_chart(band, marks=marks, timezone=page.timezone, width=940, height=230) for band in bands[:MOST_CHARTS]]


def timeline(incident: Incident, updates: Sequence[Update]) -> list[Update]:
    """In order, beginning with the onset; steps with the same text are one."""
    onset = Update(incident.started_at, "began", "The first measurements went bad.")
    steps = [onset, *sorted(updates, key=lambda u: u.at)]
    return [onset, *(after for before, after in pairwise(steps) if (before.kind, before.text) != (after.kind, after.text))]


def feedback_counts(feedback: Sequence[Feedback]) -> list[tuple[str, int]]:
    """How often care teams gave each verdict.

    >>> one, other = (Feedback("inc_1", at, "desk-7", "confirmed") for at in (60.0, 90.0))
    >>> feedback_counts([one, other])
    [('confirmed', 2)]
    """
    counts = Counter(one.verdict for one in feedback)
    return [(terms.VERDICTS[verdict], counts[verdict]) for verdict in VERDICTS if counts[verdict]]
