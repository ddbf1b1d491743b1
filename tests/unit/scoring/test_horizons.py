"""What several horizons say together, and what each of them may not say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detector.domain.cell import Topology
from detector.domain.evidence import EwmaState
from detector.domain.operations import CalendarEvent, Maintenance, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.scoring import fit, score
from detector.scoring.horizons import combine, decay, horizons, persistent, recovered, summed
from detector.scoring.recent import excluded_periods
from detector.scoring.scorer import Sample
from tests.unit.scoring.faultless_network import SETUP, Network
from tests.unit.scoring.test_evidence import SURE, part

POLICY = DetectionPolicy()
NUMBERS = st.floats(0, 50)


@given(arrays(np.float64, (5, 4), elements=NUMBERS), arrays(np.bool_, (5, 4)))
def test_together_is_no_more_than_the_loudest_and_no_less_than_its_share(neg_log10_p, matters):
    together, loudest = combine(neg_log10_p, matters)
    reported = np.where(matters.any(axis=0) & ~matters, 0.0, neg_log10_p)
    assert (together <= reported.max(axis=0) + 1e-9).all()
    assert (together >= np.maximum(reported.max(axis=0) - np.log10(5), 0) - 1e-9).all()
    assert (reported[loudest, np.arange(4)] >= reported.max(axis=0) - 1e-9).all()


@given(NUMBERS, st.integers(1, 6))
def test_horizons_that_agree_pay_nothing(neg_log10_p, how_many):
    together, _ = combine(np.full((how_many, 1), neg_log10_p), np.ones((how_many, 1), bool))
    assert together[0] == pytest.approx(neg_log10_p, abs=1e-9)


@given(arrays(np.float64, (40, 2), elements=st.floats(0, 1e6)), st.integers(2, 20))
def test_a_fading_sum_is_carried_on_from_tick_to_tick(values, fading):
    left, carried = decay(-fading), np.zeros(2)
    for row in values:
        carried = left * carried + row
    assert summed(values, -fading)[-1] == pytest.approx((1 + left) * carried, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("story", "periods", "over"),
    [
        ("as bad as ever", [4] * 12, False),
        ("mild and going on", [2, 1, 2, 1, 1, 2, 1, 2, 1, 1, 2, 1], False),
        ("over for 45 minutes", [9] * 9 + [0, 1, 0], True),
        ("a burst two hours ago", [0, 0, 20, 20] + [0] * 8, True),
        ("it has only begun", [0] * 8 + [6, 6, 6, 6], False),
    ],
)
def test_what_is_over_counts_no_more(story: str, periods: list[int], over: bool) -> None:
    back = np.cumsum(np.array(periods[::-1], float))
    sums = np.array([[back[0]], [back[2]], [back[11]]])
    expected = 0.4 * np.array([[1.0], [3.0], [12.0]])
    sample = Sample(
        events=sums,
        size=100 * expected,
        level=np.full((3, 1), 0.01),
        spread=0 * sums,
        level_variance=np.zeros(1),
        idle_probability=0 * sums,
    )
    assert recovered(sample, np.array([1, 3, 12]), 0 * sums, counted=True)[2, 0] == over, story


def test_one_odd_period_is_news_only_if_it_is_sharp() -> None:
    size = np.array([[200.0] * 3, [600.0] * 3])
    sample = Sample(
        events=0 * size, size=size, level=0 * size, spread=0 * size, level_variance=np.zeros(3), idle_probability=0 * size
    )
    excess = np.array([[6.0, 12.0, 6.0], [6.5, 12.5, 18.0]])  # a mild burst, a sharp one, a mild fault that lasts
    peak = np.array([[6.0, 12.0, 6.0], [6.0, 12.0, 6.0]])
    assert persistent(sample, excess, peak, SETUP).tolist() == [[False, True, False], [False, False, True]]


def test_no_horizon_looks_back_into_an_event_or_into_works() -> None:
    starts = np.arange(0, 8 * 3600, 3600, dtype=np.int64)
    match = CalendarEvent("cell", "a", Window(3 * 3600, 4 * 3600), "derby", "event")
    works = Maintenance("cell", "b", Window(3 * 3600, 4 * 3600))
    flags = excluded_periods(starts, 3600, ["a", "b", "c"], Topology(), Operations((works,), (match,)))
    assert np.flatnonzero(flags[:, 0]).tolist() == [2, 3, 4, 5]  # the crowd comes before, and goes home
    assert np.flatnonzero(flags[:, 1]).tolist() == [3]
    assert not flags[:, 2].any()


def test_a_drift_too_mild_for_three_hours_shows_within_a_day_and_not_before_a_day_is_remembered() -> None:
    """One failure in a hundred more, day and night, on two of 30 cells."""
    frame = Network(cells=30, days=16, seed=5).frame()
    base = fit(
        part(frame, 0, 14 * 96), timezone="UTC", excluded=np.zeros((14 * 96, 30), bool), peers=None, detection_policy=POLICY
    )
    num, k = frame.numerator.copy(), frame.kpi_index[SETUP.id]
    sick = [4, 17]
    num[14 * 96 :, sick, k] -= np.random.default_rng(3).binomial(num[14 * 96 :, sick, k].astype(int), 0.012)
    drifting = replace(frame, numerator=num)
    ewma: EwmaState | None = None
    strengths, drifts = [], []
    for p in range(14 * 96, 16 * 96, 3):
        for tick in range(p, p + 3):
            evidence = score(part(drifting, tick - 11, tick + 1), base, Reference(), frame.objects, POLICY, before=ewma)
            ewma = evidence.ewma
        strengths.append(evidence.neg_log10_p[:, k])
        drifts.append(evidence.periods[sick, k])
    late = np.array(strengths)[len(strengths) // 2 :]
    assert (late[:, sick].max(axis=0) > SURE).any()
    assert (np.array(drifts) == 72).any()
    assert np.delete(np.array(strengths), sick, axis=1).max() < SURE
    early = np.array(drifts)[: int(68 / 3) - 1]
    assert (early < 72).all()


def test_horizons_not_longer_than_a_period_are_dropped() -> None:
    assert horizons(7200, POLICY) == (1, -4)
    assert horizons(900, replace(POLICY, drift_hours=0.0)) == (1, 2, 3, 6, 12)
    assert horizons(60, replace(POLICY, pooled_minutes=(), drift_hours=0.0)) == (1,)
