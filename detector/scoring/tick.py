"""The newest period against the baseline: evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology
from detector.domain.evidence import Evidence
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.domain.window import Tick
from detector.scoring.baseline import Baseline
from detector.scoring.common_mode import factor
from detector.scoring.counting import Floats, counts, flipped, worse
from detector.scoring.learning import load_effect
from detector.scoring.neighbours import neighbour_load
from detector.scoring.registry import SCORERS, judged
from detector.scoring.scorer import Sample
from detector.scoring.time_of_week import TimeOfWeek, time_of_week

FIGURES = ("strength", "recent", "observed", "expected", "low", "high", "numerator", "denominator", "excess")


@dataclass(frozen=True, eq=False)
class Recent:
    """The newest periods, aligned to the objects of the answer, with what the baseline says of them."""

    frame: KpiFrame
    baseline: Baseline
    rows: NDArray[np.int64]
    when: TimeOfWeek
    order: NDArray[np.int64]
    """Places of the objects, neighbours side by side: what the common factor's buckets need."""
    core: NDArray[np.bool_]
    policy: DetectionPolicy
    kept: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict)

    def expected(self, k: int) -> tuple[Floats, Floats, Floats]:
        """(events, size, expected events) of the KPI at `k` of the frame over [period, object], common factor removed."""
        if k not in self.kept:
            self.kept[k] = self._expected(k)
        return self.kept[k]

    def _expected(self, k: int) -> tuple[Floats, Floats, Floats]:
        kpi, base = self.frame.kpis[k], self.baseline
        b = base.kpi_index[kpi.id]
        events, size = counts(self.frame, k)
        level = base.levels(b, self.rows, self.when) * load_effect(base, self.frame, b, self.rows, self.when)
        mean = level * size
        common = factor(kpi, events[:, self.order], np.nan_to_num(mean)[:, self.order], self.core[self.order])
        return events, size, mean * np.where(self.core, 1.0, common[:, None])

    def sample(self, k: int, h: int) -> Sample:
        """[object] over the horizon at `h`: NaN where the newest period is, or nothing but it for a pooled horizon."""
        base, kpi = self.baseline, self.frame.kpis[k]
        b = base.kpi_index[kpi.id]
        within = self.frame.starts > self.frame.starts[-1] - int(base.horizons[h]) * self.frame.duration_s
        events, size, mean = (side[within] for side in self.expected(k))
        bad = ~np.isfinite(events[-1])
        if h > 0:
            bad |= np.isfinite(events).sum(axis=0) < 2
        if kpi.kind in ("volume", "mean", "gauge"):  # a suspect period is a short one: only counts of counts survive it
            bad |= self.frame.suspect[within].any(axis=0)
        sums = (
            np.where(bad, np.nan, np.nansum(side, axis=0)) for side in (events, size, np.where(np.isfinite(events), mean, 0))
        )
        e, s, m = sums
        rest = base.rests(b, self.rows, self.when)[within].max(axis=0)
        return Sample(
            e, s, m / s, base.spread[h, self.rows, b].astype(float), base.doubt[self.rows, b].astype(float), rest,
            worse(kpi), float(base.offset[b]), bool(base.counted[b]), self.policy.collapse_below,
        )  # fmt: skip


def score(
    recent: KpiFrame,
    baseline: Baseline,
    *,
    expected_objects: Sequence[str],
    topology: Topology,
    timezone: str,
    policy: DetectionPolicy,
) -> Evidence:
    """Evidence for the last period of `recent`, whose earlier periods feed the pooled horizon.

    Objects: the expected ones, then others that reported. KPIs: those of `recent`; what is not judged, not in the
    baseline or not testable is NaN. ValueError if `recent` is empty or of another duration than the baseline.
    """
    if not len(recent.starts) or recent.duration_s != baseline.duration_s:
        raise ValueError(f"{len(recent.starts)} periods of {recent.duration_s} s for a baseline of {baseline.duration_s} s")
    frame = recent.aligned(tuple(dict.fromkeys((*expected_objects, *recent.objects))))
    view = _view(frame, baseline, topology, timezone, policy)
    shape = (len(frame.objects), len(frame.kpis))
    figures: dict[str, NDArray[Any]] = {name: np.full(shape, np.nan) for name in FIGURES}
    figures |= {"periods": np.ones(shape, np.int64), "matters": np.zeros(shape, bool)}
    for k, kpi in enumerate(frame.kpis):
        if kpi.id in baseline.kpi_index and kpi.kind in SCORERS:
            for name, column in _judge(view, k).items():
                figures[name][:, k] = column
    awaited = np.isin(np.array(frame.objects), np.array(tuple(expected_objects), dtype=np.str_))
    here = frame.present[-1]
    return Evidence(
        Tick(int(frame.starts[-1]), frame.duration_s), frame.objects, frame.kpis, **figures,
        missing=awaited & ~here, neighbour_load=_neighbours(view, topology),
        testable_share=float(here[awaited].mean()) if awaited.any() else 1.0,
    )  # fmt: skip


def _view(frame: KpiFrame, baseline: Baseline, topology: Topology, timezone: str, policy: DetectionPolicy) -> Recent:
    def beside(place: int) -> tuple[str, str, str, str]:
        cell = topology.cells.get(frame.objects[place])
        return (cell.region, cell.tac, cell.site_id, cell.cell_id) if cell else ("", "", "", frame.objects[place])

    order = np.array(sorted(range(len(frame.objects)), key=beside), dtype=np.int64)
    core = np.array([topology.technology(name) == "core" for name in frame.objects], dtype=bool)
    when = time_of_week(frame.starts, frame.duration_s, timezone)
    return Recent(frame, baseline, baseline.rows(frame.objects), when, order, core, policy)


def _judge(view: Recent, k: int) -> dict[str, NDArray[Any]]:
    """All figures of one KPI over [object], from the horizon that speaks loudest; mere context has no strength."""
    answers = [_over_horizon(view, k, h) for h in range(len(view.baseline.horizons))]
    single = answers[0] | _band(view, k)
    if not judged(view.frame.kpis[k]):
        return {name: v for name, v in single.items() if name not in ("strength", "recent", "excess", "matters")}
    strengths = np.stack([a["strength"] for a in answers])
    loudest = np.nan_to_num(strengths, nan=-1.0).argmax(axis=0)
    best = {name: np.choose(loudest, [a[name] for a in answers]) for name in answers[0]}
    tried = np.isfinite(strengths).sum(axis=0)
    best["strength"] = np.maximum(best["strength"] - np.log10(np.maximum(tried, 1)), 0.0)
    return best | {"recent": single["strength"], "low": single["low"], "high": single["high"]}


def _over_horizon(view: Recent, k: int, h: int) -> dict[str, NDArray[Any]]:
    kpi = view.frame.kpis[k]
    scorer, sample = SCORERS[kpi.kind], view.sample(k, h)
    b = view.baseline.kpi_index[kpi.id]
    fine = scorer.testable(sample, view.policy) & np.isfinite(sample.events) & (sample.level > 0)
    strength = np.where(fine, view.baseline.judged_strength(scorer.strength(sample), sample.rest, h, b), np.nan)
    numerator = sample.size - sample.events if flipped(kpi) else sample.events
    return {
        "strength": strength, "observed": shown(kpi, sample.events / sample.size), "expected": shown(kpi, sample.level),
        "numerator": numerator, "denominator": sample.size, "excess": scorer.excess(sample),
        "matters": fine & scorer.matters(sample, kpi),
        "periods": np.full(len(strength), view.baseline.horizons[h]),
    }  # fmt: skip


def _band(view: Recent, k: int) -> dict[str, NDArray[Any]]:
    """Of the newest period alone."""
    kpi, sample = view.frame.kpis[k], view.sample(k, 0)
    low, high = (np.where(np.isfinite(sample.level), side, np.nan) for side in SCORERS[kpi.kind].band(sample))
    low, high = (high, low) if flipped(kpi) else (low, high)
    return {"low": shown(kpi, low), "high": shown(kpi, high)}


def shown(kpi: Kpi, fraction: Floats) -> Floats:
    """As the catalogue means it: a success rate again, where failures were judged."""
    return np.asarray(1 - fraction if flipped(kpi) else fraction)


def _neighbours(view: Recent, topology: Topology) -> Floats:
    """Over the newest period, by the steadiest volume KPI that each object reports."""
    observed, wanted = np.zeros(len(view.rows)), np.zeros(len(view.rows))
    volumes = [k for k, kpi in enumerate(view.frame.kpis) if kpi.kind == "volume" and kpi.id in view.baseline.kpi_index]
    base = view.baseline
    for k in sorted(volumes, key=lambda k: float(base.spread[0, -1, base.kpi_index[view.frame.kpis[k].id]])):
        if judged(view.frame.kpis[k]):
            events, _, mean = (side[-1] for side in view.expected(k))
            fresh = np.isfinite(events) & (mean > 0) & (wanted == 0) & (view.rows < len(view.baseline.objects))
            observed[fresh], wanted[fresh] = events[fresh], mean[fresh]
    return neighbour_load(view.frame.objects, topology, observed, wanted)
