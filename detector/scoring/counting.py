"""Frames to bad events and their size, over one period or several."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy

Floats = NDArray[np.float64]
CHUNK = 4_000_000
"""Values held at once: 32 MB an array."""


def flipped(kpi: Kpi) -> bool:
    """Successes are stored, failures are judged."""
    return kpi.kind == "ratio" and kpi.direction == "up"


def worse(kpi: Kpi) -> int:
    """+1 if more events are worse. A ratio's are failures; of a mean that should be high, less is worse."""
    return -1 if kpi.direction == "up" and kpi.kind in ("rate", "mean", "gauge") else 1


def counts(frame: KpiFrame, k: int, objects: slice = slice(None)) -> tuple[Floats, Floats]:
    """(events, size) over [period, object] of the KPI at `k`; NaN in both where either is missing or the size is 0.

    More successes than attempts are no negative failures (the input's findings tell of them).
    """
    size = np.array(frame.denominator[:, objects, k])
    events = np.array(frame.numerator[:, objects, k])
    missing = ~(np.isfinite(events) & (size > 0))
    if flipped(frame.kpis[k]):
        events = size - events
    if frame.kpis[k].kind == "ratio":
        events = np.clip(events, 0, size)
    events[missing] = size[missing] = np.nan
    return events, size


def horizons(duration_s: int, policy: DetectionPolicy) -> tuple[int, ...]:
    """In periods: one, and the pooled horizon if that is longer.

    >>> horizons(900, DetectionPolicy()), horizons(3600, DetectionPolicy())
    ((1, 3), (1,))
    """
    pooled = policy.pooled_minutes * 60 // duration_s
    return (1, pooled) if pooled > 1 else (1,)


def pooled(values: Floats, periods: int) -> Floats:
    """Rolling sums over the first axis; NaN counts as nothing unless the newest period itself is NaN.

    >>> pooled(np.array([1.0, 2.0, np.nan, 4.0]), 2).tolist()
    [1.0, 3.0, nan, 4.0]
    """
    if periods == 1:
        return values
    filled = np.nan_to_num(values)
    total = filled.copy()
    for back in range(1, periods):
        total[back:] += filled[:-back]
    return np.where(np.isnan(values), np.nan, total)


def chunks(periods: int, objects: int) -> Iterator[slice]:
    """Slices of objects that keep an array of periods x objects small."""
    width = max(1, CHUNK // max(periods, 1))
    return (slice(first, min(first + width, objects)) for first in range(0, objects, width))
