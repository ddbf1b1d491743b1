"""What lies behind degradations: the groups of the topology that explain them better than chance does."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import ROOT_KINDS, RootCandidate
from detector.domain.window import HOUR_S
from detector.incidents.chance import day_before, group_p_value, simultaneous_p_value
from detector.incidents.correlation_context import CorrelationContext, Root
from detector.incidents.groups import explaining_groups
from detector.incidents.onset import GRADUAL_S, Onset, same_onset

MOST_CANDIDATES = 5
"""Root candidates that are kept and shown. Chosen: what one line of the page holds."""
WIDEST = ("network", "region", "tac")
"""They hold everything that a smaller group holds: candidates only if they explain more."""
FELT_BEFORE_S = HOUR_S
"""A fault of a core function shows in one cell hardly so much before the function. Chosen: the function counts many cells,
so an hour is ample."""
SHARP_PERIODS = 4
"""Periods of slack up to which an onset beside that of a core function is no chance. Chosen: an hour of quarters, as
above."""
MISSING_FOR_GONE = 2.0
"""A core function lacks up to so many times the share of its cells that are gone as their consequence. Chosen: the busiest
half of the cells may carry twice the mean."""
LEAST_MISSING = 0.1
"""Share of its requests that a function may lack beside lost cells whatever they carry. Chosen: its own scatter."""


@dataclass(frozen=True)
class Cause:
    """One root and the degradations that it explains; `joined_by_onset`: cells joined by their onset alone, root unknown."""

    root_kind: str
    root_id: str
    degradation_ids: frozenset[str]
    joined_by_onset: bool = False

    @property
    def root(self) -> Root:
        return self.root_kind, self.root_id


def root_causes(context: CorrelationContext) -> tuple[Cause, ...]:
    """Every open degradation of service in exactly one cause: core functions first, then the groups that explain most,
    then cells that began together where no site is known, then each cell by itself. Order of input does not matter."""
    left = set(context.onsets)
    found: list[Cause] = []
    with_less_demand = _functions_with_less_demand(context)
    left -= with_less_demand
    for explain in (_by_core, _by_groups, _by_onset, _by_cell):
        found += explain(context, left)
    found = _with_functions(context, found, with_less_demand)
    return tuple(sorted(found, key=lambda c: (ROOT_KINDS.index(c.root_kind), c.root_id, min(c.degradation_ids))))


def _take(root: Root, onsets: set[Onset] | frozenset[Onset], left: set[Onset], *, joined_by_onset: bool = False) -> Cause:
    left -= onsets
    return Cause(*root, frozenset().union(*(b.degradation_ids for b in onsets)), joined_by_onset)


def _by_core(context: CorrelationContext, left: set[Onset]) -> list[Cause]:
    """A core function that is bad itself explains the other functions and the cells behind it that turned bad with it;
    cells that are out of service only if most of those behind it are: no core function switches one cell off."""
    found: list[Cause] = []
    for function in sorted(filter(context.is_core, left), key=lambda b: (b.at, b.worst_first)):
        if function not in left:
            continue
        behind = context.topology.cells_behind(function.object_id)
        peers = {
            b for b in left if context.is_core(b) and _serve_together(context.topology, b.object_id, function.object_id)
        }
        felt = {b for b in left if b.object_id in behind and _may_feel(b, function)}
        gone = {b for b in felt if b.out_of_service}
        if len({b.object_id for b in gone}) < context.incident_policy.covers_share * len(behind):
            felt -= gone
        late = {
            b for b in felt if "accessibility" in b.families and b.traits.gradual and 0 <= b.at - function.at <= GRADUAL_S
        }
        turned = {b for b in felt | peers if same_onset(b, function)} | late | {function}
        found.append(_take(("nf", function.object_id), turned, left))
    return found


def _may_feel(cell: Onset, function: Onset) -> bool:
    """Not before the function fails, and no slow change: when that began is hardly known. A long horizon dates an onset so
    roughly that only what fails as a core function makes it fail can be its part."""
    long = cell.slack_s > SHARP_PERIODS * cell.duration_s
    return (
        not cell.trend
        and function.seen - cell.seen <= FELT_BEFORE_S
        and (not long or "accessibility" in cell.families or cell.out_of_service)
    )


def _serve_together(topology: Topology, one: str, other: str) -> bool:
    """The same cells lie behind both functions; of a core whose cells nobody named, the same areas."""
    behind = topology.cells_behind(one), topology.cells_behind(other)
    if behind[0] or behind[1]:
        return not behind[0].isdisjoint(behind[1])
    areas = frozenset(topology.functions[one].serves), frozenset(topology.functions[other].serves)
    return "*" in areas[0] | areas[1] or not areas[0].isdisjoint(areas[1])


def _functions_with_less_demand(context: CorrelationContext) -> set[Onset]:
    """Core functions that fail nobody but have fewer requests, while so many cells behind them went out of service that it
    is a consequence."""
    functions = {b for b in context.onsets if context.is_core(b) and b.families == {"volume"}}
    gone = [b for b in context.onsets if b.out_of_service and not context.is_core(b)]
    behind = {f: context.topology.cells_behind(f.object_id) for f in functions}
    lost = {f: {b.object_id for b in gone if b.object_id in behind[f] and same_onset(b, f)} for f in functions}
    return {f for f in functions if lost[f] and _explain(context, f, len(lost[f]) / len(behind[f]))}


def _explain(context: CorrelationContext, function: Onset, gone: float) -> bool:
    """Whether the loss of this share of the cells behind it is enough for what the function lacks."""
    own = [context.degradations[d] for d in function.degradation_ids]
    missing = max(1 - d.observed / d.expected if d.expected > 0 else 1.0 for d in own)
    return missing <= max(MISSING_FOR_GONE * gone, LEAST_MISSING)


def _with_functions(context: CorrelationContext, found: list[Cause], functions: set[Onset]) -> list[Cause]:
    """Each of these functions goes with the cause that took most cells behind it."""
    cells = {d: b.object_id for b in context.onsets for d in b.degradation_ids}
    for function in sorted(functions, key=lambda b: (b.at, b.object_id)):
        behind = context.topology.cells_behind(function.object_id)
        most = max(found, key=lambda c: (sum(cells[d] in behind for d in c.degradation_ids), c.root))
        found.remove(most)
        found.append(replace(most, degradation_ids=most.degradation_ids | function.degradation_ids))
    return found


def _by_groups(context: CorrelationContext, left: set[Onset]) -> list[Cause]:
    return [_take(candidate.root, candidate.onsets, left) for candidate in explaining_groups(context, frozenset(left))]


def _by_onset(context: CorrelationContext, left: set[Onset]) -> list[Cause]:
    """Cells of unknown site, of one kind, that began in the very same period, if chance would not do that."""
    found: list[Cause] = []
    unknown = [b for b in left if _site_unknown(context, b)]
    for at, kind in sorted({(b.at, b.kind) for b in unknown}):
        same = {b for b in unknown if (b.at, b.kind) == (at, kind)}
        others = sum(b.kind == kind and day_before(at).contains(b.at) for b in context.onsets)
        duration = min(b.duration_s for b in same)
        chance = simultaneous_p_value(len(same), others, context.objects_testable, duration)
        if len(same) > 1 and chance < context.incident_policy.chance_below:
            root = min(same, key=lambda b: b.worst_first)
            found.append(_take(("cell", root.object_id), same, left, joined_by_onset=True))
    return found


def _site_unknown(context: CorrelationContext, onset: Onset) -> bool:
    cell = context.topology.cells.get(onset.object_id)
    return not context.is_core(onset) and not (cell and cell.site_id)


def _by_cell(context: CorrelationContext, left: set[Onset]) -> list[Cause]:
    return [_take(("cell", onset.object_id), {onset}, left) for onset in sorted(left, key=lambda b: (b.object_id, b.at))]


def root_candidates(named: Root, own: Iterable[Degradation], context: CorrelationContext) -> tuple[RootCandidate, ...]:
    """Candidates for the root of these degradations: the one named first, then by bad minus good cells."""
    degradations = list(own)
    bad = frozenset(d.base_object for d in degradations)
    if not bad:
        return ()
    starts = [d.started_at for d in degradations]
    window_s = max(starts) - min(starts) + max(d.duration_s * d.periods for d in degradations)
    held = Counter(root for cell in bad for root in context.groups_of.get(cell, ()))
    lone: Root = ("cell", max(degradations, key=lambda d: (d.neg_log10_p, d.degradation_id)).base_object)
    roots = {named, lone, *(root for root, count in held.items() if root[0] not in WIDEST or count > 1)}
    found = [_weighed(root, bad, window_s, context) for root in roots]
    found.sort(key=lambda r: ((r.root_kind, r.root_id) != named, r.testable - 2 * r.bad, r.chance, r.root_kind, r.root_id))
    return tuple(found[:MOST_CANDIDATES])


def _weighed(root: Root, bad: frozenset[str], window_s: int, context: CorrelationContext) -> RootCandidate:
    members = context.members(root)
    struck = (bad & members) | ({root[1]} & bad)
    size = max(len(members), len(struck))
    bad_outside = len(context.bad) - len(context.bad & members)
    chance = group_p_value(len(struck), size, bad_outside, context.objects_testable - size, window_s)
    return RootCandidate(*root, len(struck), size, float(f"{chance:.3g}"), round(len(struck) / len(bad), 3))
