"""Tail probabilities as -log10 p, right far out in the tail (p to 1e-300).

Built on `scipy.special`. `scipy.stats` is not used where it subtracts from one (`betabinom.sf` ends at 1e-16);
`tests/unit/scoring/test_tails.py` holds these to it where both are right.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_P = 1e-300
"""Smallest p of an exact sum. Chosen: doubles end at 1e-308."""
EXACT_FROM = 0.3
"""-log10 p of the approximation from which the exact sum is worth its time. Chosen: half of healthy tests are below."""
EXACT_ATTEMPTS = 3000.0
"""Attempts above which the normal approximation of the proportion is used. Chosen: the exact sum would need thousands of
terms."""


def neg_log10_p(p: Floats) -> Floats:
    """-log10 p; NaN stays NaN.

    >>> neg_log10_p(np.array([1.0, 1e-7])).tolist()
    [0.0, 7.0]
    """
    return np.asarray(np.abs(np.log10(np.clip(p, LEAST_P, 1.0))))


def beta_binomial(failures: Floats, attempts: Floats, fraction: Floats, overdispersion: Floats) -> Floats:
    """-log10 P(at least so many failures), for Beta-binomial counts with mean `fraction` and intra-class correlation
    `overdispersion` (rho): variance n q (1 - q) (1 + (n - 1) rho). All arrays of one shape.

    A Beta with the same mean and variance screens; what it finds unlikely is summed exactly, term by term.

    >>> one = np.ones(1)
    >>> float(beta_binomial(6 * one, 120 * one, 0.01 * one, 0.005 * one)[0].round(2))
    1.9
    """
    rho = np.clip(overdispersion, 1e-6, 0.5)
    q = np.clip(fraction, 1e-6, 1 - 1e-6)
    precision = np.maximum(attempts / (1 + (attempts - 1) * rho) - 1, 1e-3)
    share = np.clip((failures - 0.5) / np.maximum(attempts, 1.0), 0.0, 1.0)
    rough = neg_log10_p(np.asarray(scipy.special.betaincc(q * precision, (1 - q) * precision, share), dtype=np.float64))
    result = np.where(np.isfinite(failures + attempts + fraction + overdispersion), rough, np.nan)
    exact = np.nonzero((rough > EXACT_FROM) & (attempts <= EXACT_ATTEMPTS) & (failures > 0) & np.isfinite(result))
    if exact[0].size:
        result[exact] = _exact_beta_binomial(failures[exact], attempts[exact], q[exact], rho[exact])
    return result


def _exact_beta_binomial(k: Floats, n: Floats, q: Floats, rho: Floats) -> Floats:
    """The tail summed from its first term on, each term from the one before (all positive: nothing cancels)."""
    a, b = q * (1 - rho) / rho, (1 - q) * (1 - rho) / rho
    log_first = (
        -np.log1p(n)
        - scipy.special.betaln(n - k + 1, k + 1)
        + scipy.special.betaln(k + a, n - k + b)
        - scipy.special.betaln(a, b)
    )
    total, term, j = np.ones_like(k), np.ones_like(k), k.copy()
    for _ in range(int(EXACT_ATTEMPTS)):
        term = term * np.maximum(n - j, 0) / (j + 1) * (j + a) / np.maximum(n - j - 1 + b, b)
        total += term
        j += 1
        if (term <= 1e-15 * total).all():
            break
    return np.asarray(np.maximum(-(log_first + np.log(total)) / np.log(10), 0.0))


def negative_binomial(events: Floats, mean: Floats, dispersion: Floats, *, upper: bool = True) -> Floats:
    """-log10 P(at least, or with upper=False at most, so many events) for variance mean + dispersion mean^2.

    >>> one = np.ones(1)
    >>> float(negative_binomial(8 * one, 2 * one, 0.1 * one)[0].round(2))
    2.46
    """
    size = 1 / np.clip(dispersion, 1e-8, 1e4)
    share = mean / (mean + size)
    if upper:
        p = np.where(events > 0, scipy.special.betainc(np.maximum(events, 1e-9), size, share), 1.0)
    else:
        p = scipy.special.betaincc(np.maximum(events, 0) + 1, size, share)
    return np.where(np.isfinite(events + mean + dispersion), neg_log10_p(p), np.nan)


def whole(low: Floats, high: Floats, size: Floats) -> tuple[Floats, Floats]:
    """A band of fractions widened to whole counts of `size`: with few attempts, no failure at all is to be expected.

    >>> low, high = whole(np.array([0.004]), np.array([0.023]), np.array([100.0]))
    >>> float(low[0]), float(high[0])
    (0.0, 0.03)
    """
    return np.asarray(np.floor(low * size) / size), np.asarray(np.ceil(high * size) / size)


def normal(z: Floats) -> Floats:
    """-log10 P(Z >= z) of a standard normal.

    >>> float(normal(np.array([6.0]))[0].round(2))
    9.01
    """
    return np.asarray(np.abs(scipy.special.log_ndtr(-z)) / np.log(10))


def gamma_below(value: Floats, mean: Floats, relative_variance: Floats) -> Floats:
    """P(X <= value) of a Gamma with this mean and squared coefficient of variation."""
    shape = 1 / np.clip(relative_variance, 1e-4, 1e3)
    return np.asarray(scipy.special.gammainc(shape, np.maximum(value, 0) / np.maximum(mean, 1e-300) * shape))
