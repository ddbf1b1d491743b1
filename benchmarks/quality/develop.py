"""The thresholds at which peers raise no more false alarms than precall, chosen on quiet operators of development seeds."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.quality.episodes import onsets
from benchmarks.quality.panel import Array
from benchmarks.quality.run import quiet_scores
from benchmarks.quality.verdict import Verdict

FILE = Path(__file__).with_name("thresholds.json")
RATES = {"300": 300.0, "3000": 3000.0}
"""Further false rates (per 1,000 cells and week) that a peer is judged at: its curve."""


def develop(seeds: Sequence[int], processes: int) -> None:
    """Peer -> line -> threshold, written beside this module after every seed."""
    done, false, exposure = list[int](), 0, 0.0
    scores: dict[str, list[Array]] = {}
    watched: dict[str, float] = {}
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting = {pool.submit(one, seed): seed for seed in seeds}
        for future in as_completed(waiting):
            own, peers = future.result()
            done, false, exposure = [*done, waiting[future]], false + own.false, exposure + own.exposure
            for name, (worst, cell_weeks) in peers.items():
                scores.setdefault(name, []).append(worst)
                watched[name] = watched.get(name, 0.0) + cell_weeks
            rates = {"equal": false / exposure, **RATES}
            lines = {
                name: {line: lowest(own, rate * watched[name]) for line, rate in rates.items()}
                for name, own in scores.items()
            }
            content = {"seeds": sorted(done), "precall_false": false, "thousand_cell_weeks": exposure, "thresholds": lines}
            FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            print(f"seed {done[-1]}: precall {own.false} false, {len(peers)} peers", flush=True)


def one(seed: int) -> tuple[Verdict, dict[str, tuple[Array, float]]]:
    with tempfile.TemporaryDirectory(prefix="precall-develop-") as work_dir:
        return quiet_scores(Path(work_dir), seed)


def lowest(scores: Sequence[Array], allowed: float) -> float:
    """The lowest threshold that raises at most so many episodes.

    >>> lowest([np.array([[0.0, 3.0, 0.0, 0.0, 0.0, 5.0]]).T], 1) > 3
    True
    """
    values = np.unique(np.concatenate([s[np.isfinite(s)] for s in scores]))[::-1]
    values = values[: len(values) // 2 + 1]

    def fits(place: int) -> bool:
        return sum(int(onsets(s >= values[place]).sum()) for s in scores) <= allowed

    good, step = -1, 1  # from above, for where everything is flagged nothing begins any more
    while good + step < len(values) and fits(good + step):
        good, step = good + step, step * 2
    while step > 1:
        step //= 2
        if good + step < len(values) and fits(good + step):
            good += step
    return float(values[good]) if good >= 0 else float(np.nextafter(values[0], np.inf))


def chosen() -> Mapping[str, Mapping[str, float]]:
    """As written last."""
    return dict(json.loads(FILE.read_text(encoding="utf-8"))["thresholds"]) if FILE.exists() else {}
