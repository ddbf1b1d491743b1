"""What else could be the root of an incident, and what speaks for it."""

from collections import Counter
from collections.abc import Iterable

from detector.domain.degradation import Degradation
from detector.domain.incident import Rival
from detector.incidents.chance import group_by_chance
from detector.incidents.search import Root, Search

MOST = 5
WIDEST = ("network", "region", "tac")
"""They hold everything that a smaller group holds: rivals only if they explain more."""


def rivals(named: Root, own: Iterable[Degradation], search: Search) -> tuple[Rival, ...]:
    """Candidates for the root of these degradations: the one named first, then by bad minus good cells."""
    degradations = list(own)
    bad = frozenset(d.base_object for d in degradations)
    if not bad:
        return ()
    starts = [d.started_at for d in degradations]
    window_s = max(starts) - min(starts) + max(d.duration_s * d.periods for d in degradations)
    held = Counter(root for cell in bad for root in search.groups_of.get(cell, ()))
    lone: Root = ("cell", max(degradations, key=lambda d: (d.neg_log10_p, d.degradation_id)).base_object)
    roots = {named, lone, *(root for root, count in held.items() if root[0] not in WIDEST or count > 1)}
    found = [_weighed(root, bad, window_s, search) for root in roots]
    found.sort(key=lambda r: ((r.root_kind, r.root_id) != named, r.testable - 2 * r.bad, r.chance, r.root_kind, r.root_id))
    return tuple(found[:MOST])


def _weighed(root: Root, bad: frozenset[str], window_s: int, search: Search) -> Rival:
    members = search.members(root)
    struck = (bad & members) | ({root[1]} & bad)
    size = max(len(members), len(struck))
    elsewhere = len(search.bad) - len(search.bad & members)
    chance = group_by_chance(len(struck), size, elsewhere, search.objects_testable - size, window_s)
    return Rival(*root, len(struck), size, float(f"{chance:.3g}"), round(len(struck) / len(bad), 3))
