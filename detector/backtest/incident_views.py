"""Incidents and missed faults as the report shows them: what, whom, why, and the plots."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from detector.backtest.diagrams import local_time
from detector.backtest.matching import COMPLAINED_AFTER_END_S, FOUND_AFTER_END_S, Matches, counts, touches
from detector.backtest.results import Results
from detector.backtest.truth import Complaint, Fault
from detector.charts import Mark, band_chart
from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.evidence import Band
from detector.domain.impact import Listing
from detector.domain.incident import MAINTENANCE, Incident
from detector.domain.window import DAY_S
from detector.labels import terms
from detector.labels.quantities import pair, rough_percent
from detector.labels.times import duration

JUDGEMENT_LABELS = {True: "real", False: "false", None: "not judged"}


@dataclass(frozen=True, kw_only=True)
class IncidentView:
    """Strings ready for the template; `charts` are SVG."""

    incident: Incident
    place: str
    opened: str
    lasted: str
    affected: str
    exposed: str
    verdict: str
    explanation: str
    facts: tuple[tuple[str, str], ...]
    evidence: tuple[Mapping[str, str], ...]
    complaints: int
    charts: tuple[str, ...] = field(default=(), repr=False)


class IncidentViews:
    """Builds them with what is looked up many times at hand."""

    def __init__(self, matches: Matches) -> None:
        self._matches, self._results = matches, matches.results
        self._zone = ZoneInfo(self._results.timezone)
        self._degradations = {d.degradation_id: d for d in self._results.degradations}
        self._listings: dict[str, list[Listing]] = {}
        for row in self._results.listings:
            self._listings.setdefault(row.incident_id, []).append(row)

    def view(self, incident: Incident, *, charts: bool) -> IncidentView:
        """`charts=False` leaves the plots out, for incidents that are only listed."""
        own = [self._degradations[d] for d in incident.degradation_ids if d in self._degradations]
        complaints = self._complaints(incident)
        impact = self._results.impacts.get(incident.incident_id)
        verdict = self._matches.incident_judgements.get(incident.incident_id) if self._judging else None
        end = end_of(incident, self._results.window.end)
        return IncidentView(
            incident=incident,
            place=terms.place(incident.root_kind, incident.root_id),
            opened=self._time(incident.opened_at),
            lasted=duration(max(end - incident.started_at, 0)),
            affected=f"{impact.affected:,.0f}" if impact else "",
            exposed=f"{impact.exposed:,}" if impact else "",
            verdict=JUDGEMENT_LABELS[verdict] if self._judging else "unknown",
            explanation=self._explanation(incident, verdict),
            facts=tuple(self._facts(incident, complaints)),
            evidence=tuple(self._evidence(d) for d in own),
            complaints=len(complaints),
            charts=self._charts(incident, own, complaints) if charts else (),
        )

    @property
    def _judging(self) -> bool:
        return self._matches.truth.faults is not None

    def _time(self, at: int) -> str:
        return local_time(at, self._zone)

    def _explanation(self, incident: Incident, verdict: bool | None) -> str:
        faults = [self._matches.truth.fault[f] for f in sorted(self._matches.faults_of_incident[incident.incident_id])]
        matched = "; ".join(
            f"{f.fault_id} ({f.kind}) from {self._time(f.window.start)} to {self._time(f.window.end)}" for f in faults
        )
        if not self._judging:
            return ""
        if verdict is False:
            return why_false(self._matches, incident)
        if matched and verdict is None:
            return f"Matches only what no customer feels: {matched}."
        return f"Matches {matched}." if matched else "Missing data that nothing confirmed: counts neither way."

    def _complaints(self, incident: Incident) -> Sequence[Complaint]:
        """Those of the faults that it matches; without truth, those from its cells while it lasted."""
        faults, by_fault = self._matches.faults_of_incident[incident.incident_id], self._matches.complaints_of or {}
        if faults:
            return sorted({c for f in faults for c in by_fault.get(f, ())}, key=lambda c: c.at)
        end = end_of(incident, self._results.window.end) + COMPLAINED_AFTER_END_S
        cells = set(incident.cells)
        return [
            c
            for c in self._matches.truth.complaints or ()
            if incident.started_at <= c.at <= end and (c.cell_id in cells or any(cell in cells for cell, _ in c.attachments))
        ]

    def _facts(self, incident: Incident, complaints: Sequence[Complaint]) -> list[tuple[str, str]]:
        over = "not yet at the end of the window" if incident.over_at is None else self._time(incident.over_at)
        if incident.state == "merged":
            over = f"{self._time(incident.updated_at)}: went on as part of {incident.merged_into}"
        facts = [
            ("Began", self._time(incident.started_at)),
            ("Detected", self._time(incident.opened_at)),
            ("Over since", over),
        ]
        if incident.state == "resolved" and incident.resolved_at is not None:
            facts.append(("Resolved", self._time(incident.resolved_at)))
        facts += [("Cells", f"{len(incident.cells):,}"), ("Confidence", rough_percent(incident.confidence))]
        if impact := self._results.impacts.get(incident.incident_id):
            interval = f"{impact.affected_low:,.0f} to {impact.affected_high:,.0f}"
            facts += [("Exposed", f"{impact.exposed:,} people"), ("Affected", f"{impact.affected:,.0f} ({interval})")]
            kinds = Counter(account.kind for account in impact.accounts)
            facts.append(("Accounts", ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common()) or "none"))
        facts += self._truth_facts(incident)
        if complaints:
            first = complaints[0].at - incident.opened_at
            order = f"{duration(first)} after detection" if first >= 0 else f"{duration(-first)} before detection"
            facts.append(("Complaints", f"{len(complaints):,}, the first {order}"))
        facts += self._contact_facts(incident)
        suppressed = incident.suppression or ""
        known = (("Alarm", incident.alarm_id), ("Ticket", incident.ticket_id), ("Suppressed", suppressed))
        return facts + [(name, value) for name, value in known if value]

    def _truth_facts(self, incident: Incident) -> list[tuple[str, str]]:
        """How many did suffer in the faults that it matches, and how many of them were on its list in the end."""
        faults, sufferers = self._matches.faults_of_incident[incident.incident_id], self._matches.truth.sufferers
        if sufferers is None or not faults:
            return []
        hurt = frozenset[str]().union(*(sufferers.get(f, frozenset()) for f in faults))
        listed = {row.subscriber for row in self._listings.get(incident.incident_id, ()) if row.delisted_at is None}
        return [
            ("Did suffer, in truth", f"{len(hurt):,} people behind the whole fault, {len(hurt & listed):,} on this list")
        ]

    def _contact_facts(self, incident: Incident) -> list[tuple[str, str]]:
        rows = {row.subscriber: row for row in self._listings.get(incident.incident_id, ())}.values()
        if not rows:
            return []
        why_not = Counter(row.why_not for row in rows if row.why_not)
        matched = [f"{n:,} {terms.WITHHELD.get(why, why)}" for why, n in why_not.most_common()]
        return [
            ("On the list", f"{len(rows):,} people, {sum(row.contactable for row in rows):,} may be contacted"),
            *([("May not be contacted", ", ".join(matched))] if matched else []),
        ]

    def _evidence(self, degradation: Degradation) -> Mapping[str, str]:
        kpi, one = self._results.kpis.get(degradation.kpi), degradation.reading
        observed, expected = pair(kpi, one.observed, one.expected)
        shown: dict[str, Any] = {
            "object": degradation.object_id,
            "kpi": kpi.title if kpi else degradation.kpi,
            "kind": degradation.kind,
            "observed": observed,
            "expected": expected,
            "strength": f"{degradation.neg_log10_p:.1f}",
            "detected": self._time(degradation.detected_at),
            "cleared": self._time(degradation.cleared_at) if degradation.cleared_at is not None else "open",
        }
        return shown

    def _charts(self, incident: Incident, own: Sequence[Degradation], complaints: Sequence[Complaint]) -> tuple[str, ...]:
        bands = self._results.bands.get(incident.incident_id, ())
        return tuple(
            band_chart(band, marks=self._marks(incident, band, own, complaints), timezone=self._results.timezone, width=1100)
            for band in bands
        )

    def _marks(
        self, incident: Incident, band: Band, own: Sequence[Degradation], complaints: Sequence[Complaint]
    ) -> list[Mark]:
        faults = [self._matches.truth.fault[f] for f in sorted(self._matches.faults_of_incident[incident.incident_id])]
        marks = [Mark(f.window.start, "fault begins", "truth") for f in faults]
        marks += [Mark(f.window.end, "fault ends", "truth") for f in faults]
        here = [d.detected_at for d in own if d.object_id == band.object_id]
        marks.append(Mark(min(here, default=incident.opened_at), "detected", "detected"))
        if incident.over_at is not None and incident.state != "merged":
            marks.append(Mark(incident.over_at, "over", "resolved"))
        return marks + [Mark(c.at, "network complaint", "complaint") for c in complaints]


def end_of(incident: Incident, otherwise: int) -> int:
    """When its trouble was over, or went on as part of another (s); `otherwise` while it is open."""
    if incident.state == "merged":
        return incident.updated_at
    return incident.over_at if incident.over_at is not None else otherwise


def gravity(results: Results, incident: Incident) -> tuple[int, float, str]:
    """Sorts the most severe first: by severity, then by how many are affected."""
    impact = results.impacts.get(incident.incident_id)
    return -SEVERITIES.index(incident.severity), -impact.affected if impact else 0.0, incident.incident_id


def why_false(matches: Matches, incident: Incident) -> str:
    """Evidence against this incident, or what might explain it."""
    if incident.suppression == MAINTENANCE:
        return "Declared works; nobody was notified."
    if incident.silent:
        return f"Suppressed ({incident.suppressed_reason}); nobody was notified."
    own = [d for d in matches.results.degradations if d.degradation_id in set(incident.degradation_ids)]
    nearby = [(_gap(d, f), f) for d in own for f in matches.truth.faults or () if _touches(matches, d, f)]
    if not nearby:
        return "No fault is known on its cells or behind them at any time."
    gap, fault = min(nearby, key=lambda pair: abs(pair[0]))
    when = f"ended {duration(gap)} before" if gap > 0 else f"began {duration(-gap)} after"
    return f"The nearest fault there, {fault.fault_id} ({fault.kind}), {when} it was detected."


def why_missed(matches: Matches, fault: Fault) -> str:
    """What came nearest to finding it."""
    nearby = [(d, _gap(d, fault)) for d in matches.results.degradations if _touches(matches, d, fault)]
    inside = [
        d for d, gap in nearby if -fault.window.seconds <= gap <= FOUND_AFTER_END_S and d.detected_at >= fault.window.start
    ]
    if any(not counts(d) for d in inside):
        return "Its data were missing, and nothing confirmed that service was, too."
    if late := [gap for _, gap in nearby if 0 < gap <= DAY_S]:
        return f"Something was raised there, but only {duration(min(late))} after it ended."
    if any(d.started_at < fault.window.start and d.cleared_at is None for d, _ in nearby):
        return "A degradation was open there since before it began, so none was raised anew."
    if fault.window.seconds < 1800:
        lasted = duration(fault.window.seconds)
        return f"It lasted only {lasted}, and nothing on its objects left the expected band surely enough."
    return "Nothing on its objects left the expected band surely enough."


def _touches(matches: Matches, degradation: Degradation, fault: Fault) -> bool:
    return any(touches(matches.results.topology, degradation.object_id, o) for o, _ in fault.scopes)


def _gap(degradation: Degradation, fault: Fault) -> int:
    """Seconds from the fault's end to the detection; negative: from the detection to its start, if that is still to come."""
    if degradation.detected_at < fault.window.start:
        return degradation.detected_at - fault.window.start
    return max(degradation.detected_at - fault.window.end, 0)
