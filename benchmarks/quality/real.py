"""58 real cells by the hour, as docs/how-to/real-hourly-cells.md makes them a dataset; six outages are labelled."""

import csv
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.quality.detection import load
from benchmarks.quality.operators import Hit, Operator
from detector.backtest.truth import Fault, Truth
from detector.domain.window import Window

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "real-hourly-cells.md"
DATA = ROOT.parent / "shared" / "data" / "ran_hourly_58_cells"
HOUR_S = 3600
LEARN_HOURS = 14 * 24
"""What everyone learns from first: a peer needs it, so two of the six outages are left to be found."""


def real(work_dir: Path) -> Operator:
    """Raises FileNotFoundError where the data are not there."""
    if not DATA.is_dir():
        raise FileNotFoundError(f"{DATA}: needed for the real cells")
    work = work_dir / "precall"
    work.mkdir()
    (work_dir / "shared").symlink_to(DATA.parents[1])
    (work / ".venv").symlink_to(sys.prefix)
    commands = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shell = str(shutil.which("sh"))
    subprocess.run([shell, "-euc", "\n".join(commands[:2])], cwd=work, check=True, stdout=subprocess.DEVNULL)
    dataset = work / "out" / "cells58"
    with (dataset / "operator.toml").open("a", encoding="utf-8") as file:
        file.write(f"tick = {HOUR_S}\n")
    os.environ["PRECALL_SOURCES__KPIS"] = str(dataset / "kpis.toml")
    material = load(dataset)
    first, last = int(material.frame.starts[0]), int(material.frame.starts[-1]) + HOUR_S
    truth = Truth(outages(first))
    hits = {f.fault_id: Hit(None) for f in truth.faults or ()}
    return Operator("58 real cells", replace(material, truth=truth), Window(first + LEARN_HOURS * HOUR_S, last), hits)


def outages(first: int) -> tuple[Fault, ...]:
    """The labelled hours, those of one hour together."""
    with (DATA / "availability_events.csv").open(encoding="utf-8") as table:
        rows = [(r["cell_id"], int(r["h0"]), int(r["h1"]) + 1) for r in csv.DictReader(table)]
    spans = {(begin, end): [c for c, b, e in rows if (b, e) == (begin, end)] for _, begin, end in rows}
    return tuple(
        Fault(f"h{begin}", "outage", tuple((c, Window(first + begin * HOUR_S, first + end * HOUR_S)) for c in cells))
        for (begin, end), cells in sorted(spans.items())
    )
