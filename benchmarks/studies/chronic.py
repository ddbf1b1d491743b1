"""How many of the twenty worst cells of a ranking are cells that were planted as always bad.

    .venv/bin/python -m benchmarks.studies.chronic --seeds 101 102 103 104

Simulated operators of 400 cells and four weeks with the usual faults, of which 24 cells are bad from the first day to the
last, in seven ways (`detector.simulator.chronic`). Each ranking sees the same profiles against peers; a ranking by a single
KPI sees the plain mean of that KPI. PyOD by raw scores, never by labels. Some cells are bad by nature:
the simulator draws the rates of healthy cells from a log-normal distribution. They count as wrong.
"""

import argparse
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import pipeline
from detector import settings as configuration
from detector.app import read_catalogue
from detector.backtest.intervals import share
from detector.chronic.days import CellDay, cell_day
from detector.chronic.detectors import DETECTORS, NORMAL_SPREADS, SEED, Judge, ensemble, length, ranked, scores_of
from detector.chronic.peers import Groups, band_groups, technologies
from detector.chronic.profile import ASPECTS, Profiles, profiles_of
from detector.domain.cell import Topology
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.ports import Operator, Reference
from detector.domain.window import Window
from detector.simulator.file_defects import draw_file_defects
from detector.simulator.prepared import arrived_in_the_end, batches
from detector.simulator.scenario import Scenario
from detector.simulator.tables import cell_rows
from detector.simulator.world import World, build_world

START = 1_772_319_600
"""Sunday, 1 March 2026, 00:00 in Berlin."""
CELLS, CHRONIC, DAYS = 400, 24, 28
WORST = 20
"""Cells of a ranking that are looked at."""
SINGLE = ("drop", "rrc_sr", "thp_dl", "ho", "avail")
"""Ends of the ids of the KPIs that a planner would rank by alone."""
Floats = NDArray[np.float64]


def frames_of(world: World) -> Iterator[KpiFrame]:
    """The days of an operator as a report finds them in the history."""
    catalogue, cells = read_catalogue(configuration.load().sources.kpis), world.network.cells
    reference = Reference(Operator(timezone=world.scenario.timezone), Topology({cell.cell_id: cell for cell in cells}))
    for number in range(world.scenario.days):
        counters = world.day(number)
        defects = draw_file_defects(world.scenario, world.network, number, counters)
        arrived, always = arrived_in_the_end(defects), Window(0, world.scenario.end)
        tables = [cell_rows(world.network, counters, defects, nr, arrived) for nr in (False, True)]
        rows = [batch for table in tables for batch in batches("", table, always)]
        yield pipeline.compute(rows, catalogue, reference, Findings())[900].aligned([cell.cell_id for cell in cells])


def days_of(world: World) -> tuple[CellDay, ...]:
    """Of each of them what the comparison with peers needs."""
    groups = band_groups(world.network.cells)
    return tuple(cell_day(frame, groups, world.scenario.timezone) for frame in frames_of(world))


def peer(name: str) -> Judge:
    """A detector of PyOD that is not kept."""

    def score(fitted: Floats, rows: Floats) -> Floats:
        from pyod.models import ecod, hbos, iforest, mcd, pca

        known: Mapping[str, Any] = {
            "ECOD": ecod.ECOD,
            "PCA": pca.PCA,
            "HBOS": hbos.HBOS,
            "IForest": lambda: iforest.IForest(n_estimators=200, random_state=SEED),
            "MCD": lambda: mcd.MCD(random_state=SEED),
        }
        rows = rows + 0.01 * np.random.default_rng(SEED).standard_normal(rows.shape)
        return scores_of(known[name](), rows, rows)

    return score


def quantiles(_: Floats, rows: Floats) -> Floats:
    """The rarest value of a row, as -log10 of the share of cells that have as much or more."""
    over = 1 - np.array([np.searchsorted(np.sort(one), one) for one in rows.T]) / len(rows)
    return np.asarray((-np.log10(over)).max(axis=0) + 1e-3 * rows.max(axis=1))


ALONE: Mapping[str, Judge] = {
    **DETECTORS,
    **{name: peer(name) for name in ("IForest", "ECOD", "PCA", "HBOS")},
    "plain quantile": quantiles,
}


def rankings(profiles: Profiles, groups: Groups) -> dict[str, Floats]:
    """Name -> [cell] score."""
    found = {"**the ensemble: KNN, COPOD, length**": ranked(profiles, groups).score}
    rows = np.maximum(profiles.distances - NORMAL_SPREADS, 0.0).reshape(len(profiles.cells), -1)
    whole = profiles.distances.reshape(len(rows), -1)
    four = {name: ALONE[name] for name in ("KNN", "COPOD", "ECOD", "IForest")}
    tried: Mapping[str, tuple[Floats, Mapping[str, Judge]]] = {
        "ECOD, COPOD, IForest, KNN": (rows, four),
        **{name: (rows, {name: judge}) for name, judge in ALONE.items()},
        "ECOD, COPOD, IForest, KNN, all distances": (whole, four),
        "KNN, all distances": (whole, {"KNN": ALONE["KNN"]}),
        "length, all distances": (whole, {"length": length}),
        "robust Mahalanobis (MCD), all distances": (whole, {"MCD": peer("MCD")}),
    }
    for name, (values, judges) in tried.items():
        found[name] = np.zeros(len(rows))
        for group in np.unique(groups):
            own = values[groups == group]
            found[name][groups == group] = ensemble(own[:, own.any(axis=0)], judges)
    return found | {f"by {end} alone": _single(profiles, end) for end in SINGLE}


def _single(profiles: Profiles, end: str) -> Floats:
    """By the plain mean of one KPI, against the median of all cells that have it."""
    score = np.full(len(profiles.cells), -np.inf)
    for k, kpi in enumerate(profiles.kpis):
        if kpi.id.endswith(f"_{end}"):
            values = profiles.values[:, k] if kpi.traits.counts_failures else 1 / profiles.values[:, k]
            known = np.isfinite(values)
            score[known] = values[known] / np.median(values[known]) if np.median(values[known]) else values[known]
    return score


def table(operators: Sequence[tuple[World, Profiles]]) -> str:
    """Precision at 20 of each ranking over all operators, and what of each kind the ensemble found and missed."""
    hits: dict[str, list[NDArray[np.bool_]]] = {}
    kinds, among = Counter[str](), Counter[str]()
    for world, profiles in operators:
        planted = {one.cell: one for one in world.chronic}
        for name, score in rankings(profiles, technologies(world.network.cells)).items():
            worst = np.argsort(-score, kind="stable")[:WORST]
            hits.setdefault(name, []).append(np.isin(worst, list(planted)))
            if name.startswith("**"):
                among.update(planted[at].kind for at in worst.tolist() if at in planted)
        kinds.update(one.kind for one in world.chronic)
    lines = [f"| ranking | precision at {WORST} | by operator |", "|---|---|---|"]
    for name, own in hits.items():
        figure = share(int(np.sum(own)), len(own) * WORST)
        each = ", ".join(f"{one.mean():.2f}" for one in own)
        lines.append(f"| {name} | {figure.value:.3f} ({figure.low:.2f} to {figure.high:.2f}) | {each} |")
    lines += ["", "| kind | planted | among the 20 |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {kind} | {kinds[kind]} | {among[kind]} |" for kind in sorted(kinds))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104])
    parser.add_argument("--cells", type=int, default=CELLS)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    operators = []
    for seed in args.seeds:
        scenario = Scenario(
            cells=args.cells, days=DAYS, seed=seed, start=START, subscribers_per_cell=1, chronic_cells=CHRONIC
        )
        world = build_world(scenario)
        operators.append((world, profiles_of(days_of(world), world.network.cells)))
    print(f"{len(operators)} operators, {len(ASPECTS)} aspects of each KPI\n\n{table(operators)}")


if __name__ == "__main__":
    main()
