"""One measured figure: what it is, what it should be, and what of the same run it is held against."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

RESULTS = Path(__file__).parents[1] / "results"
HEADING = """# Speed

Written by `make bench`. Seconds are processor seconds unless they say wall, so that neighbours on the machine disturb them
least; ratios are against something measured in the same run, and are what counts: the machine changes, they stay."""
COLUMNS = ("what", "figure", "target", "ratio", "against", "command")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`value` in `unit`; `ratio` to `against`, which was measured in the same run, None if it has no like.
    `met`: whether the target is met, None where there is none."""

    what: str
    value: float
    unit: str
    command: str
    ratio: float | None = None
    against: str = ""
    target: str = ""
    met: bool | None = None
    detail: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of COLUMNS.

        >>> Figure(
        ...     what="PM XML", value=21.44, unit="MB/s", command="make bench", ratio=0.93, target="ratio >= 0.8", met=True
        ... ).cells()[:4]
        ('PM XML', '21.4 MB/s', 'ratio >= 0.8: met', '0.93')
        """
        verdict = "" if self.met is None else ": met" if self.met else ": MISSED"
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        figure = f"{self.value:.3g} {self.unit}" if self.value < 1000 else f"{self.value:,.0f} {self.unit}"
        return (
            self.what,
            figure + (f" ({self.detail})" if self.detail else ""),
            self.target + verdict,
            ratio,
            self.against,
            self.command,
        )


def as_table(figures: Sequence[Figure]) -> Table:
    """For a terminal; the command is left to the file."""
    table = Table(title="Speed, as ratios of one run")
    for name in COLUMNS[:-1]:
        table.add_column(name, justify="right" if name == "ratio" else "left")
    for figure in figures:
        table.add_row(*figure.cells()[:-1], style="red" if figure.met is False else "")
    return table


def as_markdown(figures: Sequence[Figure], heading: str) -> str:
    """The same as a page."""
    rows = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---|---:|---|---|"]
    rows += ["| " + " | ".join(figure.cells()) + " |" for figure in figures]
    return heading + "\n\n" + "\n".join(rows) + "\n"


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}"


def write(figures: Sequence[Figure], measured_on: str, name: str = "speed", folder: Path = RESULTS) -> None:
    """Write the page `name`.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(as_markdown(figures, f"{HEADING}\n{measured_on}."), encoding="utf-8")
