"""How well chances foretold what came: AUC with its interval, and calibration."""

import numpy as np
from numpy.typing import NDArray

from detector.domain.risk import Judgement
from detector.feedback.logistic import logistic

Floats = NDArray[np.float64]
_TENTHS = 10
"""Groups of a calibration table. Definition: tenths."""
_FREE = 100.0
"""Prior standard deviation without a penalty. Chosen: far beyond any weight."""


def judge(chance: Floats, came: NDArray[np.bool_], weight: Floats) -> Judgement:
    """[row] each; `weight`: how many days a row stands for. Needs rows of both kinds."""
    area = auc(chance, came, weight)
    error = _auc_error(area, int(came.sum()), int((~came).sum()))
    return Judgement(
        auc=round(area, 4),
        low=round(max(area - 1.96 * error, 0.0), 4),
        high=round(min(area + 1.96 * error, 1.0), 4),
        observed=int(came.sum()),
        expected=round(float(chance @ weight), 2),
        slope=round(_slope(chance, came, weight), 3),
        tenths=_tenths(chance, came, weight),
    )


def auc(chance: Floats, came: NDArray[np.bool_], weight: Floats) -> float:
    """Chance that a day with a complaint was given more than one without, ties as a half.

    >>> auc(np.array([0.1, 0.2, 0.2, 0.9]), np.array([False, False, True, True]), np.ones(4))
    0.875
    """
    _, place = np.unique(chance, return_inverse=True)
    bad, good = (np.bincount(place, weight * kind, place.max() + 1) for kind in (came, ~came))
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def _auc_error(area: float, bad: int, good: int) -> float:
    """Standard error (J. Hanley, B. McNeil, Radiology 143, 1982)."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (bad - 1) * (q1 - area * area) + (good - 1) * (q2 - area * area)
    return float(np.sqrt(max(variance, 0.0) / (bad * good)))


def _slope(chance: Floats, came: NDArray[np.bool_], weight: Floats) -> float:
    """Of a logistic regression of what came on the logit of the chances."""
    safe = np.clip(chance, 1e-9, 1 - 1e-9)
    logit = np.log(safe / (1 - safe))
    if np.ptp(logit) < 1e-9:
        return 0.0
    return float(logistic(logit[:, None], came, weight, _FREE)[1][0])


def _tenths(chance: Floats, came: NDArray[np.bool_], weight: Floats) -> tuple[tuple[float, float], ...]:
    order = np.argsort(chance, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    tenth = np.minimum((reached * _TENTHS - 1e-9).astype(int), _TENTHS - 1)
    total = np.bincount(tenth, weight[order], _TENTHS)
    mean, share = (np.bincount(tenth, weight[order] * of[order], _TENTHS) for of in (chance, came))
    held = total > 0
    return tuple(
        (round(float(m), 6), round(float(s), 6))
        for m, s in zip(mean[held] / total[held], share[held] / total[held], strict=True)
    )
