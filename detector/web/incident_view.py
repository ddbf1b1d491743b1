"""What the incident's page shows, worked out in plain values; the template only lays it out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from detector.care.facts import Facts, facts_of
from detector.care.impact_part import counted, on_the_list
from detector.care.privacy import shown
from detector.charts import Mark, band_chart
from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.evidence import Band
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import LEVEL, Breach
from detector.labels import quantities, terms, times
from detector.labels.observation import MISSING_DATA
from detector.web import answers
from detector.web.account_view import account_line
from detector.web.measured_view import measured_view
from detector.web.service import CareView, Update, WebService

MOST_ROWS = 12
MOST_CHARTS = 6
MOST_ACCOUNTS = 8


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
        return times.clock(at, self.timezone, now=self.now)

    def dated(self, at: float) -> str:
        """For tables and lists, which are read on other days, too."""
        return times.clock(at, self.timezone)

    def count(self, people: float) -> str:
        return self.told(shown(people, self.floor))

    def told(self, people: int | None) -> str:
        """
        >>> Page("UTC", 0, 5).told(2310), Page("UTC", 0, 5).told(None)
        ('2,310', 'fewer than 5')
        """
        return f"fewer than {self.floor}" if people is None else f"{people:,}"

    def facts(self, incident: Incident) -> Facts:
        return facts_of(incident, now=self.now, timezone=self.timezone)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a list and a headline need of an incident; `until` is the estimated end, `state` says it in words and
    `badge` in one. `since_at` and `until_at` are the same times in s, `until_at` None while there is none."""

    incident: Incident
    headline: str
    since: str
    until: str
    lasted: str
    state: str
    silent: str
    badge: str
    since_at: int
    until_at: int | None
    no_data: str = ""
    """Since when nothing of it is measured; empty: it is."""


def summary(incident: Incident, page: Page) -> Summary:
    facts = page.facts(incident)
    return Summary(
        incident=incident,
        headline=facts.headline,
        since=page.clock(facts.since),
        until="" if facts.until is None else page.clock(facts.until),
        lasted=facts.lasted,
        state=facts.in_words,
        silent=f"merged into {facts.into}" if facts.into else facts.silence,
        badge=terms.BADGES[facts.state],
        since_at=facts.since,
        until_at=facts.until,
        no_data="" if facts.no_data_since is None else page.clock(facts.no_data_since),
    )


def incidents_view(service: WebService, found: Sequence[Incident], here: Page) -> dict[str, object]:
    """What the list of incidents shows: a line each, how many people, and what keeps the service from its work."""

    def affected(incident: Incident) -> str:
        impact = service.impact(incident.incident_id)
        if impact is None or incident.withdrawn_at is not None or nobody_known(service, impact):
            return ""
        return here.told(counted(impact, here.floor, service.told(incident.incident_id)).affected)

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
        key=lambda d: (-SEVERITIES.index(d.severity), -d.neg_log10_p, d.degradation_id),
    )
    impact, care = service.impact(incident.incident_id), service.care(incident.incident_id)
    told = service.told(incident.incident_id)
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
        "graver": [graver(one, service.kpi, page) for one in (care.outlook.breaches if care and care.outlook else ())],
        "unknown": unknown,
        "people": impact and incident.withdrawn_at is None and not unknown and people(impact, page, told),
        "care": care and care_words(care, page, incident, told),
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
        explanation=answers.explained(d, find),
    )


def candidates(incident: Incident) -> list[Candidate]:
    """The root that is named and its rivals, if there are any."""
    if len(incident.rivals) < 2:
        return []
    return [
        Candidate(
            terms.place(r.root_kind, r.root_id),
            (r.root_kind, r.root_id) == (incident.root_kind, incident.root_id),
            f"{r.bad} of {r.testable}",
            quantities.rare(r.chance),
            f"{100 * r.coverage:.0f} %",
        )
        for r in incident.rivals
    ]


def nobody_known(service: WebService, impact: Impact) -> bool:
    """Neither customers nor their presence: how many are affected is not known, which is another thing than few."""
    return impact.exposed <= 0 and not service.knows_people()


def people(impact: Impact, page: Page, told: Mapping[str, Any]) -> dict[str, object]:
    """The counts of people and accounts, none under the floor; `told`: what the last alert said."""
    large = answers.nameable(impact.accounts, floor=page.floor)
    seen = counted(impact, page.floor, told)
    return {
        "affected": page.told(seen.affected),
        "interval": "" if seen.interval is None else "{:,} to {:,} at 95 % confidence".format(*seen.interval),
        "exposed": page.told(seen.exposed),
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
            AccountGroup(terms.ACCOUNT_KINDS.get(kind, kind or "kind not known"), accounts_told, page.count(lines))
        )
    return groups


def care_words(care: CareView, page: Page, incident: Incident, told: Mapping[str, Any]) -> dict[str, object]:
    """`reach`: of how many on the list how many may be contacted, and for how many something is proposed. More may be on the
    list than are expected to suffer: each with a chance of their own. `told`: what the last alert said."""
    reasons = sorted(care.withheld.items(), key=lambda item: (-item[1], item[0]))
    what = "to be contacted" if incident.state == "open" else "to hear that it is over"
    seen = on_the_list(max(care.listed, care.contactable), care.contactable, care.proposed, page.floor, told)
    listed = f" of {seen['listed']:,} listed" if seen["listed"] else ""
    reach = [f"{page.told(seen['contactable'])}{listed} may be contacted"]
    reach += [f"{page.told(seen['proposed'])} {what}"] if care.proposed else []
    return {
        "say": care.say,
        "action": care.action.replace("_", " "),
        "held": terms.HELD.get(care.held, care.held),
        "team": care.team,
        "reach": ", ".join(reach),
        "withheld": [(terms.WITHHELD.get(why, why), page.count(n)) for why, n in reasons if n],
    }


def _ahead(incident: Incident, care: CareView | None) -> int | None:
    """Seconds from opening to the first complaint; None without one, and of what was no trouble of its own."""
    if care is None or care.first_complaint_at is None or incident.withdrawn_at is not None or incident.state == "merged":
        return None
    return care.first_complaint_at - incident.opened_at


def lead_time(incident: Incident, care: CareView | None) -> str:
    """How far the incident was ahead of the first complaint."""
    ahead = _ahead(incident, care)
    return "" if ahead is None else times.lead_time(ahead)


def lead_class(incident: Incident, care: CareView | None) -> str:
    """`lead` where care knew first, `late` where the customer did."""
    return "lead" if (_ahead(incident, care) or 0) >= 0 else "late"


def graver(breach: Breach, find: Callable[[str], Kpi | None], page: Page) -> str:
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
    """In order, beginning with the onset; steps that say the same twice are one."""
    onset = Update(incident.started_at, "began", "The first measurements went bad.")
    steps = [onset, *sorted(updates, key=lambda u: u.at)]
    return [onset, *(after for before, after in pairwise(steps) if (before.kind, before.text) != (after.kind, after.text))]
