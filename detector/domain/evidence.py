"""The evidence of one tick: how surely and by how much each object and KPI is worse than its baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.domain.window import Tick

_NO_ARRAYS = {"tick", "objects", "kpis", "testable_share", "ewma"}
_ADDED = {"neg_log10_p", "onset", "over", "gain", "gone"}
"""Fields that evidence of earlier versions lacks."""
HEALTHY_BELOW = 2.0
"""-log10 p under which a period by itself is healthy. Chosen: by chance one healthy period in a hundred is over it."""


@dataclass(frozen=True, eq=False)
class EwmaState:
    """Fading sums up to `end` (s): `sums`[4, object, KPI] of events, size, expected events and periods, which show drift."""

    end: int
    objects: tuple[str, ...]
    kpis: tuple[str, ...]
    sums: NDArray[np.float32]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays alone, for storing."""
        named = {"objects": np.array(self.objects, dtype=str), "kpis": np.array(self.kpis, dtype=str)}
        return named | {"end": np.array(self.end), "sums": self.sums}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Back from `to_arrays`."""
        objects, kpis = (tuple(arrays[name].tolist()) for name in ("objects", "kpis"))
        return cls(int(arrays["end"]), objects, kpis, arrays["sums"])

    def aligned(self, objects: Sequence[str], kpis: Sequence[str]) -> NDArray[np.float32]:
        """[4, object, KPI] in this order; 0 for what it has no rows of."""
        place = {name: i for i, name in enumerate(self.objects)}
        column = {name: i for i, name in enumerate(self.kpis)}
        o, k = np.array([place.get(name, -1) for name in objects]), np.array([column.get(name, -1) for name in kpis])
        aligned_sums = np.zeros((4, len(o), len(k)), np.float32)
        o_known, k_known, four = np.flatnonzero(o >= 0), np.flatnonzero(k >= 0), np.arange(4)
        aligned_sums[np.ix_(four, o_known, k_known)] = self.sums[np.ix_(four, o[o_known], k[k_known])]
        return aligned_sums


def _nothing() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Arrays over [object, KPI] unless stated otherwise; NaN = not testable (no data, no baseline, too few attempts).

    neg_log10_p: -log10 p that the KPI is no worse than its baseline, the best over the horizons, corrected for their number.
    periods: the horizon that gave it, in periods of the tick's duration.
    observed, expected: values in the KPI's fraction or catalogue unit, over that horizon; `low`, `high` the expected
    band (central 99 %) of the newest single period, for plots. numerator, denominator: the counts over that horizon.
    excess: failures, drops, lost volume, ... beyond expectation over that horizon, in the numerator's (bad) counts.
    matters: the change is above the KPI's effect floor.
    recent: -log10 p of the newest period alone: what clears an episode.
    newest_observed, newest_expected, newest_denominator: values and size of the newest period alone, for sentences.
    onset, over: the likeliest segment of bad periods began and ended so many periods before the tick's end; `over` 0 = it
    goes on, `onset` 0 = there is none. gain: its log-likelihood ratio (nats) against all being well; gone: that of what
    followed it being well against as bad as the segment.
    """

    tick: Tick
    objects: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    neg_log10_p: NDArray[np.float64]
    recent: NDArray[np.float64]
    periods: NDArray[np.int64]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    excess: NDArray[np.float64]
    matters: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    """[object]: expected to report, and did not, though the tick is complete or its grace time is over."""
    neighbour_load: NDArray[np.float64]
    """[object]: traffic of its neighbours, observed / expected for this hour; NaN = no neighbours or not known."""
    testable_share: float = 1.0
    """Share of expected objects that reported."""

    newest_observed: NDArray[np.float64] | None = None
    newest_expected: NDArray[np.float64] | None = None
    newest_denominator: NDArray[np.float64] | None = None
    ewma: EwmaState | None = None
    """What the next tick's drift statistic begins with."""

    onset: NDArray[np.int64] = field(default_factory=_nothing)
    over: NDArray[np.int64] = field(default_factory=_nothing)
    gain: NDArray[np.float64] = field(default_factory=_nothing)
    gone: NDArray[np.float64] = field(default_factory=_nothing)

    site_silence: NDArray[np.float64] = field(default_factory=_nothing)
    """[object]: -log10 p that its whole site carries nothing though nothing is wrong; 0 where one of its cells does."""

    def __post_init__(self) -> None:
        if not self.site_silence.size:
            object.__setattr__(self, "site_silence", np.zeros(len(self.objects)))
        for name, kind in (("onset", np.int64), ("over", np.int64), ("gain", np.float64), ("gone", np.float64)):
            if not getattr(self, name).size:  # nobody has looked for the changes: there are none
                object.__setattr__(self, name, np.zeros(self.neg_log10_p.shape, kind))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays alone, for storing; KPIs by id, without the EWMA state and the tick."""
        named = {"objects": np.array(self.objects, dtype=str), "kpis": np.array([k.id for k in self.kpis], dtype=str)}
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NO_ARRAYS}
        known = {name: side for name, side in own.items() if side is not None}
        return named | {"testable_share": np.array(self.testable_share)} | known

    @classmethod
    def from_arrays(cls, tick: Tick, arrays: Mapping[str, NDArray[Any]], kpis: Sequence[Kpi]) -> Self | None:
        """Back from `to_arrays`, of a catalogue with these KPIs; None if an earlier version wrote it."""
        if not arrays.keys() >= _ADDED:
            return None
        by_id = {k.id: k for k in kpis}
        own: dict[str, Any] = {f.name: arrays[f.name] for f in fields(cls) if f.name in arrays.keys() - _NO_ARRAYS}
        return cls(
            tick=tick,
            objects=tuple(arrays["objects"].tolist()),
            kpis=tuple(by_id[name] for name in arrays["kpis"].tolist()),
            testable_share=float(arrays["testable_share"]),
            **own,
        )

    @cached_property
    def object_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.objects)}

    @cached_property
    def kpi_index(self) -> dict[str, int]:
        return {kpi.id: i for i, kpi in enumerate(self.kpis)}

    @cached_property
    def of_reporting(self) -> "Evidence":
        """The same, but objects that sent nothing in this period are not testable: a horizon that still holds their last
        values describes the past."""
        if not self.missing.any():
            return self
        here = ~self.missing[:, None]
        neg_log10_p, recent = (np.where(here, a, np.nan) for a in (self.neg_log10_p, self.recent))
        return replace(self, neg_log10_p=neg_log10_p, recent=recent, matters=np.asarray(self.matters & here))


@dataclass(frozen=True, eq=False, kw_only=True)
class Band:
    """One KPI of one object over time, with what was expected of it: for pages and reports. Arrays over periods."""

    object_id: str
    kpi: Kpi
    starts: NDArray[np.int64]
    duration_s: int
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
