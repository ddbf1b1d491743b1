"""How sure is sure enough: the threshold that follows from the false-alarm budget."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.degradation import Degradation
from detector.domain.evidence import HEALTHY_BELOW, Evidence
from detector.domain.operations import Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.window import WEEK_S

LARGEST_FALSE_SHARE = 0.05
"""Of what one tick raises, at most this share may be false however large the network is. Chosen: the usual level of a false
discovery rate (Benjamini and Hochberg 1995)."""


def allowed_per_tick(budget_per_1000_week: float, objects: int, duration_s: int) -> float:
    """False degradations that one tick may raise on average: the week's budget shared over its ticks.

    >>> round(allowed_per_tick(3.0, objects=200, duration_s=900), 6)
    0.000893
    """
    return budget_per_1000_week * objects / 1000 * duration_s / WEEK_S


def threshold(neg_log10_p: NDArray[np.float64], allowed: float) -> float:
    """The least -log10 p that raises a degradation, over all series [object, KPI] of a tick; NaN = not testable; inf =
    nothing may.

    With m testable series, a threshold t on p lets m * t of them through by chance. A quiet tick may raise `allowed`
    false ones, so t = allowed / m: the expected *number* is held, which is what the user budgets. Where k objects stand
    out together the threshold steps up to q * k / m (Benjamini and Hochberg 1995) with q = min(allowed, 0.05): then at
    most the share q of what is raised is false. Objects, not series: one cell out of service fails in ten KPIs, which is no
    evidence of its neighbours. q is the same number at k = 1, so one rule serves both; the cap matters only on networks so
    large that a tick may raise more than 0.05 false ones, where a share of `allowed` would mean nothing. Give only series
    whose episode is not open yet: else one long outage lowers the threshold for all others all week.

    >>> lone = np.array([5.0] + [0.3] * 99)
    >>> round(threshold(lone, 0.001), 2)
    5.0
    >>> round(threshold(np.array([4.6] * 5 + [0.3] * 95), 0.001), 2)
    4.3
    """
    tested = neg_log10_p[~np.isnan(neg_log10_p)]
    if not tested.size or allowed <= 0:
        return float("inf")
    base = allowed / tested.size
    q = min(allowed, LARGEST_FALSE_SHARE)
    best = np.nan_to_num(neg_log10_p, nan=0.0).reshape(len(neg_log10_p), -1).max(axis=1)
    p = np.sort(10.0 ** -best[best >= -np.log10(q)])
    stepped = q * np.arange(1, p.size + 1) / tested.size
    passing = stepped[p <= stepped]
    return float(-np.log10(min(1.0, max(base, passing[-1] if passing.size else 0.0))))


def threshold_of(
    evidence: Evidence,
    open_: Sequence[Degradation],
    topology: Topology,
    operations: Operations,
    detection_policy: DetectionPolicy,
) -> float:
    """The tick's -log10 p that raises a degradation; never under what would clear it again at once."""
    seen = evidence.neg_log10_p
    fresh = np.where(evidence.matters, seen, np.minimum(seen, 0.0))  # too small is no discovery
    families = np.array([kpi.family for kpi in evidence.kpis], dtype=object)
    for episode in open_:
        row = evidence.object_index.get(episode.object_id)
        if row is not None and episode.open:
            fresh[row, families == episode.family] = np.nan
    # what is known already is no measure of how sure the others are
    fresh[at_declared_event(evidence, topology, operations)] = np.nan
    testable = np.isfinite(seen).any(axis=1)
    objects = len({base_object(evidence.objects[i]) for i in np.flatnonzero(testable)})
    allowed = allowed_per_tick(detection_policy.false_degradations_per_1000_cells_week, objects, evidence.tick.duration_s)
    return max(threshold(fresh, allowed), HEALTHY_BELOW)


def at_declared_event(evidence: Evidence, topology: Topology, operations: Operations) -> NDArray[np.bool_]:
    """[object]: at a declared event."""
    places = operations.places("event", evidence.tick.window, topology)
    return np.array([base_object(name) in places for name in evidence.objects], bool)
