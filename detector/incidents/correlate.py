"""The stage: open incidents and this tick's degradations into every incident that is open or changed."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.operations import Operations
from detector.domain.policy import IncidentPolicy
from detector.domain.window import Tick
from detector.incidents.lifecycle import Moment, absorbed, advanced, grown, opened
from detector.incidents.roots import SCATTERED, Cause, causes

NO_KPIS: Mapping[str, Kpi] = MappingProxyType({})
NEAR_ROOTS = ("cell", "site", "node", "edge")
"""Roots under which a later cell is surely the same trouble; in a whole region it may be another one."""


def correlate(
    open_: Sequence[Incident],
    degradations: Sequence[Degradation],
    *,
    topology: Topology,
    operations: Operations,
    now: int,
    tick: Tick,
    objects_testable: int,
    policy: IncidentPolicy,
    kpis: Mapping[str, Kpi] = NO_KPIS,
) -> tuple[Incident, ...]:
    """Every incident that is open after this tick or was opened, updated, resolved or merged by it, in order of opening.

    `degradations` are all open ones and those that this tick cleared. `objects_testable`: cells that could show something,
    the base of the tests against chance. A degradation that only says "no data" opens nothing. No two open incidents ever
    share a degradation; an id never changes; the same input gives the same output in whatever order it comes.
    """
    service = {d.degradation_id: d for d in degradations if d.affects_service}
    moment = Moment(service, topology, operations, now, tick, policy, kpis)
    before = {i.incident_id: i for i in open_ if i.state == "open"}
    found = causes(degradations, topology=topology, objects_testable=objects_testable, policy=policy)
    ledger = Ledger(dict(before), moment)
    for cause in sorted(found, key=lambda c: (-len(topology.cells_of(*c.root)), c.root)):
        ledger.take(cause)
    after = [
        advanced(i, before.get(i.incident_id), moment, together=i.incident_id in ledger.together) if i.state == "open" else i
        for i in ledger.incidents.values()
    ]
    return tuple(sorted(after, key=lambda i: (i.opened_at, i.started_at, i.incident_id)))


class Ledger:
    """The incidents of one tick while causes are entered: who owns which degradation."""

    def __init__(self, incidents: dict[str, Incident], moment: Moment) -> None:
        self.incidents, self.moment = incidents, moment
        self.owner = {d: i.incident_id for i in incidents.values() for d in i.degradation_ids}
        self.together: set[str] = set()

    def take(self, cause: Cause) -> None:
        """Join the cause to the incidents that own a part of it, or to the open one that it lies in, or open a new one."""
        owners = {self.owner[d] for d in cause.degradation_ids if d in self.owner} or self._hosts(cause)
        if not owners:
            incident = opened(cause, self.moment)
        else:
            older, *younger = sorted(
                (self.incidents[o] for o in owners), key=lambda i: (i.opened_at, i.started_at, i.incident_id)
            )
            for one in younger:
                older, gone = absorbed(older, one, self.moment)
                self.incidents[gone.incident_id] = gone
            incident = grown(older, cause, self.moment)
        self.incidents[incident.incident_id] = incident
        self.owner.update(dict.fromkeys(incident.degradation_ids, incident.incident_id))
        if cause.together:
            self.together.add(incident.incident_id)

    def _hosts(self, cause: Cause) -> set[str]:
        """The oldest open incident of the same root, or of one that contains it."""
        hosts = [i for i in self.incidents.values() if i.state == "open" and self._hosts_cause(i, cause)]
        oldest = min(hosts, key=lambda i: (i.opened_at, i.started_at, i.incident_id), default=None)
        return {oldest.incident_id} if oldest else set()

    def _hosts_cause(self, incident: Incident, cause: Cause) -> bool:
        topology, root = self.moment.topology, (incident.root_kind, incident.root_id)
        if root == cause.root or (cause.root_kind == "cell" and cause.root_id in incident.cells and root[0] in NEAR_ROOTS):
            return True
        if root[0] == SCATTERED and cause.root_kind == "cell" and cause.root_id in topology.cells_of(*root):
            return any(self.moment.degradations[d].kind == incident.kind for d in cause.degradation_ids)
        inside = topology.cells_of(*cause.root) <= topology.cells_of(*root)
        return inside and root[0] in NEAR_ROOTS and cause.root_kind in NEAR_ROOTS
