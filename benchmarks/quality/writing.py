"""The results as JSON, Markdown and a page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.quality.develop import FILE
from benchmarks.quality.mild import EXTRA
from benchmarks.quality.page import page
from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import Pool, milder, of_kind, of_size, pooled, sharp
from benchmarks.quality.table import Pools, Table, tables
from benchmarks.quality.verdict import Verdict
from detector.domain.policy import DetectionPolicy

LINKS = (
    "Real series: the labelled core by the minute is in [core_minute.md](core_minute.md)"
    " (`.venv/bin/python -m benchmarks.core_minute`), beside three sigma; the outages of `ran_hourly_58_cells` are an"
    " acceptance test, and described in [the page on detection](../../docs/explanation/detection.md)."
)


def read(room: Path) -> Iterator[Verdict]:
    """Every verdict of a run; a last line that a time limit cut in two is left out."""
    for path in sorted(room.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield Verdict.from_json(json.loads(line))


def figures(pool: Pool) -> dict[str, Any]:
    """For JSON, everything that the tables tell of one way."""
    return {
        "operators": sorted(v.operator for v in pool.verdicts),
        "faults": len(pool.faults),
        "recall": pool.recall().as_json(),
        "recall_by_kind": {k: pool.recall(of_kind(k)).as_json() for k in pool.kinds()},
        "recall_sharp": pool.recall(sharp).as_json(),
        "recall_milder": pool.recall(milder).as_json(),
        "false_per_1000_cells_week": pool.false.as_json(),
        "raised_in_works": pool.in_works,
        "delay_median_min": pool.delay(0.5, sharp).as_json(),
        "delay_p90_min": pool.delay(0.9, sharp).as_json(),
        "delay_milder_p90_min": pool.delay(0.9, milder).as_json(),
        "delay_by_kind_median_min": {k: pool.delay(0.5, of_kind(k)).as_json() for k in pool.kinds()},
        "incidents_per_fault": pool.incidents.as_json(),
        "recall_by_extra": {
            f"{e:g}": pool.recall(of_size(e, e)).as_json() for e in EXTRA if any(f.extra == e for f in pool.faults)
        },
        "foresight": None,
        "series_per_second": pool.series_per_second,
        "false_ones": [note for v in pool.verdicts for note in v.notes],
    }


def markdown(own: list[Table]) -> str:
    lines = ["# Quality", "", "Written by `make bench-quality`; plots are in quality.html, all figures in quality.json.", ""]
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


def write(room: Path, results: Path) -> Pools:
    pools = pooled(list(read(room)))
    budget = DetectionPolicy().false_degradations_per_1000_cells_week
    own = tables(pools, budget)
    results.mkdir(parents=True, exist_ok=True)
    data = {f"{scenario}: {way}, {line}": figures(pool) for (way, line, scenario), pool in sorted(pools.items())}
    chosen = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else None
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(own)}" for name, own in data.items())  # a way on a line
    text = f'{{"budget": {budget}, "peers_thresholds": {json.dumps(chosen)},\n"figures": {{\n{rows}\n}}}}\n'
    (results / "quality.json").write_text(text, encoding="utf-8")
    (results / "quality.md").write_text(markdown(own), encoding="utf-8")
    (results / "quality.html").write_text(page(pools, own, budget, LEARNING), encoding="utf-8")
    return pools
