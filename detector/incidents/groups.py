"""The groups of the topology that explain what is bad better than chance does."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from detector.incidents.bouts import GRADUAL_S, Bout, compatible, gradual
from detector.incidents.chance import both_by_chance, group_by_chance, unwell_by_chance
from detector.incidents.hints import ALIKE
from detector.incidents.search import Root, Search

SPECIFIC = ("site", "node", "edge", "tac", "region", "network", "nf", "software")
"""Of groups that explain the same cells alike, the first is named."""
SCATTERED = "software"
"""Its cells share no place and no load: they pass the bar at different times, many of them never."""
SCATTERED_SHARE, SCATTERED_CELLS = 0.2, 4
"""What a scattered group needs instead of `covers_share`."""
RAISED_SHARE = 0.1
"""Of the bad cells that a group needs, so many must have been raised: the mere look of the others does not make a cause."""
ONE_MAST = ("site", "node")
"""Cells of one mast share so much that a single bad one beside others that look like it will do, if chance is rare."""
SELDOM = 0.01


@dataclass(frozen=True)
class Claim:
    """What a group has to say for itself: its bouts that began together, and members that look alike though they were
    not raised. Compared by bad minus good cells: a larger group must gain more than it blames without reason."""

    root: Root
    bouts: frozenset[Bout]
    alike: int
    members: int

    @property
    def cells(self) -> frozenset[str]:
        return frozenset(b.object_id for b in self.bouts)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        bad = len(self.cells) + self.alike
        return 2 * bad - self.members, bad, -SPECIFIC.index(self.root[0]), self.root[1]


def explained(search: Search, left: AbstractSet[Bout]) -> Iterable[Claim]:
    """The group that explains most of what is left, again and again: one hub and not its twenty sites."""
    by_cell: dict[str, set[Bout]] = {}
    for bout in left:
        by_cell.setdefault(bout.object_id, set()).add(bout)
    roots = {root for cell in by_cell for root in search.groups_of[cell]}
    claims = {root: claim for root in roots if (claim := claim_of(search, root, by_cell))}
    covered: dict[str, set[str]] = {}
    for (kind, _), claim in claims.items():
        covered.setdefault(kind, set()).update(claim.cells)
    while claims:
        best = max(claims.values(), key=lambda claim: claim.rank)
        del claims[best.root]
        if not beats_chance(search, best, covered[best.root[0]]):
            continue
        yield best
        for bout in best.bouts:
            by_cell[bout.object_id].discard(bout)
        for root in {root for bout in best.bouts for root in search.groups_of[bout.object_id]} & claims.keys():
            again = claim_of(search, root, by_cell)
            claims.pop(root) if again is None else claims.update({root: again})


def claim_of(search: Search, root: Root, by_cell: Mapping[str, set[Bout]]) -> Claim | None:
    """None if too few of the group's cells are bad together."""
    members = search.members(root)
    bad = sorted((b for cell in members & by_cell.keys() for b in by_cell[cell]), key=_onset)
    sets = [*_together(bad, compatible), *_together([b for b in bad if b.traits.gradual], gradual)]
    bouts = max(sets, key=len, default=frozenset[Bout]())
    share, least = (SCATTERED_SHARE, SCATTERED_CELLS) if root[0] == SCATTERED else (search.policy.covers_share, 2)
    wanted, raised = max(least, share * len(members)), len({b.object_id for b in bouts})
    if raised < max(1, RAISED_SHARE * wanted) or not (root[0] in ONE_MAST or _widespread(search, bouts)):
        return None
    claim = Claim(root, bouts, alike(search, root, bouts), len(members))
    return claim if raised + claim.alike >= wanted else None


def _together(bad: list[Bout], same: Callable[[Bout, Bout], bool]) -> list[frozenset[Bout]]:
    firsts = {(b.at, b.slack_s): b for b in bad}.values()
    return [frozenset(b for b in bad if same(b, first)) for first in firsts]


def _onset(bout: Bout) -> tuple[int, int, str]:
    return bout.at, bout.slack_s, bout.object_id


def _widespread(search: Search, bouts: Iterable[Bout]) -> bool:
    """What lies behind several masts shows on more than one of them."""
    places = {_site(search, b.object_id) or b.object_id for b in bouts}
    return len(places) > 1


def _site(search: Search, cell: str) -> str:
    return search.topology.cells[cell].site_id if cell in search.topology.cells else ""


def alike(search: Search, root: Root, bouts: frozenset[Bout]) -> int:
    """Members beside the bad ones that look like them, more than chance gives, where the trouble is of a kind that comes
    mild."""
    beside = _beside(search, root, bouts)
    return max(0, round(sum(s >= ALIKE for s in beside) - 10**-ALIKE * len(beside)))


def _beside(search: Search, root: Root, bouts: frozenset[Bout]) -> list[float]:
    """-log10 p of the members that are not bad; behind several masts only those of masts with no bad cell, for the others
    may look so because of their mast."""
    if not all(b.traits.gradual for b in bouts):
        return []
    others = search.members(root) - {b.object_id for b in bouts}
    if root[0] not in ONE_MAST:
        bad_sites = {_site(search, b.object_id) for b in bouts} - {""}
        others = frozenset(cell for cell in others if _site(search, cell) not in bad_sites)
    return search.hints.of(sorted(others), families_of(bouts))


def families_of(bouts: Iterable[Bout]) -> frozenset[str]:
    return frozenset[str]().union(*(b.families for b in bouts))


def beats_chance(search: Search, claim: Claim, covered: AbstractSet[str]) -> bool:
    if claim.root[0] == SCATTERED and not search.topology.cells.keys() - search.members(claim.root):
        return False  # with one release everywhere, the release explains nothing
    alone = len(claim.cells) == 1
    return chance_of(search, claim, covered) < (SELDOM if alone else search.policy.chance_below)


def chance_of(search: Search, claim: Claim, covered: AbstractSet[str]) -> float:
    """Against the cells outside that are bad without a group of this kind to explain them (`covered` are the others): a
    second site that is down at the same time makes the first one no likelier to be chance; many lone cells do. A single
    bad cell is no surprise in itself, only that others look like it."""
    members, first = search.members(claim.root), min(claim.bouts, key=_onset)
    wide = not all(compatible(b, first) for b in claim.bouts)
    same = gradual if wide else compatible
    lone = {b.object_id for b in search.bouts if same(b, first)} - members - covered
    slack_s = max(b.slack_s for b in claim.bouts)
    window_s = 2 * (max(GRADUAL_S, slack_s) if wide else slack_s) + first.duration_s
    outside = search.objects_testable - len(members)
    raised = len(claim.cells)
    together = group_by_chance(raised, len(members), len(lone), outside, window_s) if raised > 1 else 1.0
    beside = _beside(search, claim.root, claim.bouts)
    if not beside:
        return together
    unwell = unwell_by_chance(beside, search.hints.common(members, families_of(claim.bouts)))
    return min(together, both_by_chance(together, unwell)) if raised > 1 else unwell
