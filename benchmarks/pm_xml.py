"""PM XML reading against a bare lxml iterparse over the same file, side by side in one run."""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lxml import etree

from detector.domain.finding import Findings
from detector.sources import read_pm_xml

COUNTERS = 100
SIZE = 50_000_000
FORMS = ("r", "list")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<measCollecFile xmlns="urn:example:pm"><fileHeader dnPrefix="SubNetwork=1">'
    '<measCollec beginTime="2026-03-24T08:00:00Z"/></fileHeader>\n<measData><managedElement localDn="ManagedElement=1"/>\n'
    '<measInfo measInfoId="a"><granPeriod duration="PT900S" endTime="2026-03-24T08:15:00Z"/>\n'
)
_FOOT = '</measInfo></measData><fileFooter><measCollec endTime="2026-03-24T08:15:00Z"/></fileFooter></measCollecFile>\n'


def write_file(path: Path, form: str, size: int = SIZE) -> None:
    """A file of about `size` bytes: one measInfo of 100 counters, in the `r` or the `list` form."""
    draw = random.Random(1)
    names = [f"Group.Counter{i}" for i in range(COUNTERS)]
    with path.open("w", encoding="utf-8") as out:
        out.write(_HEAD)
        types = "".join(f'<measType p="{i}">{n}</measType>\n' for i, n in enumerate(names, 1))
        out.write(types if form == "r" else f"<measTypes>{' '.join(names)}</measTypes>\n")
        cell = 0
        while out.tell() < size:
            values = [str(draw.randrange(100_000)) for _ in names]
            rs = "".join(f'<r p="{i}">{v}</r>\n' for i, v in enumerate(values, 1))
            body = rs if form == "r" else f"<measResults>{' '.join(values)}</measResults>\n"
            out.write(
                f'<measValue measObjLdn="GNBDUFunction=1,NRCellDU={cell}">\n{body}<suspect>false</suspect>\n</measValue>\n'
            )
            cell += 1
        out.write(_FOOT)


def bare(path: Path) -> None:
    for _, element in etree.iterparse(path):
        element.clear()


def ours(path: Path) -> None:
    for _ in read_pm_xml(path, Findings()):
        pass


def measure(what: str, path: Path) -> dict[str, float]:
    """One reading in this process: processor seconds, which neighbours on the machine disturb least, and peak memory."""
    run = {"bare": bare, "ours": ours}[what]
    began = time.process_time()
    run(path)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"mb_s": path.stat().st_size / 1e6 / seconds, "peak_mb": peak}


def _apart(what: str, path: Path) -> dict[str, float]:
    """Measured in a process of its own, so that peak memory is that of one reader."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.pm_xml", what, str(path)], capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def rows(size: int = SIZE, rounds: int = 3) -> list[dict[str, object]]:
    """One row per form: MB/s and its ratio to the bare loop over the same file, best of alternating rounds; peak MB."""
    table: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            path = Path(folder) / f"{form}.xml"
            write_file(path, form, size)
            pairs = [(_apart("bare", path), _apart("ours", path)) for _ in range(rounds)]
            base, own = (max(runs, key=lambda run: run["mb_s"]) for runs in zip(*pairs, strict=True))
            table.append({
                "what": f"PM XML, {form} form, {size // 1_000_000} MB", "MB/s": round(own["mb_s"], 1),
                "bare MB/s": round(base["mb_s"], 1), "ratio": round(own["mb_s"] / base["mb_s"], 2),
                "peak MB": round(own["peak_mb"]),
            })  # fmt: skip
    return table


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        for row in rows():
            print(row)
