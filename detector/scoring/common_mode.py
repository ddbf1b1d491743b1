"""What moves many cells at once: a holiday, a storm, a release. It is nobody's own degradation."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.kpi import COLLAPSED_SHARE, Kpi
from detector.scoring.counting import Floats

Flags = NDArray[np.bool_]
BUCKETS, SMALLEST_BUCKET, LEAST_BUCKETS = 15, 3, 4
LEAST_OBJECTS = 12
"""Fewest objects from which a common move is estimated. Chosen: the median of twelve moves by a third of one object's
spread."""
SURE = 3.0
"""Standard errors by which quality must have moved before anything is subtracted. Chosen: the usual three sigma."""
MOST_TRAFFIC = (0.3, 3.0)
MOST_FAILURES = 3.0
"""More than so many times the failures stays in the evidence, so that a fault of the whole network is seen. Chosen: three
times the failures is no weather."""
NO_WEATHER = 4.0
"""Of one region that moves by itself nothing is excused beyond so many times the failures. Chosen: storms at most treble
them in a period."""
MOST_SLOWER = 1.5
"""Of means beyond this multiple nothing is excused. Chosen: weather takes a sixth of the speed, and a third less speed
is noticed by everybody who uses it."""
WORTH_A_SPLIT = 1.15
"""A milder common move is not searched for a part of the network that alone has moved. Chosen: under every KPI's floor."""
LEAST_PART = 0.15
"""Least share of the voters on either side of a split. Chosen: a smaller one does not move the median of all."""
LEAST_GAP = float(np.log(1.25))
"""Least difference between the two sides of a split, as a logarithm. Chosen: what an effect needs to matter anyway."""
SURELY_APART = 4.0
"""Standard errors between the two sides. Chosen: some dozen groups are tried in every period of every KPI."""
TOGETHER = 3
"""Periods that are looked at together for a split, besides each by itself. Chosen: three quarters of an hour."""
LONG_TOGETHER = 8
"""Periods of few failures that are looked at together for a common move. Chosen: two hours, as long as a mild fault takes to
show."""
STILL = 0.5
"""The better side has moved by at most this share of what the worse one has. Chosen: nearer to well than to bad."""
LEAST_SCATTER = 0.05
"""Least scatter of the buckets of a side, as a logarithm. Chosen: a few buckets may agree by chance."""
MANY_COLLAPSED = 0.2
"""Share of objects without traffic from which the others alone show how much people do. Chosen: a fifth moves the median
of all little."""


class Side(NamedTuple):
    """How a part of the network has moved: [period] ratio, its logarithm towards worse, the error of that."""

    ratio: Floats
    worse: Floats
    error: Floats


def factor(
    kpi: Kpi,
    events: Floats,
    expected: Floats,
    regions: Sequence[NDArray[np.int64]],
    groups: Callable[[], Flags] | None = None,
    explained: Flags | None = None,
) -> Floats:
    """[period, object]: by what expectation [period, object] has to be multiplied. `regions`: places of the objects of each
    region, neighbours side by side; who is in none (core functions) neither votes nor is moved. `groups`: gives
    [group, object] what shares a hub, a release, a layer, ...; it is called only where something has moved.
    `explained`[period]: the calendar declares a day that is unlike others.

    First the whole network's factor, then each region's own around it; each the median over buckets of neighbouring
    objects, so that a fault of one site, one TAC or a third of the network moves it little. Where one group has surely moved
    and the others surely have not, the move is a fault of that group, and the others alone give the factor. Quality only
    ever gets worse in common, only when surely so, and within what weather does; core KPIs have no common factor.
    """
    common = np.ones_like(events)
    if kpi.technology == "core":
        return common
    everywhere = np.concatenate(regions) if regions else np.empty(0, np.int64)
    for regional, members in enumerate([everywhere, *(regions if len(regions) > 1 else ())]):
        moves = _move(kpi, events[:, members], expected[:, members] * common[:, members], groups, members)
        common[:, members] *= (moves if kpi.traits.traffic else _excused(kpi, moves, bool(regional), explained))[:, None]
    return common


def groups_of(objects: Sequence[str], topology: Topology) -> Flags:
    """[group, object]: those groups of the topology, and of vendor and layer, that hold neither few nor nearly all."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(objects):
        if (base := base_object(name)) in topology.cells:
            places.setdefault(base, []).append(place)
    own = [topology.cells[name] for name in places]
    shared = [*_by([cell.vendor for cell in own], places), *_by([(c.technology, c.band) for c in own], places)]
    least = LEAST_PART * len(places)
    shared += [
        [place for cell in members for place in places.get(cell, ())]
        for (kind, _), members in topology.groups.items()
        if kind != "nf" and len(members) >= least
    ]
    flags: dict[bytes, Flags] = {}
    for group in shared:
        if least <= len(group) <= (1 - LEAST_PART) * len(places):
            row = np.zeros(len(objects), bool)
            row[group] = True
            flags[row.tobytes()] = row
    return np.stack([flags[key] for key in sorted(flags)]) if flags else np.zeros((0, len(objects)), bool)


def _by(keys: Sequence[Hashable], places: Mapping[str, Sequence[int]]) -> list[list[int]]:
    """Places of the cells with the same key."""
    found: dict[Hashable, list[int]] = {}
    for key, own in zip(keys, places.values(), strict=True):
        found.setdefault(key, []).extend(own)
    return list(found.values())


def _excused(kpi: Kpi, moves: Floats, regional: bool, explained: Flags | None) -> Floats:
    """What of these moves of quality is excused."""
    worse = np.maximum(moves**kpi.worse_sign, 1.0)
    declared = np.zeros(len(moves), bool) if explained is None else explained
    if kpi.traits.counts_failures:
        excused = np.where((worse > NO_WEATHER) & regional & ~declared, 1.0, np.minimum(worse, MOST_FAILURES))
    else:
        excused = np.where(worse > np.where(declared, MOST_FAILURES, MOST_SLOWER), 1.0, worse)
    return np.asarray(excused**kpi.worse_sign, np.float64)


def _move(
    kpi: Kpi, events: Floats, expected: Floats, groups: Callable[[], Flags] | None, members: NDArray[np.int64]
) -> Floats:
    """[period]: the common factor of these objects; 1 if they are too few."""
    votes = np.isfinite(events) & (expected > 0)
    voters = votes.any(axis=0)
    if voters.sum() < LEAST_OBJECTS:
        return np.ones(len(events))
    votes = votes[:, voters]
    if kpi.traits.traffic:
        votes &= _standing(events[:, voters], expected[:, voters], votes)
    events, expected = np.where(votes, events[:, voters], 0.0), np.where(votes, expected[:, voters], 0.0)
    moves, sure = _median_of_buckets(events, expected)
    if kpi.traits.traffic:
        return np.clip(moves, *MOST_TRAFFIC)
    moves, sure = _sure_of_late(kpi, moves, sure, events, expected)
    searched = sure & (moves**kpi.worse_sign > WORTH_A_SPLIT)
    if groups is not None and searched.any():
        own = groups()[:, members[voters]]
        for sides in ((events, expected), (_of_late(events), _of_late(expected))):
            moves[searched] = _unmoved(kpi, moves[searched], sides[0][searched], sides[1][searched], own)
    return np.where(sure, moves, 1.0)


def _sure_of_late(kpi: Kpi, moves: Floats, sure: Flags, events: Floats, expected: Floats) -> tuple[Floats, Flags]:
    """The same moves, and where a period is not sure by itself that of it and those before it together, if they are: the few
    failures of a period hide a common move that an hour of them would raise. What has been for hours and is not seen of
    late is over."""
    sign = kpi.worse_sign
    late, late_sure = _median_of_buckets(_of_late(events, TOGETHER), _of_late(expected, TOGETHER))
    long, long_sure = _median_of_buckets(_of_late(events, LONG_TOGETHER), _of_late(expected, LONG_TOGETHER))
    lesser = np.minimum(late**sign, long**sign) ** sign
    pooled = np.where(late_sure, late, np.where(long_sure, lesser, 1.0))
    return np.where(sure, moves, pooled), sure | late_sure | long_sure


def _standing(events: Floats, expected: Floats, votes: Flags) -> Flags:
    """[period, object]: those with traffic, where many have none and enough are left: a collapse of half of the network is
    no day on which people do less."""
    with np.errstate(invalid="ignore"):
        collapsed = votes & (events <= COLLAPSED_SHARE * expected)
    share = collapsed.sum(axis=1) / np.maximum(votes.sum(axis=1), 1)
    left = (votes.sum(axis=1) - collapsed.sum(axis=1)) >= max(LEAST_BUCKETS, LEAST_PART * events.shape[1])
    return np.asarray(~(collapsed & ((share >= MANY_COLLAPSED) & left)[:, None]))


def _unmoved(kpi: Kpi, moves: Floats, events: Floats, expected: Floats, groups: Flags) -> Floats:
    """[period]: these moves, or that of the objects outside the group that alone has surely moved."""
    moves, surest = moves.copy(), np.zeros(len(moves))
    for group in _parts(kpi, groups, events, expected):
        one, other = _side(kpi, events, expected, group), _side(kpi, events, expected, ~group)
        good, bad = np.minimum(one.worse, other.worse), np.maximum(one.worse, other.worse)
        apart = (bad - good) / np.sqrt(one.error**2 + other.error**2)
        found = (apart > np.maximum(surest, SURELY_APART)) & (bad - good > LEAST_GAP) & (np.maximum(good, 0) <= STILL * bad)
        milder = np.where(one.worse < other.worse, one.ratio, other.ratio)
        moves, surest = np.where(found, milder, moves), np.where(found, apart, surest)
    return moves


def _of_late(side: Floats, periods: int = TOGETHER) -> Floats:
    """[period, object] sums over each period and those before it: a few failures show only together which part has moved."""
    total = side.copy()
    for back in range(1, min(periods, len(side))):
        total[back:] += side[:-back]
    return total


def _parts(kpi: Kpi, groups: Flags, events: Floats, expected: Floats) -> Iterator[Flags]:
    """[object]: each group with enough objects in it and outside."""
    for group in groups:
        if min(group.sum(), (~group).sum()) >= max(LEAST_BUCKETS, LEAST_PART * len(group)):
            yield group


def _side(kpi: Kpi, events: Floats, expected: Floats, objects: Flags) -> Side:
    observed, wanted = _buckets(events[:, objects], expected[:, objects], LEAST_BUCKETS)
    pad = 0.5 if kpi.traits.counts_failures else 0.0
    wanted = np.where((wanted > 0).any(axis=1, keepdims=True), wanted, 1.0)  # nobody measured: as bad as it can be known
    logs = np.where(wanted > 0, np.log(np.maximum(observed + pad, 1e-9) / np.maximum(wanted + pad, 1e-9)), np.nan)
    middle = np.nanmedian(logs, axis=1)
    scatter = np.maximum(1.4826 * np.nanmedian(np.abs(logs - middle[:, None]), axis=1), LEAST_SCATTER)
    error = 1.25 * scatter / np.sqrt(logs.shape[1])
    if kpi.traits.counts_failures:
        error = np.hypot(error, 1 / np.sqrt(np.maximum(wanted.sum(axis=1), 1.0)))
    return Side(np.exp(middle), kpi.worse_sign * middle, error)


def _median_of_buckets(events: Floats, expected: Floats) -> tuple[Floats, Flags]:
    """([period] median of observed / expected, whether it differs from 1 beyond its own error)."""
    observed, wanted = _buckets(events, expected, 1)
    ratio = np.divide(observed, wanted, out=np.ones_like(observed), where=wanted > 0)
    middle = np.median(ratio, axis=1)
    scatter = 1.4826 * np.median(np.abs(ratio - middle[:, None]), axis=1)
    return middle, np.abs(middle - 1) > SURE * 1.25 * scatter / np.sqrt(ratio.shape[1])


def _buckets(events: Floats, expected: Floats, least: int) -> tuple[Floats, Floats]:
    """[period, bucket] sums over neighbouring objects, in at least so many buckets."""
    width = events.shape[1]
    count = min(BUCKETS, max(width // SMALLEST_BUCKET, least))
    edges = np.linspace(0, width, count + 1).astype(np.intp)[:-1]
    return np.add.reduceat(events, edges, axis=1), np.add.reduceat(expected, edges, axis=1)
