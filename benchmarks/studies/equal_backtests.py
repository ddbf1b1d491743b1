"""Do two revisions write the same backtests? `python -m benchmarks.studies.equal_backtests REVISION [SEED ...]`

Simulates one operator per seed with the code of REVISION, replays it with the code of REVISION and with the working tree,
and compares what both wrote, byte for byte: `degradations.csv`, `incidents.csv`, `affected.csv`, `alerts.jsonl`. It also
compares the two simulators' datasets. Exit code 1 if anything differs. For a change that may not change behaviour.
"""

import argparse
import csv
import filecmp
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

TREE = Path(__file__).resolve().parents[2]
SEEDS = (401, 402, 403)
"""Used for nothing else: no parameter was chosen on them."""
FORMATS = ("csv", "csv", "xml")
"""Of the counters, one per seed in turn."""
SIZE = ("--cells", "100", "--days", "10", "--start", "2026-03-02T00:00Z")
HISTORY = timedelta(days=4)
"""The least to learn from; the shorter, the quicker."""
PSEUDONYMS = bytes(32).hex()
"""The key of both sides' pseudonyms: what one person is called must not differ."""
COMPARED = ("degradations.csv", "incidents.csv", "affected.csv", "alerts.jsonl")


def unpack(revision: str, into: Path) -> Path:
    """The folder `into` with the files of `revision`, as committed. Raises CalledProcessError if there is none."""
    archive = subprocess.run(["git", "archive", revision], cwd=TREE, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(into, filter="data")
    return into


def precall(tree: Path, *arguments: str) -> None:
    """Run a command with the code of `tree`. Raises SystemExit with the end of its output."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PRECALL_STORAGE__IDENTITY_KEY": PSEUDONYMS}
    subprocess.run(
        [sys.executable, "-m", "jobs", *arguments], cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def busiest(dataset: Path, hours: int) -> datetime:
    """An hour before the fault after which most others begin within so many hours, the history left out."""
    with (dataset / "truth.csv").open(encoding="utf-8", newline="") as rows:
        begun = {row["fault_id"]: datetime.fromisoformat(row["start"]) for row in csv.DictReader(rows)}
    period = timedelta(hours=hours)
    late = [at for at in begun.values() if at >= datetime(2026, 3, 2, tzinfo=UTC) + HISTORY]
    first = max(sorted(late), key=lambda start: sum(start <= at < start + period for at in late))
    return first.replace(minute=0, second=0) - timedelta(hours=1)


def differences(before: Path, after: Path) -> Iterator[str]:
    """One line for each compared file: how many lines are equal, or where the first difference is."""
    for name in COMPARED:
        old, new = ((folder / name).read_text(encoding="utf-8").splitlines() for folder in (before, after))
        unequal = [i for i, (a, b) in enumerate(zip_longest(old, new), 1) if a != b]
        if not unequal and filecmp.cmp(before / name, after / name, shallow=False):
            yield f"  {name}: equal, {len(old)} lines"
        else:
            first = unequal[0] if unequal else 1
            pair = [rows[first - 1] if first <= len(rows) else "(no line)" for rows in (old, new)]
            yield f"! {name}: {len(unequal)} of {len(old)} lines differ, line {first} is the first"
            yield from (f"!     {line[:400]}" for line in pair)


def unequal_files(before: Path, after: Path) -> list[str]:
    """Paths of the files that are not byte-equal below both folders, or that only one of them has."""
    names = {str(p.relative_to(root)) for root in (before, after) for p in root.rglob("*") if p.is_file()}
    return sorted(
        n
        for n in names
        if not ((before / n).exists() and (after / n).exists()) or not filecmp.cmp(before / n, after / n, False)
    )


def compare(base: Path, seed: int, counters: str, folder: Path, *, hours: int) -> list[str]:
    """The lines of the report on one operator over so many hours; a line that begins with `!` is a difference."""
    trees = {"before": base, "after": TREE}
    for side, tree in trees.items():
        precall(tree, "simulate", str(folder / f"operator-{side}"), *SIZE, "--seed", str(seed), "--format", counters)
    begin = busiest(folder / "operator-before", hours)
    period = ("--from", begin.isoformat(), "--to", (begin + timedelta(hours=hours)).isoformat())
    for side, tree in trees.items():
        precall(tree, "backtest", str(folder / "operator-before"), *period, "--out", str(folder / f"backtest-{side}"))
    changed = unequal_files(folder / "operator-before", folder / "operator-after")
    dataset = f"! dataset: {len(changed)} files differ, {changed[0]}" if changed else "  dataset: equal"
    return [dataset, *differences(folder / "backtest-before", folder / "backtest-after")]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.equal_backtests", description=__doc__)
    parser.add_argument("revision", help="the commit to compare the working tree with")
    parser.add_argument("seeds", nargs="*", type=int, default=SEEDS, help="of the simulated operators")
    parser.add_argument("--hours", type=int, default=36, help="of decisions")
    asked = parser.parse_args(arguments)
    equal = True
    with TemporaryDirectory() as temporary:
        base = unpack(asked.revision, Path(temporary) / "base")
        for i, seed in enumerate(asked.seeds or SEEDS):
            lines = compare(base, seed, FORMATS[i % len(FORMATS)], Path(temporary) / str(seed), hours=asked.hours)
            equal = equal and not any(line.startswith("!") for line in lines)
            print(f"operator {seed} ({FORMATS[i % len(FORMATS)]})", *lines, sep="\n", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
