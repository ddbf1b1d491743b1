"""What the baseline learns, from how much, and for whom."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.frame import KpiFrame, ending_at
from detector.domain.policy import DetectionPolicy
from detector.domain.window import Tick
from detector.scoring import fit, from_arrays
from detector.scoring.time_of_week import time_of_week
from tests.unit.scoring.faultless_network import DROP, KPIS, MONDAY, SETUP, SPEED, TRAFFIC, Network

POLICY = DetectionPolicy()


def learn(frame, excluded=None, peers=None, timezone="UTC"):
    excluded = np.zeros(frame.suspect.shape, bool) if excluded is None else excluded
    return fit(frame, timezone=timezone, excluded=excluded, peers=peers, detection_policy=POLICY)


def volume(values, period_s=3600, start=MONDAY):
    """A frame of one volume KPI from values[period, object]."""
    values = np.asarray(values, float)
    names = tuple(f"c{i}" for i in range(values.shape[1]))
    starts = start + period_s * np.arange(len(values))
    ones = np.ones_like(values)[..., None]
    return KpiFrame(
        starts=starts,
        duration_s=period_s,
        objects=names,
        kpis=(TRAFFIC,),
        numerator=values[..., None],
        denominator=ones,
        suspect=np.zeros(values.shape, bool),
    )


@pytest.mark.parametrize(("days", "within"), [(1, 0.45), (7, 0.25), (28, 0.15)])
def test_a_daily_profile_is_learned_from_a_day_and_sharp_after_weeks(days, within):
    rng = np.random.default_rng(5)
    hour = np.arange(24 * days) % 24
    weekly_shapes = np.stack([200 + 150 * np.sin(2 * np.pi * (hour - shift) / 24) for shift in range(12)], axis=1)
    base = learn(volume(rng.poisson(weekly_shapes * rng.gamma(50, 1 / 50, weekly_shapes.shape))))
    monday = base.level[:24, :12, 0]
    error = np.abs(monday / weekly_shapes[:24] - 1)
    assert np.quantile(error, 0.9) < within


def test_rising_traffic_is_expected_without_steps():
    hour = np.arange(96 * 7) / 4 % 24
    ramp = volume(np.repeat((100 + 40 * hour)[:, None], 3, axis=1), 900)
    base = learn(ramp)
    morning = base.levels(0, base.rows(["c0"]), time_of_week(ramp.starts[16:72], 900, "UTC"))[:, 0]
    assert np.diff(morning).max() < 2 * np.diff(morning).mean()
    assert (np.diff(morning) > 0).all()


def test_profiles_follow_the_wall_clock_when_it_changes():
    """Busy from 08:00 to 09:00 in Berlin, where clocks went forward on 29 March 2026."""
    berlin = time_of_week(MONDAY + 3600 * np.arange(24 * 28), 3600, "Europe/Berlin")
    busy = np.where(berlin.slot % 24 == 8, 500.0, 100.0)
    base = learn(volume(np.repeat(busy[:, None], 2, axis=1)), timezone="Europe/Berlin")
    level = base.level[:, 0, 0]
    assert level[np.arange(168) % 24 == 8].min() > 400
    assert level[np.arange(168) % 24 != 8].max() < 150


def test_incidents_and_suspect_rows_are_not_learned():
    frame = Network(cells=6, days=4, seed=2).frame((SETUP,))
    bad = np.zeros(frame.suspect.shape, bool)
    bad[96:200, 2] = True
    sick = frame.numerator.copy()
    sick[bad] *= 0.7
    faulty = replace(frame, numerator=sick)
    healthy = learn(frame, excluded=bad).level[:, 2, 0].mean()
    assert learn(faulty, excluded=bad).level[:, 2, 0].mean() == pytest.approx(healthy)
    assert learn(replace(faulty, suspect=bad)).level[:, 2, 0].mean() == pytest.approx(healthy)


def test_one_forgotten_fault_hardly_moves_a_level():
    frame = Network(cells=6, days=14, seed=2).frame((SETUP, TRAFFIC))
    sick = frame.numerator.copy()
    sick[300:308, 2, 0] *= 0.3
    sick[300:308, 2, 1] = 0
    want, got = learn(frame).level[:, 2], learn(replace(frame, numerator=sick)).level[:, 2]
    assert got.mean(axis=0) == pytest.approx(want.mean(axis=0), rel=0.05)


def test_a_new_cell_is_judged_by_its_peers_and_a_stranger_by_the_network():
    frame = Network(cells=24, days=5, seed=3, wander=0.0).frame((DROP,))
    worse = frame.numerator.copy()
    worse[:, :12] *= 4
    peers = {name: ("old" if i < 12 else "new",) for i, name in enumerate(frame.objects)} | {"n1": ("old",), "n2": ("new",)}
    base = learn(replace(frame, numerator=np.minimum(worse, frame.denominator)), peers=peers)
    by_old, by_new, stranger = base.level[:, base.rows(["n1", "n2", "nobody"]), 0].mean(axis=0)
    assert by_old > 2 * by_new
    assert by_new < stranger < by_old
    assert base.level_variance[base.rows(["n1"])[0], 0] > 10 * np.median(base.level_variance[:24, 0])


def test_throughput_is_known_to_fall_with_load():
    base = learn(Network(cells=10, days=5).frame())
    k = base.kpi_index[SPEED.id]
    assert base.kpis[base.load[k]].id == "prb_dl"
    assert np.median(base.slope[:-1, k]) == pytest.approx(-1.0, rel=0.4)


def test_who_sleeps_on_weekday_nights_may_sleep_on_a_weekend_night_too():
    """Two weeks, Monday first; c0 is empty at midnight on some weekdays only, c1 never."""
    rng = np.random.default_rng(3)
    values = rng.poisson(300.0, (24 * 14, 8)).astype(float)
    values[[24 * day for day in (1, 2, 4, 8, 9)], 0] = 0
    idle_probability = learn(volume(values)).idle_probability[:, :, 0]
    saturday = 5 * 24
    assert idle_probability[24, 0] > 0.05
    assert idle_probability[saturday, 0] > 100 * idle_probability[saturday + 12, 0]
    assert idle_probability[saturday, 1] < 1e-4


def test_a_baseline_survives_storage():
    base = learn(Network(cells=5, days=2).frame())
    back = from_arrays(base.to_arrays(), KPIS)
    assert back.objects == base.objects
    assert back.kpis == base.kpis
    assert back.duration_s == 900
    for name in (
        "level",
        "level_variance",
        "spread",
        "idle_probability",
        "slope",
        "load",
        "tail_calibration",
        "offset",
        "counted",
        "horizons",
    ):
        np.testing.assert_array_equal(getattr(back, name), getattr(base, name))
    with pytest.raises(ValueError, match="drop"):
        from_arrays(base.to_arrays(), [k for k in KPIS if k.id != "drop"])


def test_no_history_is_no_error():
    frame = Network(cells=3, days=1).frame()
    base = learn(ending_at(frame, Tick(int(frame.starts[-1]), frame.duration_s), 1))
    assert np.isfinite(base.level).all()
    with pytest.raises(ValueError, match="excluded"):
        learn(frame, excluded=np.zeros((1, 1), bool))


def test_a_mean_known_for_three_days_has_a_wider_variance_than_after_weeks():
    """Cells with habits of their own: what three days cannot tell of them stands in the doubt, and next week's
    values lie within spread and doubt together."""
    rng = np.random.default_rng(7)
    hour = np.arange(24 * 35) % 24
    weekly_shapes = np.exp(0.3 * np.sin(2 * np.pi * (hour[:, None] - rng.uniform(0, 24, 30)) / 24))
    values = 30 * weekly_shapes * np.exp(rng.normal(0, 0.08, weekly_shapes.shape))
    weight = np.full(values.shape, 100.0)
    starts = MONDAY + 3600 * np.arange(len(values))

    def frame(rows):
        names = tuple(f"c{i}" for i in range(30))
        num, den = (values * weight)[rows, :, None], weight[rows, :, None]
        return KpiFrame(
            starts=starts[rows].copy(),
            duration_s=3600,
            objects=names,
            kpis=(SPEED,),
            numerator=num,
            denominator=den,
            suspect=np.zeros(num.shape[:2], bool),
        )

    level_variances, misses = [], []
    for days in (3, 28):
        base = learn(frame(slice((28 - days) * 24, 28 * 24)))
        level = base.levels(0, np.arange(30), time_of_week(starts[28 * 24 :], 3600, "UTC"))
        z = np.log(values[28 * 24 :] / level) / np.sqrt(base.spread[0, :30, 0] + base.level_variance[:30, 0])
        level_variances.append(float(np.median(base.level_variance[:30, 0])))
        misses.append(float((np.abs(z) > 3).mean()))
    assert level_variances[0] > 3 * level_variances[1]
    assert max(misses) < 0.02  # without it 0.18
