"""The front page: the incidents, a line each, and what is measured, without which their absence means nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from detector.care.impact_part import counted
from detector.domain.coverage import Coverage, KpiCoverage
from detector.domain.incident import Incident
from detector.domain.window import HOUR_S
from detector.labels import times
from detector.web.affected_view import nobody_known
from detector.web.page import Page, summary
from detector.web.service import WebService

STALE_S = 3 * HOUR_S
"""Age from which data no longer describe the present. Chosen: twelve periods."""
MOST_ROWS = 40
"""Incidents of the front page. Chosen: two screens."""
MOST_NAMES = 8
"""Cells named in a row. Chosen: a line."""


@dataclass(frozen=True)
class CoverageRow:
    """One KPI as text."""

    title: str
    have: int
    should: int
    newest: str
    lacks: str


@dataclass(frozen=True)
class CoverageView:
    """`conclusive`: no incident means that the network is well; else `why` it does not mean that. `level`: good or minor."""

    headline: str
    newest: str
    lines: tuple[str, ...]
    rows: tuple[CoverageRow, ...]
    why: str

    @property
    def conclusive(self) -> bool:
        return not self.why

    @property
    def level(self) -> str:
        return "good" if self.conclusive else "minor"


def coverage_view(found: Coverage, problems: Sequence[str], page: Page) -> CoverageView:
    """The coverage in words; KPIs that nobody has stand last, with the counters that they need."""
    there = found.there
    headline = f"{found.measured:,} of {found.objects:,} cells and core functions measured, by {len(there)} KPIs"
    rows = sorted(found.kpis, key=lambda one: -one.share)
    return CoverageView(
        headline if found.until else "Nothing is measured yet",
        _newest(found, page),
        tuple(_lines(found, page)),
        tuple(_row(one, page) for one in rows[:MOST_ROWS]),
        _why(found, problems, page),
    )


def _newest(found: Coverage, page: Page) -> str:
    if found.until is None:
        return ""
    return f"newest data of {page.clock(found.until)}, {times.duration(page.now - found.until)} ago"


def _why(found: Coverage, problems: Sequence[str], page: Page) -> str:
    """Why the absence of incidents means nothing; empty if it does mean something."""
    if found.until is None:
        return "nothing is measured"
    if page.now - found.until > STALE_S:
        return f"the newest data are of {page.clock(found.until)}"
    if found.little:
        return f"only {found.measured:,} of {found.objects:,} cells and core functions are measured"
    return problems[0] if problems else ""


def _lines(found: Coverage, page: Page) -> Sequence[str]:
    lines = [f"Measured since {page.clock(found.since)}."] if found.since is not None else []
    if misspelt := [f"{name}: {what}" for name, what in found.unused.items() if what]:
        lines.append(f"Counters that were read and probably misspelt: {_some(misspelt)}.")
    if unneeded := [name for name, what in found.unused.items() if not what]:
        lines.append(f"Counters that were read and that no KPI needs: {_some(unneeded)}.")
    return lines


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more (precall coverage)" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _row(one: KpiCoverage, page: Page) -> CoverageRow:
    newest = "" if one.last_at is None else page.clock(one.last_at)
    return CoverageRow(one.title, one.have, one.should, newest, ", ".join(one.lacks))


def incidents_view(service: WebService, found: Sequence[Incident], here: Page) -> dict[str, object]:
    """What the list of incidents shows: a line each, how many people, and what keeps the service from its work."""

    def affected(incident: Incident) -> str:
        impact = service.impact(incident.incident_id)
        if impact is None or incident.withdrawn_at is not None or nobody_known(service, impact):
            return ""
        return here.rounded(counted(impact, here.floor, service.notified_impact(incident.incident_id)).affected)

    return {
        "summaries": [summary(one, here) for one in found],
        "affected": {one.incident_id: affected(one) for one in found},
        "problems": service.ready(),
        "coverage": coverage_view(service.coverage(), service.ready(), here),
        "at": here.clock(here.now),
    }
