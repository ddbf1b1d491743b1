"""What lies behind degradations: the groups of the topology that explain them better than chance does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import ROOT_KINDS
from detector.domain.policy import IncidentPolicy
from detector.incidents.bouts import GRADUAL_S, Bout, bouts_of, compatible
from detector.incidents.chance import lately, together_by_chance
from detector.incidents.groups import explained
from detector.incidents.hints import Hints
from detector.incidents.search import Root, Search

NO_HINTS = Hints()
FELT_BEFORE_S = 3_600
"""A core function counts so much that a fault of its own is seldom seen in one cell much sooner."""


@dataclass(frozen=True)
class Cause:
    """One root and the degradations that it explains; `together` = cells joined by their onset alone, root unknown."""

    root_kind: str
    root_id: str
    degradation_ids: frozenset[str]
    together: bool = False

    @property
    def root(self) -> Root:
        return self.root_kind, self.root_id


def search_of(
    degradations: Sequence[Degradation], *, topology: Topology, objects_testable: int, policy: IncidentPolicy, hints: Hints
) -> Search:
    """What the open degradations give to look at. What is not measured any more began nothing since; a cell whose data
    stopped with those of many others was well as far as anybody knows, and makes no group smaller."""
    measured = [d for d in degradations if d.open and d.no_data_since is None]
    service = [d for d in measured if d.affects_service]
    silent = frozenset(d.base_object for d in measured if not d.affects_service and not d.quiet_periods)
    bouts = bouts_of(service, policy.onset_tolerance_periods)
    return Search(frozenset(bouts), silent, topology, objects_testable, policy, hints)


def causes(
    degradations: Sequence[Degradation],
    *,
    topology: Topology,
    objects_testable: int,
    policy: IncidentPolicy,
    hints: Hints = NO_HINTS,
) -> tuple[Cause, ...]:
    """The causes of the open ones among these degradations."""
    return causes_in(
        search_of(degradations, topology=topology, objects_testable=objects_testable, policy=policy, hints=hints)
    )


def causes_in(search: Search) -> tuple[Cause, ...]:
    """Every open degradation of service in exactly one cause: core functions first, then the groups that explain most,
    then cells that began together where no site is known, then each cell by itself. Order of input does not matter."""
    left = set(search.bouts)
    found: list[Cause] = []
    asked_less = _asked_less(search)
    left -= asked_less
    for explain in (_by_core, _by_groups, _by_onset, _alone):
        found += explain(search, left)
    found = _with_core(search, found, asked_less)
    return tuple(sorted(found, key=lambda c: (ROOT_KINDS.index(c.root_kind), c.root_id, min(c.degradation_ids))))


def _taken(root: Root, bouts: set[Bout] | frozenset[Bout], left: set[Bout], *, together: bool = False) -> Cause:
    left -= bouts
    return Cause(*root, frozenset().union(*(b.degradation_ids for b in bouts)), together)


def _by_core(search: Search, left: set[Bout]) -> list[Cause]:
    """A core function that is bad itself explains the other functions and the cells behind it that turned bad with it;
    cells that are out of service only if most of those behind it are: no core function switches one cell off."""
    found: list[Cause] = []
    for function in sorted(filter(search.is_core, left), key=lambda b: (b.at, b.worst_first)):
        if function not in left:
            continue
        behind = search.topology.cells_behind(function.object_id)
        peers = {b for b in left if search.is_core(b) and _serve_together(search.topology, b.object_id, function.object_id)}
        felt = {b for b in left if b.object_id in behind and function.seen - b.seen <= FELT_BEFORE_S}
        gone = {b for b in felt if b.traits.out_of_service}
        if len({b.object_id for b in gone}) < search.policy.covers_share * len(behind):
            felt -= gone
        late = {
            b for b in felt if "accessibility" in b.families and b.traits.gradual and 0 <= b.at - function.at <= GRADUAL_S
        }
        turned = {b for b in felt | peers if compatible(b, function)} | late | {function}
        found.append(_taken(("nf", function.object_id), turned, left))
    return found


def _serve_together(topology: Topology, one: str, other: str) -> bool:
    """The same cells lie behind both functions; of a core whose cells nobody named, the same areas."""
    behind = topology.cells_behind(one), topology.cells_behind(other)
    if behind[0] or behind[1]:
        return not behind[0].isdisjoint(behind[1])
    areas = frozenset(topology.functions[one].serves), frozenset(topology.functions[other].serves)
    return "*" in areas[0] | areas[1] or not areas[0].isdisjoint(areas[1])


def _asked_less(search: Search) -> set[Bout]:
    """Core functions that fail nobody but are asked less, while cells behind them went out of service: a consequence."""
    functions = {b for b in search.bouts if search.is_core(b) and b.families == {"volume"}}
    gone = [b for b in search.bouts if b.traits.out_of_service and not search.is_core(b)]
    behind = {f: search.topology.cells_behind(f.object_id) for f in functions}
    return {f for f in functions if any(b.object_id in behind[f] and compatible(b, f) for b in gone)}


def _with_core(search: Search, found: list[Cause], functions: set[Bout]) -> list[Cause]:
    """Each of these functions goes with the cause that took most cells behind it."""
    cells = {d: b.object_id for b in search.bouts for d in b.degradation_ids}
    for function in sorted(functions, key=lambda b: (b.at, b.object_id)):
        behind = search.topology.cells_behind(function.object_id)
        most = max(found, key=lambda c: (sum(cells[d] in behind for d in c.degradation_ids), c.root))
        found.remove(most)
        found.append(replace(most, degradation_ids=most.degradation_ids | function.degradation_ids))
    return found


def _by_groups(search: Search, left: set[Bout]) -> list[Cause]:
    return [_taken(claim.root, claim.bouts, left) for claim in explained(search, frozenset(left))]


def _by_onset(search: Search, left: set[Bout]) -> list[Cause]:
    """Cells of unknown site, of one kind, that began in the very same period, if chance would not do that."""
    found: list[Cause] = []
    unknown = [b for b in left if _site_unknown(search, b)]
    for at, kind in sorted({(b.at, b.kind) for b in unknown}):
        same = {b for b in unknown if (b.at, b.kind) == (at, kind)}
        others = sum(b.kind == kind and lately(at).contains(b.at) for b in search.bouts)
        duration = min(b.duration_s for b in same)
        chance = together_by_chance(len(same), others, search.objects_testable, duration)
        if len(same) > 1 and chance < search.policy.chance_below:
            root = min(same, key=lambda b: b.worst_first)
            found.append(_taken(("cell", root.object_id), same, left, together=True))
    return found


def _site_unknown(search: Search, bout: Bout) -> bool:
    cell = search.topology.cells.get(bout.object_id)
    return not search.is_core(bout) and not (cell and cell.site_id)


def _alone(search: Search, left: set[Bout]) -> list[Cause]:
    return [_taken(("cell", bout.object_id), {bout}, left) for bout in sorted(left, key=lambda b: (b.object_id, b.at))]
