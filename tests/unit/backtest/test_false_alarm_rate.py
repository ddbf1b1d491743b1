"""The rate of quiet days: what the tail of small peaks says of those that pass the threshold."""

import numpy as np
import pytest

from detector.backtest.false_alarm_rate import FROM, Peaks, beyond


@pytest.mark.parametrize("threshold", [5.0, 6.5, 8.0])
def test_a_model_that_keeps_its_promise_is_confirmed_within_its_interval(threshold: float) -> None:
    """2,000 peaks of an exponential tail in a thousand cell weeks; a tenfold bar is a tenth as often passed."""
    chance = np.random.default_rng(3)
    heights = (FROM + chance.exponential(1 / np.log(10), 2000)).tolist()
    figure = beyond(heights, threshold, 1.0)
    true = 2000 * 10 ** -(threshold - FROM)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= true <= figure.high
    assert figure.value == pytest.approx(true, rel=0.5)


def test_one_great_fault_in_the_history_does_not_make_the_network_noisy() -> None:
    heights = (FROM + np.random.default_rng(4).exponential(0.43, 200)).tolist()
    quiet, faulty = beyond(heights, 6.5, 0.1), beyond([*heights, 250.0, 180.0], 6.5, 0.1)
    assert faulty.value == pytest.approx(quiet.value, rel=0.5)


def test_nothing_seen_is_nothing_and_not_unknown() -> None:
    assert beyond([], 6.5, 0.1).value == 0.0
    assert Peaks().rate().value is None
