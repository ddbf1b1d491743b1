"""What lies behind degradations: the groups of the topology that explain them better than chance does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.incident import ROOT_KINDS
from detector.domain.policy import IncidentPolicy
from detector.incidents.bouts import GRADUAL, GRADUAL_S, Bout, bouts_of, compatible, gradual
from detector.incidents.chance import group_by_chance, lately, together_by_chance

SPECIFIC = ("site", "node", "edge", "tac", "region", "network", "nf", "software")
"""Of groups that explain the same cells alike, the first is named."""
SCATTERED = "software"
"""Its cells share no place and no load: they pass the bar at different times, many of them never."""
SCATTERED_SHARE, SCATTERED_CELLS = 0.2, 4
"""What a scattered group needs instead of `covers_share`."""
NOT_TESTABLE = ("energy_saving", "planned", "retired")
Root = tuple[str, str]


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


@dataclass(frozen=True, eq=False)
class Search:
    """What the search for causes looks at: the bouts of the objects that are bad, and the cells that could be."""

    bouts: frozenset[Bout]
    silent: frozenset[str]
    """Cells that send nothing: neither good nor bad."""
    topology: Topology
    objects_testable: int
    policy: IncidentPolicy

    def members(self, root: Root) -> frozenset[str]:
        """The cells of a group that could show something."""
        return self.topology.groups[root] - self._untestable

    @cached_property
    def _untestable(self) -> frozenset[str]:
        idle = {c.cell_id for c in self.topology.cells.values() if c.state in NOT_TESTABLE}
        return frozenset((idle | self.silent) - {b.object_id for b in self.bouts})

    @cached_property
    def groups_of(self) -> Mapping[str, list[Root]]:
        """Bad object -> the groups that it is in."""
        found: dict[str, list[Root]] = {b.object_id: [] for b in self.bouts}
        for root, cells in self.topology.groups.items():
            for cell in cells & found.keys():
                found[cell].append(root)
        return found

    def is_core(self, bout: Bout) -> bool:
        return bout.object_id in self.topology.functions


def causes(
    degradations: Sequence[Degradation], *, topology: Topology, objects_testable: int, policy: IncidentPolicy
) -> tuple[Cause, ...]:
    """Every open degradation of service in exactly one cause: core functions first, then the groups that explain most,
    then cells that began together where no site is known, then each cell by itself. Order of input does not matter."""
    service = [d for d in degradations if d.open and d.affects_service]
    silent = frozenset(d.base_object for d in degradations if d.open and not d.affects_service)
    bouts = bouts_of(service, policy.onset_tolerance_periods)
    search = Search(frozenset(bouts), silent, topology, objects_testable, policy)
    left = set(bouts)
    found: list[Cause] = []
    for explain in (_by_core, _by_groups, _by_onset, _alone):
        found += explain(search, left)
    return tuple(sorted(found, key=lambda c: (ROOT_KINDS.index(c.root_kind), c.root_id, min(c.degradation_ids))))


def _taken(root: Root, bouts: set[Bout] | frozenset[Bout], left: set[Bout], *, together: bool = False) -> Cause:
    left -= bouts
    return Cause(*root, frozenset().union(*(b.degradation_ids for b in bouts)), together)


def _by_core(search: Search, left: set[Bout]) -> list[Cause]:
    """A core function that is bad itself explains the other functions and the cells behind it that turned bad with it,
    except cells that are out of service: no core function switches a cell off."""
    found: list[Cause] = []
    for function in sorted(filter(search.is_core, left), key=lambda b: (b.at, b.worst_first)):
        if function not in left:
            continue
        behind = search.topology.cells_behind(function.object_id)
        peers = {b for b in left if search.is_core(b) and search.topology.cells_behind(b.object_id) & behind}
        felt = {b for b in left if b.object_id in behind and b.kind != "outage"}
        late = {b for b in felt if b.kind == "accessibility" and 0 <= b.at - function.at <= GRADUAL_S}
        explained = {b for b in felt | peers if compatible(b, function)} | late | {function}
        found.append(_taken(("nf", function.object_id), explained, left))
    return found


def _by_groups(search: Search, left: set[Bout]) -> list[Cause]:
    """The group that explains most of what is left, again and again: one hub and not its twenty sites."""
    found: list[Cause] = []
    by_cell: dict[str, set[Bout]] = {}
    for bout in left:
        by_cell.setdefault(bout.object_id, set()).add(bout)
    rated = {root: _rated(search, root, by_cell) for root in {root for cell in by_cell for root in search.groups_of[cell]}}
    covered: dict[str, set[str]] = {}
    for (kind, _), (_, bouts) in rated.items():
        covered.setdefault(kind, set()).update(b.object_id for b in bouts)
    while rated:
        best = max(rated, key=lambda root: (rated[root][0], -SPECIFIC.index(root[0]), root[1]))
        bouts = rated[best][1]
        if not bouts:
            break
        if not _beats_chance(search, best, bouts, covered[best[0]]):
            del rated[best]
            continue
        found.append(_taken(best, bouts, left))
        for bout in bouts:
            by_cell[bout.object_id].discard(bout)
        for root in {root for bout in bouts for root in search.groups_of[bout.object_id]} & rated.keys():
            rated[root] = _rated(search, root, by_cell)
    return found


Rating = tuple[tuple[int, int], frozenset[Bout]]
NOTHING: Rating = ((-1_000_000_000, 0), frozenset())


def _rated(search: Search, root: Root, by_cell: Mapping[str, set[Bout]]) -> Rating:
    """((bad minus good members, bad members), what began together) of a group; nothing if too few of its cells are bad.

    Bad minus good: a larger group must gain more cells than it blames without reason.
    """
    members = search.members(root)
    bad = sorted(
        (b for cell in members & by_cell.keys() for b in by_cell[cell]), key=lambda b: (b.at, b.slack_s, b.object_id)
    )
    scattered = root[0] == SCATTERED
    same = gradual if scattered else compatible
    firsts = {(b.at, b.slack_s, b.kind if scattered else ""): b for b in bad}.values()
    sets = [frozenset(b for b in bad if same(b, first)) for first in firsts]
    bouts = max(sets, key=len, default=frozenset[Bout]())
    cells = len({b.object_id for b in bouts})
    least = (SCATTERED_SHARE, SCATTERED_CELLS) if scattered else (search.policy.covers_share, 2)
    if cells < max(least[1], least[0] * len(members)):
        return NOTHING
    return (2 * cells - len(members), cells), bouts


def _beats_chance(search: Search, root: Root, bouts: frozenset[Bout], covered: set[str]) -> bool:
    """Against the cells outside that are bad without a group of this kind to explain them (`covered` are the others): a
    second site that is down at the same time makes the first one no likelier to be chance; many lone cells do."""
    members = search.members(root)
    if root[0] == "software" and not search.topology.cells.keys() - members:
        return False  # with one release everywhere, the release explains nothing
    first = min(bouts, key=lambda b: (b.at, b.object_id))
    wide = root[0] == SCATTERED and first.kind in GRADUAL
    same = gradual if wide else compatible
    lone = {b.object_id for b in search.bouts if same(b, first)} - members - covered
    bad, outside = len({b.object_id for b in bouts}), search.objects_testable - len(members)
    window_s = 2 * (GRADUAL_S if wide else first.slack_s) + first.duration_s
    return group_by_chance(bad, len(members), len(lone), outside, window_s) < search.policy.chance_below


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
