"""The newest period against the baseline: evidence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.evidence import HEALTHY_BELOW, Evidence, EwmaState
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.scoring import tails
from detector.scoring.baseline import Baseline
from detector.scoring.changepoint import segment
from detector.scoring.counting import Floats, shown
from detector.scoring.horizons import combine, effective, may_burst, overwhelming, persistent, recovered
from detector.scoring.recent import Recent, view
from detector.scoring.registry import SCORERS
from detector.scoring.scorer import Sample, Scorer
from detector.scoring.site_silence import site_silence
from detector.scoring.tail_calibration import with_idle_probability
from detector.scoring.worst_period import CREDIT, shown_by, without_worst

FIGURES = (
    "neg_log10_p",
    "recent",
    "observed",
    "expected",
    "low",
    "high",
    "numerator",
    "denominator",
    "excess",
    "newest_observed",
    "newest_expected",
    "newest_denominator",
)
WORTH_A_SEARCH = 2.0
"""-log10 p of a horizon from which begin and end of the change are searched. Chosen: under what keeps an episode open."""
OF_ITSELF = 0.5
"""Share of the largest -log10 p of all horizons that one within the change has to reach to be shown in its place. Chosen:
half of the evidence, ..."""
PLAIN = 6.0
"""... or this much. Chosen: about what raises a degradation on a network of a thousand cells."""
PLAIN_Z = 1.0
"""Up to so many standard deviations the normal tail is used. Chosen: nothing is raised there."""


def score(
    recent: KpiFrame,
    baseline: Baseline,
    reference: Reference,
    expected_objects: Sequence[str],
    detection_policy: DetectionPolicy,
    before: EwmaState | None = None,
) -> Evidence:
    """Evidence for the last period of `recent`, whose earlier periods feed the pooled horizons.

    Objects: the expected ones, then others that reported. KPIs: those of `recent`; what is not judged, not in the
    baseline or not testable is NaN. No horizon looks back into the declared events and works of `reference`. `before`: the
    EWMA state in the evidence of the tick before, for drift.
    ValueError if `recent` is empty or of another duration than the baseline.
    """
    if not len(recent.starts) or recent.duration_s != baseline.duration_s:
        raise ValueError(f"{len(recent.starts)} periods of {recent.duration_s} s for a baseline of {baseline.duration_s} s")
    frame = recent.aligned(tuple(dict.fromkeys((*expected_objects, *recent.objects))))
    now = view(frame, baseline, reference, detection_policy, before)
    shape = (len(frame.objects), len(frame.kpis))
    figures: dict[str, NDArray[Any]] = {name: np.full(shape, np.nan) for name in FIGURES}
    figures |= {"periods": np.ones(shape, np.int64), "matters": np.zeros(shape, bool)}
    figures |= {"onset": np.zeros(shape, np.int64), "over": np.zeros(shape, np.int64)}
    figures |= {"gain": np.zeros(shape), "gone": np.zeros(shape)}
    for k, kpi in enumerate(frame.kpis):
        if kpi.id in baseline.kpi_index and kpi.traits.computed:
            for name, column in _judge(now, k).items():
                figures[name][:, k] = column
    awaited = np.isin(np.array(frame.objects), np.array(tuple(expected_objects), dtype=np.str_))
    here = frame.present[-1]
    return Evidence(
        tick=Tick(int(frame.starts[-1]), frame.duration_s),
        objects=frame.objects,
        kpis=frame.kpis,
        **figures,
        missing=awaited & ~here,
        neighbour_load=_neighbours(now, reference.topology),
        testable_share=float(here[awaited].mean()) if awaited.any() else 1.0,
        ewma=now.ewma_state(_unquiet(figures)),
        site_silence=site_silence(now, reference.topology),
    )


def _unquiet(figures: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """[object, KPI]: a sharper change than drift, excluded from the drift's sums."""
    return np.asarray(np.nan_to_num(figures["recent"]) >= HEALTHY_BELOW + 1.0)


def _judge(now: Recent, k: int) -> dict[str, NDArray[Any]]:
    """All figures of one KPI over [object], from the horizon with the largest evidence; mere context has no p-value."""
    kpi, base = now.frame.kpis[k], now.baseline
    scorer, sample = SCORERS[kpi.kind], now.sample(k)
    single = _band(scorer, kpi, sample) | _newest(kpi, sample)
    if not kpi.judged:
        return single | _shown(kpi, sample, np.zeros(len(now.rows), np.intp))
    fine = scorer.testable(sample, now.detection_policy) & np.isfinite(sample.events) & (sample.level > 0)
    raw = _neg_log10_p(scorer, sample, fine)
    neg_log10_p = np.where(fine, base.calibrated(raw, base.kpi_index[kpi.id], now.rows), np.nan)
    if may_burst(kpi):
        _borne_out(now, k, scorer, sample, neg_log10_p)
    recent = neg_log10_p[0].copy()
    neg_log10_p[0] = base.beside_bursts(recent, raw[0], base.kpi_index[kpi.id], now.rows)
    excess = scorer.excess(sample)
    persists = persistent(sample, excess, now.peaks.pop(k), kpi) | overwhelming(sample, neg_log10_p, excess, kpi)
    matters = fine & scorer.matters(sample, kpi) & persists
    over = recovered(sample, base.horizons, scorer.deviation(sample), counted=scorer.chance > 0)
    combined, loudest = combine(np.where(over, np.minimum(neg_log10_p, 0.0), neg_log10_p), matters)
    # an idle schedule is one and the same reason at every horizon: it is weighed once
    combined = with_idle_probability(combined, _at(sample.idle_probability, loudest))
    changes = _changes(now, k, scorer, neg_log10_p)
    shown_at = _undiluted(base.horizons, loudest, changes, neg_log10_p)
    figures = single | _shown(kpi, sample, shown_at) | changes
    return figures | {
        "neg_log10_p": combined,
        "recent": with_idle_probability(recent, sample.idle_probability[0]),
        "excess": _at(excess, loudest),
        "matters": np.asarray(matters.any(axis=0)),
        "periods": np.array([effective(h) for h in base.horizons.tolist()])[shown_at],
    }


def _borne_out(now: Recent, k: int, scorer: Scorer, sample: Sample, neg_log10_p: Floats) -> None:
    """Lowers the calibrated -log10 p [H, object] of pooled horizons to what all periods but the worst bear out."""
    worth = np.asarray((np.nan_to_num(neg_log10_p[1:]) > CREDIT).any(axis=0))
    if worth.any():
        base, kpi = now.baseline, now.frame.kpis[k]
        left = without_worst(sample, now.periods(k, worth), base.horizons, worth, worse_sign=kpi.worse_sign)
        others = np.vstack([np.zeros((1, int(worth.sum()))), shown_by(left, scorer)])
        borne_out = base.calibrated(others, base.kpi_index[kpi.id], now.rows[worth]) + CREDIT
        neg_log10_p[1:, worth] = np.minimum(neg_log10_p[1:, worth], borne_out[1:])


def _changes(now: Recent, k: int, scorer: Scorer, neg_log10_p: Floats) -> dict[str, NDArray[Any]]:
    """When the trouble of each object began and ended, where any horizon [horizon, object] shows some."""
    worth = np.nan_to_num(neg_log10_p).max(axis=0) >= WORTH_A_SEARCH
    found = {
        "onset": np.zeros(len(worth), np.int64),
        "over": np.zeros(len(worth), np.int64),
        "gain": np.zeros(len(worth)),
        "gone": np.zeros(len(worth)),
    }
    if worth.any():
        own = segment(scorer, now.periods(k, worth), downtime=now.frame.kpis[k].watches.downtime)
        for name, column in found.items():
            column[worth] = getattr(own, name)
    return found


def _undiluted(
    horizons: NDArray[np.int64], loudest: NDArray[np.intp], changes: dict[str, NDArray[Any]], neg_log10_p: Floats
) -> NDArray[np.intp]:
    """[object]: the horizon to show: the loudest, or the longest that lies within the trouble which goes on, so that its
    size is not watered down by what was before. That must reach the threshold by itself: else it is a part of a drift."""
    length = np.array([effective(h) for h in horizons.tolist()])
    inside = np.maximum(np.searchsorted(length, changes["onset"], side="right") - 1, 0)
    own, all_ = (_at(neg_log10_p, at) for at in (inside, loudest))
    goes_on = (changes["onset"] > 0) & (changes["over"] == 0) & (own >= np.minimum(OF_ITSELF * all_, PLAIN))
    return np.asarray(np.where(goes_on, np.minimum(loudest, inside), loudest), np.intp)


def _at(figure: NDArray[Any], horizon: NDArray[np.intp]) -> NDArray[Any]:
    """[object]: each object's figure [horizon, object] at its own `horizon`."""
    return figure[horizon, np.arange(len(horizon))]


def _neg_log10_p(scorer: Scorer, sample: Sample, fine: NDArray[np.bool_]) -> Floats:
    """[H, object]: tails where something may be unusual."""
    z = scorer.deviation(sample)
    neg_log10_p = tails.normal(np.minimum(np.where(np.isnan(z), 0.0, z), PLAIN_Z))
    worth = fine & (z > PLAIN_Z)
    neg_log10_p[worth] = scorer.neg_log10_p(sample.pick(worth))
    return neg_log10_p


def _shown(kpi: Kpi, sample: Sample, at: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Counts and values over the horizon `at`[object]."""
    sides = (sample.events, sample.size, sample.level)
    events, size, level = (_at(side, at) for side in sides)
    return {
        "observed": shown(kpi, events / size),
        "expected": shown(kpi, level),
        "numerator": size - events if kpi.counts_successes else events,
        "denominator": size,
    }


def _newest(kpi: Kpi, sample: Sample) -> dict[str, NDArray[Any]]:
    """Values and size of the newest period alone."""
    figures = _shown(kpi, sample, np.zeros(sample.events.shape[1], np.intp))
    return {f"newest_{name}": figures[name] for name in ("observed", "expected", "denominator")}


def _band(scorer: Scorer, kpi: Kpi, sample: Sample) -> dict[str, NDArray[Any]]:
    """Of the newest period alone."""
    newest = sample.over(0)
    low, high = (np.where(np.isfinite(newest.level), side, np.nan) for side in scorer.band(newest))
    low, high = (high, low) if kpi.counts_successes else (low, high)
    return {"low": shown(kpi, low), "high": shown(kpi, high)}


def _neighbours(now: Recent, topology: Topology) -> Floats:
    """Over the newest period, by the steadiest volume KPI that each object reports."""
    observed, wanted, base = np.zeros(len(now.rows)), np.zeros(len(now.rows)), now.baseline
    volumes = [k for k, kpi in enumerate(now.frame.kpis) if kpi.traits.traffic and kpi.id in base.kpi_index]
    for k in sorted(volumes, key=lambda k: float(base.spread[0, -1, base.kpi_index[now.frame.kpis[k].id]])):
        if now.frame.kpis[k].judged:
            events, _, mean = (side[-1] for side in now.expected(k))
            fresh = np.isfinite(events) & (mean > 0) & (wanted == 0) & (now.rows < len(base.objects))
            observed[fresh], wanted[fresh] = events[fresh], mean[fresh]
    return neighbour_load(now.frame.objects, topology, observed, wanted)


def neighbour_load(objects: Sequence[str], topology: Topology, observed: Floats, expected: Floats) -> Floats:
    """[object]: sum of the neighbours' traffic over the sum expected; NaN without neighbours that report.

    >>> t = Topology(neighbours={"a": frozenset({"b", "c"})})
    >>> neighbour_load(["a", "b", "c"], t, np.array([0.0, 30.0, 18.0]), np.array([20.0, 20.0, 20.0])).tolist()
    [1.2, nan, nan]
    """
    place = {name: i for i, name in enumerate(objects)}
    answer = np.full(len(objects), np.nan)
    for i, name in enumerate(objects):
        beside = [place[n] for n in topology.neighbours.get(base_object(name), ()) if n in place]
        wanted = expected[beside].sum()
        if wanted > 0:
            answer[i] = observed[beside].sum() / wanted
    return answer
