"""Whether the KPIs of a cell say more together than the one that stands out most.

    .venv/bin/python -m benchmarks.studies.combination --seeds 1 2 3 4 5 6

Each rule turns the evidence of all KPIs of a cell in a period (z: how many standard deviations worse) into one score, whose
tail is calibrated on each operator's first quiet days. All are held to the same rate of false episodes, and the faults that
they find are counted. A combination is also given a half or a fifth of the budget beside the single KPI with the rest: what
it adds to what is found anyway.
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.quality.detection import DAY_S, Stages, load
from detector.backtest.intervals import share
from detector.backtest.matching import cells_of
from detector.domain.cell import Topology
from detector.domain.evidence import Evidence
from detector.domain.operations import Operations
from detector.domain.window import Window

START = 1_772_323_200
LEARN_DAYS, QUIET_DAYS, FAULTY_DAYS = 14, 4, 10
FALSE_PER_1000_CELLS_WEEK = (30.0, 100.0)
SHARES = (0.5, 0.2)
"""Of the budget, for a combination that votes beside the single KPI."""
APART_S = 2 * 3600
"""Periods over the bar that lie closer are one episode."""
AFTERMATH_S = 3 * 3600
MOST_ROWS = 6000
Floats = NDArray[np.float64]
Rule = Callable[[Floats, Floats], Floats]
"""(z to learn from [row, KPI], z to score [row, KPI]) to scores [row]; more is worse."""


@dataclass(frozen=True)
class Operator:
    """z[period, cell, KPI]: 0 where not testable. faults: (kind, cells touched, window) of those that customers feel."""

    z: Floats
    starts: NDArray[np.int64]
    technology: tuple[str, ...]
    faults: tuple[tuple[str, NDArray[np.bool_], Window], ...]
    troubled: NDArray[np.bool_]
    """[period, cell]: a fault, its aftermath, works or a crowd, so that an episode here is not false."""

    @cached_property
    def learned(self) -> NDArray[np.bool_]:
        return np.asarray(self.starts < self.starts[0] + QUIET_DAYS * DAY_S // 2)

    @property
    def cell_weeks(self) -> float:
        return float((~self.troubled[~self.learned]).sum()) * 900 / (7 * DAY_S)


def strongest(_: Floats, z: Floats) -> Floats:
    return np.asarray(z.max(axis=1))


def squares(_: Floats, z: Floats) -> Floats:
    return np.asarray((np.maximum(z, 0) ** 2).sum(axis=1))


def fisher(_: Floats, z: Floats) -> Floats:
    return np.asarray(-stats.norm.logsf(z).sum(axis=1))


def stouffer(past: Floats, z: Floats) -> Floats:
    """With the correlation of the KPIs: the direction "all worse" in units of its own spread."""
    return np.asarray(z @ np.linalg.solve(np.cov(past, rowvar=False) + 0.1 * np.eye(z.shape[1]), np.ones(z.shape[1])))


def mahalanobis(past: Floats, z: Floats) -> Floats:
    whiten = np.linalg.cholesky(np.linalg.inv(np.cov(past, rowvar=False) + 0.1 * np.eye(z.shape[1])))
    return np.asarray((np.maximum((z - past.mean(axis=0)) @ whiten, 0) ** 2).sum(axis=1))


def peer(name: str) -> Rule:
    """A detector of PyOD on its raw scores: `contamination` only moves the labels, which nobody reads here."""

    def score(past: Floats, z: Floats) -> Floats:
        from pyod.models import copod, ecod, iforest, knn, mcd, pca

        rng = np.random.default_rng(1)
        rows = past if len(past) <= MOST_ROWS else past[rng.choice(len(past), MOST_ROWS, replace=False)]
        known = {
            "ECOD": lambda: ecod.ECOD(),
            "COPOD": lambda: copod.COPOD(),
            "PCA": lambda: pca.PCA(),
            "KNN": lambda: knn.KNN(),
            "IForest": lambda: iforest.IForest(random_state=1),
            "MCD": lambda: mcd.MCD(random_state=1),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = known[name]().fit(rows + 1e-6 * rng.standard_normal(rows.shape))
            parts = np.array_split(z, max(1, len(z) // MOST_ROWS))
            return np.concatenate([model.decision_function(part) for part in parts])

    return score


RULES: Mapping[str, Rule] = {
    "strongest KPI alone": strongest,
    "sum of squares": squares,
    "Fisher": fisher,
    "Stouffer": stouffer,
    "Mahalanobis": mahalanobis,
    **{f"PyOD {name}": peer(name) for name in ("ECOD", "COPOD", "IForest", "PCA", "MCD", "KNN")},
}


def surprise(operator: Operator, rule: Rule) -> Floats:
    """[period, cell] -log10 of the tail probability that the operator's own quiet days give the score of the rule."""
    scores = np.zeros(operator.z.shape[:2])
    for technology in sorted(set(operator.technology)):
        own = np.array([t == technology for t in operator.technology])
        z = operator.z[:, own]
        used = (z != 0).any(axis=(0, 1))
        quiet = operator.learned[:, None] & ~operator.troubled[:, own]
        rows = z[:, :, used].reshape(-1, int(used.sum()))
        past = rows[quiet.ravel()]
        both = rule(past, np.concatenate([past, rows]))
        scores[:, own] = _tail(both[: len(past)], both[len(past) :]).reshape(z.shape[:2])
    return scores


def _tail(past: Floats, scores: Floats) -> Floats:
    """Empirical within the past, and exponential beyond its top two per cent."""
    ordered = np.sort(past)
    threshold = ordered[int(0.98 * len(ordered))]
    scale = max(float((ordered[ordered > threshold] - threshold).mean()), 1e-9) if (ordered > threshold).any() else 1.0
    above = (np.maximum(scores - threshold, 0) / scale) / np.log(10) - np.log10(0.02)
    share_over = 1.0 - np.searchsorted(ordered, scores) / (len(ordered) + 1)
    return np.where(scores > threshold, above, -np.log10(np.maximum(share_over, 0.02)))


def false_episodes(operator: Operator, scores: Floats, threshold: float) -> int:
    over = (scores >= threshold) & ~operator.troubled & ~operator.learned[:, None]
    apart = APART_S // 900
    fresh = over.copy()
    for back in range(1, apart + 1):
        fresh[back:] &= ~over[:-back]
    return int(fresh.sum())


def found(operator: Operator, scores: Floats, threshold: float) -> list[bool]:
    """[fault]: some cell of it is over the bar in a period that begins with the fault or in it."""
    return [
        bool((scores[(operator.starts > w.start - 900) & (operator.starts < w.end)][:, cells] >= threshold).any())
        for _, cells, w in operator.faults
    ]


def threshold_for(operators: Sequence[Operator], scores: Sequence[Floats], allowed: float) -> float:
    """Lowest bar with no more than `allowed` false episodes per 1,000 cells and week over all operators."""
    weeks = sum(o.cell_weeks for o in operators) / 1000
    low, high = 1.0, 60.0
    for _ in range(14):
        middle = (low + high) / 2
        false = sum(false_episodes(o, s, middle) for o, s in zip(operators, scores, strict=True))
        low, high = (low, middle) if false <= allowed * weeks else (middle, high)
    return high


def table(operators: Sequence[Operator], rules: Mapping[str, Rule] = RULES) -> str:
    """Recall of each rule alone, and with its share of the budget beside the first of them, at equal false episodes."""
    scores = {name: [surprise(o, rule) for o in operators] for name, rule in rules.items()}
    first = next(iter(rules))
    kinds = np.array([kind for o in operators for kind, _, _ in o.faults])
    lines = [f"{len(kinds)} faults, {sum(o.cell_weeks for o in operators):.0f} cell weeks without"]
    for allowed in FALSE_PER_1000_CELLS_WEEK:

        def hits(name: str, rate: float) -> NDArray[np.bool_]:
            threshold = threshold_for(operators, scores[name], rate)
            return np.array([hit for o, s in zip(operators, scores[name], strict=True) for hit in found(o, s, threshold)])

        heads = (f"at {allowed:g} false episodes per 1,000 cells a week", "alone", *(f"with {s:.0%} of it" for s in SHARES))
        lines += ["", f"| {' | '.join((*heads, 'alone, by kind'))} |", "|---" * (len(heads) + 1) + "|"]
        for name in rules:
            alone = hits(name, allowed)
            beside = [_outcome(hits(first, allowed * (1 - s)) | hits(name, allowed * s)) for s in SHARES]
            by_kind = ", ".join(f"{k} {int(alone[kinds == k].sum())}/{int((kinds == k).sum())}" for k in sorted(set(kinds)))
            lines.append(f"| {' | '.join((name, _outcome(alone), *beside, by_kind))} |")
    return "\n".join(lines)


def _outcome(hits: NDArray[np.bool_]) -> str:
    figure = share(int(hits.sum()), len(hits))
    return f"{figure.value:.3f} ({figure.low:.2f} to {figure.high:.2f})"


def z_of(evidence: Evidence, cells: Sequence[str]) -> Floats:
    """[cell, KPI] in standard deviations, worse is more; 0 where it is no worse or cannot be tested: a detector that also
    wonders at what is unusually good would spend its budget there."""
    neg_log10_p = evidence.neg_log10_p[[evidence.object_index[c] for c in cells]]
    return np.nan_to_num(np.clip(stats.norm.isf(10.0 ** -np.minimum(neg_log10_p, 15.0)), 0.0, 8.0))


def operator_of(
    z: Floats,
    starts: NDArray[np.int64],
    cells: Sequence[str],
    topology: Topology,
    operations: Operations,
    faults: Sequence[tuple[str, bool, Sequence[tuple[str, Window]]]],
) -> Operator:
    """`faults`: kind, whether customers feel it, and the objects with their windows."""
    troubled = np.zeros(z.shape[:2], bool)
    felt = []
    for kind, affecting, scopes in faults:
        own = np.isin(np.array(cells), [c for name, _ in scopes for c in cells_of(topology, name)])
        window = Window(min(w.start for _, w in scopes), max(w.end for _, w in scopes))
        troubled[np.ix_((starts > window.start - 900) & (starts < window.end + AFTERMATH_S), own)] = True
        if affecting and own.any() and starts[0] <= window.start:
            felt.append((kind, own, window))
    held = [m.effective for m in operations.maintenance] + [c.window for c in operations.calendar]
    for held_window in (w for w in held if w is not None):
        troubled[(starts > held_window.start - APART_S) & (starts < held_window.end + APART_S)] = True
    return Operator(z, starts, tuple(topology.cells[c].technology for c in cells), tuple(felt), troubled)


def replayed(work_dir: Path, seed: int, cells: int) -> Operator:
    """One simulated operator, judged by the present stages."""
    from detector.simulator import Scenario, simulate

    days = LEARN_DAYS + QUIET_DAYS + FAULTY_DAYS
    scenario = Scenario(
        cells=cells,
        days=days,
        seed=seed,
        start=START,
        history_days=LEARN_DAYS + QUIET_DAYS,
        fault_rate=200.0,
        subscribers_per_cell=1,
    )
    simulate(work_dir, scenario)
    material = load(work_dir)
    window = Window(START + LEARN_DAYS * DAY_S, START + days * DAY_S)
    reference = material.reference(window.end)
    names = [c for c in material.frame.objects if c in reference.topology.cells]
    rows: list[Floats] = []
    starts: list[int] = []

    def hear(evidence: Evidence) -> None:
        rows.append(z_of(evidence, names))
        starts.append(evidence.tick.start)

    Stages(material, window).run(hear)
    faults = [(f.kind, f.customer_affecting, f.scopes) for f in material.truth.faults or ()]
    return operator_of(np.stack(rows), np.array(starts), names, reference.topology, reference.operations, faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--cells", type=int, default=48)
    args = parser.parse_args()
    operators = []
    for seed in args.seeds:
        with tempfile.TemporaryDirectory(prefix="precall-combination-") as work_dir:
            operators.append(replayed(Path(work_dir), seed, args.cells))
    print(table(operators))


if __name__ == "__main__":
    main()
