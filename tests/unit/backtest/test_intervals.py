"""Intervals that hold what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detector.backtest.intervals import Figure, mean, quantile, rate, share


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_in_its_interval_and_the_interval_in_0_to_1(hits, count):
    figure = share(min(hits, count), count)
    assert 0 <= figure.low <= figure.value <= figure.high <= 1


@given(st.integers(0, 200), st.floats(0.01, 100))
def test_a_rate_lies_in_its_interval(events, exposure):
    figure = rate(events, exposure)
    assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904)])
def test_the_exact_poisson_table(events, low, high):
    assert rate(events, 1.0) == Figure(float(events), events, low, high)


@pytest.mark.parametrize(
    ("count", "q", "low", "high"),
    [(5, 0.5, None, None), (6, 0.5, 1, 6), (20, 0.5, 6, 15), (20, 0.9, 15, None), (60, 0.9, 49, 59)],
)
def test_order_statistics_bound_a_quantile_or_say_nothing(count, q, low, high):
    figure = quantile(list(range(1, count + 1)), q)
    assert (figure.low, figure.high) == (low, high)


def test_the_median_interval_covers_as_promised():
    rng = np.random.default_rng(4)
    figures = [quantile(rng.exponential(1.0, 15).tolist(), 0.5) for _ in range(400)]
    covered = sum(f.low <= np.log(2) <= f.high for f in figures)
    assert covered >= stats.binom.ppf(0.001, 400, 0.95)


def test_nothing_to_count_is_unknown_not_zero():
    assert [f([]) for f in (mean, lambda v: quantile(v, 0.5))] == [Figure(None, 0)] * 2
    assert share(0, 0) == Figure(None, 0)
    assert rate(0, 0.0) == Figure(None, 0)


def test_a_mean_has_the_same_interval_every_time():
    values = [1, 1, 2, 1, 3]
    assert mean(values) == mean(values)
    assert mean(values).low < 1.6 < mean(values).high
