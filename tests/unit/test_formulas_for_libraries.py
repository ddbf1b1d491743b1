"""Three formulas stand in place of a library whose import takes longer than they do: each is held to it here."""

import numpy as np
import pytest
from scipy import signal, stats

from detector.incidents.chance import group_p_value, onset_probability
from detector.scoring.horizons import decay, summed
from detector.simulator.scenario import PERIOD_S, autoregressive


def test_a_fading_sum_is_a_recursive_filter():
    values = np.random.default_rng(1).poisson(3.0, (500, 7)).astype(float)
    left = decay(-36)
    expected = (1 + left) * signal.lfilter([1.0], [1.0, -left], values, axis=0)
    np.testing.assert_array_equal(summed(values, -36), expected)


def test_autoregressive_noise_is_a_recursive_filter():
    phi = float(np.exp(-PERIOD_S / 3600 / 2.5))
    shocks = np.random.default_rng(3).standard_normal((400, 9), dtype=np.float32)
    shocks[1:] *= np.float32(np.sqrt(1 - phi * phi))
    expected = np.asarray(signal.lfilter([0.13], [1.0, -phi], shocks, axis=0), np.float32)
    np.testing.assert_array_equal(autoregressive(np.random.default_rng(3), (400, 9), 2.5, 0.13), expected)


@pytest.mark.parametrize(("bad", "members"), [(0, 3), (1, 1), (2, 5), (3, 3), (60, 60), (7, 900)])
def test_the_chance_of_a_group_is_a_binomial_tail(bad, members):
    found = group_p_value(bad, members, bad_outside=4, outside=197, window_s=2700)
    assert found == pytest.approx(stats.binom.sf(bad - 1, members, onset_probability(4, 197, 2700)), rel=1e-9)
