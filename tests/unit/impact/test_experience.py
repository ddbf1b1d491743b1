"""What people went through, as they are likely to remember it: worst and last count, repetition adds up, time heals."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.customer import Account, Customers, Subscriber
from detector.domain.experience import HARMS, Experience
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.window import Window
from detector.impact.experience import GRAVITY, experience_of_day, index_at, trouble_of
from tests.listings import listing_of

DAY, HOUR = 86_400, 3600
MIDNIGHT = 1_774_224_000
TODAY = Window(MIDNIGHT, MIDNIGHT + DAY)
FAMILY = Customers(
    {key: Subscriber(key=key, account="home") for key in ("ann", "bob")},
    {"home": Account("home", "family", parent="above"), "above": Account("above", "enterprise")},
)


def incident(kind="outage", severity="critical", start=8.0, hours=2.0, name="inc_1") -> Incident:
    begin = int(MIDNIGHT + start * HOUR)
    return Incident(
        incident_id=name,
        root_kind="site",
        root_id="s1",
        kind=kind,
        started_at=begin,
        opened_at=begin,
        severity=severity,
        degradation_ids=(),
        cells=("c1",),
        reason="",
        state="resolved",
        resolved_at=int(begin + hours * HOUR),
    )


def listing(who="ann", name="inc_1", **more) -> Listing:
    return listing_of(
        incident_id=name,
        subscriber=who,
        account="home",
        basis="present",
        **({"probability": 1.0, "exposure_s": HOUR, "listed_at": 0} | more),
    )


def lived(*listings, incidents=(incident(),), day=TODAY, past=None, customers=FAMILY):
    troubles = {i.incident_id: trouble_of(i, day.end) for i in incidents}
    rows = experience_of_day(day, listings, troubles, customers, past or {})
    return {(row.holder_kind, row.holder): row for row in rows}


def day(number: int, worst: float = 0.5, degraded_s: float = HOUR, incidents: int = 1) -> Experience:
    return Experience(
        day=MIDNIGHT + number * DAY,
        holder_kind="subscriber",
        holder="ann",
        index=0.0,
        degraded_s=degraded_s,
        failures=0.0,
        worst=worst,
        incidents=incidents,
    )


def test_a_day_is_summed_up_for_the_person_and_each_account_above():
    rows = lived(listing(degraded_s=1800.0, failures=3.0), listing("bob", degraded_s=600.0, probability=0.5))
    ann, home, above = (rows["subscriber", "ann"], rows["account", "home"], rows["account", "above"])
    assert (ann.degraded_s, ann.failures, ann.worst, ann.incidents, ann.by_harm) == (1800, 3, 1.0, 1, {"coverage": 1800})
    assert (home.degraded_s, home.failures, home.worst) == (2400, 3, 0.75)
    assert replace(above, holder="home") == home


def test_an_account_of_one_line_has_no_rows_of_its_own():
    alone = Customers({"ann": Subscriber(key="ann", account="own")}, {"own": Account("own", "consumer")})
    assert set(lived(listing(), customers=alone)) == {("subscriber", "ann")}


def test_without_degraded_seconds_the_likely_exposure_stands_for_them():
    assert lived(listing(probability=0.5))["subscriber", "ann"].degraded_s == 1800


def test_what_spans_midnight_is_shared_out():
    late = incident(start=23.0, hours=4.0)
    one = listing(degraded_s=4000.0, failures=8.0)
    tomorrow = Window(TODAY.end, TODAY.end + DAY)
    first, then = (lived(one, incidents=(late,), day=d)["subscriber", "ann"] for d in (TODAY, tomorrow))
    assert (first.degraded_s, then.degraded_s, first.failures + then.failures) == (1000, 3000, 8)


def test_who_met_nothing_that_day_has_no_row():
    assert lived(listing(name="another")) == {}
    assert lived(listing(), incidents=(incident(start=-30.0),)) == {}
    assert lived(listing(probability=0.0)) == {}


def test_the_same_day_again_gives_the_same_rows():
    rows = [listing(degraded_s=900.0), listing("bob", probability=0.3)]
    assert lived(*rows) == lived(*rows[::-1])


MILDEST_FIRST = sorted(GRAVITY, key=lambda harm: GRAVITY[harm])


@pytest.mark.parametrize(("milder", "worse"), list(pairwise(MILDEST_FIRST)))
def test_no_service_weighs_more_than_slow_service(milder, worse):
    kinds = {"coverage": "outage", "access": "accessibility", "drops": "mobility", "slow": "integrity", "core": "core"}
    rows = [lived(listing(), incidents=(incident(kinds[harm]),))["subscriber", "ann"] for harm in (milder, worse)]
    assert rows[0].index > rows[1].index
    assert [next(iter(row.by_harm)) for row in rows] == [milder, worse]
    assert set(GRAVITY) == set(HARMS)


def test_a_better_end_leaves_a_better_memory():
    """Kahneman 1993: more of the same trouble, ending mildly, is remembered as less bad than ending at its worst."""
    ends_badly, ends_well = [day(0, 0.2), day(1, 0.9)], [day(0, 0.9), day(1, 0.2)]
    assert index_at(MIDNIGHT + DAY, ends_well) > index_at(MIDNIGHT + DAY, ends_badly)


def test_the_worst_counts_more_than_the_mean():
    """The same mean and the same end."""
    sharp, even = [day(-2, 0.1), day(-1, 0.9), day(0, 0.5)], [day(-2, 0.5), day(-1, 0.5), day(0, 0.5)]
    assert index_at(MIDNIGHT, sharp) < index_at(MIDNIGHT, even)


def test_what_comes_again_counts_more_than_the_same_at_once():
    again = [day(n, 0.6, HOUR / 5) for n in range(5)]
    assert index_at(MIDNIGHT + 4 * DAY, again) < index_at(MIDNIGHT + 4 * DAY, [day(4, 0.6, HOUR)])


def test_the_trend_is_against_a_week_before():
    row = lived(listing(), past={("subscriber", "ann"): [day(-9, 0.4)]})["subscriber", "ann"]
    assert row.trend == round(row.index - index_at(MIDNIGHT - 7 * DAY, [day(-9, 0.4)]), 1) < 0


DAYS = st.lists(
    st.builds(day, st.integers(-40, 0), st.floats(0, 1), st.floats(0, DAY), st.integers(1, 9)),
    max_size=12,
    unique_by=lambda row: row.day,
)


@given(rows=DAYS)
def test_the_index_stays_within_its_bounds_and_heals_with_time(rows):
    course = [index_at(MIDNIGHT + n * DAY, rows) for n in (0, 3, 10, 30)]
    assert all(0 <= index <= 100 for index in course)
    assert course == sorted(course)
    assert course[-1] == 100


@given(rows=DAYS, worst=st.floats(0.1, 1))
def test_a_further_bad_day_never_makes_it_better(rows, worst):
    before = [row for row in rows if row.day < MIDNIGHT]
    worse = [*before, day(0, max([worst, *(r.worst for r in before)]))]
    assert index_at(MIDNIGHT, worse) <= index_at(MIDNIGHT, before)
