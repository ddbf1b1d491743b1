"""`make bench`: every figure of speed in one run, printed and written to benchmarks/results.

    python -m benchmarks.speed [command | pm_xml | period [CELLS] | impact | replaying]

A part alone is printed and not written, but for a period of another size, which has a page of its own.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks import command, impact, period, pm_xml, replaying
from benchmarks.figure import Figure, as_markdown, as_table

RESULTS = Path(__file__).parent / "results"
PARTS: Mapping[str, Callable[..., list[Figure]]] = {
    "command": command.figures,
    "pm_xml": pm_xml.figures,
    "period": period.figures,
    "impact": impact.figures,
    "replaying": replaying.figures,
}
HEADING = """# Speed

Written by `make bench`. Seconds are processor seconds unless they say wall, so that neighbours on the machine disturb them
least; ratios are against something measured in the same run, and are what counts: the machine changes, they stay."""


def main(arguments: list[str]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if arguments:
        figures = PARTS[arguments[0]](*map(int, arguments[1:]))
        console.print(as_table(figures))
        if arguments[1:]:
            write(figures, _machine(), "-".join(arguments))
        return
    began = time.perf_counter()
    figures = []
    for name, part in PARTS.items():
        with console.status(f"measuring {name} ..."):
            figures += part()
    machine = f"{_machine()}, {time.perf_counter() - began:.0f} s in all"
    write(figures, machine)
    console.print(as_table(figures))
    console.print(f"written to {RESULTS.name}/speed.md and speed.json; {machine}")


def page(figures: list[Figure], name: str) -> None:
    """Printed, and written to a page of its own."""
    Console(width=150).print(as_table(figures))
    write(figures, _machine(), name)


def _machine() -> str:
    return f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}"


def write(figures: list[Figure], machine: str, name: str = "speed", folder: Path = RESULTS) -> None:
    """A page for people and a file for programs."""
    folder.mkdir(parents=True, exist_ok=True)
    page = as_markdown(figures, f"{HEADING}\n{machine}.")
    (folder / f"{name}.md").write_text(page, encoding="utf-8")
    body = json.dumps([asdict(figure) for figure in figures], indent=1)
    (folder / f"{name}.json").write_text(body + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
