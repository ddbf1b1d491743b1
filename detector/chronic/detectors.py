"""An ensemble over profiles: detectors of PyOD and the plain length of what is beyond the normal, and which KPIs make it.

PyOD (Zhao, Nasrullah, Li, JMLR 20, 2019) is imported where it runs: with scikit-learn it takes seconds.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.chronic.peers import LEAST_PEERS, Groups
from detector.chronic.profile import Profiles

NORMAL_SPREADS = 2.0
"""Distance from peers that is normal and counts for nothing. Measured: benchmarks/results/chronic.md."""
NEIGHBOURS = 10
"""Nearest profiles to which a distance is measured. Chosen: more than there are alike bad cells among a few hundred."""
MOST_FITTED = 5_000
"""Profiles that detectors are fitted to. Chosen: what is normal is known from fewer; all are scored."""
UPPER = 0.9
"""Quantile of a detector's scores that is 1 in the ensemble, the median being 0. Chosen: more cells are bad nowhere."""
SEED = 1
"""Of what is drawn. Chosen: any number; the same profiles give the same scores."""
Floats = NDArray[np.float64]
Judge = Callable[[Floats, Floats], Floats]
"""(profiles to fit to, profiles to score), both [cell, feature], to scores [cell]: more is worse."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """score: [cell] mean over the detectors, 0 the median, 1 the UPPER quantile of its technology. shares: [cell, KPI] its
    part of the length of the profile, 0 to 1. order: [n] cells with a profile, the worst first."""

    score: Floats
    shares: Floats
    order: NDArray[np.intp]


def ranked(profiles: Profiles, technologies: Groups) -> Ranking:
    """`technologies`: [cell] number of its technology; each is judged by itself, for its KPIs are other ones."""
    beyond = np.maximum(profiles.distances - NORMAL_SPREADS, 0.0)
    score = np.full(len(profiles.cells), -np.inf)
    for technology in np.unique(technologies):
        own = np.flatnonzero((technologies == technology) & (profiles.peers > 0))
        if len(own) >= LEAST_PEERS and beyond[own].any():
            rows = beyond[own].reshape(len(own), -1)
            score[own] = ensemble(rows[:, rows.any(axis=0)])
    squares = (beyond**2).sum(axis=2)
    shares = squares / np.maximum(squares.sum(axis=1, keepdims=True), 1e-12)
    order = np.argsort(-score, kind="stable")
    return Ranking(score, shares, order[np.isfinite(score[order])])


def ensemble(rows: Floats, judges: Mapping[str, Judge] | None = None) -> Floats:
    """[cell] mean of the scores of all detectors (DETECTORS unless given), each on the scale of `Ranking.score`."""
    fitted = rows
    if len(rows) > MOST_FITTED:
        fitted = rows[np.sort(np.random.default_rng(SEED).choice(len(rows), MOST_FITTED, replace=False))]
    scores = [_scaled(judge(fitted, rows)) for judge in (judges or DETECTORS).values()]
    return np.asarray(np.mean(scores, axis=0))


def _scaled(scores: Floats) -> Floats:
    middle = np.median(scores)
    return np.asarray((scores - middle) / (np.quantile(scores, UPPER) - middle or 1.0))


def length(_: Floats, rows: Floats) -> Floats:
    """Euclidean length of the profiles: no detector at all."""
    return np.asarray(np.sqrt((rows**2).sum(axis=1)))


def nearest_profiles(fitted: Floats, rows: Floats) -> Floats:
    """Mean distance to the nearest profiles (Angiulli, Pizzuti, PKDD 2002)."""
    from pyod.models.knn import KNN

    return scores_of(KNN(n_neighbors=min(NEIGHBOURS, len(fitted) - 1), method="mean"), fitted, rows)


def copula_tails(fitted: Floats, rows: Floats) -> Floats:
    """Sum of the logarithms of tail probabilities, by the empirical copula (Li et al., ICDM 2020)."""
    from pyod.models.copod import COPOD

    return scores_of(COPOD(), fitted, rows)


def scores_of(model: Any, fitted: Floats, rows: Floats) -> Floats:
    """Raw scores of a detector of PyOD: `contamination` only moves its labels, which nobody reads here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(fitted)
        scores = model.decision_scores_ if fitted is rows else model.decision_function(rows)
    return np.asarray(scores, np.float64)


DETECTORS: Mapping[str, Judge] = {"KNN": nearest_profiles, "COPOD": copula_tails, "length": length}
"""Name -> what scores. Kept by measurement: benchmarks/results/chronic.md has the others too."""
