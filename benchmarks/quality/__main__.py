"""How well it detects, beside others, on operators of two families, of seeds that nothing was developed on.

    .venv/bin/python -m benchmarks.quality                      the whole table, in benchmarks/results/quality.md
    .venv/bin/python -m benchmarks.quality --family foreign     one family of operators alone
    .venv/bin/python -m benchmarks.quality --seeds 101 102      some operators only, of either family
    .venv/bin/python -m benchmarks.quality --develop 21 22 23   choose the peers' thresholds anew

Every operator is a process of its own that writes what it knows line by line: what a time limit cuts short is still counted.
"""

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "out" / "quality"
RESULTS = ROOT / "benchmarks" / "results"


def interleaved(seeds: dict[str, Sequence[int]]) -> list[tuple[str, int, int]]:
    """(scenario, seed, place in its scenario), so that a run cut short has some of each."""
    rows = [(p / max(len(own), 1), s, seed, p) for s, own in seeds.items() for p, seed in enumerate(own)]
    return [(s, seed, p) for _, s, seed, p in sorted(rows, key=lambda row: row[0])]


def run(seeds: dict[str, Sequence[int]], processes: int, minutes: float, *, own: bool = False) -> None:
    from benchmarks.quality.develop import chosen
    from benchmarks.quality.run import job, job_own

    WORK.mkdir(parents=True, exist_ok=True)
    for old in [] if own else WORK.glob("*.json*"):
        old.unlink()
    until, thresholds = time.monotonic() + minutes * 60, chosen()
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting = {
            (
                pool.submit(job_own, scenario, seed, WORK / f"{scenario}-{seed}.jsonl")
                if own
                else pool.submit(job, scenario, seed, place, WORK / f"{scenario}-{seed}.jsonl", thresholds)
            ): f"{scenario} {seed}"
            for scenario, seed, place in interleaved(seeds)
        }
        while waiting and time.monotonic() < until:
            for done in [f for f in waiting if f.done()]:
                name = waiting.pop(done)
                print(name, done.exception() or "done", f"{until - time.monotonic():.0f} s left", flush=True)
            time.sleep(1)
        for process in list((pool._processes or {}).values()) if waiting else []:
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)


def wanted(family: str, only: Sequence[int] | None) -> dict[str, Sequence[int]]:
    """Scenario -> the seeds to run, of one family or of `both`; `only` these, if given."""
    from benchmarks.quality.families import SEEDS
    from benchmarks.quality.real import DATA

    scenarios = {name: own for key, part in SEEDS.items() if family in (key, "both") for name, own in part.items()}
    found = {name: [seed for seed in own if not only or seed in only] for name, own in scenarios.items()}
    return {name: own for name, own in found.items() if name != "real" or DATA.is_dir()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--family", choices=("simulator", "foreign", "both"), default="both")
    parser.add_argument("--seeds", type=int, nargs="*", help="these operators only, of those that reports are made of")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("--minutes", type=float, default=120.0, help="stop then, with what is known")
    parser.add_argument("--develop", type=int, nargs="+", help="seeds to choose the peers' thresholds on")
    parser.add_argument("--own", action="store_true", help="precall alone anew; what the others did before is kept")
    parser.add_argument("--only-write", action="store_true", help="the tables of the run before")
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONWARNINGS="ignore")
    if args.develop:
        from benchmarks.quality.develop import develop

        develop(args.develop, args.processes)
        return
    if not args.only_write:
        run(wanted(args.family, args.seeds), args.processes, args.minutes, own=args.own)
    from benchmarks.quality.writing import write

    write(WORK, RESULTS)


if __name__ == "__main__":
    main()
