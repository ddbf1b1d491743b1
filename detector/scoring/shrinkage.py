"""Ratios of observed to expected, shrunk towards 1 by their noise (empirical Bayes: Efron and Morris 1975, JASA 70:311)."""

from dataclasses import dataclass

import numpy as np

from detector.scoring.counting import Floats

LEAST, MOST = 1e-4, 4.0
TRIMMED_SHARE = 0.1
"""Share of the highest objects that is left out. Chosen: more objects are never faulty in a history."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Variance of the sum of events over blocks: chance x expected + wander x sum of squared expectations."""

    chance: float
    wander: float

    def relative(self, expected: Floats, squares: Floats) -> Floats:
        """Variance of observed / expected; infinite where nothing was expected."""
        variance = self.chance * expected + self.wander * squares
        return np.divide(variance, expected**2, out=np.full_like(expected, np.inf), where=expected > 0)


def trimmed_ratio(above: Floats, below: Floats, fallback: float) -> float:
    """sum(above) / sum(below) over objects without the tenth that is highest: a few faulty ones do not decide for all."""
    have = below > 0
    if not have.any():
        return fallback
    above, below = above[have], below[have]
    order = np.argsort(above / below)
    kept = order[: max(1, int(np.ceil(len(order) * (1 - TRIMMED_SHARE))))]
    return float(np.clip(above[kept].sum() / below[kept].sum(), LEAST, MOST))


def middle_ratio(above: Floats, below: Floats, fallback: float) -> float:
    """above / below of the median object: up to a half may be as odd as they like.

    >>> middle_ratio(np.array([0.01, 0.01, 0.02, 9.0, 9.0]), np.ones(5), 0.5)
    0.02
    """
    have = below > 0
    return float(np.clip(np.median(above[have] / below[have]), LEAST, MOST)) if have.any() else fallback


def between(ratio: Floats, expected: Floats, noise: Floats) -> float:
    """Variance of the true factors [slot, object] around 1: what noise does not explain of observed / expected."""
    have = (expected > 0) & np.isfinite(noise)
    beyond = np.where(have, expected * ((ratio - 1) ** 2 - np.where(have, noise, 0.0)), 0.0)
    weight = np.where(have, expected, 0.0)
    scale = np.maximum(weight.sum(axis=0), 1e-300)
    return trimmed_ratio(beyond.sum(axis=0) / scale, (weight.sum(axis=0) > 0).astype(float), LEAST)


def shrunk(ratio: Floats, noise: Floats, variance: float) -> Floats:
    """Each ratio towards 1, by its noise against the variance of true factors.

    >>> shrunk(np.array([2.0, 2.0]), np.array([0.1, np.inf]), 0.1).tolist()
    [1.5, 1.0]
    """
    trust = variance / (variance + noise)
    return np.asarray(np.maximum(1 + trust * (np.where(trust > 0, ratio, 1.0) - 1), 0.0))


def ratio_of(observed: Floats, expected: Floats) -> Floats:
    """observed / expected, 1 where nothing was expected."""
    return np.divide(observed, expected, out=np.ones_like(expected), where=expected > 0)
