"""The results as Markdown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.quality.care_figures import read_care
from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import pooled
from benchmarks.quality.reached import tables_reached
from benchmarks.quality.table import Pools, Table, tables
from benchmarks.quality.verdict import Verdict
from detector.domain.policy import DetectionPolicy

LINKS = (
    "Real series: the labelled core by the minute is in [core_minute.md](core_minute.md)"
    " (`.venv/bin/python -m benchmarks.studies.core_minute`), beside three sigma; the outages of `ran_hourly_58_cells` are"
    " an acceptance test, and described in [the page on detection](../../docs/explanation/detection.md)."
)


def read(work_dir: Path) -> Iterator[Verdict]:
    """Every verdict of a run; a last line that a time limit cut in two is left out."""
    for path in sorted(work_dir.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield Verdict.from_json(json.loads(line))


def markdown(own: list[Table]) -> str:
    lines = ["# Quality", "", "Written by `make bench-quality`.", ""]
    for table in own:
        lines += [f"## {table.title}", "", table.note, "", _row(table.head), _row(["---"] * len(table.head))]
        lines += [*map(_row, table.rows), ""]
    uses = [f"- {p.title}: {p.use}" + (f"; not run: {p.absent}" if p.absent else "") for p in PEERS.values()]
    return "\n".join([*lines, "## How the peers are used", "", LEARNING, "", *uses, "", "## Real series", "", LINKS, ""])


LEARNING = (
    "A peer scores each KPI of each cell as a value, learning from the 18 days of history alone; ratios of under 20 attempts"
    " are left out, and learned detectors raise no alarm on a value that is better than usual for its hour. Periods flagged"
    " in a row, for one cell and family of KPIs, are one degradation; two without a flag end it. The second line of each is"
    " at the threshold that raises no more than precall does on quiet operators of development seeds."
)


def _row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def write(work_dir: Path, results: Path) -> Pools:
    pools = pooled(list(read(work_dir)))
    budget = DetectionPolicy().false_degradations_per_1000_cells_week
    own = [*tables_reached(pools, read_care(work_dir)), *tables(pools, budget)]
    results.mkdir(parents=True, exist_ok=True)
    (results / "quality.md").write_text(markdown(own), encoding="utf-8")
    return pools
