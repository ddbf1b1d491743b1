"""Tail probabilities against slow and certain ones."""

import numpy as np
import pytest
from scipy import stats

from detector.scoring import tails


@pytest.mark.parametrize(
    ("failures", "attempts", "fraction", "rho"),
    [
        # a bad quarter of an hour, an outage, a busy cell, hardly any overdispersion, a lossy KPI
        (18, 120, 0.01, 0.005),
        (30, 120, 0.001, 0.02),
        (60, 2900, 0.005, 0.001),
        (12, 480, 0.004, 1e-5),
        (70, 100, 0.3, 0.01),
    ],
)
def test_beta_binomial_is_exact_far_in_the_tail(failures, attempts, fraction, rho):
    size = (1 - rho) / rho
    j = np.arange(failures, attempts + 1)
    log_p = np.logaddexp.reduce(stats.betabinom.logpmf(j, attempts, fraction * size, (1 - fraction) * size))
    got = tails.beta_binomial(*(np.array([float(x)]) for x in (failures, attempts, fraction, rho)))
    assert got[0] == pytest.approx(-log_p / np.log(10), rel=1e-6)


@pytest.mark.parametrize(
    ("events", "mean", "dispersion", "upper"), [(40, 8, 0.1, True), (5, 1, 0.01, True), (2, 60, 0.05, False)]
)
def test_negative_binomial_is_exact(events, mean, dispersion, upper):
    own = stats.nbinom(1 / dispersion, 1 / (1 + mean * dispersion))
    want = own.sf(events - 1) if upper else own.cdf(events)
    got = tails.negative_binomial(*(np.array([float(x)]) for x in (events, mean, dispersion)), upper=upper)
    assert got[0] == pytest.approx(-np.log10(want), rel=1e-6)


def test_many_attempts_are_taken_as_a_proportion_without_a_jump():
    fraction, rho = np.full(2, 0.01), np.full(2, 0.002)
    attempts = np.array([tails.EXACT_ATTEMPTS, tails.EXACT_ATTEMPTS + 1])
    exact, rough = tails.beta_binomial(np.floor(attempts * 0.06), attempts, fraction, rho)
    assert rough == pytest.approx(exact, rel=0.06)
    assert exact > 5
