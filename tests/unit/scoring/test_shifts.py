"""Steps that stay are the new normal; what trends, ends or is dark is not."""

from dataclasses import replace

import numpy as np
import pytest

from detector.scoring.shifts import level_shifts, renewed
from tests.unit.scoring.faultless_network import DROP, MONDAY, SETUP, SPEED, TRAFFIC, Network

DAY = 24
CELL = 3


@pytest.fixture(scope="module")
def quiet():
    """Three weeks of hours, Monday to Sunday."""
    return Network(cells=24, days=21, seed=8, period_s=3600, attempts=400.0).frame((SETUP, DROP, SPEED, TRAFFIC))


def shifts(frame, days=3, **more):
    usable = np.ones(frame.suspect.shape, bool)
    return level_shifts(frame, timezone="UTC", usable=usable, days=days, **more)


def failing(frame, extra):
    """extra[period]: additional failures per attempt of the cell's setups."""
    num, den = frame.numerator.copy(), frame.denominator
    more = np.random.default_rng(3).binomial(den[:, CELL, 0].astype(int), extra)
    num[:, CELL, 0] = np.maximum(num[:, CELL, 0] - more, 0)
    return replace(frame, numerator=num)


def from_day(day, value, to=21):
    hours = np.arange(21 * DAY) / DAY
    return np.where((hours >= day) & (hours < to), value, 0.0)


def test_a_quiet_network_has_moved_nowhere(quiet):
    assert shifts(quiet) == []


def test_a_step_that_stays_is_adopted_from_its_day_on(quiet):
    [shift] = shifts(failing(quiet, from_day(16, 0.03)))
    assert (shift.object_id, shift.kpi, shift.since) == ("c003", SETUP, MONDAY + 16 * 86400)
    assert shift.before - shift.after == pytest.approx(0.03, abs=0.012)


@pytest.mark.parametrize(
    ("story", "extra"),
    [
        ("two days are too few", from_day(19, 0.05)),
        ("it was mended", from_day(10, 0.05, to=16)),
        ("a drift goes on", np.clip((np.arange(21 * DAY) / DAY - 15) / 6, 0, 1) * 0.06),
        ("so bad is a fault for ever", from_day(16, 0.4)),
        ("too small to matter", from_day(16, 0.001)),
    ],
)
def test_what_is_no_new_level(quiet, story, extra):
    assert shifts(failing(quiet, extra)) == [], story


def test_the_newest_of_two_steps_counts(quiet):
    [shift] = shifts(failing(quiet, from_day(6, 0.05, to=13) + from_day(13, 0.01)))
    assert shift.since == MONDAY + 13 * 86400


def test_traffic_may_halve_but_never_vanish(quiet):
    k = quiet.kpi_index[TRAFFIC.id]

    def left(share):
        num = quiet.numerator.copy()
        num[15 * DAY :, CELL, k] *= share
        return [s.object_id for s in shifts(replace(quiet, numerator=num))]

    assert left(0.4) == ["c003"]
    assert left(0.0) == left(0.05) == []


def test_a_known_change_of_software_needs_less_proof(quiet):
    mild = failing(quiet, from_day(16.5, 0.008))
    changed = MONDAY + 16 * 86400 + DAY * 1800
    assert shifts(mild) == []
    [shift] = shifts(mild, dated={"c003": changed})
    assert changed <= shift.since <= changed + DAY * 1800
    assert shifts(quiet, dated=dict.fromkeys(quiet.objects, changed)) == []


def test_what_lies_before_is_not_measured_any_more(quiet):
    found = shifts(failing(quiet, from_day(16, 0.03)))
    left = renewed(quiet, found)
    assert np.isnan(left.numerator[: 16 * DAY, CELL, 0]).all()
    np.testing.assert_array_equal(left.numerator[16 * DAY :], quiet.numerator[16 * DAY :])
    np.testing.assert_array_equal(left.denominator[:, CELL, 1:], quiet.denominator[:, CELL, 1:])
    assert renewed(quiet, []) is quiet


def test_traffic_before_is_scaled_and_an_empty_night_stays_empty(quiet):
    k = quiet.kpi_index[TRAFFIC.id]
    num = quiet.numerator.copy()
    num[15 * DAY :, CELL, k] *= 0.4
    num[3 * DAY, CELL, k] = 0
    left = renewed(quiet, shifts(replace(quiet, numerator=num))).numerator[:, CELL, k]
    assert left[: 15 * DAY].sum() == pytest.approx(0.4 * quiet.numerator[: 15 * DAY, CELL, k].sum(), rel=0.15)
    scaled = renewed(replace(quiet, numerator=num), shifts(replace(quiet, numerator=num))).numerator[:, CELL, k]
    assert scaled[3 * DAY] == 0
    assert (scaled[: 15 * DAY] == np.round(scaled[: 15 * DAY])).all()


def test_a_week_is_too_short_for_a_week_on_each_side():
    frame = Network(cells=6, days=5, period_s=3600).frame((SETUP,))
    assert shifts(frame) == []
