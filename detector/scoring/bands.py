"""One KPI of one object over time with its expected band: for pages and reports."""

import numpy as np

from detector.domain.evidence import Band
from detector.domain.frame import KpiFrame
from detector.scoring.baseline import Baseline
from detector.scoring.counting import counts, shown
from detector.scoring.dispersion import load_effect
from detector.scoring.registry import SCORERS
from detector.scoring.scorer import Sample
from detector.scoring.time_of_week import time_of_week


def band(history: KpiFrame, baseline: Baseline, object_id: str, kpi_id: str, timezone: str) -> Band:
    """Observed values of `object_id` in every period of `history`, and the central 99 % expected of single periods.

    KeyError if the history lacks the object or the KPI; NaN bands where the baseline is NaN.
    """
    k = history.kpi_index[kpi_id]
    own = history.aligned([object_id]) if object_id in history.object_index else None
    if own is None:
        raise KeyError(object_id)
    kpi = history.kpis[k]
    events, size = (side[:, 0] for side in counts(own, k))
    blank = np.full(len(own.starts), np.nan)
    level, low, high = blank, blank, blank
    if kpi_id in baseline.kpi_index and kpi.traits.computed:
        sample = _sample(own, baseline, kpi_id, object_id, timezone)
        level, (low, high) = sample.level, SCORERS[kpi.kind].band(sample)
    if kpi.counts_successes:
        low, high = high, low
    starts = own.starts.copy()
    return Band(
        object_id=object_id,
        kpi=kpi,
        starts=starts,
        duration_s=own.duration_s,
        observed=shown(kpi, events / size),
        expected=shown(kpi, level),
        low=shown(kpi, low),
        high=shown(kpi, high),
    )


def _sample(own: KpiFrame, baseline: Baseline, kpi_id: str, object_id: str, timezone: str) -> Sample:
    k, b = own.kpi_index[kpi_id], baseline.kpi_index[kpi_id]
    when = time_of_week(own.starts, own.duration_s, timezone)
    rows = baseline.rows([object_id])
    level = (baseline.levels(b, rows, when) * load_effect(baseline, own, b, rows, when))[:, 0]
    events, size = (side[:, 0] for side in counts(own, k))
    typical_size = float(np.nanmedian(size)) if np.isfinite(size).any() else 1.0
    spread = np.full(len(level), float(baseline.spread[0, rows[0], b]))
    jitter = np.broadcast_to(baseline.jitter(b, rows, when)[:, 0], level.shape)
    level_variance = float(baseline.level_variance[rows[0], b]) + jitter**2
    return Sample(
        events=events,
        size=np.where(np.isfinite(size), size, typical_size),
        level=level,
        spread=spread,
        level_variance=level_variance,
        idle_probability=baseline.idle_probabilities(b, rows, when)[:, 0],
        worse=own.kpis[k].worse_sign,
        offset=float(baseline.offset[b]),
        counted=bool(baseline.counted[b]),
    )
