"""Peers that learn as they go: River's half-space trees, robust random cut forest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.panel import Array, Panel
from benchmarks.quality.peers.peer import Peer, each, windows

LAGS = 4
TREES, SIZE = 40, 256
WARM = 2 * 250
"""Periods before the first score: HalfSpaceTrees needs two windows of its 250."""


def _trees(series: Array, _places: NDArray[np.int64], history: int) -> Array:
    from river.anomaly import HalfSpaceTrees

    low, high = float(series[:history].min()), float(series[:history].max())
    scaled = np.clip((series - low) / ((high - low) or 1.0), 0.0, 1.0)
    model = HalfSpaceTrees(seed=1)
    first, found = max(history - 2 * WARM, 0), []
    rows = windows(scaled, LAGS)
    for place, row in enumerate(rows[first:].tolist(), first):
        features = dict(enumerate(row))
        found.append((place, float(model.score_one(features))))
        model.learn_one(features)
    scores = np.array([s for _, s in found])
    return _beyond(scores, history - first, 0.95)


def _beyond(scores: Array, history: int, share: float) -> Array:
    """Score over its quantile of the second half of history: 1 is the threshold."""
    learned = scores[history // 2 : history]
    return scores[history:] / (float(np.quantile(learned, share)) or 1.0)


def half_space_trees(panel: Panel) -> Array:
    return each(panel, _trees, centred=True)


def _cut(series: Array, _places: NDArray[np.int64], history: int) -> Array:
    """A forest of random samples of history; each later window is put in, asked for its codisplacement and taken out."""
    import rrcf

    rng = np.random.default_rng(1)
    rows = windows(series, LAGS) + rng.normal(0, 1e-6, (len(series), LAGS))  # no two points alike, which it cannot cut
    size = min(SIZE, history // 2)
    picks = [rng.choice(history, size, replace=False) for _ in range(TREES)]
    forest = [rrcf.RCTree(rows[pick], index_labels=pick, random_state=i) for i, pick in enumerate(picks)]
    later = np.arange(history - size // 4, len(series))
    scores = np.array([_displaced(forest, rows[p]) for p in later])
    return scores[size // 4 :] / (float(np.quantile(scores[: size // 4], 0.99)) or 1.0)


def _displaced(forest: list[Any], row: Array) -> float:
    total = 0.0
    for tree in forest:
        tree.insert_point(row, index="new")
        total += tree.codisp("new")
        tree.forget_point("new")
    return total / len(forest)


def cut_forest(panel: Panel) -> Array:
    return each(panel, _cut, centred=True)


TREES_PEER = Peer(
    name="half_space_trees",
    title="River half-space trees",
    use=f"{LAGS} lags of the robust residual scaled to 0..1; its 95 % quantile",
    threshold=1.0,
    score=half_space_trees,
    package="river",
    cells=6,
    operators=3,
)
RRCF = Peer(
    name="rrcf",
    title="rrcf",
    use=f"{TREES} trees of {SIZE}, {LAGS} lags of the robust residual; documents no limit: 99 % of history",
    threshold=1.0,
    score=cut_forest,
    package="rrcf",
    cells=2,
    operators=1,
)
