"""Whether a cause that nobody owns yet belongs to an incident that is open already."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.incidents.bouts import GRADUAL_S
from detector.incidents.chance import group_by_chance
from detector.incidents.groups import ONE_MAST, SCATTERED
from detector.incidents.roots import Cause
from detector.incidents.search import Search
from detector.incidents.times import began

NEAR_ROOTS = ("cell", "site", "node", "edge")
"""Roots under which a later cell is surely the same trouble; in a whole region it may be another one."""
SHOWN_S = 6 * 3_600
"""A release that harms a cell has shown it by then."""
SELDOM = 0.05
"""A cell beside a bad one of its mast that chance would turn bad in the same hours less often than this is no chance."""


def places(cells: Iterable[str], topology: Topology) -> set[str]:
    """Where what belongs to these cells can lie: they, their masts and their neighbours."""
    found = set(cells)
    for cell in tuple(found):
        if known := topology.cells.get(cell):
            found |= {known.site_id, known.node_id} - {""}
        found |= topology.neighbours.get(cell, frozenset())
    return found


@dataclass(frozen=True, eq=False)
class Joining:
    """One cause with its degradations, at `now` (s), in what the tick shows."""

    cause: Cause
    own: tuple[Degradation, ...]
    search: Search
    now: int

    @cached_property
    def cells(self) -> frozenset[str]:
        return frozenset(d.base_object for d in self.own)

    @cached_property
    def mild(self) -> bool:
        return all(d.traits.mild for d in self.own)

    def belongs_to(self, incident: Incident) -> bool:
        """By root, by its cells, as a later cell of a release or a mast, or as the crowd beside a lost cell."""
        if self._another(incident):
            return False
        if (incident.root_kind, incident.root_id) == self.cause.root:
            return True
        near = incident.root_kind in NEAR_ROOTS
        return (near and (self._inside(incident) or self._same_cells(incident))) or (
            self._of_the_release(incident) or self._of_the_mast(incident) or self._crowd_beside(incident)
        )

    def _another(self, incident: Incident) -> bool:
        """Service is gone, hours after an incident of mere quality was opened: that would tell its times wrongly."""
        gone = any(d.traits.out_of_service for d in self.own)
        return gone and incident.traits.mild and began(self.own) - incident.opened_at > GRADUAL_S

    def _inside(self, incident: Incident) -> bool:
        topology = self.search.topology
        inside = topology.cells_of(*self.cause.root) <= topology.cells_of(incident.root_kind, incident.root_id)
        return inside and self.cause.root_kind in NEAR_ROOTS

    def _same_cells(self, incident: Incident) -> bool:
        """Most of its cells are the incident's already."""
        return 2 * len(self.cells & set(incident.cells)) > len(self.cells)

    def _of_the_release(self, incident: Incident) -> bool:
        """Its cells show one after the other, but not days after it came."""
        inside = self.cells <= self.search.topology.cells_of(incident.root_kind, incident.root_id)
        soon = began(self.own) - incident.started_at <= SHOWN_S
        return incident.root_kind == SCATTERED and inside and soon and self.mild and incident.traits.mild

    def _of_the_mast(self, incident: Incident) -> bool:
        """Mild beside mild on one mast: by chance, seldom enough, for so long as the incident lasts."""
        if not (self.mild and incident.traits.mild and incident.root_kind in ("cell", *ONE_MAST)):
            return False
        topology, bad = self.search.topology, set(incident.cells)
        masts = (
            group
            for cell in sorted(self.cells & topology.cells.keys())
            for kind, name in (("site", topology.cells[cell].site_id), ("node", topology.cells[cell].node_id))
            if bad & (group := topology.cells_of(kind, name))
        )
        mast = next(masts, frozenset[str]())
        return bool(mast) and self._seldom(mast, mast - bad, self.now - incident.started_at)

    def _seldom(self, mast: frozenset[str], beside: frozenset[str], window_s: int) -> bool:
        elsewhere = {b.object_id for b in self.search.bouts if self.now - b.at <= window_s} - mast
        outside = self.search.objects_testable - len(mast)
        return group_by_chance(len(self.cells & beside), len(beside), len(elsewhere), outside, window_s) < SELDOM

    def _crowd_beside(self, incident: Incident) -> bool:
        """Congested, next to a cell that the incident has put out of service."""
        if not incident.traits.out_of_service or any(not d.traits.overload for d in self.own):
            return False
        neighbours, lost = self.search.topology.neighbours, set(incident.cells)
        return all(
            lost & neighbours.get(cell, frozenset()) or any(cell in neighbours.get(one, ()) for one in lost)
            for cell in self.cells
        )
