"""PM XML reading against a bare lxml iterparse over the same file, side by side in one run."""

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from benchmarks.speed.figure import Figure
from detector.domain.finding import Findings
from detector.sources import read_pm_xml

COUNTERS = 100
SIZE = 50_000_000
LARGE = 300_000_000
LEAST_RATIO = 0.8
MOST_MEMORY_MB = 150
COMMAND = "python -m benchmarks.speed pm_xml"
FORMS = ("r", "list")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<measCollecFile xmlns="urn:example:pm"><fileHeader dnPrefix="SubNetwork=1">'
    '<measCollec beginTime="2026-03-24T08:00:00Z"/></fileHeader>\n<measData><managedElement localDn="ManagedElement=1"/>\n'
    '<measInfo measInfoId="a"><granPeriod duration="PT900S" endTime="2026-03-24T08:15:00Z"/>\n'
)
_FOOT = '</measInfo></measData><fileFooter><measCollec endTime="2026-03-24T08:15:00Z"/></fileFooter></measCollecFile>\n'


def write_file(path: Path, form: str, size: int = SIZE, repeated: int = 1) -> None:
    """A file of about `size` bytes: one measInfo of 100 counters, in the `r` or the `list` form; its rows are drawn for
    one part in `repeated` and then stand there so often."""
    draw = random.Random(1)
    names = [f"Group.Counter{i}" for i in range(COUNTERS)]
    with path.open("w", encoding="utf-8") as out:
        out.write(_HEAD)
        types = "".join(f'<measType p="{i}">{n}</measType>\n' for i, n in enumerate(names, 1))
        out.write(types if form == "r" else f"<measTypes>{' '.join(names)}</measTypes>\n")
        cell, begin = 0, out.tell()
        while out.tell() < size // repeated:
            values = [str(draw.randrange(100_000)) for _ in names]
            rs = "".join(f'<r p="{i}">{v}</r>\n' for i, v in enumerate(values, 1))
            body = rs if form == "r" else f"<measResults>{' '.join(values)}</measResults>\n"
            out.write(
                f'<measValue measObjLdn="GNBDUFunction=1,NRCellDU={cell}">\n{body}<suspect>false</suspect>\n</measValue>\n'
            )
            cell += 1
        out.flush()
        rows = path.read_text(encoding="utf-8")[begin:]
        for _ in range(repeated - 1):
            out.write(rows)
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
    before = peak_mb()
    began = time.process_time()
    run(path)
    seconds = time.process_time() - began
    return {"mb_s": path.stat().st_size / 1e6 / seconds, "peak_mb": peak_mb(), "before_mb": before}


def peak_mb() -> float:
    """Of this program alone; ru_maxrss would begin with what its parent held when it was started."""
    status = Path("/proc/self/status")
    if status.exists():
        held = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _apart(what: str, path: Path) -> dict[str, float]:
    """Measured in a process of its own, so that peak memory is that of one reader."""
    command = [sys.executable, "-m", "benchmarks.speed.pm_xml", what, str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def figures(size: int = SIZE, large: int = LARGE, rounds: int = 3) -> list[Figure]:
    """Both forms, medians of alternating rounds; then a large file, whose memory must be that of the small one."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        own = {}
        for form in FORMS:
            path = Path(folder) / f"{form}.xml"
            write_file(path, form, size)
            pairs = [(_apart("bare", path), _apart("ours", path)) for _ in range(rounds)]
            own[form] = statistics.median(ours["mb_s"] for _, ours in pairs)
            ratio = statistics.median(ours["mb_s"] / base["mb_s"] for base, ours in pairs)
            enough = ratio >= LEAST_RATIO if form == "r" else own["list"] >= own["r"]
            target = f"ratio >= {LEAST_RATIO}" if form == "r" else "no fewer MB/s than the r form"
            name = f"PM XML, {form} form, {size // 1_000_000} MB"
            found.append(
                Figure(
                    what=name,
                    value=own[form],
                    unit="MB/s",
                    command=COMMAND,
                    ratio=ratio,
                    against="bare lxml iterparse",
                    target=target,
                    met=enough,
                )
            )
            found.append(_memory(name, [ours for _, ours in pairs]))
        path = Path(folder) / "large.xml"
        write_file(path, "r", large, repeated=max(1, large // size))
        name = f"PM XML, r form, {large // 1_000_000} MB"
        found.append(_memory(name, [_apart("ours", path)], found[1].value))
    return found


def _memory(name: str, runs: Sequence[dict[str, float]], small: float | None = None) -> Figure:
    peak, before = (statistics.median(run[key] for run in runs) for key in ("peak_mb", "before_mb"))
    return Figure(
        what=f"... {name}: peak memory",
        value=peak,
        unit="MB",
        command=COMMAND,
        ratio=peak / small if small else None,
        against="the small file" if small else "",
        target=f"< {MOST_MEMORY_MB} MB",
        met=peak < MOST_MEMORY_MB,
        detail=f"{before:.0f} before reading",
    )


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
