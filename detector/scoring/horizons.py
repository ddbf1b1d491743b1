"""Over how long evidence is summed: one period for sharp faults, some hours for mild ones, a fading day for drift."""

import numpy as np

from detector.domain.policy import DetectionPolicy
from detector.scoring.counting import Floats

SHARP_Z = 4.0
"""A period this many standard deviations off is no part of a slow drift: what follows a sharp fault is not its echo."""


def horizons(duration_s: int, policy: DetectionPolicy) -> tuple[int, ...]:
    """In periods: one, each pooled horizon that is longer, and last, negative, the time constant after which the past
    fades away (0 hours in the policy: none).

    >>> horizons(900, DetectionPolicy()), horizons(3600, DetectionPolicy())
    ((1, 2, 3, 6, 12, -36), (1, 3, -9))
    """
    pooled = sorted({minutes * 60 // duration_s for minutes in policy.pooled_minutes} - {0, 1})
    fading = round(policy.drift_hours * 3600 / duration_s)
    return (1, *pooled, *((-fading,) if fading > max([1, *pooled]) // 2 else ()))


def decay(fading: int) -> float:
    """What is left of a period's weight after another period.

    >>> round(decay(-36), 3)
    0.973
    """
    return float(np.exp(1 / fading))


def effective(horizon: int) -> int:
    """Periods whose sum scatters as much: a fading sum counts as twice its time constant.

    >>> effective(3), effective(-36)
    (3, 72)
    """
    return horizon if horizon > 0 else -2 * horizon


def summed(values: Floats, horizon: int) -> Floats:
    """Sums over the first axis that end at each period; NaN counts as nothing unless the newest period itself is NaN.

    A fading sum is scaled so that its Poisson variance equals its mean, as that of a plain sum does.

    >>> summed(np.array([1.0, 2.0, np.nan, 4.0]), 2).tolist()
    [1.0, 3.0, nan, 4.0]
    >>> summed(np.ones(500), -36)[-1].round(1)
    np.float64(72.0)
    """
    if horizon == 1:
        return values
    filled = np.nan_to_num(values)
    if horizon < 0:
        left = decay(horizon)
        total = filled.copy()
        for period in range(1, len(total)):  # as scipy.signal.lfilter, whose import takes longer than a fit
            total[period] += left * total[period - 1]
        total *= 1 + left
    else:
        total = filled.copy()
        for back in range(1, min(horizon, len(filled))):
            total[back:] += filled[:-back]
    return np.where(np.isnan(values), np.nan, total)
