"""How right forecasts of busy hours are: coverage of 90 % intervals on weeks that were held out, and their error.

    .venv/bin/python -m benchmarks.studies.capacity --seeds 101 102

Simulated operators of 60 cells with the usual faults, matches and holidays, whose traffic grows by 1 % a week (a tenth of
the cells four times as fast): seven weeks to learn from, then thirteen are held out. Real: `ran_hourly_58_cells`, the last
week held out; its field of resource blocks in use is a count, so it is divided by those that are available. Every model sees
the same days, odd ones left out.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.chronic import START, frames_of
from detector.capacity.busy_hours import BusyDay, BusySeries, busy_day, series_of
from detector.capacity.forecast import NORMAL_90, fitted, path_of
from detector.capacity.screen import DAYS_OF_WEEK, HORIZON_WEEKS, TypicalGrowth, design_of, trends_of
from detector.simulator.scenario import Scenario
from detector.simulator.world import build_world

CELLS, LEARNED_WEEKS, GROWTH = 60, 7, 0.01
"""Of a simulated operator: cells, weeks to learn from, growth a week."""
FULL = 75.0
"""Median use (%) from which a simulated cell is not scored: what it would use over 100 % is not counted."""
SCORED = 15
"""Cells of each operator that are scored: the slowest model takes a second each."""
REAL = Path(__file__).parents[3] / "shared/data/ran_hourly_58_cells/cells_hourly.csv.gz"
REAL_FIRST_DAY = 18_867
"""2021-08-28."""
Floats = NDArray[np.float64]
Forecast = tuple[Floats, Floats]
"""[day] mean and standard error of single days, of the logarithm."""
Model = Callable[[Floats, int, int, TypicalGrowth | None], Forecast]
"""(logarithms of busy hours, number of the first day, days ahead, usual growth)."""


def kept(logs: Floats, first: int, ahead: int, typical: TypicalGrowth | None) -> Forecast:
    path = path_of(fitted(np.exp(logs)), ahead, typical)
    return path.mean, path.day_error


def own_drift(logs: Floats, first: int, ahead: int, typical: TypicalGrowth | None) -> Forecast:
    return kept(logs, first, ahead, None)


def structural(kind: str) -> Model:
    def forecast(logs: Floats, first: int, ahead: int, typical: TypicalGrowth | None) -> Forecast:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        model = UnobservedComponents(logs, kind, seasonal=DAYS_OF_WEEK, stochastic_seasonal=False)
        found = model.fit(disp=0, maxiter=100).get_forecast(ahead)
        return np.asarray(found.predicted_mean), np.asarray(found.se_mean)

    return forecast


def least_squares(logs: Floats, first: int, ahead: int, typical: TypicalGrowth | None) -> Forecast:
    days, known = len(logs), np.isfinite(logs)
    design = design_of(np.arange(days) - (days - 1), first + np.arange(days))[known]
    inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(design.shape[1]))
    fit = inverse @ design.T @ logs[known]
    spread = np.sqrt(((logs[known] - design @ fit) ** 2).sum() / (len(design) - design.shape[1]))
    later = design_of(1 + np.arange(ahead), first + days + np.arange(ahead))
    return later @ fit, spread * np.sqrt(1 + np.einsum("ij,jk,ik->i", later, inverse, later))


def damped(logs: Floats, first: int, ahead: int, typical: TypicalGrowth | None) -> Forecast:
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    days, known = len(logs), np.isfinite(logs)
    design = design_of(np.arange(days) - (days - 1), first + np.arange(days))
    fit = np.linalg.lstsq(design[known], logs[known], rcond=None)[0]
    series = pd.Series(np.where(known, logs, design @ fit))  # it cannot do without a day
    model = ETSModel(series, error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAYS_OF_WEEK)
    found = model.fit(disp=0, maxiter=200).get_prediction(start=days, end=days + ahead - 1, method="exact")
    frame = found.summary_frame(alpha=0.1)
    return np.asarray(frame["mean"]), np.asarray(frame["pi_upper"] - frame["pi_lower"]) / 2 / NORMAL_90


MODELS: Mapping[str, Model] = {
    "**level, drift drawn to the usual growth**": kept,
    "level, drift of its own (`lldtrend`)": own_drift,
    "level without a drift (`llevel`)": structural("llevel"),
    "level and drift that wander (`lltrend`)": structural("lltrend"),
    "ETS, damped trend": damped,
    "least squares": least_squares,
}


def simulated(seed: int) -> BusySeries:
    weeks = LEARNED_WEEKS + HORIZON_WEEKS
    world = build_world(
        Scenario(cells=CELLS, days=7 * weeks, seed=seed, start=START, subscribers_per_cell=1, weekly_growth=GROWTH)
    )
    days = [busy_day(frame, world.scenario.timezone) for frame in frames_of(world)]
    return series_of(days, [cell.cell_id for cell in world.network.cells])


def real() -> BusySeries:
    """PRB use in per cent of what was available, the fuller direction; hours in which none was are not known."""
    rows = duckdb.sql(
        "SELECT cell_id, dl_prb_used_avg_INFERRED, prb_avail_a_INFERRED, ul_prb_used_avg_INFERRED, prb_avail_b_INFERRED,"
        " avg_users"
        f" FROM read_csv('{REAL}') ORDER BY cell_id, hour_index"
    ).fetchnumpy()
    cells = np.unique(rows.pop("cell_id")).tolist()
    down, down_of, up, up_of, users = (np.asarray(one, float).reshape(len(cells), -1, 24) for one in rows.values())
    with np.errstate(divide="ignore", invalid="ignore"):
        use = 100 * np.fmax(np.where(down_of > 0, down / down_of, np.nan), np.where(up_of > 0, up / up_of, np.nan))
    busy, hour = np.nanmax(use, axis=2), np.nan_to_num(use, nan=-1.0).argmax(axis=2)
    names, most = tuple(map(str, cells)), users.max(axis=2)
    days = [
        BusyDay(day=REAL_FIRST_DAY + n, cells=names, use=busy[:, n], users=most[:, n], hour=hour[:, n])
        for n in range(busy.shape[1])
    ]
    return series_of(days, names)


def scores(series: BusySeries, held_out: int, most: int) -> dict[str, list[Floats]]:
    """Model -> a row a cell: share of days within the interval (first four weeks, last four), error of the last week,
    half the width at the end of each."""
    past, future = series.use[:-held_out], np.log(series.use[-held_out:])
    trends = trends_of(past, series.first_day)
    typical, sound = trends.typical_growth(), np.where(trends.sound, past, np.nan)
    cells = np.flatnonzero((np.nan_to_num(np.nanmedian(series.use, axis=0), nan=FULL) < FULL) & np.isfinite(trends.growth))
    found: dict[str, list[Floats]] = {name: [] for name in MODELS}
    for cell in cells[:: max(1, len(cells) // most)]:
        for name, model in MODELS.items():
            mean, error = model(np.log(sound[:, cell]), series.first_day, held_out, typical)
            off = future[:, cell] - mean
            known = np.isfinite(off)
            inside = np.where(known, np.abs(off) <= NORMAL_90 * error, np.nan)
            row = []
            for part in (slice(0, 28), slice(-28, None)):
                week = off[part][-7:]
                row += [np.nanmean(inside[part]), abs(np.nanmedian(week)), NORMAL_90 * float(np.median(error[part][-7:]))]
            found[name].append(np.array(row))
    return found


def table(found: Mapping[str, list[Floats]], long: bool) -> str:
    parts = ("weeks 1 to 4", "weeks 10 to 13") if long else ("week 1",)
    heads = [f"{what}, {part}" for part in parts for what in ("coverage", "error of the last week", "half width of a day")]
    lines = ["| model | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for name, rows in found.items():
        means = np.mean(rows, axis=0)[: 3 * len(parts)]
        lines.append(f"| {name} | " + " | ".join(f"{one:.3f}" for one in means) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    together: dict[str, list[Floats]] = {name: [] for name in MODELS}
    for seed in args.seeds:
        for name, rows in scores(simulated(seed), 7 * HORIZON_WEEKS, SCORED).items():
            together[name] += rows
    print(f"seeds {args.seeds}, {len(next(iter(together.values())))} cells\n\n{table(together, True)}\n")
    if REAL.is_file():
        found = scores(real(), DAYS_OF_WEEK, 58)
        print(f"real, {len(next(iter(found.values())))} cells\n\n{table(found, False)}")


if __name__ == "__main__":
    main()
