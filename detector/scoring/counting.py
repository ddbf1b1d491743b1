"""Frames to bad events and their size, over one period or several."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi

Floats = NDArray[np.float64]
CHUNK = 4_000_000
"""Values held at once: 32 MB an array. Chosen: no network needs more memory than its frames do."""


def counts(frame: KpiFrame, k: int, objects: slice | NDArray[np.intp] = slice(None)) -> tuple[Floats, Floats]:
    """(events, size) over [period, object] of the KPI at `k`; NaN in both where either is missing or the size is 0.

    More successes than attempts are no negative failures (the input's findings count them).
    """
    size = np.array(frame.denominator[:, objects, k])
    events = np.array(frame.numerator[:, objects, k])
    missing = ~(np.isfinite(events) & (size > 0))
    if frame.kpis[k].counts_successes:
        events = size - events
    if frame.kpis[k].traits.fraction:
        events = np.clip(events, 0, size)
    events[missing] = size[missing] = np.nan
    return events, size


def shown(kpi: Kpi, fraction: Floats) -> Floats:
    """As the catalogue means it: a success rate again, where failures were judged."""
    return np.asarray(1 - fraction if kpi.counts_successes else fraction)


def chunks(periods: int, objects: int) -> Iterator[slice]:
    """Slices of objects that keep an array of periods x objects small."""
    width = max(1, CHUNK // max(periods, 1))
    return (slice(first, min(first + width, objects)) for first in range(0, objects, width))
