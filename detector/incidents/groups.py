"""The groups of the topology that explain what is bad better than chance does."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from detector.incidents.chance import combined_p_value, fisher_p_value, group_p_value
from detector.incidents.correlation_context import CorrelationContext, Root
from detector.incidents.onset import GRADUAL_S, Onset, same_gradual_onset, same_onset
from detector.incidents.sub_threshold import ALIKE

SPECIFIC = ("site", "node", "edge", "tac", "region", "network", "nf", "software")
"""Of groups that explain the same cells alike, the first is named."""
SCATTERED = "software"
"""Its cells share no place and no load: they pass the threshold at different times, many of them never."""
SCATTERED_SHARE, SCATTERED_CELLS = 0.2, 4
"""What a scattered group needs instead of `covers_share`."""
RAISED_SHARE = 0.1
"""Of the bad cells that a group needs, so many must have been raised. Chosen: sub-threshold evidence alone makes no
cause."""
ONE_SITE = ("site", "node")
"""Cells of one site share so much that a single bad one beside others that look like it will do, if chance is rare."""
RARE = 0.01
"""Chance under which so many bad cells share a cause. Chosen: one in a hundred, of a dozen groups tested."""


@dataclass(frozen=True)
class GroupCandidate:
    """A group as a cause: its onsets that are one, and members that look alike though they were
    not raised. Compared by bad minus good cells: a larger group must gain more than it blames without reason."""

    root: Root
    onsets: frozenset[Onset]
    alike: int
    members: int

    @property
    def cells(self) -> frozenset[str]:
        return frozenset(b.object_id for b in self.onsets)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        bad = len(self.cells) + self.alike
        return 2 * bad - self.members, bad, -SPECIFIC.index(self.root[0]), self.root[1]


def explaining_groups(context: CorrelationContext, left: AbstractSet[Onset]) -> Iterable[GroupCandidate]:
    """The group that explains most of what is left, again and again: one hub and not its twenty sites."""
    by_cell: dict[str, set[Onset]] = {}
    for onset in left:
        by_cell.setdefault(onset.object_id, set()).add(onset)
    roots = {root for cell in by_cell for root in context.groups_of[cell]}
    candidates = {root: candidate for root in roots if (candidate := candidate_of(context, root, by_cell))}
    covered: dict[str, set[str]] = {}
    for (kind, _), candidate in candidates.items():
        covered.setdefault(kind, set()).update(candidate.cells)
    while candidates:
        best = max(candidates.values(), key=lambda candidate: candidate.rank)
        del candidates[best.root]
        if not is_significant(context, best, covered[best.root[0]]):
            continue
        yield best
        for onset in best.onsets:
            by_cell[onset.object_id].discard(onset)
        for root in {root for onset in best.onsets for root in context.groups_of[onset.object_id]} & candidates.keys():
            again = candidate_of(context, root, by_cell)
            candidates.pop(root) if again is None else candidates.update({root: again})


def candidate_of(context: CorrelationContext, root: Root, by_cell: Mapping[str, set[Onset]]) -> GroupCandidate | None:
    """None if too few of the group's cells are bad together."""
    members = context.members(root)
    bad = sorted((b for cell in members & by_cell.keys() for b in by_cell[cell]), key=_by_time)
    sets = [*_together(bad, same_onset), *_together([b for b in bad if b.traits.gradual], same_gradual_onset)]
    onsets = max(sets, key=len, default=frozenset[Onset]())
    share, least = (SCATTERED_SHARE, SCATTERED_CELLS) if root[0] == SCATTERED else (context.incident_policy.covers_share, 2)
    wanted, raised = max(least, share * len(members)), len({b.object_id for b in onsets})
    if raised < max(1, RAISED_SHARE * wanted) or not (root[0] in ONE_SITE or _widespread(context, onsets)):
        return None
    candidate = GroupCandidate(root, onsets, alike(context, root, onsets), len(members))
    return candidate if raised + candidate.alike >= wanted else None


def _together(bad: list[Onset], same: Callable[[Onset, Onset], bool]) -> list[frozenset[Onset]]:
    firsts = {(b.at, b.slack_s): b for b in bad}.values()
    return [frozenset(b for b in bad if same(b, first)) for first in firsts]


def _by_time(onset: Onset) -> tuple[int, int, str]:
    return onset.at, onset.slack_s, onset.object_id


def _widespread(context: CorrelationContext, onsets: Iterable[Onset]) -> bool:
    """What lies behind several sites shows on more than one of them."""
    places = {_site(context, b.object_id) or b.object_id for b in onsets}
    return len(places) > 1


def _site(context: CorrelationContext, cell: str) -> str:
    return context.topology.cells[cell].site_id if cell in context.topology.cells else ""


def alike(context: CorrelationContext, root: Root, onsets: frozenset[Onset]) -> int:
    """Members beside the bad ones that look like them, more than chance gives, where the trouble is of a kind that comes
    mild."""
    beside = _beside(context, root, onsets)
    return max(0, round(sum(s >= ALIKE for s in beside) - 10**-ALIKE * len(beside)))


def _beside(context: CorrelationContext, root: Root, onsets: frozenset[Onset]) -> list[float]:
    """-log10 p of the members that are not bad; behind several sites only those of sites with no bad cell, for the others
    may look so because of their site."""
    if not all(b.traits.gradual for b in onsets):
        return []
    others = context.members(root) - {b.object_id for b in onsets}
    if root[0] not in ONE_SITE:
        bad_sites = {_site(context, b.object_id) for b in onsets} - {""}
        others = frozenset(cell for cell in others if _site(context, cell) not in bad_sites)
    return context.sub_threshold.of(sorted(others), families_of(onsets))


def families_of(onsets: Iterable[Onset]) -> frozenset[str]:
    return frozenset[str]().union(*(b.families for b in onsets))


def is_significant(context: CorrelationContext, candidate: GroupCandidate, covered: AbstractSet[str]) -> bool:
    if candidate.root[0] == SCATTERED and not context.topology.cells.keys() - context.members(candidate.root):
        return False  # with one release everywhere, the release explains nothing
    alone = len(candidate.cells) == 1
    return p_value_of(context, candidate, covered) < (RARE if alone else context.incident_policy.chance_below)


def p_value_of(context: CorrelationContext, candidate: GroupCandidate, covered: AbstractSet[str]) -> float:
    """Against the cells outside that are bad without a group of this kind to explain them (`covered` are the others): a
    second site that is down at the same time makes the first one no likelier to be chance; many lone cells do. A single
    bad cell is no surprise in itself, only that others look like it."""
    members, first = context.members(candidate.root), min(candidate.onsets, key=_by_time)
    wide = not all(same_onset(b, first) for b in candidate.onsets)
    same = same_gradual_onset if wide else same_onset
    lone = {b.object_id for b in context.onsets if same(b, first)} - members - covered
    slack_s = max(b.slack_s for b in candidate.onsets)
    window_s = 2 * (max(GRADUAL_S, slack_s) if wide else slack_s) + first.duration_s
    outside = context.objects_testable - len(members)
    raised = len(candidate.cells)
    p_value = group_p_value(raised, len(members), len(lone), outside, window_s) if raised > 1 else 1.0
    beside = _beside(context, candidate.root, candidate.onsets)
    if not beside:
        return p_value
    unwell = fisher_p_value(beside, context.sub_threshold.common(members, families_of(candidate.onsets)))
    return min(p_value, combined_p_value(p_value, unwell)) if raised > 1 else unwell
