"""One tick through the stages, in order: counters to KPIs, evidence, degradations, incidents, people, decisions, alerts.

A stage takes what flows, what is known (`Reference`, the catalogue), the time `now` (s) and its policy; it gives values.
"""

from collections.abc import Iterable
from dataclasses import replace

from detector import care, degradations, impact, incidents, kpis, outlook, scoring
from detector.domain.assessment import Assessment
from detector.domain.detection import DetectionState, Tracked
from detector.domain.evidence import Band, Evidence
from detector.domain.exposure import LocationData
from detector.domain.incident import Incident
from detector.domain.outlook import Breach
from detector.domain.policy import DetectionPolicy, ImpactPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.kpis import Catalogue

compute = kpis.compute
"""Counters to KPIs: duration (s) -> frame."""

score = scoring.score
"""KPIs to evidence: the last period against its baseline."""


def decide(
    evidence: Evidence,
    before: DetectionState,
    reference: Reference,
    catalogue: Catalogue,
    detection_policy: DetectionPolicy,
    incident_policy: IncidentPolicy,
    *,
    now: int,
) -> tuple[Tracked, tuple[Incident, ...]]:
    """Evidence to degradations to incidents: what the tick changes. An object that sent nothing is not judged by its last
    values."""
    evidence, kpis_by_id = evidence.of_reporting, catalogue.by_id
    known = (before.degradations, before.missing)
    tracked = degradations.track(evidence, *known, reference, detection_policy, now=now, people=before.people)
    changed = incidents.correlate(before.incidents, tracked, evidence, reference, kpis_by_id, incident_policy, now=now)
    return incidents.end_with_incident(tracked, changed), changed


def breaches(drifting: Iterable[Band], *, now: int) -> tuple[Breach, ...]:
    """The last days of drifting KPIs to when each reaches its next severity."""
    found = (outlook.breach_of(band, degradations.steps_of(band.kpi), made_at=now) for band in drifting)
    return tuple(breach for breach in found if breach is not None)


foresee = outlook.foresee
"""An open incident and the breaches of its drifts to its outlook: when it is expected to clear."""


def assess(
    one: Assessment,
    locations: LocationData,
    reference: Reference,
    catalogue: Catalogue,
    impact_policy: ImpactPolicy,
    *,
    now: int,
) -> Assessment:
    """An incident with its outlook to the people and accounts behind it; nothing is decided yet."""
    found = impact.assess(one, locations, reference, catalogue.by_id, impact_policy, now=now)
    return replace(one, impact=found, service=care.service_of(one.incident, one.degradations))


decide_care = care.decide
"""People and accounts to what care does for each of them."""

compose = care.compose
"""What was decided to the alert that the care teams receive."""
