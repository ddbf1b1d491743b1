"""Whether data are missing where a person probably is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.impact import learn_mobility_profile, watch_of
from tests.unit.impact.impact_world import HOUR, MONDAY, always, presence

NINE = MONDAY + 9 * HOUR
PROFILE = learn_mobility_profile(
    presence([*always("ann", "a"), *always("bob", "b", seconds=1800), *always("bob", "a", seconds=1800)]),
    timezone="UTC",
    before=MONDAY,
)


@pytest.mark.parametrize(
    ("who", "silent", "outcomes", "probability"),
    [
        ("ann", {"a": NINE - HOUR}, (0, 0), 0.1),  # the prior alone
        ("ann", {"a": NINE - HOUR}, (90, 49), 0.5),
        ("bob", {"a": NINE - HOUR}, (0, 0), 0.05),
        ("bob", {"a": NINE - HOUR, "b": NINE - 2 * HOUR}, (0, 0), 0.1),
        ("ann", {"b": NINE - HOUR}, (0, 0), None),
        ("eve", {"a": NINE - HOUR}, (0, 0), None),
        ("ann", {}, (0, 0), None),
    ],
)
def test_the_share_of_outages_times_the_chance_of_being_there(
    who: str, silent: dict[str, int], outcomes: tuple[int, int], probability: float | None
) -> None:
    found = watch_of(who, silent, PROFILE, outcomes, now=NINE, timezone="UTC")
    if probability is None:
        assert found is None
    else:
        assert found is not None
        assert (found.probability, found.basis) == (pytest.approx(probability, rel=0.01), "silent")
        assert found.since == min(silent.values())


@given(st.integers(0, 10_000).flatmap(lambda cases: st.tuples(st.just(cases), st.integers(0, cases))))
def test_it_is_a_probability_and_grows_with_what_proved_to_be_outages(outcomes: tuple[int, int]) -> None:
    cases, outages = outcomes
    one = watch_of("ann", {"a": NINE - HOUR}, PROFILE, outcomes, now=NINE, timezone="UTC")
    more = watch_of("ann", {"a": NINE - HOUR}, PROFILE, (cases + 1, outages + 1), now=NINE, timezone="UTC")
    assert one is not None
    assert more is not None
    assert 0 < one.probability < more.probability < 1
