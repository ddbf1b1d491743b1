"""The stage: open incidents and this tick's degradations into every incident that is open or changed."""

from collections.abc import Mapping, Sequence

from detector.domain.detection import Tracked
from detector.domain.evidence import Evidence
from detector.domain.incident import Incident, check_transition
from detector.domain.kpi import Kpi
from detector.domain.policy import IncidentPolicy
from detector.domain.ports import Reference
from detector.incidents.assignment import Assignment
from detector.incidents.correlation_context import CorrelationContext
from detector.incidents.departure import departed, without_departed
from detector.incidents.lifecycle import advance
from detector.incidents.roots import Cause, root_causes


def correlate(
    open_: Sequence[Incident],
    tracked: Tracked,
    evidence: Evidence,
    reference: Reference,
    kpis: Mapping[str, Kpi],
    incident_policy: IncidentPolicy,
    *,
    now: int,
) -> tuple[Incident, ...]:
    """Every incident that is open after this tick or was opened, updated, resolved or merged by it, in order of opening.

    `tracked`: what the tick made of the degradations; those of the past still give when their trouble began and ended.
    `evidence` of the tick gives how many objects could show something, the base of the tests against chance, and what those
    look like that are not raised. `kpis`: id -> definition. A mere "no data" opens nothing. No two open incidents
    ever share a degradation; an id never changes; a member that goes on when its incident is over leaves it, for one of its
    own; the same input gives the same output in whatever order it comes.
    """
    context = CorrelationContext.of(tracked, evidence, reference, kpis, incident_policy, now=now)
    before = {i.incident_id: i for i in open_ if i.state == "open"}
    standing = {name: without_departed(i, context) for name, i in before.items()}
    assignment = Assignment(standing, context, departed(before.values(), standing.values()))
    for cause in sorted(root_causes(context), key=lambda cause: _congestion_last(cause, context)):
        assignment.assign(cause)
    after = []
    for name, incident in assignment.incidents.items():
        now_known = advance(incident, before.get(name), context) if incident.state == "open" else incident
        check_transition(before[name].phase if name in before else "", now_known)
        after.append(now_known)
    return tuple(sorted(after, key=lambda i: (i.opened_at, i.started_at, i.incident_id)))


def _congestion_last(cause: Cause, context: CorrelationContext) -> tuple[bool, int, tuple[str, str]]:
    """The order in which causes are assigned: the widest first. Mere congestion comes last: it may stand beside a cell that
    is lost."""
    congested = all(context.degradations[d].traits.overload for d in cause.degradation_ids)
    return congested, -len(context.topology.cells_of(*cause.root)), cause.root
