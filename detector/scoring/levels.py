"""Levels: hour of week towards hour of day and day type, towards the object, its peers, the network."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.scoring.counting import Floats
from detector.scoring.hourly_history import HourlyHistory, trimmed
from detector.scoring.shrinkage import Noise, between, ratio_of, shrunk, trimmed_ratio
from detector.scoring.time_of_week import DAY_TYPE_HOUR, DAY_TYPE_HOURS, HOUR_OF_DAY, HOURS

LEAST_FRACTION = 1e-5
"""Smallest level of a fraction. Chosen: one failure in 100,000 attempts is under what a period of a cell resolves."""
FIRST_WANDER = 0.04
"""Relative variance of a rate from hour to hour, where the history has none. Chosen: a fifth of the level either way."""
FIRST_DAY_WANDER = 0.1
"""Share of that by which whole days wander, where there was only one. Chosen: most of the scatter is within the day."""
FIRST_DAY_VARIANCE = 0.02
"""Relative variance by which a mean's second day may differ from its first in ways that the first does not show; it goes
with the square of the days. Chosen: 14 %, a weekday against a Saturday."""
FEW_DAYS = 2.0
"""With so few days, the variance of the weekly shape counts twice. Chosen: other days of the week may well have another
shape."""


def levels(hourly: HourlyHistory, groups: Sequence[Mapping[str, Sequence[int]]], chance: float) -> tuple[Floats, Floats]:
    """(level[168, O+1], level_variance[O+1]) of one KPI; the last row is the network's. `groups`: per kind of peer group,
    its key -> its objects' places. All zero where nothing was ever measured."""
    clean = trimmed(hourly, _rough(hourly), chance)
    total = clean.size.sum()
    if total <= 0:
        return np.zeros((HOURS, hourly.size.shape[1] + 1)), np.ones(hourly.size.shape[1] + 1)
    network = max(float(clean.events.sum()), 0.5 * chance) / total
    profile = _profile(clean, network)
    expected = clean.size * network * profile[clean.slot][:, None]
    noise = Noise(chance, _wander(clean, expected * _object_ratio(clean, expected), chance))
    factor, level_variance, spread = _objects(clean, expected, noise, groups)
    shape, vague = _weekly_shapes(clean, expected * factor, noise)
    if not chance:  # counts scatter so much that the error of the weekly shape hardly shows; a mean's is a good part of it
        days = max(len(np.unique(_day(clean))), 1)
        level_variance = level_variance + vague * (1 + FEW_DAYS / days) + FIRST_DAY_VARIANCE / days**2
    level = network * profile[:, None] * factor * shape
    floor = LEAST_FRACTION * chance * min(1.0, network * 10)
    stranger = network * profile[:, None]
    return np.maximum(np.hstack([level, stranger]), floor), np.append(level_variance, spread)


def _rough(hourly: HourlyHistory) -> Floats:
    """Expected events per block from the object's median hour: a first idea that faults do not move."""
    value = np.sort(ratio_of(hourly.events, hourly.size) + np.where(hourly.size > 0, 0.0, np.inf), axis=0)
    measured = (hourly.size > 0).sum(axis=0)
    place = np.clip(measured * 3 // 4, 0, max(len(value) - 1, 0))  # failures are mostly 0: the upper quartile of hours
    typical = np.take_along_axis(value, np.minimum(place, np.maximum(measured - 1, 0))[None], axis=0)[0]
    return np.asarray(hourly.size * np.where(measured > 0, typical, 0.0))


def _object_ratio(hourly: HourlyHistory, expected: Floats) -> Floats:
    return ratio_of(hourly.events.sum(axis=0), expected.sum(axis=0))


def _profile(hourly: HourlyHistory, network: float) -> Floats:
    """[168]: the network's week around 1, each object counted against its own mean."""
    mean = network * _object_ratio(hourly, hourly.size * network)
    expected, observed = (hourly.size * mean).sum(axis=1), hourly.events.sum(axis=1)
    profile = np.ones(HOURS)
    for finer, prior_days in ((HOUR_OF_DAY, 0.5), (DAY_TYPE_HOUR, 1.0), (np.arange(HOURS), 2.0)):
        group = finer[hourly.slot]
        n = int(finer.max()) + 1
        e = np.bincount(group, expected * profile[hourly.slot], n).astype(np.float64)
        days = np.bincount(group, (expected > 0).astype(np.float64), n)
        factor = 1 + days / (days + prior_days) * (ratio_of(np.bincount(group, observed, n).astype(np.float64), e) - 1)
        if n == DAY_TYPE_HOURS:  # as for objects, see `_weekly_shapes`
            factor = np.where(days > 0, factor, np.roll(factor, 24))
        profile = profile * factor[finer]
    return np.asarray(profile)


def _wander(hourly: HourlyHistory, expected: Floats, chance: float) -> float:
    """Relative variance from day to day at the same hour of day, beyond chance."""
    group = DAY_TYPE_HOUR[hourly.slot]
    days = hourly.sums((expected > 0).astype(float), group, DAY_TYPE_HOURS)
    mean_ratio = ratio_of(hourly.sums(hourly.events, group, DAY_TYPE_HOURS), hourly.sums(expected, group, DAY_TYPE_HOURS))
    fit = expected * mean_ratio[group]
    repeated = days[group] > 1
    correction = np.where(repeated, days[group] / np.maximum(days[group] - 1, 1), 0.0) * (expected > 0)
    squares = (correction * (hourly.events - fit) ** 2 - (correction > 0) * chance * fit).sum(axis=0)
    return trimmed_ratio(squares, ((correction > 0) * fit**2).sum(axis=0), FIRST_WANDER)


def _objects(
    hourly: HourlyHistory, expected: Floats, noise: Noise, groups: Sequence[Mapping[str, Sequence[int]]]
) -> tuple[Floats, Floats, float]:
    """(factor[O] on the network's level, its level_variance[O], variance between objects)."""
    total = expected.sum(axis=0)
    ratio = ratio_of(hourly.events.sum(axis=0), total)
    relative = noise.relative(total, (expected**2).sum(axis=0)) + _day_wander(hourly, expected * ratio, noise)
    prior = _peers(ratio, relative, groups)
    spread = between((ratio / prior)[None], (total > 0).astype(float)[None], relative[None])
    factor = prior * shrunk(ratio / prior, relative, spread)
    level_variance = np.where(
        np.isfinite(relative), spread * relative / (spread + np.where(np.isfinite(relative), relative, 0)), spread
    )
    return factor, level_variance, spread


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


def _day_wander(hourly: HourlyHistory, expected: Floats, noise: Noise) -> Floats:
    """[O]: variance of the object's mean from the choice of days: days wander as a whole, so that a level from one day is
    not as sure as its many hours suggest."""
    day = _day(hourly)
    n = int(day[-1]) + 1
    e, observed, squares = (hourly.sums(side, day, n) for side in (expected, hourly.events, expected**2))
    days = (e > 0).sum(axis=0)
    mean_ratio = ratio_of(observed.sum(axis=0), e.sum(axis=0))
    beyond = (observed - e * mean_ratio) ** 2 - noise.chance * e - noise.wander * squares
    above = np.where(days > 1, beyond.sum(axis=0) * days / np.maximum(days - 1, 1), 0.0)
    wander = trimmed_ratio(above, np.where(days > 1, (e**2).sum(axis=0), 0.0), FIRST_DAY_WANDER * noise.wander)
    return np.asarray(wander / np.maximum(days, 1))


def _day(hourly: HourlyHistory) -> NDArray[np.int64]:
    """[B]: days counted from the first."""
    return np.asarray(np.cumsum(np.diff(hourly.slot // 24, prepend=hourly.slot[:1] // 24) != 0), np.int64)


def _weekly_shapes(hourly: HourlyHistory, expected: Floats, noise: Noise) -> tuple[Floats, Floats]:
    """([168, O]: the object's own week around the network's profile, [O]: its mean variance, as far as it is not known)."""
    shape, vague = np.ones((HOURS, expected.shape[1])), np.zeros(expected.shape[1])
    for finer in (DAY_TYPE_HOUR, np.arange(HOURS)):
        group, n = finer[hourly.slot], int(finer.max()) + 1
        own = expected * shape[hourly.slot]
        e = hourly.sums(own, group, n)
        ratio, relative = ratio_of(hourly.sums(hourly.events, group, n), e), noise.relative(e, hourly.sums(own**2, group, n))
        variance = between(ratio, e, relative)
        factor = shrunk(ratio, relative, variance)
        left = np.where(np.isfinite(relative), variance * relative / (variance + np.where(e > 0, relative, 0)), variance)
        vague += (left * e).sum(axis=0) / np.maximum(e.sum(axis=0), 1e-300)
        if n == DAY_TYPE_HOURS:  # a day type not yet seen is taken for the other one
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
