"""Sites without measurements, judged by who is behind them: as usual, gone, moved next door, or not known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain.cell import Cell, Topology
from detector.domain.customer import Consent, Customers, Subscriber
from detector.domain.exposure import LocationData, Presence, join_presence, no_mobility_profile
from detector.domain.people_seen import SilentObjects
from detector.domain.policy import ImpactPolicy
from detector.domain.ports import Reference
from detector.impact import learn_mobility_profile, people_seen
from tests.tables import at
from tests.unit.impact.impact_world import MONDAY, presence

SITES, CELLS, PEOPLE = 12, 2, 40
NOW = at("10:10")
HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
TOPOLOGY = Topology(
    {f"s{s}.{c}": Cell(cell_id=f"s{s}.{c}", technology="LTE", site_id=f"s{s}") for s in range(SITES) for c in range(CELLS)},
    neighbours={"s0.0": frozenset({"s1.0"}), "s0.1": frozenset({"s1.1"})},
)
FIRST = frozenset({"s0.0", "s0.1"})


def hour_of(start: int, share: dict[int, float], rng: np.random.Generator, to: int | None = None) -> Presence:
    """One hour: of each site's people `share`[site] (else nine in ten) are there; the others of the first site are at site
    `to`, if that is given."""
    rows, when = [], (start - MONDAY) / HOUR
    for site in range(SITES):
        for person in range(PEOPLE):
            cell = person % CELLS
            if rng.random() < share.get(site, 0.9):
                rows.append((f"p{site}-{person}", f"s{site}.{cell}", when, float(HOUR)))
            elif site == 0 and to is not None:
                rows.append((f"p{site}-{person}", f"s{to}.{cell}", when, float(HOUR)))
    return presence(rows)


def history(rng: np.random.Generator) -> Presence:
    days = [at("00:00") - DAY * d for d in range(1, 15)]
    return join_presence([hour_of(day + h * HOUR, {}, rng) for day in days for h in range(6, 12)])


PAST = history(np.random.default_rng(1))
PROFILE = learn_mobility_profile(PAST, timezone="UTC", before=at("00:00"))


def seen(
    before: dict[int, float],
    now: dict[int, float],
    *,
    since: str = "08:45",
    to: int | None = None,
    customers: Customers | None = None,
    hours: tuple[str, ...] = ("06:00", "07:00", "08:00", "09:00"),
) -> dict[str, bool]:
    """Object -> whether its people are as usual, at ten past ten; the last of the `hours` is the one judged."""
    rng = np.random.default_rng(2)
    rows = join_presence(
        [hour_of(at(h), now if h == hours[-1] else before, rng, to if h == hours[-1] else None) for h in hours]
    )
    reference = Reference(topology=TOPOLOGY, customers=customers or Customers())
    silent = [SilentObjects(FIRST, at(since), at("10:00"))]
    found = people_seen(silent, LocationData(PROFILE, rows), reference, ImpactPolicy(), now=NOW)
    assert all((one.start, one.end) == (at(hours[-1]), at(hours[-1]) + HOUR) for one in found)
    return {one.object_id: one.present for one in found}


THERE, GONE = dict.fromkeys(FIRST, True), dict.fromkeys(FIRST, False)
NOBODY = {0: 0.0}
QUIET_DAY = dict.fromkeys(range(SITES), 0.4)


@pytest.mark.parametrize(
    ("story", "before", "now", "more", "says"),
    [
        ("people are as usual", {}, {}, {}, THERE),
        ("people are gone", {}, NOBODY, {}, GONE),
        ("people are next door", {}, NOBODY, {"to": 1}, GONE),
        ("a holiday: fewer people everywhere", QUIET_DAY, QUIET_DAY, {}, THERE),
        ("a holiday, and these are gone", QUIET_DAY, QUIET_DAY | NOBODY, {}, GONE),
        ("a storm since nine empties every site alike", {}, QUIET_DAY, {}, {}),
        ("an office that was empty on this day before", NOBODY, NOBODY, {}, {}),
        ("silent for the last quarter of the hour only", {}, NOBODY, {"since": "09:45"}, {}),
        ("silent for half of the hour, and half of them seen in it", {}, {0: 0.45}, {"since": "09:30"}, {}),
        ("the hour's attachments have not come", {}, {}, {"hours": ("06:00", "07:00", "08:00")}, {}),
    ],
)
def test_people_of_a_silent_site(
    story: str, before: dict[int, float], now: dict[int, float], more: dict[str, object], says: dict[str, bool]
) -> None:
    assert seen(before, now, **more) == says, story  # type: ignore[arg-type]


def test_a_factory_to_which_nobody_comes_on_a_holiday_is_not_judged() -> None:
    """Six people live there, forty work there from nine on: on this day they do not."""
    rng = np.random.default_rng(3)
    days = [at("00:00") - DAY * d for d in range(1, 15)]
    few = {0: 0.15}
    past = [hour_of(day + h * HOUR, few if h < 9 else {}, rng) for day in days for h in range(6, 12)]
    profile = learn_mobility_profile(join_presence(past), timezone="UTC", before=at("00:00"))
    today = join_presence([hour_of(at(h), few, rng) for h in ("06:00", "07:00", "08:00", "09:00")])
    silent = [SilentObjects(FIRST, at("09:15"), at("10:00"))]
    assert people_seen(silent, LocationData(profile, today), Reference(topology=TOPOLOGY), ImpactPolicy(), now=NOW) == ()


def test_files_of_the_hour_that_are_on_their_way_decide_nothing() -> None:
    assert seen({}, dict.fromkeys(range(SITES), 0.0) | {3: 0.9}) == {}


def test_without_profiles_or_attachments_nothing_is_known() -> None:
    silent = [SilentObjects(FIRST, at("08:00"), at("10:00"))]
    reference, nothing = Reference(topology=TOPOLOGY), presence([])
    assert people_seen(silent, LocationData(PROFILE, nothing), reference, ImpactPolicy(), now=NOW) == ()
    rows = hour_of(at("09:00"), {}, np.random.default_rng(1))
    assert people_seen(silent, LocationData(no_mobility_profile(), rows), reference, ImpactPolicy(), now=NOW) == ()


def test_fewer_people_than_the_privacy_floor_are_not_judged() -> None:
    silent, rng = [SilentObjects(FIRST, at("08:00"), at("10:00"))], np.random.default_rng(2)
    rows = join_presence([hour_of(at(h), NOBODY if h == "09:00" else {}, rng) for h in ("06:00", "07:00", "09:00")])
    many = people_seen(silent, LocationData(PROFILE, rows), Reference(topology=TOPOLOGY), ImpactPolicy(), now=NOW)
    few = people_seen(
        silent,
        LocationData(PROFILE, rows),
        Reference(topology=TOPOLOGY),
        replace(ImpactPolicy(), privacy_floor=PEOPLE + 1),
        now=NOW,
    )
    assert {one.present for one in many} == {False}
    assert few == ()


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, PEOPLE - 1), max_size=PEOPLE), st.floats(0, 1))
def test_who_withdrew_their_consent_is_in_neither_side(withdrawn: set[int], there: float) -> None:
    """The judgement is that of a world in which these people do not exist."""
    names = {f"p0-{i}" for i in withdrawn}
    people = Customers(
        subscribers={name: Subscriber(key=name) for name in names},
        consents=tuple(
            Consent(
                holder_kind="subscriber",
                holder=name,
                purpose="network_care_analysis",
                channel="any",
                state="withdrawn",
                since=at("00:00"),
            )
            for name in sorted(names)
        ),
    )
    rng = np.random.default_rng(4)
    rows = join_presence([hour_of(at(h), {0: there} if h == "09:00" else {}, rng) for h in ("06:00", "07:00", "09:00")])
    silent, policy = [SilentObjects(FIRST, at("08:00"), at("10:00"))], ImpactPolicy()
    with_them = people_seen(
        silent, LocationData(PROFILE, rows), Reference(topology=TOPOLOGY, customers=people), policy, now=NOW
    )
    gone = np.array([key not in names for key in rows.subscribers])[rows.subscriber]
    kept = np.array([key not in names for key in PAST.subscribers])[PAST.subscriber]
    profile = learn_mobility_profile(PAST.take(kept), timezone="UTC", before=at("00:00"))
    without = people_seen(silent, LocationData(profile, rows.take(gone)), Reference(topology=TOPOLOGY), policy, now=NOW)
    assert with_them == without
