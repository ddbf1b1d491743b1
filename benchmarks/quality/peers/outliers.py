"""PyOD: outliers among lagged windows of one series, freed of its daily course. By default a tenth of history is one."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.panel import Array, Panel
from benchmarks.quality.peers.peer import Peer, each, windows

LAGS = 8
USE = f"windows of {LAGS} periods of the robust residual by hour of the day; contamination 0.1 as by default"


def _made(name: str) -> Any:
    if name == "ecod":
        from pyod.models.ecod import ECOD

        return ECOD()
    if name == "knn":
        from pyod.models.knn import KNN

        return KNN()
    from pyod.models.iforest import IForest

    return IForest(random_state=1)


def _fitted(name: str, series: Array, _places: NDArray[np.int64], history: int) -> Array:
    rows = np.ascontiguousarray(windows(series, LAGS))
    model = _made(name).fit(rows[:history])
    lowest = float(model.decision_scores_.min())
    reach = float(model.threshold_) - lowest  # IForest's scores are below zero for what is usual
    return (np.asarray(model.decision_function(rows[history:])) - lowest) / (reach or 1.0)


def score(name: str, panel: Panel) -> Array:
    return each(panel, partial(_fitted, name), centred=True)


ECOD = Peer(
    name="ecod",
    title="PyOD ECOD",
    use=USE,
    threshold=1.0,
    score=partial(score, "ecod"),
    package="pyod",
)
KNN = Peer(name="knn", title="PyOD KNN", use=USE, threshold=1.0, score=partial(score, "knn"), package="pyod")
IFOREST = Peer(
    name="iforest",
    title="PyOD IForest",
    use=USE,
    threshold=1.0,
    score=partial(score, "iforest"),
    package="pyod",
    cells=12,
    operators=3,
)
