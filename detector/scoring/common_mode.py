"""What moves the whole network at once: a holiday, a storm, a release. It is nobody's own degradation."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.scoring.counting import Floats, worse

BUCKETS = 15
LEAST_OBJECTS = 20
"""Fewer objects cannot tell a common move from their own."""
SURE = 3.0
"""Standard errors by which quality must have moved before anything is subtracted."""
MOST_TRAFFIC = (0.3, 3.0)
MOST_BAD = 3.0
"""A worse move than this is no weather: it stays in the evidence, so that a network-wide fault is seen."""


def factor(kpi: Kpi, events: Floats, expected: Floats, apart: NDArray[np.bool_] | None = None) -> Floats:
    """[period]: by what expectation [period, object] has to be multiplied; objects `apart` (core functions) do not vote.

    The median over buckets of neighbouring objects, so that a fault of one site, one TAC or a third of the network moves it
    little. Quality only ever gets worse in common, and only when surely so; core KPIs have no common factor.
    """
    votes = np.isfinite(events) & (expected > 0)
    if apart is not None:
        votes &= ~apart
    if kpi.technology == "core" or events.shape[1] < LEAST_OBJECTS:
        return np.ones(len(events))
    moves, sure = _median_of_buckets(np.where(votes, events, 0.0), np.where(votes, expected, 0.0))
    if kpi.kind == "volume":
        return np.clip(moves, *MOST_TRAFFIC)
    moves = np.clip(moves, 1.0, MOST_BAD) if worse(kpi) > 0 else np.clip(moves, 1 / MOST_BAD, 1.0)
    return np.where(sure, moves, 1.0)


def _median_of_buckets(events: Floats, expected: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """([period] median of observed / expected, whether it differs from 1 beyond its own error)."""
    width = events.shape[1]
    edges = np.linspace(0, width, min(BUCKETS, width // 4) + 1).astype(np.intp)[:-1]
    observed, wanted = np.add.reduceat(events, edges, axis=1), np.add.reduceat(expected, edges, axis=1)
    ratio = np.divide(observed, wanted, out=np.ones_like(observed), where=wanted > 0)
    middle = np.median(ratio, axis=1)
    scatter = 1.4826 * np.median(np.abs(ratio - middle[:, None]), axis=1)
    return middle, np.abs(middle - 1) > SURE * 1.25 * scatter / np.sqrt(ratio.shape[1])
