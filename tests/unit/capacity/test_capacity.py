"""A cell that fills up is named before it is full, with an interval; one busy day and one dead day are no trend."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.capacity.busy_hours import BusyDay, busy_day, series_of
from detector.capacity.forecast import Ahead, congestion_of, days_ahead, weeks_ahead
from detector.capacity.screen import CONGESTED, LEAST_DAYS, trends_of
from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.window import DAY_S, WEEK_S, Window
from detector.reports import Past, report_kind

MONDAY = 1_772_409_600
FIRST = MONDAY // DAY_S
CELLS, WEEKS, GROWING = 24, 10, 5
NETWORK = tuple(Cell(cell_id=f"c{n:02d}", technology="LTE", band="B20", site_id=f"s{n // 3}") for n in range(CELLS))
NAMES = tuple(cell.cell_id for cell in NETWORK)
Floats = NDArray[np.float64]


def kpi(id_: str, unit: str) -> Kpi:
    return Kpi(
        id=id_,
        title=id_,
        unit=unit,
        kind="gauge",
        direction="none",
        family="utilisation",
        technology="LTE",
        clause="",
        numerator="n",
    )


def frame_of(down: Floats, up: Floats, users: Floats, duration_s: int = 3600, suspect: Any = None) -> KpiFrame:
    values = np.stack([down, up, users], axis=2)
    periods, cells = down.shape
    return KpiFrame(
        starts=MONDAY + duration_s * np.arange(periods),
        duration_s=duration_s,
        objects=NAMES[:cells],
        kpis=(kpi("prb_dl", "%"), kpi("prb_ul", "%"), kpi("conn", "UEs")),
        numerator=values,
        denominator=np.where(np.isfinite(values), 1.0, np.nan),
        suspect=np.zeros(down.shape, bool) if suspect is None else suspect,
    )


def test_the_busy_hour_is_the_fullest_hour_of_the_fuller_direction_and_users_have_their_own() -> None:
    down, up, users = np.full((3, 24, 2), 20.0)
    down[18, 0], up[9, 1], users[12, 0] = 70, 60, 90
    day = busy_day(frame_of(down, up, users), "UTC")
    assert day.use.tolist() == [70, 60]
    assert day.hour.tolist() == [18, 9]
    assert day.users.tolist() == [90, 20]


def test_an_hour_is_a_mean_of_its_periods_and_one_odd_or_suspect_period_is_no_busy_hour() -> None:
    down, up, users = np.full((3, 96, 2), 20.0)
    down[40:44] = [[30, 30], [50, 50], [30, 30], [50, 50]]
    down[60, 0] = 99
    down[61:64, 0] = np.nan
    down[70, 1] = 99
    suspect = np.zeros(down.shape, bool)
    suspect[70, 1] = True
    day = busy_day(frame_of(down, up * 0, users, 900, suspect), "UTC")
    assert day.use.tolist() == [40, 40]
    assert day.hour.tolist() == [10, 10]


def test_a_day_with_too_many_hours_missing_has_no_busy_hour() -> None:
    down, up, users = np.full((3, 24, 1), 20.0)
    for values in (down, up, users):
        values[10:18] = np.nan
    day = busy_day(frame_of(down, up, users), "UTC")
    assert np.isnan(day.use).all()
    assert np.isnan(day.users).all()
    assert day.hour.tolist() == [-1]


def busy_hours(growth: float = 0.0, level: float = 60.0, *, days: int = 7 * WEEKS, seed: int = 1) -> Floats:
    """[day, cell]: GROWING grows by `growth` a week, to `level` at the end; the others stay at 30 %; weekends are quiet."""
    rng = np.random.default_rng(seed)
    weekly = np.zeros(CELLS)
    weekly[GROWING] = growth
    ends = np.full(CELLS, 30.0)
    ends[GROWING] = level
    back = (np.arange(days) - (days - 1))[:, None] / 7
    quiet = np.where((FIRST + np.arange(days) + 3) % 7 >= 5, 0.6, 1.0)[:, None]
    return np.minimum(ends * (1 + weekly) ** back * quiet * rng.lognormal(0, 0.05, (days, CELLS)), 100.0)


def days_of(use: Floats) -> tuple[BusyDay, ...]:
    hour = np.full(CELLS, 18)
    return tuple(
        BusyDay(day=FIRST + n, cells=NAMES, use=one, users=2 * one, hour=hour) for n, one in enumerate(np.asarray(use))
    )


def report_of(use: Floats, **more: Any) -> Any:
    end = MONDAY + len(use) * DAY_S
    return report_kind("capacity").make(
        Past(
            window=Window(end - 4 * WEEK_S, end),
            topology=Topology({cell.cell_id: cell for cell in NETWORK}),
            busy_days=days_of(use),
            **more,
        )
    )


def test_a_cell_that_grows_is_expected_to_be_congested_when_it_will_be_and_the_others_are_not() -> None:
    rows = report_of(busy_hours(0.04)).records()
    assert [row["cell"] for row in rows] == ["c05"]
    row = rows[0]
    due = np.log(CONGESTED / 60) / np.log(1.04)  # 7.3 weeks
    assert (row["state"], row["busy_hour"], row["site"], row["band"]) == ("expected", "18:00", "s1", "LTE B20")
    assert row["weeks"] == pytest.approx(due + 0.5, abs=1.5)
    assert row["weeks_earliest"] <= row["weeks"] <= row["weeks_latest"]
    assert row["weeks_latest"] - row["weeks_earliest"] <= 5
    assert row["growth"] == pytest.approx(4, abs=0.5)
    assert row["users_growth"] == pytest.approx(4, abs=0.5)
    assert row["use"] == pytest.approx(0.6, abs=0.05)


def a_match(use: Floats) -> None:
    use[-3, 9] = 100


def a_dead_week(use: Floats) -> None:
    use[20:27, 9] = np.nan


def an_outage_long_ago(use: Floats) -> None:
    use[2, 9] = 0


def not_counted(use: Floats) -> None:
    use[:, 9] = np.nan


@pytest.mark.parametrize("change", [a_match, a_dead_week, an_outage_long_ago, not_counted])
def test_an_odd_day_is_no_trend(change: Callable[[Floats], None]) -> None:
    use = busy_hours()
    change(use)
    assert report_of(use).rows == ()


def test_what_is_congested_now_comes_first_with_no_weeks_to_go_even_without_a_trend() -> None:
    use = busy_hours(0.05, days=14)
    use[:, 11] *= 3
    made = report_of(use)
    assert [(row["cell"], row["state"], row["weeks"], row["growth"]) for row in made.records()] == [
        ("c11", "congested", 0, None)
    ]
    assert made.notes[1].startswith("Not enough history: 14 whole days, and a trend needs 21")


def test_a_cell_at_the_limit_on_one_day_of_the_week_alone_is_not_congested() -> None:
    use = busy_hours()
    use[4::7, 9] = 95
    assert report_of(use).rows == ()


def test_who_lives_with_the_cell_is_shown_and_of_a_few_people_nothing() -> None:
    homes = {f"sub_{n}": NAMES[GROWING] for n in range(40)}
    assert report_of(busy_hours(0.04), homes=homes).records()[0]["people"] == 40
    few = {f"sub_{n}": NAMES[GROWING] for n in range(4)}
    row = report_of(busy_hours(0.04), homes=few).records()[0]
    assert (row["people"], row["complained"]) == (None, None)


def test_without_any_history_the_report_has_no_rows_and_says_so() -> None:
    made = report_kind("capacity").make(Past(window=Window(MONDAY, MONDAY + DAY_S)))
    assert made.rows == ()
    assert "Not enough history: 0 whole days" in made.notes[1]


@pytest.mark.parametrize("growth", [0.0, 0.02])
def test_nine_of_ten_days_held_out_are_within_the_interval(growth: float) -> None:
    """Over forty series, so that the share is known within a few per cent."""
    inside = []
    for seed in range(40):
        use = busy_hours(growth, days=7 * WEEKS + 14, seed=seed)[:, GROWING]
        _, low, high = days_ahead(use[:-14], 14)
        inside.append((low <= use[-14:]) & (use[-14:] <= high))
    assert 0.85 <= np.mean(inside) <= 0.96


def test_a_forecast_is_the_same_every_time_and_does_without_days_that_are_missing() -> None:
    use = busy_hours(0.03)[:, GROWING]
    one, two = weeks_ahead(use), weeks_ahead(use.copy())
    np.testing.assert_array_equal(one.expected, two.expected)
    holed = use.copy()
    holed[[10, 33, 34]] = np.nan
    np.testing.assert_allclose(weeks_ahead(holed).expected, one.expected, rtol=0.1)


@pytest.mark.parametrize(
    ("expected", "wide", "weeks"),
    [((81.0, 82.0), 0.0, (1, 1, 1)), ((70.0, 75.0), 6.0, (None, 2, None)), ((60.0, 61.0), 1.0, (None, None, None))],
)
def test_weeks_are_those_in_which_the_ends_of_the_interval_get_there(
    expected: tuple[float, ...], wide: float, weeks: tuple[int | None, ...]
) -> None:
    found = congestion_of(Ahead(np.array(expected), np.array(expected) - wide, np.array(expected) + wide))
    assert (found.expected, found.earliest, found.latest) == weeks


@given(growth=st.floats(-0.02, 0.02), level=st.floats(1.0, 4.0), first=st.integers(0, 30), missing=st.integers(0, 20))
def test_a_trend_without_noise_is_found_exactly(growth: float, level: float, first: int, missing: int) -> None:
    days = np.arange(7 * 6)
    season = 0.2 * np.sin(2 * np.pi * ((first + days) % 7) / 7)
    use = np.exp(level + growth * (days - days[-1]) + season)[:, None]
    use[np.random.default_rng(missing).choice(len(days) - 7, missing, replace=False)] = np.nan
    trends = trends_of(use, first)
    assert trends.growth[0] == pytest.approx(growth, abs=1e-6)
    assert trends.level[0] == pytest.approx(level, abs=1e-6)


def test_too_few_days_have_no_trend() -> None:
    assert np.isnan(trends_of(busy_hours(days=LEAST_DAYS - 1), FIRST).growth).all()
    assert np.isfinite(trends_of(busy_hours(days=LEAST_DAYS), FIRST).growth).all()


def test_days_that_come_in_parts_and_in_any_order_are_one_series() -> None:
    days = list(days_of(busy_hours(days=3)))
    halves = [
        BusyDay(day=day.day, cells=day.cells[part], use=day.use[part], users=day.users[part], hour=day.hour[part])
        for day in days[::-1]
        for part in (slice(0, 10), slice(10, None))
    ]
    np.testing.assert_array_equal(series_of(halves, NAMES).use, series_of(days, NAMES).use)
    assert series_of(days[::2], NAMES).days == 3
    assert np.isnan(series_of(days[::2], NAMES).use[1]).all()
