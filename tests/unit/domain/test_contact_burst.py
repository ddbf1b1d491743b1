"""Which burst of contacts is a new one, and how large one that goes on is."""

from dataclasses import replace

import pytest

from detector.domain.contact_burst import SAME_S, Burst, is_going_on, merged

KNOWN = Burst(place_kind="site", place_id="s1", since=0, until=900, contacts=5, people=4, expected=1.0, chance=1e-6)
LATER = replace(KNOWN, since=600, until=1800, contacts=9)


@pytest.mark.parametrize(
    ("found", "now", "going_on"),
    [
        (LATER, 1800, True),
        (LATER, 900 + SAME_S - 1, True),
        (LATER, 900 + SAME_S, False),
        (replace(LATER, place_id="s2"), 1800, False),
        (replace(LATER, place_kind="cell"), 1800, False),
    ],
)
def test_a_burst_goes_on_at_its_place_for_some_hours(found: Burst, now: int, going_on: bool) -> None:
    assert is_going_on(found, [KNOWN], now) is going_on
    assert len(merged([KNOWN], [found], now)) == 2 - going_on


def test_one_that_goes_on_is_as_large_as_it_ever_was() -> None:
    smaller = replace(LATER, since=1200, until=2700, contacts=7)
    (one,) = merged([KNOWN], [LATER, smaller], 2700)
    assert (one.since, one.until, one.contacts) == (0, 2700, 9)
    assert merged([KNOWN], [], 2700) == [KNOWN]
