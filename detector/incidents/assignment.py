"""Which incident each cause belongs to: one that owns a part of it, one that is open, or a new one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.window import HOUR_S
from detector.incidents.chance import group_p_value
from detector.incidents.correlation_context import CorrelationContext
from detector.incidents.departure import goes_on, over_at
from detector.incidents.groups import ONE_SITE, SCATTERED
from detector.incidents.lifecycle import add_cause, merge_incidents, open_incident
from detector.incidents.onset import GRADUAL_S
from detector.incidents.roots import Cause
from detector.incidents.times import estimated_start

NEAR_ROOTS = ("cell", "site", "node", "edge")
"""Roots under which a later cell is surely the same trouble; in a whole region it may be another one."""
WIDE = "*"
"""Place of incidents that are compared with every cause."""
SHOWN_S = 6 * HOUR_S
"""A software release that harms a cell has shown it by then. Chosen: a quarter of a day holds a busy hour of nearly every
start."""
RARE_ON_SITE = 0.05
"""Chance under which a cell that turns bad beside a bad one of its site shares its cause. Chosen: the usual level of a
test."""


def places(cells: Iterable[str], topology: Topology) -> set[str]:
    """Where what belongs to these cells can lie: they, their sites and their neighbours."""
    found = set(cells)
    for cell in tuple(found):
        if known := topology.cells.get(cell):
            found |= {known.site_id, known.node_id} - {""}
        found |= topology.neighbours.get(cell, frozenset())
    return found


@dataclass(frozen=True, eq=False)
class CauseMatcher:
    """Decides whether a cause that no incident owns yet belongs to one that is open. `own`: its degradations."""

    cause: Cause
    own: tuple[Degradation, ...]
    context: CorrelationContext

    @cached_property
    def cells(self) -> frozenset[str]:
        return frozenset(d.base_object for d in self.own)

    @cached_property
    def mild(self) -> bool:
        return all(d.traits.mild for d in self.own)

    def belongs_to(self, incident: Incident) -> bool:
        """By root, by its cells, as a later cell of a release or a site, or as congestion beside a lost cell."""
        if self._another(incident):
            return False
        if (incident.root_kind, incident.root_id) == self.cause.root:
            return True
        near = incident.root_kind in NEAR_ROOTS
        return (near and (self._inside(incident) or self._same_cells(incident))) or (
            self._of_the_release(incident) or self._of_the_site(incident) or self._congested_beside(incident)
        )

    def _another(self, incident: Incident) -> bool:
        """Service is gone, hours after an incident of mere quality was opened: that would make its times wrong."""
        gone = any(d.traits.out_of_service for d in self.own)
        return gone and incident.traits.mild and estimated_start(self.own) - incident.opened_at > GRADUAL_S

    def _inside(self, incident: Incident) -> bool:
        topology = self.context.topology
        inside = topology.cells_of(*self.cause.root) <= topology.cells_of(incident.root_kind, incident.root_id)
        return inside and self.cause.root_kind in NEAR_ROOTS

    def _same_cells(self, incident: Incident) -> bool:
        """Most of its cells are the incident's already."""
        return 2 * len(self.cells & set(incident.cells)) > len(self.cells)

    def _of_the_release(self, incident: Incident) -> bool:
        """Its cells show one after the other, but not days after it came."""
        inside = self.cells <= self.context.topology.cells_of(incident.root_kind, incident.root_id)
        soon = estimated_start(self.own) - incident.started_at <= SHOWN_S
        return incident.root_kind == SCATTERED and inside and soon and self.mild and incident.traits.mild

    def _of_the_site(self, incident: Incident) -> bool:
        """Mild beside mild on one site: by chance, seldom enough, for so long as the incident lasts."""
        if not (self.mild and incident.traits.mild and incident.root_kind in ("cell", *ONE_SITE)):
            return False
        topology, bad = self.context.topology, set(incident.cells)
        groups = (
            members
            for cell in sorted(self.cells & topology.cells.keys())
            for kind, name in (("site", topology.cells[cell].site_id), ("node", topology.cells[cell].node_id))
            if bad & (members := topology.cells_of(kind, name))
        )
        group = next(groups, frozenset[str]())
        return bool(group) and self._is_rare(group, group - bad, self.context.now - incident.started_at)

    def _is_rare(self, group: frozenset[str], beside: frozenset[str], window_s: int) -> bool:
        bad_outside = {b.object_id for b in self.context.onsets if self.context.now - b.at <= window_s} - group
        outside = self.context.objects_testable - len(group)
        return group_p_value(len(self.cells & beside), len(beside), len(bad_outside), outside, window_s) < RARE_ON_SITE

    def _congested_beside(self, incident: Incident) -> bool:
        """Congested, next to a cell that the incident has put out of service."""
        if not incident.traits.out_of_service or any(not d.traits.overload for d in self.own):
            return False
        neighbours, lost = self.context.topology.neighbours, set(incident.cells)
        return all(
            lost & neighbours.get(cell, frozenset()) or any(cell in neighbours.get(one, ()) for one in lost)
            for cell in self.cells
        )


class Assignment:
    """The incidents of one tick while causes are assigned to them. `owner`: degradation -> the incident that owns it."""

    def __init__(
        self, incidents: dict[str, Incident], context: CorrelationContext, departed: frozenset[str] = frozenset()
    ) -> None:
        self.incidents, self.context, self.departed = incidents, context, departed
        found = {name: over_at(incident, context) for name, incident in incidents.items() if incident.state == "open"}
        self._over = {name: end for name, end in found.items() if end is not None}
        self.owner = {d: i.incident_id for i in incidents.values() for d in i.degradation_ids}
        self._incidents_at: dict[str, set[str]] = {}
        for incident in incidents.values():
            self._place(incident)

    def _place(self, incident: Incident) -> None:
        """Index the incident by place: only incidents near a cause, and wide ones, are tested for whether it belongs to
        them."""
        narrow = incident.root_kind in ("cell", *ONE_SITE)
        for place in places(incident.cells, self.context.topology) if narrow else {WIDE}:
            self._incidents_at.setdefault(place, set()).add(incident.incident_id)

    def assign(self, cause: Cause) -> None:
        """Add the cause to the incidents that own a part of it, or to the open one that it lies in, or open a new one."""
        cause = self._without_what_is_over(self._with_one_onset(cause))
        owners = {self.owner[d] for d in cause.degradation_ids if d in self.owner} or self._open_incident_of(cause)
        if not owners:
            incident = open_incident(cause, self.context, departed=self.departed)
        else:
            older, *younger = sorted(
                (self.incidents[o] for o in owners), key=lambda i: (i.opened_at, i.started_at, i.incident_id)
            )
            for one in younger:
                older, gone = merge_incidents(older, one, self.context)
                self.incidents[gone.incident_id] = gone
            incident = add_cause(older, cause, self.context)
        self.incidents[incident.incident_id] = incident
        self._place(incident)
        self.owner.update(dict.fromkeys(incident.degradation_ids, incident.incident_id))

    def _with_one_onset(self, cause: Cause) -> Cause:
        """The cause without what an incident owns that began hours apart from most of it: a drift of one cell is no part of
        the release that harms it since an hour ago, and would keep that open for as long as it lasts itself."""
        parts: dict[str, list[Degradation]] = {}
        for name in sorted(cause.degradation_ids):
            parts.setdefault(self.owner.get(name, ""), []).append(self.context.degradations[name])
        most = max(parts.values(), key=lambda own: (len({d.base_object for d in own}), own[0].degradation_id))
        apart = {
            d.degradation_id
            for owner, own in parts.items()
            if owner and abs(estimated_start(own) - estimated_start(most)) > GRADUAL_S
            for d in own
        }
        return replace(cause, degradation_ids=cause.degradation_ids - apart) if apart else cause

    def _without_what_is_over(self, cause: Cause) -> Cause:
        """The cause without members of incidents that are over, where another part of it goes on after them."""
        old = {d for d in cause.degradation_ids if self.owner.get(d) in self._over}
        ends = [self._over[self.owner[d]] for d in old]
        on = any(goes_on(self.context.degradations[d], max(ends)) for d in cause.degradation_ids - old) if old else False
        return replace(cause, degradation_ids=cause.degradation_ids - old) if on else cause

    def _still_fits(self, incident: Incident, own: Iterable[Degradation]) -> bool:
        """It is not over, or none of these goes on after it."""
        end = self._over.get(incident.incident_id)
        return end is None or not any(goes_on(d, end) for d in own)

    def _open_incident_of(self, cause: Cause) -> set[str]:
        """The oldest open incident that the cause belongs to."""
        own = tuple(self.context.degradations[d] for d in sorted(cause.degradation_ids))
        matcher = CauseMatcher(cause, own, self.context)
        around = (self._incidents_at.get(place, set()) for place in {WIDE, *places(matcher.cells, self.context.topology)})
        near = [self.incidents[i] for i in set[str]().union(*around)]
        hosts = [i for i in near if i.state == "open" and self._still_fits(i, own) and matcher.belongs_to(i)]
        oldest = min(hosts, key=lambda i: (i.opened_at, i.started_at, i.incident_id), default=None)
        return {oldest.incident_id} if oldest else set()
