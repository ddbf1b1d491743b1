"""When the trouble of a series began and ended, by the likeliest segment of bad periods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scoring.changepoint import segment
from detector.scoring.registry import SCORERS
from detector.scoring.scorer import Sample


def counted(failures, attempts=400.0, expected=0.01, spread=0.0):
    """One object: failures in each period, the newest last."""
    events = np.array(failures, float)[:, None]
    size = np.broadcast_to(np.array(attempts, float).reshape(-1, 1), events.shape).copy()
    return Sample(
        events=events,
        size=size,
        level=np.full_like(size, expected),
        spread=np.full(1, spread),
        level_variance=np.zeros(1),
        idle_probability=np.zeros(1),
    )


def measured(values, expected=10.0, worse=-1, spread=0.01):
    """A mean, such as throughput, of one object."""
    events = np.array(values, float)[:, None]
    one = np.ones_like(events)
    return Sample(
        events=events,
        size=one,
        level=expected * one,
        spread=np.full(1, spread),
        level_variance=np.zeros(1),
        idle_probability=np.zeros(1),
        worse=worse,
    )


def times(kind, sample):
    found = segment(SCORERS[kind], sample)
    return int(found.onset[0]), int(found.over[0])


@pytest.mark.parametrize(
    ("failures", "began_before", "over_for"),
    [
        ([4, 3, 5, 4, 4, 60, 55, 58], 3, 0),  # goes on
        ([4, 3, 5, 60, 55, 58, 4, 5], 5, 2),  # was, and is over
        ([4, 3, 60, 4, 4, 3, 5, 4], 6, 5),  # one period
        ([4, 3, 5, 4, 25, 60, 55, 58], 4, 0),  # began in the middle of a period
        ([4, 3, 5, 4, 9, 60, 55, 58], 3, 0),  # began at the end of one, which is not bad for that
        ([4, 3, 5, 60, 58, 55, 9, 4], 5, 2),  # ended soon after one began
        ([4, 3, 4, 4, 12, 15, 11, 14], 4, 0),  # three per cent
    ],
)
def test_a_segment_of_failures_begins_and_ends_where_they_do(failures, began_before, over_for):
    assert times("ratio", counted(failures)) == (began_before, over_for)


def test_what_is_as_expected_has_no_segment_with_evidence():
    found = segment(SCORERS["ratio"], counted([4, 3, 5, 4, 4, 5, 3, 4]))
    assert found.gain[0] < 2


def test_few_attempts_at_night_do_not_say_that_it_is_over():
    """Ten per cent of forty attempts are four: two empty quarter-hours with five attempts each are no recovery."""
    night = counted([0, 0, 4, 5, 4, 0, 0], attempts=[40, 40, 40, 40, 40, 5, 5])
    day = counted([0, 0, 4, 5, 4, 0, 0], attempts=40)
    assert segment(SCORERS["ratio"], night).gone[0] < 3 < segment(SCORERS["ratio"], day).gone[0]


def test_scatter_beyond_chance_makes_less_of_the_same_counts():
    failures = [4, 3, 5, 12, 15, 11]
    plain, scattered = (segment(SCORERS["ratio"], counted(failures, spread=s)).gain[0] for s in (0.0, 0.01))
    assert scattered < plain / 1.5


@pytest.mark.parametrize(
    ("values", "began_before", "over_for"),
    [([10, 11, 9, 10, 5, 6, 5], 3, 0), ([10, 11, 5, 6, 5, 10, 9], 5, 2), ([10, 11, np.nan, 5, 6, np.nan, 10], 4, 2)],
)
def test_a_mean_is_judged_by_its_deviations_and_a_gap_is_no_evidence(values, began_before, over_for):
    began, over = times("mean", measured(values))
    assert began == began_before
    assert over in (over_for, over_for - 1)  # a missing period belongs to either side


@settings(deadline=None)
@given(st.integers(1, 10), st.integers(0, 5), st.integers(20, 60), st.lists(st.integers(2, 6), min_size=12, max_size=12))
def test_a_sharp_segment_is_found_wherever_it_lies(length, after, failures, expected):
    rows = [*expected, *([failures] * length), *expected[:after]][-16:]
    began, over = times("ratio", counted(rows))
    assert (began, over) == (length + after, after)
