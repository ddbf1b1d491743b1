"""What the incident's page shows, worked out in plain values; the template only lays it out."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from detector.care.privacy import shown, shown_interval
from detector.charts import Mark, band_chart, display_value
from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.evidence import Band
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import LEVEL, Breach
from detector.web import answers, wording
from detector.web.account_view import account_line
from detector.web.measured_view import measured_view
from detector.web.service import CareView, Update, WebService

MOST_ROWS = 12
MOST_CHARTS = 6
MOST_ACCOUNTS = 8


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class AccountGroup:
    """Accounts of one kind: how many, and with how many lines affected."""

    kind: str
    accounts: str
    lines: str


@dataclass(frozen=True)
class Page:
    """Where and when one page is read: time zone, event time (s) and privacy floor."""

    timezone: str
    now: float
    floor: int

    def clock(self, at: float) -> str:
        return wording.clock(at, self.timezone, now=self.now)

    def count(self, people: float) -> str:
        return wording.count(people, floor=self.floor)


@dataclass(frozen=True)
class Summary:
    """What a list and a headline need of an incident."""

    incident: Incident
    headline: str
    since: str
    until: str
    lasted: str
    state: str
    silent: str
    no_data: str = ""
    """Since when nothing of it is measured; empty: it is."""


def summary(incident: Incident, page: Page) -> Summary:
    end = incident.resolved_at if incident.resolved_at is not None else page.now
    reason, _, other = incident.suppressed_reason.partition(":")
    silent = f"merged into {other}" if reason == "merged" else wording.SUPPRESSED.get(reason, reason)
    return Summary(
        incident,
        wording.headline(incident.kind, incident.root_kind, incident.root_id),
        page.clock(incident.started_at),
        "" if incident.resolved_at is None else page.clock(incident.resolved_at),
        wording.duration(end - incident.started_at),
        "ongoing" if incident.state == "open" else "false alarm" if incident.withdrawn_at is not None else incident.state,
        silent,
        "" if incident.no_data_since is None else page.clock(incident.no_data_since),
    )


def incidents_view(service: WebService, found: Sequence[Incident], here: Page) -> dict[str, object]:
    """What the list of incidents shows: a line each, how many people, and what keeps the service from its work."""

    def affected(incident: Incident) -> str:
        impact = service.impact(incident.incident_id)
        return here.count(impact.affected) if impact else ""

    return {
        "summaries": [summary(one, here) for one in found],
        "affected": {one.incident_id: affected(one) for one in found},
        "problems": service.ready(),
        "measured": measured_view(service.coverage(), service.ready(), here),
        "at": here.clock(here.now),
    }


def incident_view(service: WebService, incident: Incident, page: Page) -> dict[str, object]:
    """Everything the template `incident.html` names."""
    degradations = sorted(
        service.degradations(incident.incident_id),
        key=lambda d: (-SEVERITIES.index(d.severity), -d.strength, d.degradation_id),
    )
    impact, care = service.impact(incident.incident_id), service.care(incident.incident_id)
    rows = [measured(d, service.kpi, page) for d in degradations]
    return {
        "summary": summary(incident, page),
        "found_after": wording.duration(incident.opened_at - incident.started_at),
        "lead": lead_time(incident, care),
        "clear": expected_clear(incident, care, page),
        "graver": [graver(one, service.kpi, page) for one in (care.outlook.breaches if care and care.outlook else ())],
        "people": impact and people(impact, page),
        "care": care and care_words(care, page),
        "rows": rows[:MOST_ROWS],
        "more_rows": rows[MOST_ROWS:],
        "candidates": candidates(incident),
        "charts": charts(service.bands(incident.incident_id), incident, care, page),
        "timeline": [(page.clock(u.at), u) for u in timeline(incident, service.timeline(incident.incident_id))],
    }


def measured(d: Degradation, find: Callable[[str], Kpi | None], page: Page) -> Measured:
    """Observed with its counts, against the expectation."""
    kpi = find(d.kpi)
    ratio = kpi is not None and kpi.kind == "ratio" and d.denominator > 0
    return Measured(
        d.object_id,
        kpi.title if kpi else d.kpi,
        _value(kpi, d.observed),
        f"{wording.quantity(d.numerator)} of {wording.quantity(d.denominator)}" if ratio else "",
        _value(kpi, d.expected),
        page.clock(d.started_at),
        wording.duration(d.periods * d.duration_s),
        d.severity,
        "ongoing" if d.cleared_at is None else f"until {page.clock(d.cleared_at)}",
        answers.explained(d, find),
    )


def candidates(incident: Incident) -> list[Candidate]:
    """The root that is named and its rivals, if there are any."""
    if len(incident.rivals) < 2:
        return []
    return [
        Candidate(
            wording.place(r.root_kind, r.root_id), (r.root_kind, r.root_id) == (incident.root_kind, incident.root_id),
            f"{r.bad} of {r.testable}", wording.chance(r.chance), f"{r.coverage:.0%}",
        )
        for r in incident.rivals
    ]  # fmt: skip


def _value(kpi: Kpi | None, value: float) -> str:
    return display_value(kpi, value) if kpi else f"{value:.4g}"


def people(impact: Impact, page: Page) -> dict[str, object]:
    """The counts of people and accounts, none under the floor."""
    large = answers.nameable(impact.accounts, floor=page.floor)
    low, high = shown_interval(impact.affected_low, impact.affected_high, page.floor)
    return {
        "affected": page.count(impact.affected),
        "interval": f"{low:,} to {high:,} at 95 % confidence" if shown(impact.affected, page.floor) else "",
        "exposed": page.count(impact.exposed),
        "floor": page.floor,
        "groups": account_groups(impact.accounts, page),
        "named": [account_line(a, page.floor) for a in large[:MOST_ACCOUNTS]],
        "assessed": page.clock(impact.assessed_at),
    }


def account_groups(accounts: Sequence[AccountImpact], page: Page) -> list[AccountGroup]:
    """By kind, most affected lines first. Where the lines are too few to be told, so are the accounts;
    firms are no persons, their number is told as it is."""
    kinds: dict[str, list[AccountImpact]] = defaultdict(list)
    for account in accounts:
        kinds[account.kind].append(account)
    ordered = sorted(kinds.items(), key=lambda item: (-sum(a.affected_lines for a in item[1]), item[0]))
    groups = []
    for kind, own in ordered:
        lines = sum(a.affected_lines for a in own)
        few, firms = shown(lines, page.floor) is None, kind in {"enterprise", "government"}
        accounts_told = "" if few else f"{len(own):,}" if firms else page.count(len(own))
        groups.append(
            AccountGroup(wording.ACCOUNT_KINDS.get(kind, kind or "kind not known"), accounts_told, page.count(lines))
        )
    return groups


def care_words(care: CareView, page: Page) -> dict[str, object]:
    reasons = sorted(care.withheld.items(), key=lambda item: (-item[1], item[0]))
    return {
        "say": care.say,
        "action": care.action.replace("_", " "),
        "held": wording.HELD.get(care.held, care.held),
        "team": care.team,
        "contactable": page.count(care.contactable),
        "withheld": [(wording.WITHHELD.get(why, why), page.count(n)) for why, n in reasons if n],
    }


def lead_time(incident: Incident, care: CareView | None) -> str:
    """How far the incident was ahead of the first complaint."""
    if care is None or care.first_complaint_at is None:
        return ""
    ahead = care.first_complaint_at - incident.opened_at
    return f"{wording.duration(abs(ahead))} {'before' if ahead >= 0 else 'after'} the first complaint"


def graver(breach: Breach, find: Callable[[str], Kpi | None], page: Page) -> str:
    """When a drift reaches its next severity, with the interval; a bound that is not reached in three days has no time."""
    kpi = find(breach.kpi)
    said = f"{kpi.title if kpi else breach.kpi} of {breach.object_id} to {breach.severity} ({_value(kpi, breach.limit)})"
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
        marks.append(Mark(incident.resolved_at, "resolved", "resolved"))
    return [band_chart(band, marks=marks, timezone=page.timezone, width=940, height=230) for band in bands[:MOST_CHARTS]]


def timeline(incident: Incident, updates: Sequence[Update]) -> list[Update]:
    """In order, beginning with the onset; steps that say the same twice are one."""
    onset = Update(incident.started_at, "began", "The first measurements went bad.")
    steps = [onset, *sorted(updates, key=lambda u: u.at)]
    return [onset, *(after for before, after in pairwise(steps) if (before.kind, before.text) != (after.kind, after.text))]
