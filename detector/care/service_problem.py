"""An alert's `serviceProblem`, by the names of TMF656 v4."""

from collections.abc import Mapping
from typing import Any

from detector.care.privacy import shown
from detector.care.say import phrases_of, spoken_length, spoken_time
from detector.care.step import Step, cut, iso
from detector.care.trouble import SERVICES
from detector.domain.degradation import Degradation
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi

CATEGORY = "serviceProvider.networkDegradation"
STATUS = {"opened": "Acknowledged", "updated": "In Progress", "resolved": "Resolved"}
"""TMF656 v4 status of each type of alert."""
_IMPORTANCE = {"critical": 100, "major": 75, "minor": 50, "warning": 25}


def service_problem(step: Step, cap: int) -> dict[str, Any]:
    incident, cells = step.incident, step.incident.cells
    why = incident.reason or (reason(step.own[0], step.kpis) if step.own else incident.kind)
    problem: dict[str, Any] = {
        "id": incident.incident_id, "category": CATEGORY, "priority": incident.priority,
        "impactImportanceFactor": _importance(incident, step.impact, step.floor), "status": STATUS[step.type_],
        "reason": cut(why.partition("; ")[0]), "affectedResource": [{"id": f"cell:{cell}"} for cell in cells[:cap]],
        "rootCauseResource": [{"id": f"{incident.root_kind}:{incident.root_id}"}],
        "affectedService": [{"id": service} for service in SERVICES[step.trouble]],
        "timeRaised": iso(incident.started_at),
    }  # fmt: skip
    if len(cells) > cap:
        problem["affectedResourceNotListed"] = len(cells) - cap
    if incident.alarm_id:
        problem["underlyingAlarm"] = [{"id": incident.alarm_id}]
    if incident.ticket_id:
        problem["associatedTroubleTicket"] = [{"id": incident.ticket_id}]
    if step.resolved is not None:
        problem["resolutionDate"] = iso(step.resolved)
    if step.merged_into:
        problem |= {
            "status": "Closed", "parentProblem": [{"id": step.merged_into}],
            "statusChangeReason": f"continues as part of {step.merged_into}",
        }  # fmt: skip
    elif step.withdrawn:
        problem |= {"status": "Closed", "statusChangeReason": "withdrawn: data that came late show no degradation"}
    elif step.resolved is not None:
        problem["statusChangeReason"] = f"over after {spoken_length(step.resolved - incident.started_at)}"
    elif incident.works_until is not None:
        until = spoken_time(incident.works_until, step.now, step.timezone, phrases_of("en"))
        problem["statusChangeReason"] = f"works planned until {until} overrun"
    return problem


def reason(degradation: Degradation, kpis: Mapping[str, Kpi]) -> str:
    """The leading KPI in a person's words: a share in per cent, anything else in the catalogue's unit."""
    kpi = kpis.get(degradation.kpi)
    title = kpi.title if kpi and kpi.title else degradation.kpi
    if kpi is None or kpi.kind == "ratio":
        return f"{title} {100 * degradation.observed:.1f} %, expected {100 * degradation.expected:.1f} %"
    return f"{title} {degradation.observed:.4g} {kpi.unit}, expected {degradation.expected:.4g} {kpi.unit}"


def _importance(incident: Incident, impact: Impact, floor: int) -> str:
    """ "0" to "100": severity, up to half of it lost when few are affected; from shown counts only."""
    affected = shown(impact.affected, floor) or 0
    reach = min(len(str(affected)) / 4, 1.0) if affected else 0.0
    return str(round(_IMPORTANCE[incident.severity] * (0.5 + 0.5 * reach)))
