"""How sure is sure enough: the threshold that follows from the false-alarm budget."""

import numpy as np
from numpy.typing import NDArray

WEEK_S = 7 * 86_400
LARGEST_FALSE_SHARE = 0.05
"""Of what one tick raises, at most this share may be false however large the network is."""


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
    most the share q of what is raised is false. Objects, not series: one dead cell fails in ten ways, which says nothing
    of its neighbours. q is the same number at k = 1, so one rule serves both; the cap matters
    only on networks so large that a tick may raise more than 0.05 false ones, where a share of `allowed` would mean
    nothing. Give only series whose episode is not open yet: else one long outage lowers the threshold for all others all
    week.

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
