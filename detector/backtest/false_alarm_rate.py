"""The false-alarm rate of quiet days that the baseline has not seen: the figure to compare with the budget."""

from dataclasses import dataclass, field
from math import exp, log, sqrt

import numpy as np

from detector import degradations, pipeline
from detector.backtest.intervals import UNKNOWN, Figure, rate
from detector.domain.evidence import Evidence
from detector.domain.frame import ending_at
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, WEEK_S, Tick, Window
from detector.scoring.training import fit_baseline
from detector.store import Store

HELD_OUT_S, HELD_OUT_TICKS, LEAST_DAYS = 2 * DAY_S, 192, 4
"""Two days are held out, of counters by the minute as many ticks; so many days must be left to learn from."""
FROM, CENSORED = 3.0, 2.0
"""Peaks are counted from this -log10 p; what is so much beyond may be a fault, and counts as at least so much."""
APART_S = 2 * HOUR_S
"""Exceedances of one object and family closer than this belong to one peak. Chosen: eight periods."""
PRIOR_PEAKS = 3.0
"""The tail of the model counts as much as so many peaks. Chosen: few, so that data soon decide."""


@dataclass
class Peaks:
    """How high chance rises, by object and family: one height for each time that it does."""

    heights: list[float] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    thousand_cell_weeks: float = 0.0
    _open: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def add_tick(self, evidence: Evidence, reference: Reference, detection_policy: DetectionPolicy) -> None:
        """One more tick."""
        neg_log10_p, threshold = degradations.candidates(
            evidence, reference.topology, reference.operations, detection_policy, least=FROM
        )
        if np.isfinite(threshold):
            self.thresholds.append(threshold)
        testable = int(np.isfinite(evidence.neg_log10_p).any(axis=1).sum())
        self.thousand_cell_weeks += testable / 1000 * evidence.tick.duration_s / WEEK_S
        for i, k in zip(*np.nonzero(neg_log10_p >= FROM), strict=True):
            key, height = (evidence.objects[i], evidence.kpis[k].family), float(neg_log10_p[i, k])
            at, number = self._open.get(key, (-APART_S, -1))
            if evidence.tick.start - at > APART_S:
                number = len(self.heights)
                self.heights.append(height)
            self.heights[number] = max(self.heights[number], height)
            self._open[key] = evidence.tick.start, number

    def rate(self) -> Figure:
        """Peaks beyond the threshold per 1,000 cells and week, by the tail of those under it."""
        if not self.thresholds or self.thousand_cell_weeks <= 0:
            return UNKNOWN
        return beyond(self.heights, float(np.median(self.thresholds)), self.thousand_cell_weeks)


def beyond(heights: list[float], threshold: float, exposure: float) -> Figure:
    """Rate at which an exponential tail, fitted to peaks from FROM on, passes the threshold (peaks over threshold: Davison
    and Smith 1990, J. R. Stat. Soc. B 52:393); a peak far beyond is censored, for it may be a fault. The interval takes
    both uncertainties at their upper end: of the rate and of the slope.

    >>> figure = beyond([3.0 + 0.43 * step for step in (0.1, 0.2, 0.4, 0.6, 0.9, 1.2, 1.6, 2.3)], 6.0, 0.1)
    >>> 0.03 < figure.value < 0.3, figure.count
    (True, 8)
    """
    above = [height - FROM for height in heights]
    whole = sum(height < CENSORED for height in above) + PRIOR_PEAKS
    slope = whole / (sum(min(height, CENSORED) for height in above) + PRIOR_PEAKS / log(10))
    passing = exp(-slope * (threshold - FROM))
    spread = exp(1.96 * slope * (threshold - FROM) / sqrt(whole))
    seen = rate(len(above), exposure)
    value, low, high = (float(each or 0.0) * passing for each in (seen.value, seen.low, seen.high))
    return Figure(round(value, 4), len(above), round(low / spread, 4), round(high * spread, 4))


def held_out(store: Store, reference: Reference, detection_policy: DetectionPolicy, until: int) -> Figure:
    """The last ticks of the history before `until` (s), judged by a baseline of what was before them; drift, which needs a
    day to be remembered, is left out. Unknown where the history is short."""
    duration_s = _duration_s(store, reference.operator.tick_s)
    until -= until % duration_s
    begin = until - min(HELD_OUT_S // duration_s, HELD_OUT_TICKS) * duration_s
    learned_from = until - detection_policy.history_days * DAY_S
    if learned_from >= begin:  # all that is learned from would be held out
        return UNKNOWN
    past = store.history.read(duration_s, Window(learned_from, begin))
    if not len(past.starts) or begin - int(past.starts[0]) < LEAST_DAYS * DAY_S:
        return UNKNOWN
    baseline = fit_baseline(past, [], reference, detection_policy)[0]
    longest, peaks = int(baseline.horizons.max()), Peaks()
    days = store.history.read(duration_s, Window(begin - longest * duration_s, until))
    for start in range(begin, until, duration_s):
        recent = ending_at(days, Tick(start, duration_s), longest)
        peaks.add_tick(
            pipeline.score(recent, baseline, reference, baseline.objects, detection_policy), reference, detection_policy
        )
    return peaks.rate()


def _duration_s(store: Store, tick_s: int) -> int:
    """The operator's tick if counters arrive in it, else the shortest period in which they do, for instance hourly."""
    with store.begin() as connection:
        known = sorted(store.ticks.span(connection))
    return tick_s if tick_s in known or not known else known[0]
