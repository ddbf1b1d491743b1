"""What moves many cells at once: a holiday, a storm, a release. It is nobody's own degradation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.scoring.counting import Floats

BUCKETS, SMALLEST_BUCKET = 15, 3
LEAST_OBJECTS = 12
"""Fewest objects from which a common move is estimated. Chosen: the median of twelve moves by a third of one object's
spread."""
SURE = 3.0
"""Standard errors by which quality must have moved before anything is subtracted. Chosen: the usual three sigma."""
MOST_TRAFFIC = (0.3, 3.0)
MOST_BAD = 3.0
"""A worse move than this stays in the evidence, so that a fault of the whole network is seen. Chosen: three times the
failures is no weather."""


def factor(kpi: Kpi, events: Floats, expected: Floats, regions: Sequence[NDArray[np.int64]]) -> Floats:
    """[period, object]: by what expectation [period, object] has to be multiplied. `regions`: places of the objects of each
    region, neighbours side by side; who is in none (core functions) neither votes nor is moved.

    First the whole network's factor, then each region's own around it; each the median over buckets of neighbouring
    objects, so that a fault of one site, one TAC or a third of the network moves it little. Quality only ever gets worse in
    common, and only when surely so; core KPIs have no common factor.
    """
    common = np.ones_like(events)
    if kpi.technology == "core":
        return common
    everywhere = np.concatenate(regions) if regions else np.empty(0, np.int64)
    for members in [everywhere, *(regions if len(regions) > 1 else ())]:
        moves = _move(kpi, events[:, members], expected[:, members] * common[:, members])
        common[:, members] *= moves[:, None]
    return common


def _move(kpi: Kpi, events: Floats, expected: Floats) -> Floats:
    """[period]: the common factor of these objects; 1 if they are too few."""
    votes = np.isfinite(events) & (expected > 0)
    voters = votes.any(axis=0)
    if voters.sum() < LEAST_OBJECTS:
        return np.ones(len(events))
    votes = votes[:, voters]
    moves, sure = _median_of_buckets(np.where(votes, events[:, voters], 0.0), np.where(votes, expected[:, voters], 0.0))
    if kpi.traits.traffic:
        return np.clip(moves, *MOST_TRAFFIC)
    moves = np.clip(moves, 1.0, MOST_BAD) if kpi.worse_sign > 0 else np.clip(moves, 1 / MOST_BAD, 1.0)
    return np.where(sure, moves, 1.0)


def _median_of_buckets(events: Floats, expected: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """([period] median of observed / expected, whether it differs from 1 beyond its own error)."""
    width = events.shape[1]
    edges = np.linspace(0, width, min(BUCKETS, width // SMALLEST_BUCKET) + 1).astype(np.intp)[:-1]
    observed, wanted = np.add.reduceat(events, edges, axis=1), np.add.reduceat(expected, edges, axis=1)
    ratio = np.divide(observed, wanted, out=np.ones_like(observed), where=wanted > 0)
    middle = np.median(ratio, axis=1)
    scatter = 1.4826 * np.median(np.abs(ratio - middle[:, None]), axis=1)
    return middle, np.abs(middle - 1) > SURE * 1.25 * scatter / np.sqrt(ratio.shape[1])
