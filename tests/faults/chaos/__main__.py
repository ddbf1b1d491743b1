"""`make chaos`: disturbed runs for an hour, on SQLite and PostgreSQL in turn; writes benchmarks/results/chaos.md."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.chaos.databases import Databases, postgres
from tests.faults.chaos.story import Disturbed, disturbed, undisturbed

QUARTERS = 13
TABLE = Path(__file__).parents[3] / "benchmarks/results/chaos.md"
HEAD = """# Chaos

Two daemons over one store live through a small operator's story while they are killed, stopped, frozen and restarted, their
clocks are set, files come torn, twice or poisoned, receivers hang, trickle and refuse, the database is held or ended, and
what they have stored is damaged. A run is equal when every receiver took the same alerts (`webhook-id` and body) in the same
order per incident as in an undisturbed run, no `webhook-id` came with two bodies, and no file was left without a reason.

`make chaos` makes this table; SEED= repeats one run.

| run | database | seed | minutes | disturbances | alerts taken | differences |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    given = argparse.ArgumentParser(prog="make chaos")
    given.add_argument("--minutes", type=float, default=60.0)
    given.add_argument("--seed", type=int, default=1)
    options = given.parse_args()
    runs: list[tuple[str, Disturbed]] = []
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="precall-chaos-") as root, postgres(Path(root) / "postgres") as server:
        kinds: Sequence[Databases] = (Databases(), server)
        expected = {one.name: undisturbed(Path(root) / f"undisturbed-{one.name}", one, QUARTERS) for one in kinds}
        while time.monotonic() < until:
            database, number = kinds[len(runs) % 2], len(runs)
            found = disturbed(
                Path(root) / f"run-{number}", database, QUARTERS, options.seed + number, expected[database.name]
            )
            runs.append((database.name, found))
            _report(runs)
    TABLE.write_text(HEAD + "".join(_row(n, name, one) for n, (name, one) in enumerate(runs, 1)) + _sum(runs))
    sys.exit(any(one.differences for _, one in runs))


def _report(runs: Sequence[tuple[str, Disturbed]]) -> None:
    name, one = runs[-1]
    print(_row(len(runs), name, one), end="", flush=True)
    for line in one.differences:
        print(f"    {line}")
    if one.differences:
        print("    done to it:", *one.done, sep="\n    ", flush=True)


def _row(number: int, database: str, one: Disturbed) -> str:
    minutes, done = one.seconds / 60, len(one.done)
    return f"| {number} | {database} | {one.seed} | {minutes:.1f} | {done} | {one.alerts} | {len(one.differences)} |\n"


def _sum(runs: Sequence[tuple[str, Disturbed]]) -> str:
    kinds = Counter(_kind(line.split(": ", 1)[1]) for _, one in runs for line in one.done if ": " in line)
    equal = sum(not one.differences for _, one in runs)
    lines = "".join(f"| {name} | {count} |\n" for name, count in kinds.most_common() if name)
    return f"\n{equal} of {len(runs)} runs are equal.\n\n| what was done | times |\n|---|---|\n{lines}"


def _kind(done: str) -> str:
    """What was done, without its particulars; empty for nothing."""
    if done.startswith("counters/"):
        return f"a file of counters came {done.split()[-1]}"
    if done.startswith("a file b"):
        return "a file that cannot be read"
    if done.endswith(".npz"):
        return "cut a file of the detector's state"
    words = done.split(":")[0].split(",")[0].split()
    return "" if done == "nothing" else " ".join(word for word in words if word[0] not in "+-")


if __name__ == "__main__":
    main()
