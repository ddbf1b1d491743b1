"""`make bench`: every figure of speed in one run, printed and written to benchmarks/results.

    python -m benchmarks.speed [command | pm_xml | period [CELLS] | assessment | backtest]

A part alone is printed and not written, but for a period of another size, which has a page of its own.
"""

import sys
import time
from collections.abc import Callable, Mapping

from rich.console import Console

from benchmarks.speed import assessment, backtest, command, period, pm_xml
from benchmarks.speed.figure import RESULTS, Figure, as_table, machine, write

PARTS: Mapping[str, Callable[..., list[Figure]]] = {
    "command": command.figures,
    "pm_xml": pm_xml.figures,
    "period": period.figures,
    "assessment": assessment.figures,
    "backtest": backtest.figures,
}


def main(arguments: list[str]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if arguments:
        figures = PARTS[arguments[0]](*map(int, arguments[1:]))
        console.print(as_table(figures))
        if arguments[1:]:
            write(figures, machine(), "-".join(arguments))
        return
    began = time.perf_counter()
    figures = []
    for name, part in PARTS.items():
        with console.status(f"measuring {name} ..."):
            figures += part()
    measured_on = f"{machine()}, {time.perf_counter() - began:.0f} s in all"
    write(figures, measured_on)
    console.print(as_table(figures))
    console.print(f"written to {RESULTS.name}/speed.md; {measured_on}")


if __name__ == "__main__":
    main(sys.argv[1:])
