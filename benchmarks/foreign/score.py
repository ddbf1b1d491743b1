"""How well one operator of the second family is judged, with everything that is false or missed and what was near it.

    .venv/bin/python -m benchmarks.foreign.score 501                    the stages alone, in memory
    .venv/bin/python -m benchmarks.foreign.score 501 502 503 --short    figures only, one line an operator and their sum
    .venv/bin/python -m benchmarks.foreign.score 501 --people           a whole `precall backtest`: care and people too
    .venv/bin/python -m benchmarks.foreign.score 501 --quiet            nothing ever fails in it: all raised is false

Operators are made once, in --work (default out/foreign), and kept there, until the generator changes.
Seeds 501 to 516 are for development, 601 and up for reports: of 16 in a row, the 11th and 12th count by 5 minutes, the 13th
to 15th by the hour (with 0, 20 and 40 % flaky cells), the 16th by the day, the others by the quarter-hour.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.foreign.listing import falses, figures, kinds, missed, summed
from benchmarks.foreign.prepared import Prepared, prepared
from benchmarks.quality.affected_lists import Written
from benchmarks.quality.detection import Stages
from detector.backtest.matching import Matches, match
from detector.domain.window import Window, iso

WORK = Path(__file__).parents[2] / "out" / "foreign"


def staged(one: Prepared) -> Matches:
    operator = one.operator()
    return Stages(operator.material, operator.window).run().matches


def replayed(one: Prepared, again: bool) -> tuple[Matches, dict[str, object]]:
    """What a backtest wrote, and its summary; run unless it is there or `again` is set."""
    out = one.folder.with_name(one.folder.name + ".backtest")
    if again or not (out / "summary.json").exists():
        precall = str(Path(sys.executable).with_name("precall"))
        span = ["--from", iso(one.scenario.replay_from), "--to", iso(one.scenario.end)]
        own = os.environ | {"PRECALL_STORAGE__PATH": str(one.folder.parent / f"var-{one.scenario.seed}")}
        command = [precall, "backtest", str(one.folder), "--out", str(out), "--identify", *span]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=own)
    written = Written(one.folder, out)
    window = Window(one.scenario.replay_from, one.scenario.end)
    found = written.matches
    matches = match(replace(found.results, window=window), found.truth)
    return matches, json.loads((out / "summary.json").read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--work", type=Path, default=WORK, help="where operators are made and kept")
    parser.add_argument("--people", action="store_true", help="a whole backtest instead of the stages alone")
    parser.add_argument("--keep", action="store_true", help="with --people: read the backtest that is there already")
    parser.add_argument("--quiet", action="store_true", help="operators without any fault")
    parser.add_argument("--short", action="store_true", help="figures only")
    args = parser.parse_args(arguments)
    os.environ.update(PYTHONWARNINGS="ignore")
    args.work.mkdir(parents=True, exist_ok=True)
    scored = []
    for seed in args.seeds:
        one, began = prepared(args.work, seed, quiet=args.quiet), time.process_time()
        matches, summary = replayed(one, not args.keep) if args.people else (staged(one), None)
        print(figures(one, matches, summary), f"({time.process_time() - began:.0f} s)", flush=True)
        if not args.short:
            print(*kinds(matches), *falses(one, matches), *missed(one, matches), sep="\n", flush=True)
        scored.append((one, matches, summary))
    if len(scored) > 1:
        print(*summed(scored), sep="\n")


if __name__ == "__main__":
    main()
