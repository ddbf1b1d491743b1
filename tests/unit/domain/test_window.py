"""The grid: which tick a measuring period belongs to, whatever its length and wherever it begins."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.window import Grid, Tick, epoch
from tests.tables import at

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("begins", "seconds", "tick", "lasts"),
    [
        ("08:00", 900, "08:00", 900),
        ("07:59:30", 900, "08:00", 900),  # TS 32.435's own example ends at 14:14:30
        ("08:00:30", 900, "08:00", 900),
        ("08:07", 900, "08:00", 900),
        ("08:08", 900, "08:15", 900),
        ("08:10", 300, "08:00", 900),
        ("08:14", 60, "08:00", 900),
        ("08:14", 120, "08:15", 900),  # its middle is 08:15
        ("08:07", 420, "08:00", 900),
        ("08:10", 600, "08:15", 900),
        ("08:30", HOUR, "08:30", HOUR),  # an hour of a half-hour zone
        ("08:45", HOUR, "08:45", HOUR),
        ("07:59:30", HOUR, "08:00", HOUR),
        ("08:00", HOUR - 10, "08:00", HOUR),
        ("08:00", 1200, "08:00", 1200),
        ("08:20", 1200, "08:20", 1200),
    ],
)
def test_a_period_belongs_to_one_tick(begins, seconds, tick, lasts):
    assert Grid(900).tick(at(begins), seconds) == Tick(at(tick), lasts)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Auckland", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_every_local_day_of_a_year_is_a_tick_of_its_own_of_24_hours_that_begins_with_it(zone):
    midnights = [datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=n) for n in range(366)]
    starts = [epoch(m) for m in midnights]
    ticks = [Grid(900).tick(a, b - a) for a, b in pairwise(starts)]
    assert {t.duration_s for t in ticks} == {DAY}
    assert [t.start for t in ticks] == starts[:-1]


@given(st.integers(0, 2_000_000_000), st.integers(1, 8 * DAY), st.sampled_from([60, 300, 900, HOUR]))
def test_a_tick_lies_over_its_period_and_is_its_own_tick(start, seconds, tick_s):
    grid = Grid(tick_s)
    tick = grid.tick(start, seconds)
    assert grid.tick(tick.start, tick.duration_s) == tick
    assert tick.start <= start + seconds // 2 < tick.end
    assert grid.reach([tick]).contains(start)


@given(st.integers(0, 2_000_000_000), st.integers(901, 2 * DAY))
def test_periods_that_follow_each_other_never_share_a_tick_of_their_own(start, seconds):
    grid = Grid(900)
    if grid.length(seconds) > 900:
        assert grid.tick(start, seconds) != grid.tick(start + seconds, seconds)
