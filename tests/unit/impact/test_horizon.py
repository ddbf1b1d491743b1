"""When an incident may end, and who comes while it lasts."""

import pytest

from detector.domain.customer import Customers
from detector.domain.impact import Affected, combined_risk
from detector.domain.incident import RootCandidate
from detector.domain.outlook import Outlook
from detector.domain.policy import ImpactPolicy
from detector.impact import learn_mobility_profile
from detector.impact.expected_presence import next_exposure
from detector.impact.horizon import AHEAD_CAP_S, horizon, still_on
from tests.listings import listing_of
from tests.unit.impact.impact_world import HOUR, MONDAY, degradation, impact_of, incident, presence, topology

NOW = MONDAY + 2 * HOUR


def bad(**more):
    return degradation("a", "accessibility", 0, 0.99, 0.5, **more)


@pytest.mark.parametrize(
    ("shown", "low", "high"),
    [
        ([], 1.0, 1.0),  # nothing known
        ([bad(updated_at=NOW)], 1.0, 1.0),
        ([bad(updated_at=NOW), bad(updated_at=NOW, quiet_periods=1)], 0.5, 0.7),
        ([bad(updated_at=NOW), *[bad(cleared_at=NOW - 900)] * 3], 0.2, 0.3),  # most cells are well again
        ([bad(updated_at=NOW), *[bad(cleared_at=NOW - 8 * HOUR)] * 3], 1.0, 1.0),  # but not those of long ago
        ([bad(updated_at=NOW - 3 * HOUR)], 0.3, 0.6),  # nothing to be measured at night
    ],
)
def test_an_incident_may_be_over_before_any_decision(shown, low, high):
    assert low <= still_on(shown, NOW) <= high


def test_a_promise_or_a_resolution_is_one_end_and_an_outlook_is_many():
    found = [bad(updated_at=NOW)]
    outlook = Outlook(
        incident_id="inc", made_at=NOW, clear_at=NOW + 3 * HOUR, clear_low=NOW + HOUR, clear_high=NOW + 90 * HOUR
    )
    assert horizon(incident(found, "a", resolved_at=NOW), found, NOW, outlook).ends == (NOW,)
    assert horizon(incident(found, "a", expected_clear_at=NOW + HOUR), found, NOW, outlook).ends == (NOW + HOUR,)
    assert horizon(incident(found, "a", expected_clear_at=NOW - HOUR), found, NOW, outlook).ends == (NOW + 900,)
    ends = horizon(incident(found, "a"), found, NOW, outlook).ends
    assert (ends[0], ends[2], ends[-1]) == (NOW + HOUR, NOW + 3 * HOUR, NOW + AHEAD_CAP_S)
    half_over = horizon(incident(found, "a"), [*found, bad(cleared_at=NOW)], NOW, outlook).ends
    assert half_over[0] == NOW, "may be over"
    assert all(later <= end for later, end in zip(half_over, ends, strict=True))


EVENING = [("eve", "a", hour, 3600) for day in range(-14, 0) for hour in (24 * day + 19, 24 * day + 20)]
THERE = [("ann", "a", hour, 3600) for hour in range(-14 * 24, 0)]


def test_who_is_not_there_now_has_the_time_of_the_next_exposure():
    profile = learn_mobility_profile(presence(EVENING + THERE), timezone="UTC", before=MONDAY)
    assert next_exposure(profile, ["eve"], {"a"}, NOW, "UTC") == {"eve": MONDAY + 19 * HOUR}
    assert next_exposure(profile, ["eve"], {"b"}, NOW, "UTC") == {}
    found = bad(updated_at=MONDAY + 12 * HOUR)
    people = {
        p.subscriber: p
        for p in impact_of(
            incident([found], "a"),
            [found],
            profile=profile,
            presence=presence([]),
            topology=topology("a b"),
            customers=Customers(),
            now=MONDAY + 12 * HOUR,
            timezone="UTC",
            impact_policy=ImpactPolicy(),
        ).people
    }
    assert people["eve"].next_exposure_at == MONDAY + 19 * HOUR
    assert people["ann"].next_exposure_at is None, "is there"
    assert people["ann"].failures > people["eve"].failures > 0


def test_lost_and_slow_seconds_are_shown_and_failures_are_not_made_of_them():
    profile = learn_mobility_profile(presence(THERE), timezone="UTC", before=MONDAY)
    for kind, least in (("outage", 1500), ("integrity", 300)):
        found = degradation("a", kind, 0, 20.0, 0.0, updated_at=NOW)
        (ann,) = impact_of(
            incident([found], "a", resolved_at=MONDAY + HOUR),
            [found],
            profile=profile,
            presence=presence([]),
            topology=topology("a"),
            customers=Customers(),
            now=NOW,
            timezone="UTC",
            impact_policy=ImpactPolicy(),
        ).people
        assert least <= ann.degraded_s <= HOUR
        assert ann.failures == 0


def test_a_person_of_two_incidents_is_one_person():
    rows = [
        Affected(incident_id="inc_1", subscriber="ann", account="", basis="expected", probability=0.2, exposure_s=1.0),
        listing_of(
            incident_id="inc_1", subscriber="ann", account="", basis="measured", probability=0.6, exposure_s=1.0, listed_at=5
        ),
        Affected(incident_id="inc_2", subscriber="ann", account="", basis="expected", probability=0.5, exposure_s=1.0),
        Affected(incident_id="inc_2", subscriber="bob", account="", basis="expected", probability=0.1, exposure_s=1.0),
    ]
    assert combined_risk(rows) == pytest.approx({"ann": 0.8, "bob": 0.1})


def test_silent_cells_of_a_mast_that_is_dead_as_far_as_can_be_seen_share_its_fate():
    found = [degradation(cell, "outage", 0, 100.0, 0.0, updated_at=NOW) for cell in ("s1a", "s1b")]
    net = topology("s1a s1b s1c s2a")
    profile = learn_mobility_profile(
        presence([("cid", "s1c", hour, 3600) for hour in range(-14 * 24, 0)]), timezone="UTC", before=MONDAY
    )

    def chance(bad_cells, testable):
        named = (RootCandidate("site", "s1", bad_cells, testable, 0.9, 1.0),)
        one = incident(found, "s1a s1b", root_kind="site", root_id="s1", root_candidates=named)
        impact = impact_of(
            one,
            found,
            profile=profile,
            presence=presence([]),
            topology=net,
            customers=Customers(),
            now=NOW,
            timezone="UTC",
            impact_policy=ImpactPolicy(),
        )
        return next((p.probability for p in impact.people), 0.0)

    assert chance(2, 2) == pytest.approx(2 / 3, abs=0.1), "both that report are dead, the third is silent"
    assert chance(2, 3) == 0, "the third reports, and is well"
