"""Peers with a daily season: STL residual with MAD, ADTK SeasonalAD, Prophet."""

import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.panel import Array, Panel
from benchmarks.quality.peers.peer import Peer, deviation, each

DAY_S = 86_400


def _stl(series: Array, places: NDArray[np.int64], history: int) -> Array:
    """The last day's season carried on; level = median of the day before, so that the future is never seen."""
    from statsmodels.tsa.seasonal import STL

    day = int(places.max()) + 1
    fit = STL(series[:history], period=day, robust=False).fit()
    season = np.zeros(day)
    season[places[history - day : history]] = np.asarray(fit.seasonal)[-day:]
    rest = series - season[places]
    level = np.median(np.lib.stride_tricks.sliding_window_view(rest, day), axis=1)  # [i] = periods i to i + day - 1
    return (rest[history:] - level[history - day : len(series) - day]) / deviation(np.asarray(fit.resid))


def stl(panel: Panel) -> Array:
    return each(panel, _stl)


def _adtk(series: Array, places: NDArray[np.int64], history: int) -> Array:
    """SeasonalAD's own chain, for its score: seasonal decomposition, then distance from the quartiles of its residual in
    interquartile ranges; SeasonalAD flags at c = 3. A series in which it finds no season has no opinion."""
    import pandas as pd
    from adtk.transformer import ClassicSeasonalDecomposition

    index = pd.date_range("2026-01-05", periods=len(series), freq=f"{DAY_S // (int(places.max()) + 1)}s")
    given = pd.Series(series, index=index)
    chain = ClassicSeasonalDecomposition(freq=int(places.max()) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            learned = chain.fit_transform(given.iloc[:history])
        except RuntimeError:  # "Could not find significant seasonality"
            return np.full(len(series) - history, np.nan)
        rest = chain.transform(given.iloc[history:])
    low, high = np.nanquantile(learned, [0.25, 0.75])
    return np.asarray((rest.to_numpy() - high) / ((high - low) or 1.0), np.float64)


def adtk(panel: Panel) -> Array:
    return each(panel, _adtk)


def _prophet(series: Array, places: NDArray[np.int64], history: int) -> Array:
    """Distance from the forecast in half widths of its 99 % interval."""
    import pandas as pd
    from prophet import Prophet

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    at = pd.date_range("2026-01-05", periods=len(series), freq=f"{DAY_S // (int(places.max()) + 1)}s")
    model: Any = Prophet(interval_width=0.99, uncertainty_samples=200)
    np.random.seed(1)  # Prophet draws from the global state
    model.fit(pd.DataFrame({"ds": at[:history], "y": series[:history]}), seed=1)
    forecast = model.predict(pd.DataFrame({"ds": at[history:]}))
    half = (forecast["yhat_upper"] - forecast["yhat"]).to_numpy()
    return np.asarray((series[history:] - forecast["yhat"].to_numpy()) / np.maximum(half, 1e-12), np.float64)


def prophet(panel: Panel) -> Array:
    return each(panel, _prophet)


STL = Peer(
    name="stl",
    title="STL residual with MAD",
    use="season of a day from history, level of the day before; 3.5 robust deviations",
    threshold=3.5,
    score=stl,
    package="statsmodels",
    cells=12,
    operators=4,
)
ADTK = Peer(
    name="adtk",
    title="ADTK SeasonalAD",
    use="season of a day; c = 3, the worse side",
    threshold=3.0,
    score=adtk,
    package="adtk",
    cells=12,
    operators=4,
)
PROPHET = Peer(
    name="prophet",
    title="Prophet",
    use="daily and weekly season, outside the 99 % interval on the worse side",
    threshold=1.0,
    score=prophet,
    package="prophet",
    cells=4,
    operators=3,
)
