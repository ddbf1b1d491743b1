"""What being behind a cell of an incident does to a person, from the incident's degradations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.impact.rates import common_rates, dimension_share, failing_of, is_dead, is_slow

SHELTER = ("site", "node", "edge")
CORE_TECHNOLOGIES = {"AMF": {"NR"}, "SMF": {"NR"}, "MME": {"LTE", "NSA"}, "SGW": {"LTE", "NSA"}, "PGW": {"LTE", "NSA"}}
"""Whose users a core function serves (TS 23.401 and 23.501; non-standalone 5G hangs on the EPC); others serve all."""
BROKE_INSIDE = 0.2
"""Share of a single period without service from which on the outage is taken to have begun inside it. Chosen: three minutes
of a quarter of an hour."""
FELT = 0.8
"""Chance that slow service is felt where it is measured. Chosen: no result of one's own ever proves it."""
TAKEOVER_OTHER_LAYER, TAKEOVER_NEIGHBOURS_SEEN, TAKEOVER_NEIGHBOURS = 0.7, 0.6, 0.35


@dataclass(frozen=True, kw_only=True)
class Harm:
    """One cell's side of an incident while it lasts, `[start, end)` in s.

    lost: chance that a person there has no service, before others take over; takeover: chance that a co-sited layer or a
    neighbour serves the person instead; slow: chance that seconds there are degraded; failing: extra failures per attempt.
    """

    cell: str
    start: int
    end: int
    lost: float = 0.0
    takeover: float = 0.0
    slow: float = 0.0
    failing: float = 0.0


@dataclass(frozen=True, eq=False)
class HarmColumns:
    """Harms as columns over the cells of some numbering; cells without harm have an empty time and zeros."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    lost: NDArray[np.float64]
    takeover: NDArray[np.float64]
    slow: NDArray[np.float64]
    failing: NDArray[np.float64]

    def overlap_s(self, start: NDArray[np.float64] | float, end: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Seconds of `[start, end)` in which each cell does harm."""
        return np.asarray(np.maximum(np.minimum(self.end, end) - np.maximum(self.start, start), 0.0))

    def take(self, cells: NDArray[np.int32]) -> "HarmColumns":
        return HarmColumns(*(getattr(self, name)[cells] for name in _COLUMNS))

    @property
    def touched(self) -> NDArray[np.bool_]:
        return self.end > self.start


_COLUMNS = ("start", "end", "lost", "takeover", "slow", "failing")


def columns(harms: Mapping[str, Harm], cells: Sequence[str]) -> HarmColumns:
    """The harms of `cells`, in that order."""
    none = Harm(cell="", start=0, end=0)
    found = [harms.get(cell, none) for cell in cells]
    return HarmColumns(*(np.array([getattr(h, name) for h in found], np.float64) for name in _COLUMNS))


def harms_of(
    incident: Incident, degradations: Sequence[Degradation], topology: Topology, kpis: Mapping[str, Kpi], end: int, now: int
) -> dict[str, Harm]:
    """Cell id -> what it does to people until `end` (s) at the latest.

    A core function's degradation acts on every touched cell that it serves. A touched cell without a degradation of its
    own (too little traffic to be judged) takes the mean of the others, times the share of touched cells that show any. So do
    cells of a site, hub or node that sends nothing while all of it that can be judged is out of service.
    """
    touched = _touched_cells(incident, topology)
    by_cell: dict[str, list[Degradation]] = {}
    shown = [d for d in degradations if d.degradation_id in incident.degradation_ids]
    for degradation in shown:
        if _felt(degradation):
            behind = cells_served(degradation.base_object, topology)
            for cell in behind & touched if touched else behind:
                by_cell.setdefault(cell, []).append(degradation)
    common = common_rates(shown, kpis)
    harms = {cell: _cell_harm(cell, own, kpis, common, end, now) for cell, own in by_cell.items()}
    harms |= _presumed(harms, touched - set(harms), incident, end)
    harms |= _without_data(harms, incident, topology)
    dead = _dead_cells(harms, incident, topology)
    return {cell: _with_takeover(harm, dead, by_cell.get(cell, ()), topology) for cell, harm in harms.items()}


def cells_served(object_id: str, topology: Topology) -> frozenset[str]:
    """The cells whose users feel it when this cell or core function is bad: of the tracking areas that a function serves,
    those of its own technologies."""
    behind, function = topology.cells_behind(object_id), topology.functions.get(object_id)
    if function is None or function.kind not in CORE_TECHNOLOGIES:
        return behind
    return frozenset(cell for cell in behind if topology.technology(cell) in CORE_TECHNOLOGIES[function.kind])


def _touched_cells(incident: Incident, topology: Topology) -> set[str]:
    """The incident's cells; under a core function only those that it serves."""
    if incident.root_kind != "nf" or incident.root_id not in topology.functions:
        return set(incident.cells)
    return set(incident.cells) & cells_served(incident.root_id, topology)


def _felt(degradation: Degradation) -> bool:
    """No data is felt by nobody unless neighbours, the core or an alarm confirm it."""
    return degradation.affects_service or bool(degradation.confirmed_by)


def _cell_harm(
    cell: str, own: list[Degradation], kpis: Mapping[str, Kpi], common: Mapping[str, float], end: int, now: int
) -> Harm:
    start = min(d.started_at for d in own)
    cleared = max(_last_bad(d, end, now) for d in own)
    lost = max((_lost_share(d) for d in own if is_dead(d)), default=0.0)
    slow = max((dimension_share(d) * FELT for d in own if is_slow(d)), default=0.0)
    failing = failing_of(cell, own, kpis, common)
    return Harm(
        cell=cell, start=start, end=min(max(cleared, start), end), lost=lost, takeover=0.0, slow=slow, failing=failing
    )


def _last_bad(d: Degradation, end: int, now: int) -> int:
    """When it did harm for the last time; an open one that has been quiet lately is likely to be over."""
    if d.cleared_at is not None:
        return d.cleared_at
    return min(now, d.updated_at or now) - d.quiet_periods * d.duration_s if d.quiet_periods else end


def _lost_share(d: Degradation) -> float:
    """Share of the expected service (availability, traffic) that is missing; all of it if that is not known, and after one
    period of which a part is missing: the cell died inside it."""
    if not d.traits.affects_service or not (np.isfinite(d.observed) and np.isfinite(d.expected)) or d.expected <= 0:
        return 1.0
    if d.traits.unserved and d.observed > d.expected:  # stated as downtime, where more is worse
        return 1.0
    missing = float(np.clip(1.0 - d.observed / d.expected, 0.0, 1.0))
    return 1.0 if missing >= BROKE_INSIDE and d.periods <= 1 else missing


def _presumed(harms: Mapping[str, Harm], unknown: Iterable[str], incident: Incident, end: int) -> dict[str, Harm]:
    if not harms:
        return {}
    weight = len(harms) / max(len(incident.cells), 1)
    lost, slow, failing = (
        weight * float(np.mean([getattr(h, name) for h in harms.values()])) for name in ("lost", "slow", "failing")
    )
    start, last = min(h.start for h in harms.values()), min(max(h.end for h in harms.values()), end)
    return {
        cell: Harm(cell=cell, start=start, end=last, lost=lost, takeover=0.0, slow=slow, failing=failing) for cell in unknown
    }


def _without_data(harms: Mapping[str, Harm], incident: Incident, topology: Topology) -> dict[str, Harm]:
    """Where every cell of a candidate for the root that can be judged is bad, the silent ones are likely to share its fate:
    with n bad of n by n / (n + 1) (rule of succession)."""
    dead = [harm for harm in harms.values() if harm.lost]
    if not dead:
        return {}
    chance: dict[str, float] = {}
    for candidate in incident.root_candidates:
        if candidate.root_kind in SHELTER and candidate.bad >= candidate.testable > 0:
            for cell in _in_service(topology.cells_of(candidate.root_kind, candidate.root_id), topology) - harms.keys():
                chance[cell] = max(chance.get(cell, 0.0), candidate.bad / (candidate.testable + 1))
    lost = float(np.mean([harm.lost for harm in dead]))
    start, end = min(harm.start for harm in dead), max(harm.end for harm in dead)
    return {cell: Harm(cell=cell, start=start, end=end, lost=lost * likely) for cell, likely in chance.items()}


def _in_service(cells: Iterable[str], topology: Topology) -> set[str]:
    return {cell for cell in cells if cell in topology.cells and topology.cells[cell].state == "in_service"}


def _dead_cells(harms: Mapping[str, Harm], incident: Incident, topology: Topology) -> set[str]:
    """Those that serve nobody; of a site, hub or node that causes the rest, none is assumed to take over."""
    dead = {cell for cell, harm in harms.items() if harm.lost}
    return dead | topology.cells_of(incident.root_kind, incident.root_id) if dead and incident.root_kind in SHELTER else dead


def _with_takeover(harm: Harm, dead: set[str], own: Sequence[Degradation], topology: Topology) -> Harm:
    if not harm.lost:
        return harm
    share = takeover_share(harm.cell, dead, own, topology)
    return Harm(
        cell=harm.cell, start=harm.start, end=harm.end, lost=harm.lost, takeover=share, slow=harm.slow, failing=harm.failing
    )


def takeover_share(cell: str, dead: set[str], own: Sequence[Degradation], topology: Topology) -> float:
    """How likely a person of a cell out of service is served by another: a healthy layer of another band on the same site;
    else healthy neighbours, more so where they are seen to carry more; else nobody. Later presence corrects it (see
    stay)."""
    here = topology.cells.get(cell)
    if here is None:
        return 0.0
    mates = topology.groups.get(("site", here.site_id), frozenset()) - dead
    bands = {
        (c.band, c.layer) for c in (topology.cells[m] for m in mates) if c.state == "in_service" and (c.band or c.layer)
    }
    if bands - {(here.band, here.layer)}:
        return TAKEOVER_OTHER_LAYER
    if not topology.neighbours.get(cell, frozenset()) - dead:
        return 0.0
    seen = any("neighbours" in d.confirmed_by for d in own)
    return TAKEOVER_NEIGHBOURS_SEEN if seen else TAKEOVER_NEIGHBOURS
