"""What only a whole backtest measures of an operator: false care alerts, people listed, the rate on held-out history."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.foreign.listing import listed
from benchmarks.foreign.prepared import prepared
from benchmarks.foreign.score import replayed

ENDING = ".care.json"
KEPT = ("false_care_alerts_per_1000_cells_week", "held_out_false_per_1000_cells_week", "contact_precision")


def care_figures(target: Path, seed: int) -> None:
    """Replay the operator of the second family; its figures are written beside `target`."""
    with tempfile.TemporaryDirectory(prefix="precall-quality-") as work_dir:
        matches, summary = replayed(prepared(Path(work_dir), seed), again=True)
    wrong, every = listed(matches)
    own = {name: summary[name] for name in KEPT} | {
        "seed": seed,
        "listed_by_false": wrong,
        "listed": every,
        "exposure": matches.results.thousand_cell_weeks,
    }
    target.with_suffix(ENDING).write_text(json.dumps(own), encoding="utf-8")


def read_care(work_dir: Path) -> Sequence[Mapping[str, Any]]:
    """The figures of every operator that was replayed, in order of seed."""
    return sorted(
        (json.loads(path.read_text(encoding="utf-8")) for path in work_dir.glob(f"*{ENDING}")), key=lambda own: own["seed"]
    )
