"""How sure we are that an incident is real."""

from collections.abc import Sequence
from math import exp, log

from detector.domain.degradation import Degradation

PRIOR = 1e-4
"""Share of series that are degraded at a random time, against which evidence is weighed. Chosen: an hour a year."""
CONFIRMATION = log(10.0)
"""A confirmation by neighbours, the core, an alarm or a ticket makes the incident ten times likelier."""
SUREST, LEAST = 0.99, 0.05


def confidence(degradations: Sequence[Degradation], confirmations: int) -> float:
    """Chance that the incident is real, between 0.05 and 0.99: no model is surer of itself than that.

    Each p counts by the upper bound of its Bayes factor, 1 / (-e p ln p) (Sellke, Bayarri, Berger 2001, "Calibration of p
    values"), the strongest of each object once, against the prior odds that any series is degraded; every confirmation
    adds a factor of ten. A bound, so rather too sure than not: feedback calibrates it.

    >>> from detector.domain.degradation import Degradation
    >>> def one(cell: str, neg_log10_p: float) -> Degradation:
    ...     return Degradation(
    ...         degradation_id="deg_1", object_id=cell, family="volume", kpi="v", kind="sleeping", started_at=0,
    ...         detected_at=0, severity="minor", neg_log10_p=neg_log10_p, expected=1, observed=0, numerator=0,
    ...         denominator=1, excess=1,
    ...         periods=1, duration_s=900,
    ...     )
    >>> [round(confidence([one("c1", s)], 0), 2) for s in (4.0, 6.0, 8.0)]
    [0.05, 0.73, 0.99]
    >>> round(confidence([one("c1", 4.0), one("c2", 4.0)], 0), 2), round(confidence([one("c1", 4.0)], 2), 2)
    (0.94, 0.8)
    """
    strongest: dict[str, float] = {}
    for d in degradations:
        strongest[d.base_object] = max(d.neg_log10_p, strongest.get(d.base_object, 0.0))
    odds = log(PRIOR / (1 - PRIOR)) + sum(map(bayes_bound, strongest.values())) + confirmations * CONFIRMATION
    if not any(strongest.values()):
        odds += log(1 / PRIOR)  # missing data is certain; its meaning follows from the confirmations
    return min(SUREST, max(LEAST, 1 / (1 + exp(-min(odds, 50.0)))))


def bayes_bound(neg_log10_p: float) -> float:
    """ln of the largest Bayes factor for a -log10 p; 0 where p >= 1/e."""
    log_p = -neg_log10_p * log(10)
    return max(0.0, -(1 + log_p + log(-log_p))) if log_p < -1 else 0.0
