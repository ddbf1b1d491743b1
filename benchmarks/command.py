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
    """Medians of alternating runs, after one that fills the caches."""
    _wall(["-c", RUN])
    pairs = [(_wall(["-c", "pass"]), _wall(["-c", RUN])) for _ in range(rounds)]
    nothing, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    found = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True, text=True)
    return [
        Figure(
            "precall --help", ours, "s", "python -m benchmarks.speed command", ours / nothing, "python -c pass", "< 0.5 s",
            ours < 0.5, f"{int(found.stdout)} modules",
        )
    ]  # fmt: skip
