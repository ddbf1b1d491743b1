"""The stage: open incidents and this tick's degradations into every incident that is open or changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.evidence import Evidence
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.policy import IncidentPolicy
from detector.domain.ports import Reference
from detector.incidents.bouts import GRADUAL_S
from detector.incidents.groups import ONE_MAST
from detector.incidents.hints import Hints
from detector.incidents.joining import Joining, places
from detector.incidents.lifecycle import Moment, absorbed, advanced, grown, opened
from detector.incidents.roots import Cause, causes_in, search_of
from detector.incidents.search import Search
from detector.incidents.times import began

WIDE = "*"


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

    `tracked`: what the tick made of the degradations; those of the past still say when their trouble began and ended.
    `evidence` of the tick says how many objects could show something, the base of the tests against chance, and what those
    look like that are not raised. `kpis`: id -> definition. What only says "no data" opens nothing. No two open incidents
    ever share a degradation; an id never changes; the same input gives the same output in whatever order it comes.
    """
    topology, degradations = reference.topology, [*tracked.degradations, *tracked.other_durations]
    service = {d.degradation_id: d for d in degradations if d.affects_service}
    search = search_of(
        degradations,
        topology=topology,
        objects_testable=len(evidence.objects),
        policy=incident_policy,
        hints=Hints(evidence),
    )
    moment = Moment(
        degradations=service,
        topology=topology,
        operations=reference.operations,
        now=now,
        tick=evidence.tick,
        policy=incident_policy,
        kpis=kpis,
        search=search,
        past={d.degradation_id: d for d in tracked.past},
    )
    before = {i.incident_id: i for i in open_ if i.state == "open"}
    found = causes_in(search)
    ledger = Ledger(dict(before), moment, search)
    for cause in sorted(found, key=lambda c: (_crowd(c, service), -len(topology.cells_of(*c.root)), c.root)):
        ledger.take(cause)
    after = [
        advanced(i, before.get(i.incident_id), moment, together=i.incident_id in ledger.together) if i.state == "open" else i
        for i in ledger.incidents.values()
    ]
    return tuple(sorted(after, key=lambda i: (i.opened_at, i.started_at, i.incident_id)))


def _crowd(cause: Cause, degradations: Mapping[str, Degradation]) -> bool:
    """Nothing but congestion: perhaps beside a cell whose loss has to be entered first."""
    return all(degradations[d].traits.overload for d in cause.degradation_ids)


class Ledger:
    """The incidents of one tick while causes are entered: who owns which degradation."""

    def __init__(self, incidents: dict[str, Incident], moment: Moment, search: Search) -> None:
        self.incidents, self.moment, self.search = incidents, moment, search
        self.owner = {d: i.incident_id for i in incidents.values() for d in i.degradation_ids}
        self.together: set[str] = set()
        self._near: dict[str, set[str]] = {}
        for incident in incidents.values():
            self._place(incident)

    def _place(self, incident: Incident) -> None:
        """Few incidents are near a cause: only those are asked whether it belongs to them, and the wide ones."""
        narrow = incident.root_kind in ("cell", *ONE_MAST)
        for place in places(incident.cells, self.moment.topology) if narrow else {WIDE}:
            self._near.setdefault(place, set()).add(incident.incident_id)

    def take(self, cause: Cause) -> None:
        """Join the cause to the incidents that own a part of it, or to the open one that it lies in, or open a new one."""
        cause = self._one_trouble(cause)
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
        self._place(incident)
        self.owner.update(dict.fromkeys(incident.degradation_ids, incident.incident_id))
        if cause.together:
            self.together.add(incident.incident_id)

    def _one_trouble(self, cause: Cause) -> Cause:
        """The cause without what an incident owns that began hours apart from most of it: a drift of one cell is no part of
        the release that harms it since an hour ago, and would keep that open for as long as it lasts itself."""
        parts: dict[str, list[Degradation]] = {}
        for name in sorted(cause.degradation_ids):
            parts.setdefault(self.owner.get(name, ""), []).append(self.moment.degradations[name])
        most = max(parts.values(), key=lambda own: (len({d.base_object for d in own}), own[0].degradation_id))
        apart = {
            d.degradation_id
            for owner, own in parts.items()
            if owner and abs(began(own) - began(most)) > GRADUAL_S
            for d in own
        }
        return replace(cause, degradation_ids=cause.degradation_ids - apart) if apart else cause

    def _hosts(self, cause: Cause) -> set[str]:
        """The oldest open incident that the cause belongs to."""
        own = tuple(self.moment.degradations[d] for d in sorted(cause.degradation_ids))
        joining = Joining(cause, own, self.search, self.moment.now)
        around = (self._near.get(place, set()) for place in {WIDE, *places(joining.cells, self.moment.topology)})
        near = [self.incidents[i] for i in set[str]().union(*around)]
        hosts = [i for i in near if i.state == "open" and joining.belongs_to(i)]
        oldest = min(hosts, key=lambda i: (i.opened_at, i.started_at, i.incident_id), default=None)
        return {oldest.incident_id} if oldest else set()
