"""A penalised logistic regression with weighted rows, for events so rare that they may separate perfectly."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FLAT = 1e-6
"""Slope of the log-likelihood below which its top is reached. Chosen: a weight is then known far better than by
its standard error."""
_RAREST = 1e-9
"""Least start of a probability. Chosen: its logarithm is finite where nobody, or everybody, complained."""


def logistic(x: Floats, came: NDArray[np.bool_], weight: Floats, spread: float) -> tuple[float, Floats, Floats]:
    """(intercept, weights, their standard errors) per unit of x [row, feature].

    `spread`: prior standard deviation of a weight (the ridge), per standard deviation of its feature. The likelihood
    is that of a statsmodels GLM, whose own ridge has no curvature to go by and stops early;
    scipy finds its top by trust regions.
    """
    import statsmodels.api as sm
    from scipy.optimize import minimize

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

    def fall(at: Floats) -> float:
        return float(penalty @ at**2 / 2 - model.loglike(at, scale=1.0))

    def slope(at: Floats) -> Floats:
        return np.asarray(penalty * at - model.score(at, scale=1.0), np.float64)

    def curvature(at: Floats) -> Floats:
        return np.asarray(np.diag(penalty) - model.hessian(at, scale=1.0, observed=False), np.float64)

    found = minimize(fall, begin, jac=slope, hess=curvature, method="trust-exact", options={"gtol": _FLAT}).x
    error = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature(found))), 0.0))[1:] / scale
    weights = found[1:] / scale
    return float(found[0] - centre @ weights), weights, error
