"""The threshold follows from the budget, and from nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.degradations import allowed_per_tick, threshold

WEEK_TICKS = 672


def test_quiet_weeks_raise_what_the_budget_allows() -> None:
    """1,000 cells with 10 KPIs, nothing wrong: p is uniform, and a week raises about three."""
    series, chance = 10_000, np.random.default_rng(7)
    allowed = allowed_per_tick(3.0, objects=1000, duration_s=900)
    raised = sum(
        int((neg_log10_p >= threshold(neg_log10_p, allowed)).sum())
        for neg_log10_p in (-np.log10(chance.random(series)) for _ in range(WEEK_TICKS))
    )
    assert raised <= 9  # Poisson with mean 3: more than 9 in one week of 900


@pytest.mark.parametrize(
    ("why", "neg_log10_p", "allowed", "want"),
    [
        ("nothing testable", [np.nan, np.nan], 1.0, np.inf),
        ("no budget", [9.0, 9.0], 0.0, np.inf),
        ("one alone has to beat allowed / m", [9.0] + [0.1] * 99, 0.001, 5.0),
        ("NaN is no series", [9.0] + [0.1] * 99 + [np.nan] * 900, 0.001, 5.0),
        ("ten together lower the threshold tenfold", [9.0] * 10 + [0.1] * 90, 0.001, 4.0),
        ("a budget of many a tick holds the number, and at most 5 % of those raised", [9.0] * 10 + [0.1] * 90, 2.0, 1.699),
        ("p = 0 is sure", [np.inf] + [0.1] * 99, 0.001, 5.0),
    ],
)
def test_progress_line(why: str, neg_log10_p: list[float], allowed: float, want: float) -> None:
    assert threshold(np.array(neg_log10_p), allowed) == pytest.approx(want, abs=0.001), why


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.floats(1e-6, 3.0))
def test_a_larger_budget_never_raises_the_threshold(strengths: list[float], allowed: float) -> None:
    values = np.array(strengths)
    assert threshold(values, allowed * 2) <= threshold(values, allowed) + 1e-9


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.floats(1e-6, 0.04))
def test_the_expected_false_ones_stay_within_budget_or_its_share_of_those_raised(
    strengths: list[float], allowed: float
) -> None:
    values = np.array(strengths)
    level = threshold(values, allowed)
    raised = int((values >= level - 1e-9).sum())
    assert 10.0**-level * values.size <= allowed * max(1, raised) * (1 + 1e-6)
