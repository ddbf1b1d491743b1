"""Waits grow, never shrink below the schedule, and differ between messages but not between replays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.delivery.backoff import LONGEST_S, MAX_ATTEMPTS, SCHEDULE_S, SPREAD, delay

KEYS = st.text(min_size=1, max_size=20)


@given(KEYS, st.integers(1, MAX_ATTEMPTS))
def test_a_wait_lies_within_a_fifth_above_its_step(key, attempt):
    step = SCHEDULE_S[attempt - 1]
    assert step <= delay(attempt, key=key) <= step * (1 + SPREAD)
    assert delay(attempt, key=key) == delay(attempt, key=key)


@given(KEYS, st.integers(1, MAX_ATTEMPTS - 1))
def test_the_next_wait_is_longer(key, attempt):
    assert delay(attempt, key=key) < delay(attempt + 1, key=key)


@given(KEYS, st.integers(1, 30), st.floats(0, 1e9))
def test_the_receiver_may_ask_for_more_but_not_silence_us_for_ever(key, attempt, wish):
    wait = delay(attempt, key=key, retry_after_s=wish)
    assert wait >= min(wish, LONGEST_S)
    assert wait <= LONGEST_S * (1 + SPREAD)


def test_messages_that_failed_together_come_back_apart():
    waits = [delay(4, key=f"evt_{i}") for i in range(200)]
    assert len(set(waits)) == 200
    assert max(waits) - min(waits) > 0.9 * SPREAD * 300


def test_attempts_count_from_one():
    with pytest.raises(ValueError, match="from 1"):
        delay(0, key="evt")
