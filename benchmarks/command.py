"""How long `precall --help` takes, beside a Python that does nothing."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.figure import Figure

RUN = "from jobs.cli import app; app(['--help'])"
COUNT = "import sys, jobs.cli; print(len(sys.modules))"


def _wall(arguments: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


def figures(rounds: int = 7) -> list[Figure]:
    """The quickest of alternating runs, for wall time only grows with neighbours; the ratio is their median."""
    _wall(["-c", RUN])
    pairs = [(_wall(["-c", "pass"]), _wall(["-c", RUN])) for _ in range(rounds)]
    ours, ratio = min(own for _, own in pairs), statistics.median(own / nothing for nothing, own in pairs)
    found = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True, text=True)
    return [
        Figure(
            f"precall --help, wall, quickest of {rounds}", ours, "s",
            "python -m benchmarks.speed command", ratio, "python -c pass", "< 0.5 s",
            ours < 0.5, f"{int(found.stdout)} modules",
        )
    ]  # fmt: skip
