"""A penalised logistic regression with weighted rows, for events so rare that they may separate perfectly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _STILL = 50, 1e-6
_RAREST = 1e-9
"""Where nobody, or everybody, complained, the climb begins at a chance that still has a logarithm."""


def logistic(x: Floats, came: NDArray[np.bool_], weight: Floats, spread: float) -> tuple[float, Floats, Floats]:
    """(intercept, weights, their standard errors) per unit of x [row, feature].

    `spread`: standard deviation that the ridge believes of a weight, per standard deviation of its feature. Newton steps on
    the penalised likelihood; without the penalty it is the binomial GLM with frequency weights of statsmodels, to which a
    test holds it (statsmodels and the pandas that it needs are 160 MB, for these three formulas).
    """
    centre = np.average(x, axis=0, weights=weight)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weight))
    scale[scale < 1e-9] = np.inf  # says nothing here: its weight stays zero
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    penalty = np.full(design.shape[1], 1 / spread**2)
    penalty[0] = 0.0
    share = float(np.clip(np.average(came, weights=weight), _RAREST, 1 - _RAREST))
    begin = np.zeros(design.shape[1])
    begin[0] = np.log(share / (1 - share))
    found, curvature = _climb(_Likelihood(design, came.astype(np.float64), weight), begin, penalty)
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature)), 0.0))[1:] / scale
    weights = found[1:] / scale
    return float(found[0] - centre @ weights), weights, error


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """Of binomial outcomes under the logit link. design: [row, 1 + feature]; came: 0 or 1; weight: times a row counts."""

    design: Floats
    came: Floats
    weight: Floats

    def log(self, at: Floats) -> float:
        """sum w (y eta - ln(1 + e^eta)), eta = X b."""
        eta = self.design @ at
        return float(self.weight @ (self.came * eta - np.logaddexp(0.0, eta)))

    def score(self, at: Floats) -> Floats:
        """X' w (y - p)."""
        return np.asarray(self.design.T @ (self.weight * (self.came - self._chance(at))))

    def information(self, at: Floats) -> Floats:
        """X' diag(w p (1 - p)) X."""
        chance = self._chance(at)
        return np.asarray(self.design.T @ (self.design * (self.weight * chance * (1 - chance))[:, None]))

    def _chance(self, at: Floats) -> Floats:
        return np.asarray(np.exp(-np.logaddexp(0.0, -(self.design @ at))))


def _climb(likelihood: _Likelihood, begin: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """(the best coefficients, the curvature there)."""

    def height(at: Floats) -> float:
        return float(likelihood.log(at) - penalty @ at**2 / 2)

    found, reached = begin, height(begin)
    for _ in range(_STEPS):
        curvature = np.diag(penalty) + likelihood.information(found)
        step = np.linalg.lstsq(curvature, likelihood.score(found) - penalty * found)[0]
        while float(np.abs(step).max()) >= _STILL and height(found + step) <= reached:
            step /= 2  # too far: the likelihood falls beyond
        if float(np.abs(step).max()) < _STILL:
            break
        found = found + step
        reached = height(found)
    return found, curvature
