"""What is normal: a frozen value, learned from the past only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.scoring.tail_calibration import calibrated_tail, with_bursts
from detector.scoring.time_of_week import HOURS, TimeOfWeek

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Baseline:
    """S hours of the local week, O objects and, after them, one row for unknown objects; K KPIs, H horizons.

    level[S, O+1, K]: expected events / size (failures for ratios). level_variance[O+1, K]: its relative variance.
    spread[H, O+1, K]: variance beyond chance, on the scorer's scale. idle_probability[S, O+1, V]: of next to no traffic,
    for the volume KPIs at `volumes`[V]. site_idle_probability[S, sites]: that a whole site of `sites` has, all its cells
    together; a baseline of an earlier version has none.
    slope[O+1, K]: change of log value per unit of the KPI `load`[K] (-1: none).
    offset[K]: added before logarithms. counted[K]: whole numbers. tail_calibration[H, K, 2]: (-log10 p at the knot, slope).
    tail_slope[H, O+1, K]: the slope of each object. burst_rate[O+1, K]: share of its periods that are single odd ones;
    burst_tail[K]: how fast they get rarer as they get larger (`bursts`).
    horizons[H]: in periods of `duration_s`; negative = fading away with this time constant.
    recurring_place[N, 3]: KPI, row and local period of the week, sorted, where `recurring_factor`[N] multiplies the level
    and `recurring_variance`[N] is added to its relative variance (`scoring.recurring`); an earlier version has none.
    """

    objects: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    duration_s: int
    horizons: NDArray[np.int64]
    level: NDArray[np.float32]
    level_variance: NDArray[np.float32]
    spread: NDArray[np.float32]
    idle_probability: NDArray[np.float32]
    volumes: NDArray[np.int64]
    slope: NDArray[np.float32]
    load: NDArray[np.int64]
    offset: Floats
    counted: NDArray[np.bool_]
    tail_calibration: Floats
    tail_slope: NDArray[np.float32]
    burst_rate: NDArray[np.float32]
    burst_tail: Floats
    recurring_place: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 3), np.int32))
    recurring_factor: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    recurring_variance: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    sites: tuple[str, ...] = ()
    site_idle_probability: NDArray[np.float32] = field(default_factory=lambda: np.zeros((HOURS, 0), np.float32))

    @cached_property
    def object_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.objects)}

    @cached_property
    def kpi_index(self) -> dict[str, int]:
        return {kpi.id: i for i, kpi in enumerate(self.kpis)}

    def rows(self, objects: Sequence[str]) -> NDArray[np.int64]:
        """Rows of these objects; the last row is that of unknown objects."""
        stranger = len(self.objects)
        return np.array([self.object_index.get(name, stranger) for name in objects], dtype=np.int64)

    def levels(self, k: int, rows: NDArray[np.int64], when: TimeOfWeek) -> Floats:
        """[period, object]: between the centres of two hours, so that a rising load has no steps but those that recur."""
        level = interpolated(self.level[:, :, k], rows, when)
        columns, factor = self._recurring(self.recurring_factor, 1.0, k, rows, when)
        level[:, columns] *= factor
        return level

    def jitter(self, k: int, rows: NDArray[np.int64], when: TimeOfWeek) -> Floats:
        """[period, object]: relative standard deviation of the level where a recurring step varies; [1, 1] zero: none."""
        columns, variance = self._recurring(self.recurring_variance, 0.0, k, rows, when)
        if not variance.any():
            return np.zeros((1, 1))
        deviation = np.zeros((len(when.slot), len(rows)))
        deviation[:, columns] = np.sqrt(variance)
        return deviation

    def _recurring(
        self, values: NDArray[np.float32], neutral: float, k: int, rows: NDArray[np.int64], when: TimeOfWeek
    ) -> tuple[NDArray[np.intp], Floats]:
        """(places in `rows` that have any, [period, place] their values, `neutral` elsewhere)."""
        first, last = np.searchsorted(self.recurring_place[:, 0], [k, k + 1])
        place, values = self.recurring_place[first:last], values[first:last]
        column = np.full(len(self.objects) + 1, -1)
        column[rows] = np.arange(len(rows))
        periods, which = np.unique(when.period, return_inverse=True)
        at = np.minimum(np.searchsorted(periods, place[:, 2]), len(periods) - 1)
        own = (periods[at] == place[:, 2]) & (column[place[:, 1]] >= 0)
        columns, among = np.unique(column[place[own, 1]], return_inverse=True)
        table = np.full((len(periods), len(columns)), neutral)
        table[at[own], among] = values[own]
        return columns, table[which]

    def idle_probabilities(self, k: int, rows: NDArray[np.int64], when: TimeOfWeek) -> Floats:
        """[period, object]: the larger of the two hours' chances of next to no traffic; 0 for other kinds."""
        place = np.nonzero(self.volumes == k)[0]
        if not place.size:
            return np.zeros((len(when.slot), len(rows)))
        table = self.idle_probability[:, :, place[0]]
        both = (table[when.before[:, None], rows], table[when.after[:, None], rows])
        return np.maximum(*both).astype(np.float64)

    def site_idle(self, site: str, when: TimeOfWeek) -> Floats:
        """[period]: the larger of the two hours' chances that the whole site carries next to nothing; 1 if that is not
        known."""
        place = self.site_index.get(site)
        if place is None:
            return np.ones(len(when.slot))
        table = self.site_idle_probability[:, place]
        return np.maximum(table[when.before], table[when.after]).astype(np.float64)

    @cached_property
    def site_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.sites)}

    def calibrated(self, neg_log10_p: Floats, k: int, rows: NDArray[np.int64]) -> Floats:
        """[H, object] -log10 p that keeps what it promises on the healthy history of the network and of these objects: the
        scorer's tail, calibrated."""
        return calibrated_tail(neg_log10_p, self.tail_calibration[:, k, :1], self.tail_slope[:, rows, k].astype(np.float64))

    def beside_bursts(self, neg_log10_p: Floats, raw: Floats, k: int, rows: NDArray[np.int64]) -> Floats:
        """[object] calibrated -log10 p of one period beside the single odd ones that these objects have; `raw`: the
        scorer's."""
        return with_bursts(neg_log10_p, raw, self.burst_rate[rows, k], float(self.burst_tail[k]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays alone, for storing; KPIs by id."""
        own: dict[str, NDArray[Any]] = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self) if f.name != "kpis"}
        return own | {
            "objects": np.array(self.objects, dtype=np.str_),
            "kpi_ids": np.array([k.id for k in self.kpis], dtype=np.str_),
            "sites": np.array(self.sites, dtype=np.str_),
        }


EARLIER_NAMES = {"doubt": "level_variance", "rest": "idle_probability", "stretch": "tail_calibration"}
"""Names under which version 1.1 stored these arrays."""


def from_arrays(arrays: Mapping[str, NDArray[Any]], kpis: Sequence[Kpi]) -> Baseline:
    """Back from `Baseline.to_arrays`. ValueError if the catalogue lacks a KPI that was learned: learn anew."""
    known = {kpi.id: kpi for kpi in kpis}
    ids = [str(name) for name in arrays["kpi_ids"]]
    if lost := [name for name in ids if name not in known]:
        raise ValueError(f"baseline knows {lost[0]}, the catalogue does not: fit it again")
    named = {EARLIER_NAMES.get(name, name): value for name, value in arrays.items()}
    own = {name: value for name, value in named.items() if name not in ("objects", "kpi_ids", "duration_s", "sites")}
    objects, sites = (tuple(str(name) for name in arrays.get(side, ())) for side in ("objects", "sites"))
    own = _without_bursts(own) | own
    duration_s = int(arrays["duration_s"])
    return Baseline(objects=objects, kpis=tuple(known[i] for i in ids), duration_s=duration_s, sites=sites, **own)


def _without_bursts(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What versions up to 1.5 did not learn: all objects have the network's tail, and no bursts."""
    spread = arrays["spread"]
    return {
        "tail_slope": np.broadcast_to(arrays["tail_calibration"][:, None, :, 1], spread.shape).astype(np.float32),
        "burst_rate": np.zeros(spread.shape[1:], np.float32),
        "burst_tail": np.ones(spread.shape[2]),
    }


def interpolated(table: NDArray[Any], rows: NDArray[np.int64], when: TimeOfWeek) -> Floats:
    """[period, object] from a table of hours of the week x objects."""
    share = when.share[:, None]
    before, after = table[when.before[:, None], rows], table[when.after[:, None], rows]
    return np.asarray(before * (1 - share) + after * share, dtype=np.float64)
