"""The window of a first backtest: one in which faults begin, with enough before it to know what is normal."""

import pytest

from detector.backtest.truth import Fault
from detector.backtest.window_choice import LEAD_S, default_window
from detector.domain.window import Window

DAY, HOUR = 86_400, 3600
MONTH = Window(0, 28 * DAY)


def fault(day: float, *, felt: bool = True, hours: float = 2) -> Fault:
    start = int(day * DAY)
    return Fault(f"f{day}", "outage", (("c1", Window(start, start + int(hours * HOUR))),), felt)


@pytest.mark.parametrize(
    ("data", "faults", "start_day", "said"),
    [
        (MONTH, None, 21, "the last quarter of the data"),
        (MONTH, (), 21, "no known fault begins"),
        (MONTH, (22, 23, 27), 21, "3 faults begin in it"),
        (MONTH, (9, 10, 11, 26), 9 - LEAD_S / DAY, "most faults begin: 3"),
        (MONTH, (9, 20), 20 - LEAD_S / DAY, "most faults begin: 1"),  # the later one has more history
        (MONTH, (2, 3, 8), 8 - LEAD_S / DAY, "most faults begin: 1"),  # a week of history before two faults more
        (Window(0, 8 * DAY), (4.5,), 4.5 - LEAD_S / DAY, "most faults begin: 1"),  # there is no week before it
        (Window(0, 8 * DAY), (2,), 2 - LEAD_S / DAY, "most faults begin: 1"),
        (Window(0, 8 * DAY), (0.5,), 6, "no known fault begins after a day of history"),
        (Window(0, DAY), (0.5,), 0.75, "no known fault begins"),
    ],
)
def test_the_default_window(data: Window, faults: tuple[float, ...] | None, start_day: float, said: str) -> None:
    known = None if faults is None else tuple(fault(day) for day in faults)
    chosen = default_window(data, known, grid_s=900)
    assert chosen.window == Window(round(start_day * DAY), round(start_day * DAY) + data.seconds // 4)
    assert said in chosen.reason


def test_what_nobody_feels_is_no_reason() -> None:
    assert default_window(MONTH, (fault(10, felt=False),), grid_s=900).window.start == 21 * DAY


@pytest.mark.parametrize("grid_s", [900, 3600])
def test_the_window_lies_in_the_data_and_on_their_grid(grid_s: int) -> None:
    data = Window(7 * grid_s, 7 * grid_s + 9 * DAY + 5 * grid_s)
    for day in range(9):
        window = default_window(data, (fault(day + 0.3),), grid_s=grid_s).window
        assert data.start < window.start < window.end <= data.end
        assert (window.start - data.start) % grid_s == 0
