"""A mobility profile is what the past says of an hour of the week."""

import numpy as np
import pytest

from detector.domain.exposure import Exposure, MobilityProfile
from detector.domain.local_time import hour_of_week
from detector.domain.policy import ImpactPolicy
from detector.impact import expected_presence_of, learn_mobility_profile
from detector.impact.population import recent_exposure
from tests.unit.impact.impact_world import HOUR, MONDAY, WEEK, always, presence


def expected_s(profile: MobilityProfile, subscriber: str, cell: str, hour: float, timezone: str = "UTC") -> float:
    at = hour_of_week(int(MONDAY + hour * HOUR), timezone)
    found = expected_presence_of(profile, hours=[at])
    if subscriber not in found.subscribers or cell not in found.cells:
        return 0.0
    here = (found.subscriber == found.subscribers.index(subscriber)) & (found.cell == found.cells.index(cell))
    return float(found.seconds[here].sum())


def seconds(exposure: Exposure, subscriber: str, cell: str) -> float:
    if subscriber not in exposure.subscribers or cell not in exposure.cells:
        return 0.0
    s, c = exposure.subscribers.index(subscriber), exposure.cells.index(cell)
    row = slice(exposure.indptr[s], exposure.indptr[s + 1])
    return float(exposure.seconds[row][exposure.indices[row] == c].sum())


def test_someone_always_there_is_expected_there_all_week():
    profile = learn_mobility_profile(presence(always("ann", "a")), timezone="UTC", before=MONDAY)
    assert [expected_s(profile, "ann", "a", hour) for hour in (0, 50, 167)] == pytest.approx([3600] * 3)


def test_mondays_and_weekends_differ():
    """Two weeks: at work on weekdays from 9 to 17, at home otherwise; on Fridays (day 4) never at work."""
    rows = []
    for hour in range(-2 * WEEK, 0):
        day, clock = hour % WEEK // 24, hour % 24
        rows.append(("ann", "work" if day < 4 and 9 <= clock < 17 else "home", hour, 3600))
    profile = learn_mobility_profile(presence(rows), timezone="UTC", before=MONDAY)
    monday, friday, sunday = (expected_s(profile, "ann", "work", 24 * day + 10) for day in (0, 4, 6))
    assert monday > 2800
    assert 300 < friday < 0.6 * monday, "Friday's own weeks count, its like days too"
    assert sunday == 0
    assert expected_s(profile, "ann", "home", 6 * 24 + 10) == pytest.approx(3600)


def test_one_week_is_useful_for_an_hour_never_seen():
    rows = [("ann", "work", hour, 3600) for hour in range(-WEEK + 24, 0) if 9 <= hour % 24 < 17 and hour % WEEK // 24 < 5]
    profile = learn_mobility_profile(presence(rows), timezone="UTC", before=MONDAY)
    assert expected_s(profile, "ann", "work", 10) == pytest.approx(3600), "no Monday in the data, four other weekdays"


def test_the_recent_past_weighs_more():
    moved = [("ann", "old", h, 3600) for h in range(-3 * WEEK, -WEEK)] + [("ann", "new", h, 3600) for h in range(-WEEK, 0)]
    brief, long = (
        learn_mobility_profile(presence(moved), timezone="UTC", before=MONDAY, weeks_half_life=life) for life in (0.5, 50.0)
    )
    assert expected_s(brief, "ann", "new", 30) > expected_s(long, "ann", "new", 30)
    assert expected_s(brief, "ann", "new", 30) > expected_s(brief, "ann", "old", 30)


def test_the_future_is_not_looked_at():
    rows = [*always("ann", "a", weeks=1), ("ann", "z", 1, 3600)]
    assert expected_s(learn_mobility_profile(presence(rows), timezone="UTC", before=MONDAY), "ann", "z", 1) == 0
    assert len(learn_mobility_profile(presence(rows), timezone="UTC", before=0).person) == 0


def test_hours_are_local_also_across_a_change_of_clocks():
    """Clocks went forward on 2026-03-29: who is at work at 9 local time is there an hour earlier in UTC afterwards."""
    rows = [("ann", "work", 24 * day + 8, 3600) for day in range(5)] + [("ann", "home", h, 3600) for h in range(-24, 0)]
    profile = learn_mobility_profile(presence(rows), timezone="Europe/Berlin", before=MONDAY + 12 * 24 * HOUR)
    later = 2 * WEEK
    assert expected_s(profile, "ann", "work", later + 7, "Europe/Berlin") > 3000
    assert expected_s(profile, "ann", "work", later + 8, "Europe/Berlin") == 0


def test_attempts_follow_the_person_and_the_hour():
    rows = always("busy", "a", attempts=10) + always("calm", "a", attempts=1)
    profile = expected_presence_of(learn_mobility_profile(presence(rows), timezone="UTC", before=MONDAY))
    rate = {name: profile.attempts[profile.subscriber == i].mean() for i, name in enumerate(profile.subscribers)}
    assert rate["busy"] == pytest.approx(10, rel=0.1)
    assert rate["calm"] == pytest.approx(1, rel=0.4)
    unknown = expected_presence_of(learn_mobility_profile(presence([("ann", "a", -5, 3600)]), timezone="UTC", before=MONDAY))
    assert np.isnan(unknown.attempts).all()


def test_tiny_shares_are_dropped_and_rows_sorted_by_hour():
    profile = expected_presence_of(
        learn_mobility_profile(presence([*always("ann", "a"), ("ann", "b", -5, 60)]), timezone="UTC", before=MONDAY)
    )
    assert profile.seconds.min() >= 18
    assert profile.hour_start.tolist() == sorted(profile.hour_start.tolist())
    assert profile.hour_start[-1] == len(profile.seconds)


def test_the_last_arrived_presence_counts_until_it_is_old():
    seen = presence([("ann", "a", 7, 3600), ("ann", "b", 8, 1800), ("ann", "c", 8, 1800), ("bob", "a", 5, 3600)])
    now = recent_exposure(seen, MONDAY + 9 * HOUR + 1200, ImpactPolicy(present_hours=2))
    assert [seconds(now, "ann", cell) for cell in "abc"] == [0, 1800, 1800]
    assert seconds(now, "bob", "a") == 0, "too old"
