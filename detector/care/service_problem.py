"""An alert's `serviceProblem`, by the names of TMF656 v4."""

from typing import Any

from detector.care.alert_context import AlertContext, cut
from detector.care.facts import MERGED, WITHDRAWN, Facts
from detector.care.privacy import shown
from detector.care.sentences import spoken_length
from detector.care.trouble import SERVICES
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.window import iso
from detector.labels.observation import observation_text

CATEGORY = "serviceProvider.networkDegradation"
STATUS = {"opened": "Acknowledged", "updated": "In Progress", "resolved": "Resolved"}
"""TMF656 v4 status of each type of alert."""
_IMPORTANCE = {"critical": 100, "major": 75, "minor": 50, "warning": 25}


def service_problem(context: AlertContext, cap: int) -> dict[str, Any]:
    incident, facts, cells = context.incident, context.facts, context.incident.cells
    lead = context.shown[0] if context.shown else None
    why = incident.reason or (observation_text(lead, context.kpis.get(lead.kpi)) if lead else facts.headline)
    problem: dict[str, Any] = {
        "id": incident.incident_id,
        "category": CATEGORY,
        "priority": incident.priority,
        "impactImportanceFactor": _importance(incident, context.impact, context.privacy_floor),
        "status": STATUS[context.type_],
        "reason": cut(why.partition("; ")[0]),
        "affectedResource": [{"id": f"cell:{cell}"} for cell in cells[:cap]],
        "rootCauseResource": [{"id": f"{incident.root_kind}:{incident.root_id}"}],
        "affectedService": [{"id": service} for service in SERVICES[facts.trouble]],
        "timeRaised": iso(facts.since),
    }
    if len(cells) > cap:
        problem["affectedResourceNotListed"] = len(cells) - cap
    if incident.alarm_id:
        problem["underlyingAlarm"] = [{"id": incident.alarm_id}]
    if incident.ticket_id:
        problem["associatedTroubleTicket"] = [{"id": incident.ticket_id}]
    if facts.until is not None:
        problem["resolutionDate"] = iso(facts.until)
    if facts.state in (MERGED, WITHDRAWN):
        problem["status"] = "Closed"
    if facts.into:
        problem["parentProblem"] = [{"id": facts.into}]
    if why_now := _status_reason(facts):
        problem["statusChangeReason"] = why_now
    return problem


def _status_reason(facts: Facts) -> str:
    if facts.state == MERGED:
        return facts.in_words
    if facts.state == WITHDRAWN:
        return "withdrawn: data that came late show no degradation"
    if facts.until is not None:
        return f"over after {spoken_length(facts.lasted_s)}"
    if facts.no_data_since is not None:
        return f"no data since {facts.clock(facts.no_data_since)}"
    return "" if facts.works_until is None else f"works planned until {facts.clock(facts.works_until)} overrun"


def _importance(incident: Incident, impact: Impact, floor: int) -> str:
    """ "0" to "100": severity, up to half of it lost when few are affected; from shown counts only."""
    affected = shown(impact.affected, floor) or 0
    reach = min(len(str(affected)) / 4, 1.0) if affected else 0.0
    return str(round(_IMPORTANCE[incident.severity] * (0.5 + 0.5 * reach)))
