"""What one file may cost: bytes as they lie and unpacked, columns, different objects, and time.

A budget is relative to what a file of this network needs. Readers check it at every chunk; work that cannot be interrupted
(one call into C) is bounded by bytes before it begins.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic

from detector.domain.errors import Permanent

BYTES_AN_OBJECT = 28 * 96 * 100 * 8
"""Bytes of one object's counters. Chosen: 28 days of quarters of an hour (what baselines learn from), 100 counters (a
catalogue has 60), 8 characters a value."""
LEAST_BYTES = 64 << 20
"""Least bytes of a file that are accepted, however small the network. Chosen: a day of 100 cells is 8 MB."""
MOST_BYTES = 4 << 30
"""Bytes of any file. Chosen: a table is read into memory; a period of 50,000 cells has 80 MB."""
OBJECTS_AN_OBJECT, LEAST_OBJECTS = 100, 20_000
"""Different names in a file for each object that is known: relations to neighbours are some 30 a cell."""
MOST_COLUMNS = 5_000
"""The counters of all of 3GPP TS 28.552 and 32.425 together, with their histograms, are fewer."""
MOST_PERIODS = 10_000
"""Periods of one file. Chosen: a month of quarters of an hour has 2,976, one of five minutes 8,928."""
TABLE_TIMES = 10
"""So many times the time of a counter file is allowed for a table of people. Chosen: they are larger and come seldom."""


@dataclass(frozen=True, kw_only=True)
class FileBudget:
    """Bounds of one file."""

    most_bytes: int
    seconds: float
    objects: int = LEAST_OBJECTS
    columns: int = MOST_COLUMNS

    @classmethod
    def of(cls, objects: int, *, largest_bytes: int, seconds: float) -> "FileBudget":
        """For a file of counters of a network with so many known objects; `largest_bytes` 0: by what these need.

        >>> [FileBudget.of(n, largest_bytes=0, seconds=60).most_bytes >> 20 for n in (4, 100, 50_000)]
        [64, 205, 4096]
        """
        needed = largest_bytes or min(MOST_BYTES, max(LEAST_BYTES, objects * BYTES_AN_OBJECT))
        return cls(most_bytes=needed, seconds=seconds, objects=max(LEAST_OBJECTS, OBJECTS_AN_OBJECT * objects))


@dataclass
class _Spending:
    """A budget in use for one file; `until` is monotonic time."""

    name: str
    budget: FileBudget
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = monotonic() + self.budget.seconds


_present: ContextVar[_Spending | None] = ContextVar("file budget", default=None)


@contextmanager
def spending(name: str, budget: FileBudget) -> Iterator[None]:
    """Whatever is read inside, for the file `name`, has this budget together."""
    token = _present.set(_Spending(name, budget))
    try:
        yield
    finally:
        _present.reset(token)


def most_bytes(otherwise: int) -> int:
    """Bytes that a file may hold, `otherwise` where nothing is bounded."""
    spent = _present.get()
    return otherwise if spent is None else min(otherwise, spent.budget.most_bytes)


def seconds_left() -> float | None:
    """None where time is not bounded."""
    spent = _present.get()
    return None if spent is None else max(0.0, spent.until - monotonic())


def spend(*, total_bytes: int = 0, columns: int = 0, objects: int = 0, periods: int = 0) -> None:
    """Raises Permanent naming the file and the setting if it has more than that, or has taken too long."""
    spent = _present.get()
    if spent is None:
        return
    budget, name = spent.budget, spent.name
    if total_bytes > budget.most_bytes:
        what = f"it holds more than {budget.most_bytes >> 20} MB, far more than a file of this network needs"
        raise Permanent(what, where=name, mend="split it, or raise sources.largest_file_mb")
    if columns > budget.columns:
        what = f"{columns:,} columns, and more than {budget.columns:,} are no list of counters"
        raise Permanent(what, where=name, mend="export the counters of the catalogue alone")
    if periods > MOST_PERIODS:
        what = f"{periods:,} different periods, and more than {MOST_PERIODS:,} are no history"
        raise Permanent(what, where=name, mend="split it by months")
    if objects > budget.objects:
        what = f"{objects:,} different objects, far more than a file of this network needs ({budget.objects:,})"
        raise Permanent(what, where=name, mend="is it this network's? then complete cells.csv first")
    if monotonic() > spent.until:
        what = f"reading it takes longer than {budget.seconds:g} s"
        raise Permanent(what, where=name, mend="split it, or raise sources.file_budget_s")
