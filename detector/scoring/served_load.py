"""Core functions follow the load of the cells they serve: a holiday empties both."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.scoring.baseline import Baseline
from detector.scoring.counting import Floats, chunks, counts
from detector.scoring.time_of_week import TimeOfWeek

SERVED = -2
"""`Baseline.load` of a KPI that follows the load of the cells its object serves. Definition."""
ATTEMPTS = "attempts"
"""Unit of the volumes that show how many people are there: users who are refused try again, their traffic is gone."""
FEW = 20.0
"""Attempts that are added to either side. Chosen: a ratio of fewer is noise."""
MOST_LOAD = float(np.log(3.0))
"""Largest logarithm of the load that is followed. Chosen: as for the common move of traffic."""
FELL_AT_ONCE = float(np.log(0.7))
"""A load that falls so far from one period to the next excuses no core function. Chosen: people do not leave that fast, but
a core function that fails takes them all at once."""
MOST_ELASTIC = 1.2
"""Largest elasticity. Chosen: a function that follows faster than its cells is at fault."""
PRIOR_SHARE = 0.2
"""Share of the median function's squared loads that the network's elasticity counts as. Chosen: as for the slope of a mean
on its load."""


@dataclass(frozen=True, eq=False)
class ServedLoad:
    """Of the core functions at `rows` of a baseline: log[period, function] of observed / expected attempts of the cells that
    they serve; 0 where none is known."""

    rows: NDArray[np.int64]
    log: Floats

    @classmethod
    def of(
        cls,
        frame: KpiFrame,
        baseline: Baseline,
        when: TimeOfWeek,
        served: Mapping[str, Collection[str]],
        usable: NDArray[np.bool_],
    ) -> "ServedLoad":
        """By the volumes of the cells in the frame, where `usable`[period, object]."""
        own = frame.object_index
        known = [
            f for f, cells in served.items() if f in own and f in baseline.object_index and not own.keys().isdisjoint(cells)
        ]
        serves = np.zeros((len(known), len(own)))
        for row, function in zip(serves, known, strict=True):
            row[[own[cell] for cell in served[function] if cell in own]] = 1.0
        observed = np.full((len(frame.starts), len(known)), FEW)
        expected = observed.copy()
        volumes = [k for k in load_volumes(frame.kpis) if frame.kpis[k].id in baseline.kpi_index] if known else []
        for k in volumes:
            b = baseline.kpi_index[frame.kpis[k].id]
            for part in chunks(*frame.suspect.shape):
                events, size = counts(frame, k, part)
                mean = baseline.levels(b, baseline.rows(frame.objects[part]), when) * size
                there = usable[:, part] & np.isfinite(events) & np.isfinite(mean)
                observed += np.where(there, events, 0.0) @ serves[:, part].T
                expected += np.where(there, mean, 0.0) @ serves[:, part].T
        log = np.clip(np.log(observed / expected), -MOST_LOAD, MOST_LOAD)
        return cls(baseline.rows(known), log)

    @property
    def excusing(self) -> "ServedLoad":
        """The same, but what fell at once is not followed until it is back."""
        log, held = self.log.copy(), np.zeros(self.log.shape[1])
        for period in range(1, len(log)):
            fall = self.log[period] - self.log[period - 1]
            held = np.clip(held - np.where(fall < FELL_AT_ONCE, fall, 0.0), 0.0, np.maximum(-self.log[period], 0.0))
            log[period] += held
        return ServedLoad(self.rows, log)

    def effect(self, baseline: Baseline, k: int, rows: NDArray[np.int64]) -> Floats:
        """[period, object at `rows`]: factor on the level of the KPI at `k`."""
        if baseline.load[k] != SERVED or not len(self.rows):
            return np.ones((1, 1))
        factor = np.ones((len(self.log), len(rows)))
        for function, row in enumerate(self.rows.tolist()):
            factor[:, rows == row] = np.exp(float(baseline.slope[row, k]) * self.log[:, function])[:, None]
        return factor


def load_volumes(kpis: Sequence[Kpi]) -> list[int]:
    """Places of the volumes that add up to the load of cells: attempts, else the first unit that there is."""
    own = [k for k, kpi in enumerate(kpis) if kpi.traits.traffic and kpi.judged and kpi.technology != "core"]
    units = [kpis[k].unit for k in own]
    unit = ATTEMPTS if ATTEMPTS in units else units[0] if units else ""
    return [k for k in own if kpis[k].unit == unit]


def follows_served(kpi: Kpi) -> bool:
    """A gauge or a volume of a core function: how many are there. How well it serves them is excused by no load."""
    traits = kpi.traits
    amount = not (traits.counts_failures or traits.follows_load or traits.orientation == "any")
    return kpi.technology == "core" and traits.computed and amount


def fit_elasticity(load: ServedLoad, baseline: Baseline, k: int, observed: Iterator[tuple[slice, Floats]]) -> None:
    """By how much the KPI at `k` follows the load, per function, shrunk towards all functions and within 0 and a little over
    1. `observed`: (objects, log[period, object] of observed / expected), part by part."""
    both, squares = np.zeros(len(load.rows)), np.zeros(len(load.rows))
    for part, residual in observed:
        for function, row in enumerate(load.rows.tolist()):
            if part.start <= row < part.stop:
                own, log = residual[:, row - part.start], load.log[:, function]
                known = np.isfinite(own)
                both[function], squares[function] = (own * log)[known].sum(), (log**2)[known].sum()
    if squares.sum() <= 0:
        return
    network, prior = both.sum() / squares.sum(), PRIOR_SHARE * float(np.median(squares[squares > 0]))
    baseline.slope[load.rows, k] = np.clip((both + prior * network) / (squares + prior), 0.0, MOST_ELASTIC)
    baseline.load[k] = SERVED
