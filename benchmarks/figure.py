"""One measured figure: what it is, what it should be, and what of the same run it is held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

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

        >>> Figure("PM XML", 21.44, "MB/s", "make bench", 0.93, "bare lxml", "ratio >= 0.8", True).cells()[:4]
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
