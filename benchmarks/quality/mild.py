"""Mild faults put into a quiet operator: of each attempt that succeeded, a few per cent fail after all."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.operators import Hit, Operator
from detector.backtest.truth import Fault, Truth
from detector.domain.frame import KpiFrame
from detector.domain.window import Window

EXTRA = (0.02, 0.03, 0.04, 0.05, 0.10)
DURATION_S = 4 * 3600
ATTEMPTS = (80.0, 120.0)
"""Mean attempts a period, over the whole of the fault."""
EACH = 8
"""Wanted of each size and operator."""
REST_S = 8 * 3600
"""Between two faults of one cell, and after the beginning of the replay."""


@dataclass(frozen=True)
class Place:
    """A ratio of one cell over [start, end) s."""

    column: int
    kpi: int
    start: int

    @property
    def end(self) -> int:
        return self.start + DURATION_S


def injected(operator: Operator, seed: int) -> Operator:
    """The same operator with faults of every size, their onsets anywhere in a period. Its own truth is left out."""
    rng = np.random.default_rng(seed)
    frame = operator.material.frame
    numerator = frame.numerator.copy()
    faults, hits = [], {}
    for number, place in enumerate(list(places(operator, rng, EACH * len(EXTRA)))):
        extra = EXTRA[number % len(EXTRA)]
        series = numerator[:, place.column, place.kpi]
        numerator[:, place.column, place.kpi] = thinned(series, frame, place, extra, rng)
        fault_id = f"m{number:03d}"
        scope = (frame.objects[place.column], Window(place.start, place.end))
        faults.append(Fault(fault_id, f"{extra:.0%}", (scope,)))
        hits[fault_id] = Hit(extra)
    changed = KpiFrame(
        starts=frame.starts.copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=numerator,
        denominator=frame.denominator.copy(),
        suspect=frame.suspect.copy(),
    )
    material = replace(operator.material, frame=changed, truth=Truth(tuple(faults)))
    return replace(operator, name=f"mild-{seed}", material=material, hits=hits)


def places(operator: Operator, rng: np.random.Generator, wanted: int) -> Iterator[Place]:
    """Random accessibility ratios of random cells at times of ATTEMPTS attempts a period."""
    frame, topology, window = operator.material.frame, operator.topology, operator.window
    kpis = [i for i, k in enumerate(frame.kpis) if k.kind == "ratio" and k.scored and k.family == "accessibility"]
    columns = [i for i, name in enumerate(frame.objects) if name in topology.cells]
    taken: dict[int, list[int]] = {}
    for _ in range(wanted * 400):
        place = Place(
            int(rng.choice(columns)),
            int(rng.choice(kpis)),
            int(rng.integers(window.start + REST_S, window.end - DURATION_S - 3600)),
        )
        span = slice(*np.searchsorted(frame.starts, [place.start, place.end]))
        attempts = frame.denominator[span, place.column, place.kpi]
        near = any(abs(place.start - other) < DURATION_S + REST_S for other in taken.get(place.column, ()))
        if near or not np.isfinite(attempts).all() or not ATTEMPTS[0] <= attempts.mean() <= ATTEMPTS[1]:
            continue
        taken.setdefault(place.column, []).append(place.start)
        yield place
        if sum(map(len, taken.values())) == wanted:
            return


def thinned(
    successes: NDArray[np.float64], frame: KpiFrame, place: Place, extra: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """[period] `successes` of the place's ratio with `extra` of those inside the fault turned into failures."""
    successes = successes.copy()
    inside = np.minimum(frame.starts + frame.duration_s, place.end) - np.maximum(frame.starts, place.start)
    share = np.clip(inside / frame.duration_s, 0.0, 1.0)
    hit = (share > 0) & np.isfinite(successes)
    counts = np.maximum(successes[hit].round(), 0).astype(np.int64)
    successes[hit] -= rng.binomial(counts, extra * share[hit])
    return successes
