"""Mathematics of scoring that holds for any input."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scoring import tails
from detector.scoring.common_mode import factor
from detector.scoring.horizons import summed
from detector.scoring.shrinkage import shrunk
from detector.scoring.tail_calibration import KNOT, Exceedances, calibrated_tail, tail_calibration
from detector.scoring.time_of_week import HOURS, time_of_week
from tests.tables import kpi

counts = st.integers(0, 5000)
shares = st.floats(1e-5, 0.9)


@given(counts, st.integers(1, 5000), shares, st.floats(1e-6, 0.3))
@settings(deadline=None, max_examples=60)
def test_one_more_failure_is_never_weaker(failures, attempts, fraction, rho):
    k = np.minimum(np.array([failures, failures + 1], float), attempts)
    one = np.ones(2)
    less, more = tails.beta_binomial(k, attempts * one, fraction * one, rho * one)
    assert 0 <= less <= more + 0.02


@given(st.integers(1, 60), shares, st.floats(1e-4, 0.3))
@settings(deadline=None, max_examples=60)
def test_beta_binomial_tails_add_up_to_the_mean(attempts, fraction, rho):
    k = np.arange(attempts + 1.0)
    one = np.ones_like(k)
    tail = 10 ** -tails._exact_beta_binomial(k, attempts * one, fraction * one, rho * one)
    assert np.isclose(tail[0], 1.0)
    assert (np.diff(tail) <= 1e-9).all()
    mean = tail[1:].sum()  # of a count: the sum of its upper tails
    assert np.isclose(mean, attempts * fraction, rtol=1e-6)


@given(st.lists(st.floats(0, 300), min_size=2), st.floats(0.1, KNOT), st.floats(0.1, 1))
def test_calibration_keeps_the_order_and_only_weakens(strengths, at_knot, slope):
    s = np.sort(np.array(strengths))
    got = calibrated_tail(s, at_knot, slope)
    assert (np.diff(got) >= -1e-9).all()
    assert (got <= s + 1e-9).all()


@given(st.lists(st.floats(KNOT, 300), max_size=200), st.integers(0, 10_000))
def test_calibration_stays_in_its_limits(found, more):
    s = np.array(found, float)
    at_knot, slope = tail_calibration(Exceedances(s, np.arange(len(s)), len(s) + more, len(s)), np.arange(3))
    assert 0.3 * KNOT <= at_knot <= KNOT
    assert 0.1 < slope <= 1


@given(st.lists(st.one_of(st.just(np.nan), st.floats(0, 1e6)), min_size=1, max_size=40), st.integers(1, 6))
def test_pooling_sums_what_is_there(values, periods):
    x = np.array(values)
    got = summed(x, periods)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(x))
    for i in np.nonzero(~np.isnan(x))[0]:
        assert np.isclose(got[i], np.nansum(x[max(0, i - periods + 1) : i + 1]))


@given(st.floats(0, 10), st.floats(0, 10), st.floats(1e-4, 4))
def test_a_shrunk_factor_lies_between_itself_and_one(ratio, noise, variance):
    (got,) = shrunk(np.array([ratio]), np.array([noise]), variance)
    assert min(ratio, 1) - 1e-9 <= got <= max(ratio, 1) + 1e-9


@given(st.integers(0, 14), st.integers(0, 10**6))
@settings(deadline=None)
def test_a_third_of_the_network_does_not_move_the_common_factor(faulty, seed):
    rng = np.random.default_rng(seed)
    expected = np.full((1, 45), 30.0)
    events = rng.poisson(expected).astype(float)
    events[0, 15 : 15 + faulty] *= 20
    common = factor(kpi("lte_rrc_sr"), events, expected, [np.arange(45)])
    assert (common == common[0, 0]).all()
    assert 1.0 <= common[0, 0] < 1.35


@given(
    st.integers(0, 2_000_000_000), st.sampled_from([900, 3600]), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
)
def test_every_moment_has_its_place_in_the_week(start, duration_s, timezone):
    t = time_of_week(np.array([start, start + 7 * 86400]), duration_s, timezone)
    assert ((t.slot >= 0) & (t.slot < HOURS)).all()
    assert ((t.share >= 0) & (t.share < 1)).all()
    assert ((t.after - t.before) % HOURS == 1).all()
