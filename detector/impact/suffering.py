"""From expected presence to the chance that a person suffered, and from chances to a count with its interval."""

import numpy as np
import scipy
from numpy.typing import NDArray

SUFFERING_S = 300.0
"""Degraded seconds that count as suffering (CONTRACTS.md, section 4)."""
PRIOR_CONCENTRATION = 1.5
"""Prior of how all-or-nothing presence is. Chosen: between there or not at all (0) and any share alike (2)."""
PRIOR_PEOPLE = 4.0
"""People whose hour weighs as much as the prior. Chosen: a handful, so that data soon decide."""
_NODES = 48
"""Nodes of the quadrature over a common hazard. Chosen: probabilities are right to four digits."""
_AT_ONCE = 4096
"""People computed at once. Chosen: their nodes fit the processor's cache, and a whole network's need no gigabytes."""
_NOTICE_SD = 0.5
"""Standard deviation of the logarithm of what a person notices. Chosen: a factor of 1.6 either way."""
_TAIL = 0.025
"""Probability beyond either end of an interval. Definition: 95 % lie within."""
_END_SD_CAP = 1.0
"""Most standard deviation of the logarithm of everyone's hazard that an unknown end adds. Chosen: a factor of e either
way."""
_STRANGERS = 0.3
"""Share of the expected number that may have suffered though hardly expected. Chosen: visitors and people without a
profile."""
_GRID = np.linspace(0.0, 1.0, 65) ** 2  # fine near nobody-there, where shares change fast


def chance_of_suffering(
    share_there: NDArray[np.float64],
    window_s: float,
    hazard: NDArray[np.float64],
    degraded_share: NDArray[np.float64],
    harmful: NDArray[np.float64],
    known_s: NDArray[np.float64],
    concentration: float,
) -> NDArray[np.float64]:
    """[person]: P(at least one own failure or SUFFERING_S degraded seconds).

    A mean share of the window is a poor estimate for one day: someone who is there half of all Mondays is there fully or not
    at all. So the share f is Beta distributed with the mean `share_there` and one `concentration` for all (low = all or
    nothing), and the chance is the mean over f of 1 - exp(-hazard f / mean) (1 - harmful [degraded seconds >= SUFFERING_S]).
    How much of the degraded time one notices differs too, by a factor that is log-normal around 1, drawn against f. hazard:
    expected own failures; degraded_share: share of the presence that lies in cells without or with slow service; harmful:
    chance that such presence is felt; known_s: degraded seconds that are known already.

    >>> there, nothing, all_of_it = np.array([0.0, 0.5, 1.0]), np.zeros(3), np.ones(3)
    >>> chance_of_suffering(there, 3600.0, nothing, all_of_it, all_of_it, nothing, 1.0).round(2).tolist()
    [0.0, 0.79, 1.0]
    """
    mean, quantiles = np.clip(share_there, 0.0, 1.0), _quantiles(concentration)
    parts = [slice(at, at + _AT_ONCE) for at in range(0, len(mean), _AT_ONCE)]
    found = [
        _chances(
            mean[p],
            window_s,
            hazard=hazard[p],
            degraded_share=degraded_share[p],
            harmful=harmful[p],
            known_s=known_s[p],
            quantiles=quantiles,
        )
        for p in parts
    ]
    return np.concatenate([np.empty(0), *found])


def _chances(
    mean: NDArray[np.float64],
    window_s: float,
    hazard: NDArray[np.float64],
    degraded_share: NDArray[np.float64],
    harmful: NDArray[np.float64],
    known_s: NDArray[np.float64],
    quantiles: NDArray[np.float64],
) -> NDArray[np.float64]:
    shares = quantiles[np.rint(np.sqrt(mean) * (len(_GRID) - 1)).astype(np.intp)]
    centre = shares.mean(axis=1)
    shares = shares * np.divide(mean, centre, out=np.ones_like(mean), where=centre > 0)[:, None]
    failures = hazard[:, None] * np.divide(shares, mean[:, None], out=np.zeros_like(shares), where=mean[:, None] > 0)
    well = np.exp(-failures)
    if harmful.any():
        seconds = (known_s[:, None] + np.minimum(shares, 1.0) * window_s * degraded_share[:, None]) * _notice()
        well *= 1.0 - harmful[:, None] * (seconds >= SUFFERING_S)
    return np.asarray(1.0 - well.mean(axis=1))


def _notice() -> NDArray[np.float64]:
    """[node]: quantiles of the factor, in an order that has nothing to do with that of the shares (golden ratio)."""
    order = np.argsort(np.argsort((np.arange(_NODES) * 0.6180339887) % 1.0))
    return np.asarray(np.exp(_NOTICE_SD * scipy.special.ndtri((order + 0.5) / _NODES)))


def _quantiles(concentration: float) -> NDArray[np.float64]:
    """[mean share on the grid, node]: evenly spread quantiles of Beta(c m, c (1 - m))."""
    mean = np.clip(_GRID, 1e-6, 1 - 1e-6)[:, None]
    nodes = (np.arange(_NODES) + 0.5) / _NODES
    return np.asarray(scipy.special.betaincinv(concentration * mean, concentration * (1 - mean), nodes))


def concentration_of(predicted: NDArray[np.float64], seen: NDArray[np.float64]) -> float:
    """How all-or-nothing presence is, by moments: E (seen - predicted)^2 = f (1 - f) / (concentration + 1).

    Both are shares of one hour that has arrived, over the same people; the prior weighs as much as `PRIOR_PEOPLE`.
    """
    f = np.clip(predicted, 0.0, 1.0)
    spread, misses = float((f * (1 - f)).sum()), float(((seen - f) ** 2).sum())
    full = 0.25 * PRIOR_PEOPLE
    return float(np.clip((spread + full) / max(misses + full / (PRIOR_CONCENTRATION + 1), 1e-9) - 1, 0.05, 30.0))


def affected_interval(
    probability: NDArray[np.float64], log_sd: float, other_sd: float = 0.0, real: float = 1.0
) -> tuple[float, float, float]:
    """(sum, low, high) of the number who suffered, 95 %.

    Everyone's hazard -log(1 - p) may be off by one common factor, log-normal with `log_sd` (failure rate, takeover, exposure
    and reach are estimates) and with what `other_sd` of the sum (the end of the incident is not known) means for it:
    faults turn out many times worse more often than the mean suggests. Beyond that who suffers varies by sum p (1 - p)
    (Poisson binomial), and where anything is unsure some may have been there who hardly were expected. The interval stays
    between nobody and everybody. `real`: chance that there is a fault at all; else nobody suffered, which takes its part of
    the lower tail.

    >>> tuple(round(x) for x in affected_interval(np.full(1000, 0.5), 0.0))
    (500, 469, 531)
    >>> tuple(round(x) for x in affected_interval(np.full(1000, 0.5), 0.0, real=0.95))
    (500, 0, 531)
    """
    total = float(probability.sum())
    hazard = np.log(1.0 / np.clip(1.0 - probability, 1e-12, 1.0))
    slope = float((np.exp(-hazard) * hazard).sum())
    own = float(np.sqrt((probability * (1.0 - probability)).sum()))
    spread = float(np.hypot(log_sd, min(other_sd / slope, _END_SD_CAP) if slope > 0 else 0.0))

    def reach(z: float) -> float:
        """Distance of the bound from the sum at this quantile of the normal distribution."""
        return float(np.hypot(-np.expm1(-hazard * np.exp(spread * z)).sum() - total, own * z))

    below = max(_TAIL - (1.0 - real), 0.0) / max(real, _TAIL)
    low = max(total - reach(float(scipy.special.ndtri(below))), 0.0) if below else 0.0
    high = total + reach(float(scipy.special.ndtri(1.0 - _TAIL))) + (_STRANGERS * total if log_sd else 0.0)
    return total, low, max(min(high, float(len(probability))), total)
