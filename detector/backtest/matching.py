"""Which degradations, incidents and complaints belong to which fault (CONTRACTS section 4)."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from detector.backtest.results import Results
from detector.backtest.truth import Complaint, Fault, Truth
from detector.domain.cell import Topology, base_object
from detector.domain.degradation import Degradation
from detector.domain.incident import ROOT_KINDS
from detector.domain.window import HOUR_S, Window

FOUND_AFTER_END_S = HOUR_S
"""A degradation may be detected this long after its fault's end. Chosen: four periods, the arrival of late data."""
COMPLAINED_AFTER_END_S = 7200
"""A complaint may come this long after its fault's end. Chosen: two hours, as `care.lookup.RECENT_S`."""


def counts(degradation: Degradation) -> bool:
    """False for "no data" that nothing confirms: it is no evidence of service, so it is neither true nor false."""
    return degradation.affects_service or bool(degradation.confirmed_by)


def touches(topology: Topology, object_id: str, fault_object: str) -> bool:
    """The object is the fault's, contains it or is served by it, in this topology.

    >>> from detector.domain.cell import Cell, NetworkFunction
    >>> cells = {c: Cell(cell_id=c, technology="LTE", site_id="s1", tac="7") for c in ("c1", "c2")}
    >>> t = Topology(cells, {"amf": NetworkFunction("amf", "AMF")})
    >>> [touches(t, *pair) for pair in (("c1", "s1"), ("s1", "c1"), ("c1", "amf"), ("c1", "c2"), ("amf", "c1"))]
    [True, True, True, False, False]
    """
    own, other = base_object(object_id), base_object(fault_object)
    if own == other:
        return True
    if own in topology.functions:
        return other in _behind(topology, own)
    if own in topology.cells:
        return own in cells_of(topology, other)
    # a site, node, TAC ...: it contains the fault's cell or group, or lies whole within what the fault's object serves
    mine, theirs = cells_of(topology, own), cells_of(topology, other)
    return bool(mine and theirs) and (mine <= theirs or (theirs <= mine and other not in topology.functions))


def cells_of(topology: Topology, object_id: str) -> frozenset[str]:
    """The cells that feel it when this object is at fault: the members of the narrowest group of that name, else itself."""
    name = base_object(object_id)
    groups = (topology.groups.get((kind, name)) for kind in ROOT_KINDS if name not in topology.cells)
    return next((group for group in groups if group), frozenset({name}))


def _behind(topology: Topology, object_id: str) -> frozenset[str]:
    """Everything that lies behind an object by the topology's edges, at any distance."""
    found = frozenset({object_id})
    while new := frozenset(e.parent_id for e in topology.edges if e.child_id in found) - found:
        found |= new
    return found


@dataclass(frozen=True)
class Matches:
    """Results side by side with the truth. Build it with `match`; all ids.

    `faults_of`: degradation -> the faults it matches, whether customers feel them or not.
    `complaints_of`: fault -> its complaints in order of time; None = no contacts are known.
    """

    results: Results
    truth: Truth
    faults_of: Mapping[str, frozenset[str]]
    complaints_of: Mapping[str, tuple[Complaint, ...]] | None

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Those that customers feel and that begin inside the replay: what recall and delay are measured on."""
        window = self.results.window
        return tuple(f for f in self.truth.faults or () if f.customer_affecting and window.contains(f.window.start))

    @cached_property
    def found(self) -> Mapping[str, tuple[Degradation, ...]]:
        """Fault id -> the counting degradations that match it, first detected first."""
        rows: dict[str, list[Degradation]] = {}
        for degradation in sorted(filter(counts, self.results.degradations), key=lambda d: d.detected_at):
            for fault_id in self.faults_of.get(degradation.degradation_id, ()):
                rows.setdefault(fault_id, []).append(degradation)
        return {fault_id: tuple(own) for fault_id, own in rows.items()}

    @cached_property
    def faults_of_incident(self) -> Mapping[str, frozenset[str]]:
        """Incident -> the faults that its degradations match."""
        return {
            i.incident_id: frozenset().union(*(self.faults_of.get(d, frozenset()) for d in i.degradation_ids))
            for i in self.results.incidents
        }

    @cached_property
    def degradation_judgements(self) -> Mapping[str, bool | None]:
        """Degradation -> True: matches a fault that customers feel; False: matches none; None: counts neither way."""
        return {
            d.degradation_id: self._judge(self.faults_of[d.degradation_id], counts(d)) for d in self.results.degradations
        }

    @cached_property
    def incident_judgements(self) -> Mapping[str, bool | None]:
        """The same of incidents, by all their degradations."""
        counting = {d.degradation_id for d in self.results.degradations if counts(d)}
        return {
            i.incident_id: self._judge(self.faults_of_incident[i.incident_id], not counting.isdisjoint(i.degradation_ids))
            for i in self.results.incidents
        }

    def _judge(self, fault_ids: frozenset[str], counting: bool) -> bool | None:
        if not fault_ids:
            return False if counting else None
        return True if counting and any(self.truth.fault[f].customer_affecting for f in fault_ids) else None


def match(results: Results, truth: Truth) -> Matches:
    """Every degradation and complaint with the faults that it belongs to."""
    faults, topology = truth.faults or (), results.topology
    faults_of = {
        d.degradation_id: frozenset(f.fault_id for f in faults if _matches(topology, d, f)) for d in results.degradations
    }
    if truth.complaints is None:
        return Matches(results, truth, faults_of, None)
    complaints = sorted(truth.complaints, key=lambda c: c.at)
    return Matches(results, truth, faults_of, {f.fault_id: _complaints(topology, complaints, f) for f in faults})


def _matches(topology: Topology, degradation: Degradation, fault: Fault) -> bool:
    if not fault.window.start <= degradation.detected_at <= fault.window.end + FOUND_AFTER_END_S:
        return False
    return any(
        w.start <= degradation.detected_at <= w.end + FOUND_AFTER_END_S and touches(topology, degradation.object_id, o)
        for o, w in fault.scopes
    )


def _complaints(topology: Topology, complaints: Sequence[Complaint], fault: Fault) -> tuple[Complaint, ...]:
    areas: dict[Window, set[str]] = {}
    for object_id, window in fault.scopes:
        areas.setdefault(window, set()).update(cells_of(topology, object_id))
    first = bisect_left(complaints, fault.window.start, key=lambda c: c.at)
    last = bisect_right(complaints, fault.window.end + COMPLAINED_AFTER_END_S, key=lambda c: c.at)
    return tuple(c for c in complaints[first:last] if any(_belongs(c, cells, w) for w, cells in areas.items()))


def _belongs(complaint: Complaint, cells: AbstractSet[str], window: Window) -> bool:
    if not window.start <= complaint.at <= window.end + COMPLAINED_AFTER_END_S:
        return False
    if complaint.cell_id:
        return complaint.cell_id in cells
    return any(cell in cells and present.overlaps(window) for cell, present in complaint.attachments)
