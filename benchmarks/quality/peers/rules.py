"""Rules that need no library: fixed limits, three sigma by hour of the week, beta-binomial with Benjamini-Hochberg."""

import numpy as np
from scipy.special import betaln, gammaln

from benchmarks.quality.panel import Array, Panel
from benchmarks.quality.peers.peer import Peer

LIMIT = 0.05
"""A ratio is bad with this share of failures: success under 95 %, drops over 5 %."""
TERMS = 250
"""Terms of a tail that are summed; those after them are under a thousandth of it for counts of a period."""


def failing(panel: Panel) -> Array:
    """[period, series] share of failures of ratios, NaN for what is none."""
    ratio = np.array([k.kind == "ratio" for k in panel.kpis])
    up = np.array([k.direction == "up" for k in panel.kpis])
    return np.where(ratio, np.where(up, 1 - panel.value, panel.value), np.nan)


def fixed(panel: Panel) -> Array:
    return failing(panel)[panel.history :] / LIMIT


def sigma(panel: Panel) -> Array:
    """Mean and standard deviation of the same hour of the week; under four values there is no opinion."""
    learned, hours = panel.badness[: panel.history], panel.hour_of_week
    scores = np.full((len(panel.starts) - panel.history, learned.shape[1]), np.nan)
    for hour in np.unique(hours[panel.history :]):
        own = learned[hours[: panel.history] == hour]
        count = np.isfinite(own).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.nansum(own, axis=0) / count
            spread = np.sqrt(np.nansum((own - mean) ** 2, axis=0) / (count - 1))
            here = hours[panel.history :] == hour
            z = (panel.badness[panel.history :][here] - mean) / spread
        scores[here] = np.where((count >= 4) & (spread > 0), z, np.nan)
    return scores


def beta_binomial(panel: Panel) -> Array:
    """-log10 of the Benjamini-Hochberg adjusted p of each period by itself, over all ratios of the tick. Rate and
    overdispersion of each series by moments over its history."""
    share = failing(panel)
    count = np.where(np.isfinite(share), panel.denominator, 0.0).round()
    failed = np.where(np.isfinite(share), share * count, 0.0).round()
    n, x = count[: panel.history], failed[: panel.history]
    total = np.maximum(n.sum(axis=0), 1)
    p = (x.sum(axis=0) + 0.5) / (total + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = ((x - n * p) ** 2 - n * p * (1 - p)).sum(axis=0) / (p * (1 - p) * (n * (n - 1)).sum(axis=0))
    rho = np.clip(np.nan_to_num(excess), 1e-5, 0.5)
    tail = upper_tail(failed[panel.history :], count[panel.history :], p, rho)
    tail = np.where(np.isfinite(share[panel.history :]), tail, np.nan)
    return np.stack([-np.log10(np.maximum(adjusted(row), 1e-300)) for row in tail])


def upper_tail(x: Array, n: Array, p: Array, rho: Array) -> Array:
    """P(X >= x) of a beta-binomial of mean p and correlation rho; 1 where x is not above the mean.

    >>> upper_tail(np.array([[2.0, 0.0]]), np.array([[2.0, 9.0]]), np.array([0.5, 0.5]), np.array([1 / 3, 0.1])).tolist()
    [[0.3333333333333333, 1.0]]
    """
    a, b = (np.broadcast_to(q * (1 / rho - 1), x.shape) for q in (p, 1 - p))
    above = np.asarray(x > n * p)
    found, j, m, a, b = np.ones(x.shape), x[above], n[above], a[above], b[above]
    log = gammaln(m + 1) - gammaln(j + 1) - gammaln(m - j + 1) + betaln(j + a, m - j + b) - betaln(a, b)
    term = np.exp(log)
    total = term.copy()
    for _ in range(TERMS):
        term = term * np.maximum(m - j, 0) * (j + a) / ((j + 1) * np.maximum(m - j - 1 + b, 1e-12))
        j, total = j + 1, total + term
    found[above] = np.minimum(total, 1.0)
    return found


def adjusted(p: Array) -> Array:
    """Benjamini-Hochberg (1995) adjusted p-values of one tick, NaN kept.

    >>> adjusted(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known])]
    raised = p[order] * len(known) / np.arange(1, len(known) + 1)
    found = np.full(p.shape, np.nan)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found


FIXED = Peer(
    name="fixed",
    title="Fixed thresholds",
    use="success under 95 %, drops over 5 %, 20 attempts at least",
    threshold=1.0,
    score=fixed,
)
SIGMA = Peer(
    name="sigma",
    title="3 sigma by hour of week",
    use="mean and deviation of the same local hour of the week",
    threshold=3.0,
    score=sigma,
)
BINOMIAL = Peer(
    name="beta_binomial",
    title="Beta-binomial with BH",
    use="one period, rate and overdispersion by series, q = 0.05 over all of a tick",
    threshold=-float(np.log10(0.05)),
    score=beta_binomial,
)
