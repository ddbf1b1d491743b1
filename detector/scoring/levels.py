"""Levels: hour of week towards hour of day and day type, towards the object, its peers, the network."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.scoring.blocks import Blocks, trimmed
from detector.scoring.counting import Floats
from detector.scoring.shrinkage import Noise, between, ratio_of, shrunk, trimmed_ratio
from detector.scoring.time_of_week import DAY_TYPE_HOUR, HOUR_OF_DAY, HOURS

LEAST_FRACTION = 1e-5
FIRST_WANDER = 0.04
"""Relative variance of a rate from hour to hour, where nothing tells."""
FIRST_DAY_WANDER = 0.1
"""Share of that by which whole days wander, where there was only one."""
FIRST_HABIT = 0.02
"""Relative variance by which a mean's second day may differ from its first in ways that the first does not show; it goes
with the square of the days, for each tells of all others."""
FEW_DAYS = 2.0
"""With so few days, what is not known of a habit counts twice: other days of the week may well have another."""


def levels(blocks: Blocks, groups: Sequence[Mapping[str, Sequence[int]]], chance: float) -> tuple[Floats, Floats]:
    """(level[168, O+1], doubt[O+1]) of one KPI; the last row is the network's. `groups`: per kind of peer group, its key ->
    its objects' places. All zero where nothing was ever measured."""
    clean = trimmed(blocks, _rough(blocks), chance)
    total = clean.size.sum()
    if total <= 0:
        return np.zeros((HOURS, blocks.size.shape[1] + 1)), np.ones(blocks.size.shape[1] + 1)
    network = max(float(clean.events.sum()), 0.5 * chance) / total
    profile = _profile(clean, network)
    expected = clean.size * network * profile[clean.slot][:, None]
    noise = Noise(chance, _wander(clean, expected * _object_ratio(clean, expected), chance))
    factor, doubt, spread = _objects(clean, expected, noise, groups)
    shape, vague = _habits(clean, expected * factor, noise)
    if not chance:  # counts scatter so much that the habit's own error hardly shows; a mean's is a good part of it
        days = max(len(np.unique(_day(clean))), 1)
        doubt = doubt + vague * (1 + FEW_DAYS / days) + FIRST_HABIT / days**2
    level = network * profile[:, None] * factor * shape
    floor = LEAST_FRACTION * chance * min(1.0, network * 10)
    stranger = network * profile[:, None]
    return np.maximum(np.hstack([level, stranger]), floor), np.append(doubt, spread)


def _rough(blocks: Blocks) -> Floats:
    """Expected events per block from the object's median hour: a first idea that faults do not move."""
    value = np.sort(ratio_of(blocks.events, blocks.size) + np.where(blocks.size > 0, 0.0, np.inf), axis=0)
    measured = (blocks.size > 0).sum(axis=0)
    place = np.clip(measured * 3 // 4, 0, max(len(value) - 1, 0))  # failures are mostly 0: the upper quartile of hours
    typical = np.take_along_axis(value, np.minimum(place, np.maximum(measured - 1, 0))[None], axis=0)[0]
    return np.asarray(blocks.size * np.where(measured > 0, typical, 0.0))


def _object_ratio(blocks: Blocks, expected: Floats) -> Floats:
    return ratio_of(blocks.events.sum(axis=0), expected.sum(axis=0))


def _profile(blocks: Blocks, network: float) -> Floats:
    """[168]: the network's week around 1, each object counted against its own mean."""
    mean = network * _object_ratio(blocks, blocks.size * network)
    expected, observed = (blocks.size * mean).sum(axis=1), blocks.events.sum(axis=1)
    profile = np.ones(HOURS)
    for finer, prior_days in ((HOUR_OF_DAY, 0.5), (DAY_TYPE_HOUR, 1.0), (np.arange(HOURS), 2.0)):
        group = finer[blocks.slot]
        n = int(finer.max()) + 1
        e = np.bincount(group, expected * profile[blocks.slot], n).astype(np.float64)
        days = np.bincount(group, (expected > 0).astype(np.float64), n)
        factor = 1 + days / (days + prior_days) * (ratio_of(np.bincount(group, observed, n).astype(np.float64), e) - 1)
        profile = profile * factor[finer]
    return np.asarray(profile)


def _wander(blocks: Blocks, expected: Floats, chance: float) -> float:
    """Relative variance from day to day at the same hour of day, beyond chance."""
    group = DAY_TYPE_HOUR[blocks.slot]
    days = blocks.sums((expected > 0).astype(float), group, 48)
    usual = ratio_of(blocks.sums(blocks.events, group, 48), blocks.sums(expected, group, 48))
    fit = expected * usual[group]
    repeated = days[group] > 1
    correction = np.where(repeated, days[group] / np.maximum(days[group] - 1, 1), 0.0) * (expected > 0)
    squares = (correction * (blocks.events - fit) ** 2 - (correction > 0) * chance * fit).sum(axis=0)
    return trimmed_ratio(squares, ((correction > 0) * fit**2).sum(axis=0), FIRST_WANDER)


def _objects(
    blocks: Blocks, expected: Floats, noise: Noise, groups: Sequence[Mapping[str, Sequence[int]]]
) -> tuple[Floats, Floats, float]:
    """(factor[O] on the network's level, its doubt[O], variance between objects)."""
    total = expected.sum(axis=0)
    ratio = ratio_of(blocks.events.sum(axis=0), total)
    relative = noise.relative(total, (expected**2).sum(axis=0)) + _day_wander(blocks, expected * ratio, noise)
    prior = _peers(ratio, relative, groups)
    spread = between((ratio / prior)[None], (total > 0).astype(float)[None], relative[None])
    factor = prior * shrunk(ratio / prior, relative, spread)
    doubt = np.where(
        np.isfinite(relative), spread * relative / (spread + np.where(np.isfinite(relative), relative, 0)), spread
    )
    return factor, doubt, spread


def _peers(ratio: Floats, relative: Floats, groups: Sequence[Mapping[str, Sequence[int]]]) -> Floats:
    """[O]: what an object's peers suggest, kind of group after kind, each a mean shrunk by its number of members."""
    known = np.isfinite(relative)
    left = np.where(known, np.log(np.maximum(ratio, 1e-3)), 0.0)
    trust = np.where(known, 1 / (1 + np.where(known, relative, 0)), 0.0)
    suggestion = np.zeros_like(left)
    for kind in groups:
        for members in kind.values():
            m = np.asarray(members, dtype=np.intp)
            effect = float((trust[m] * left[m]).sum() / (trust[m].sum() + 3.0))
            left[m] -= effect
            suggestion[m] += effect
    return np.asarray(np.exp(suggestion))


def _day_wander(blocks: Blocks, expected: Floats, noise: Noise) -> Floats:
    """[O]: what the object's mean owes to the days that were seen: days wander as a whole, so that a level from one day is
    not as sure as its many hours suggest."""
    day = _day(blocks)
    n = int(day[-1]) + 1
    e, observed, squares = (blocks.sums(side, day, n) for side in (expected, blocks.events, expected**2))
    days = (e > 0).sum(axis=0)
    usual = ratio_of(observed.sum(axis=0), e.sum(axis=0))
    beyond = (observed - e * usual) ** 2 - noise.chance * e - noise.wander * squares
    above = np.where(days > 1, beyond.sum(axis=0) * days / np.maximum(days - 1, 1), 0.0)
    wander = trimmed_ratio(above, np.where(days > 1, (e**2).sum(axis=0), 0.0), FIRST_DAY_WANDER * noise.wander)
    return np.asarray(wander / np.maximum(days, 1))


def _day(blocks: Blocks) -> NDArray[np.int64]:
    """[B]: days counted from the first."""
    return np.asarray(np.cumsum(np.diff(blocks.slot // 24, prepend=blocks.slot[:1] // 24) != 0), np.int64)


def _habits(blocks: Blocks, expected: Floats, noise: Noise) -> tuple[Floats, Floats]:
    """([168, O]: the object's own week around the network's profile, [O]: its mean variance, as far as it is not known)."""
    shape, vague = np.ones((HOURS, expected.shape[1])), np.zeros(expected.shape[1])
    for finer in (DAY_TYPE_HOUR, np.arange(HOURS)):
        group, n = finer[blocks.slot], int(finer.max()) + 1
        own = expected * shape[blocks.slot]
        e = blocks.sums(own, group, n)
        ratio, relative = ratio_of(blocks.sums(blocks.events, group, n), e), noise.relative(e, blocks.sums(own**2, group, n))
        variance = between(ratio, e, relative)
        factor = shrunk(ratio, relative, variance)
        left = np.where(np.isfinite(relative), variance * relative / (variance + np.where(e > 0, relative, 0)), variance)
        vague += (left * e).sum(axis=0) / np.maximum(e.sum(axis=0), 1e-300)
        if n == 48:  # a day type not yet seen is taken for the other one
            other = np.roll(factor, 24, axis=0)
            factor = np.where(e > 0, factor, np.where(np.roll(e, 24, axis=0) > 0, other, 1.0))
        shape = shape * factor[finer]
    return shape, vague


def peer_groups(objects: Sequence[str], peers: Mapping[str, Sequence[str]] | None) -> list[dict[str, list[int]]]:
    """Per place in the objects' lists of keys: key -> places of the objects that share it."""
    kinds: list[dict[str, list[int]]] = []
    for place, name in enumerate(objects):
        for kind, key in enumerate((peers or {}).get(name, ())):
            while len(kinds) <= kind:
                kinds.append({})
            if key:
                kinds[kind].setdefault(key, []).append(place)
    return kinds
