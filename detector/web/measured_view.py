"""What the front page says of what is measured: quiet means something only where something is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detector.domain.coverage import Coverage, KpiCoverage
from detector.labels import times

STALE_S = 3 * 3_600
"""Data older than this say little of now."""
MOST_ROWS = 40
MOST_NAMES = 8


class Clock(Protocol):
    """The page that is written."""

    @property
    def now(self) -> float: ...

    def clock(self, at: float) -> str: ...


@dataclass(frozen=True)
class Row:
    """One KPI as text."""

    title: str
    have: int
    should: int
    newest: str
    lacks: str


@dataclass(frozen=True)
class MeasuredView:
    """`quiet`: that no incident is known says that the network is well; else `why` it does not. `level`: good or minor."""

    headline: str
    newest: str
    lines: tuple[str, ...]
    rows: tuple[Row, ...]
    why: str

    @property
    def quiet(self) -> bool:
        return not self.why

    @property
    def level(self) -> str:
        return "good" if self.quiet else "minor"


def measured_view(found: Coverage, problems: Sequence[str], page: Clock) -> MeasuredView:
    """The coverage in words; KPIs that nobody has stand last, with the counters that they need."""
    there = found.there
    headline = f"{found.measured:,} of {found.objects:,} cells and core functions measured, by {len(there)} KPIs"
    rows = sorted(found.kpis, key=lambda one: -one.share)
    return MeasuredView(
        headline if found.until else "Nothing is measured yet",
        _newest(found, page),
        tuple(_lines(found, page)),
        tuple(_row(one, page) for one in rows[:MOST_ROWS]),
        _why(found, problems, page),
    )


def _newest(found: Coverage, page: Clock) -> str:
    if found.until is None:
        return ""
    return f"newest data of {page.clock(found.until)}, {times.duration(page.now - found.until)} ago"


def _why(found: Coverage, problems: Sequence[str], page: Clock) -> str:
    """Why the absence of incidents means nothing; empty if it does mean something."""
    if found.until is None:
        return "nothing is measured"
    if page.now - found.until > STALE_S:
        return f"the newest data are of {page.clock(found.until)}"
    if found.little:
        return f"only {found.measured:,} of {found.objects:,} cells and core functions are measured"
    return problems[0] if problems else ""


def _lines(found: Coverage, page: Clock) -> Sequence[str]:
    lines = [f"Measured since {page.clock(found.since)}."] if found.since is not None else []
    if meant := [f"{name}: {what}" for name, what in found.unused.items() if what]:
        lines.append(f"Counters that were read and probably misspelt: {_some(meant)}.")
    if strange := [name for name, what in found.unused.items() if not what]:
        lines.append(f"Counters that were read and that no KPI needs: {_some(strange)}.")
    return lines


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more (precall coverage)" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _row(one: KpiCoverage, page: Clock) -> Row:
    newest = "" if one.last_at is None else page.clock(one.last_at)
    return Row(one.title, one.have, one.should, newest, ", ".join(one.lacks))
