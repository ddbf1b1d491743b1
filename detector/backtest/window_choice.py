"""Which part of the data a backtest replays by default: one in which faults begin, after enough history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector.backtest.truth import Fault
from detector.domain.window import DAY_S, HOUR_S, Window

HISTORY_SHARE = 0.75
"""Share of the data before the replayed window where no fault is known. Chosen: the last quarter is decided."""
LEAST_HISTORY_S = (7 * DAY_S, 3 * DAY_S, DAY_S)
"""Preferred first: a week holds every time of the week, three days every time of the day; under a day little is known."""
ENOUGH_FAULTS = 3
"""Faults in the last quarter from which it is taken as it is. Chosen: it has the longest history."""
LEAD_S = 2 * HOUR_S
"""Faultless time before the first fault. Chosen: two hours separate a baseline that holds from a fault that begins."""


@dataclass(frozen=True)
class Choice:
    """A window and why it was chosen, in words."""

    window: Window
    reason: str


def default_window(data: Window, faults: Sequence[Fault] | None, *, grid_s: int) -> Choice:
    """A quarter of `data`, on the grid of `grid_s` seconds: the last one if ENOUGH_FAULTS begin in it, else the one in which
    most faults begin that customers feel, with the longest of LEAST_HISTORY_S before it that finds any.

    `faults`: None = no truth. Among equals the later window wins: it has more history.

    >>> day, at = 86_400, lambda d, h: Window(d * 86_400 + h * 3600, d * 86_400 + h * 3600 + 7200)
    >>> one = Fault("f1", "outage", (("c1", at(9, 12)),))
    >>> default_window(Window(0, 20 * day), (one,), grid_s=900)
    Choice(window=Window(start=813600, end=1245600), reason='the quarter of the data in which most faults begin: 1')
    >>> default_window(Window(0, 20 * day), None, grid_s=900)
    Choice(window=Window(start=1296000, end=1728000), reason='the last quarter of the data')
    """
    start = data.start + _down(int(data.seconds * HISTORY_SHARE), grid_s)
    last = Window(start, data.end)
    if faults is None:
        return Choice(last, "the last quarter of the data")
    begins = sorted(f.window.start for f in faults if f.customer_affecting and data.contains(f.window.start))
    if _inside(begins, last) >= ENOUGH_FAULTS:
        return Choice(last, f"the last quarter of the data; {_inside(begins, last)} faults begin in it")
    for least_s in LEAST_HISTORY_S:
        found = max(((_inside(begins, w), w) for w in _windows(data, last, begins, least_s, grid_s)), default=(0, last))
        if found[0]:
            return Choice(found[1], f"the quarter of the data in which most faults begin: {found[0]}")
    return Choice(last, "the last quarter of the data; no known fault begins after a day of history")


def _windows(data: Window, last: Window, begins: Sequence[int], least_s: int, grid_s: int) -> Iterator[Window]:
    """The last quarter, and for each fault the window as long that begins LEAD_S before it, or as late as the data allow."""
    for at in (last.start + LEAD_S, *begins):
        start = data.start + _down(min(at - LEAD_S, last.start) - data.start, grid_s)
        if start - data.start >= least_s:
            yield Window(start, start + last.seconds)


def _inside(begins: Sequence[int], window: Window) -> int:
    return sum(window.contains(at) for at in begins)


def _down(seconds: int, grid_s: int) -> int:
    return seconds // grid_s * grid_s
