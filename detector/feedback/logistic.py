"""A penalised logistic regression with weighted rows, for events so rare that they may separate perfectly."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _STILL = 50, 1e-6
_RAREST = 1e-9
"""Least start of a probability. Chosen: its logarithm is finite where nobody, or everybody, complained."""


def logistic(x: Floats, came: NDArray[np.bool_], weight: Floats, spread: float) -> tuple[float, Floats, Floats]:
    """(intercept, weights, their standard errors) per unit of x [row, feature].

    `spread`: prior standard deviation of a weight (the ridge), per standard deviation of its feature. Newton steps on
    the penalised likelihood of a statsmodels GLM, whose own ridge has no curvature to go by and stops early.
    """
    import statsmodels.api as sm

    centre = np.average(x, axis=0, weights=weight)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weight))
    scale[scale < 1e-9] = np.inf  # is constant here: its weight stays zero
    design = sm.add_constant((x - centre) / scale, has_constant="add")
    model: Any = sm.GLM(came.astype(np.float64), design, family=sm.families.Binomial(), freq_weights=weight)
    penalty = np.full(design.shape[1], 1 / spread**2)
    penalty[0] = 0.0
    share = float(np.clip(np.average(came, weights=weight), _RAREST, 1 - _RAREST))
    begin = np.zeros(design.shape[1])
    begin[0] = np.log(share / (1 - share))
    found, curvature = _climb(model, begin, penalty)
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature)), 0.0))[1:] / scale
    weights = found[1:] / scale
    return float(found[0] - centre @ weights), weights, error


def _climb(model: Any, begin: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """(the best coefficients, the curvature there)."""

    def height(at: Floats) -> float:
        return float(model.loglike(at, scale=1.0) - penalty @ at**2 / 2)

    found, reached = begin, height(begin)
    for _ in range(_STEPS):
        curvature = np.diag(penalty) - model.hessian(found, scale=1.0, observed=False)
        step = np.linalg.lstsq(curvature, model.score(found, scale=1.0) - penalty * found)[0]
        while float(np.abs(step).max()) >= _STILL and height(found + step) <= reached:
            step /= 2  # too far: the likelihood falls beyond
        if float(np.abs(step).max()) < _STILL:
            break
        found = found + step
        reached = height(found)
    return found, curvature
