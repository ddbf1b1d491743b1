"""How much longer: what is said of a first incident ever, of a slow network, of a kind that ends fast, of an old one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.outlook import ClearTimeModel, Episode

HOUR = 3600.0
hours = st.floats(0.0, 200.0)


def course(kind, lasted_h, *, ended=True, found_h=0.5):
    return Episode(kind, lasted_h * HOUR, found_h * HOUR, ended)


def known(episodes):
    return ClearTimeModel({f"inc_{n}": episode for n, episode in enumerate(episodes)})


def median_h(clear_times, kind="outage", lasted_h=0.5):
    return float(clear_times.remaining(kind, lasted_h * HOUR)[1] / HOUR)


def test_nothing_known_gives_the_prior_with_a_wide_interval():
    low, median, high = known([course("outage", 0.5, ended=False)]).remaining("outage", 0.5 * HOUR)
    assert 1 * HOUR < median < 4 * HOUR
    assert high / low > 20


@pytest.mark.parametrize("typical_h", [0.7, 6.0, 40.0])
def test_a_network_is_learned_from_its_own_past(typical_h):
    rng = np.random.default_rng(5)
    past = [course("outage", h, found_h=0.0) for h in typical_h * np.exp(0.5 * rng.standard_normal(30))]
    assert median_h(known([*past, course("outage", 0.0, ended=False)]), lasted_h=0.0) == pytest.approx(typical_h, rel=0.35)


def test_each_kind_has_its_own_time_and_a_new_kind_leans_on_all():
    past = [course("core", 1.0 + i / 10) for i in range(8)] + [course("drift", 60.0 + i) for i in range(8)]
    fast, new, slow = (median_h(known([*past, course(kind, 0.5, ended=False)]), kind) for kind in ("core", "x", "drift"))
    assert fast < 2.0 < new < slow
    assert slow > 10 * fast


def test_open_incidents_speak_too_for_the_long_ones_are_the_ones_still_open():
    past = [course("outage", 2.0) for _ in range(6)]
    still = [course("outage", 30.0, ended=False) for _ in range(6)]
    own = course("outage", 0.5, ended=False)
    assert median_h(known([*past, *still, own])) > 2 * median_h(known([*past, own]))


def test_those_too_short_to_be_found_are_not_taken_for_absent():
    """Found after two hours and over after two and a half: nearly all end before anybody sees them."""
    seen_late = [course("outage", 2.5, found_h=2.0) for _ in range(20)]
    seen_soon = [course("outage", 2.5, found_h=0.0) for _ in range(20)]
    own = course("outage", 0.0, ended=False, found_h=0.0)
    assert median_h(known([*seen_late, own]), lasted_h=0.0) < median_h(known([*seen_soon, own]), lasted_h=0.0)


def test_the_interval_holds_what_it_promises():
    rng = np.random.default_rng(11)
    inside = []
    for _ in range(80):
        middle, spread = 3 * np.exp(rng.normal()), np.exp(rng.normal(0.0, 0.3))
        durations = middle * np.exp(spread * rng.standard_normal(9))
        past = [course("outage", h, found_h=0.0) for h in durations[:8]]
        low, _, high = known([*past, course("outage", 0.0, ended=False, found_h=0.0)]).remaining("outage", 0.0)
        inside.append(low <= durations[8] * HOUR <= high)
    assert 0.68 < np.mean(inside) < 0.92


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(hours, hours, st.booleans(), st.sampled_from(["outage", "core"])), max_size=12), hours)
def test_any_past_gives_an_ordered_finite_answer(past, lasted_h):
    episodes = [course(kind, lasted, ended=ended, found_h=found) for lasted, found, ended, kind in past]
    answer = known([*episodes, course("core", lasted_h, ended=False)]).remaining("core", lasted_h * HOUR)
    assert np.isfinite(answer).all()
    assert 0 < answer[0] <= answer[1] <= answer[2]
