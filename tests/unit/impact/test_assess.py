"""Whom an incident touches: stories of a few people behind a few cells."""

import pytest

from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber
from detector.domain.impact import Impact
from detector.domain.kpi import Kpi
from detector.domain.policy import ImpactPolicy
from detector.impact import learn_mobility_profile
from tests.unit.impact.impact_world import HOUR, MONDAY, always, degradation, impact_of, incident, presence, topology

PROFILE_ROWS = always("ann", "a") + always("bob", "a", seconds=1800) + always("cem", "b") + always("dee", "c", attempts=0)


def assessed(
    found,
    cells,
    *,
    rows=(),
    at=0.5,
    net=None,
    customers=None,
    impact_policy=None,
    profile_rows=PROFILE_ROWS,
    kpis=None,
    **more,
):
    """Told as ending at the end of the next period, unless `more` says otherwise."""
    found = found if isinstance(found, list) else [found]
    more = {"expected_clear_at": int(MONDAY + (at + 0.25) * HOUR)} | more
    return impact_of(
        incident(found, cells, **more),
        found,
        profile=learn_mobility_profile(presence(profile_rows), timezone="UTC", before=MONDAY),
        presence=presence(rows),
        topology=net or topology(),
        customers=customers or Customers(),
        now=int(MONDAY + at * HOUR),
        timezone="UTC",
        impact_policy=impact_policy or ImpactPolicy(),
        kpis=kpis,
    )


def chance(impact: Impact, subscriber: str) -> float:
    return next((p.probability for p in impact.people if p.subscriber == subscriber), 0.0)


def basis(impact: Impact, subscriber: str) -> str:
    return next(p.basis for p in impact.people if p.subscriber == subscriber)


def test_an_outage_without_neighbours_takes_everyone_who_is_there():
    impact = assessed(degradation("a", "outage", 0, 100, 0), "a")
    assert [p.subscriber for p in impact.people] == ["ann", "bob"], "listed in order of key"
    assert chance(impact, "ann") > 0.95
    assert 0.6 < chance(impact, "bob") < chance(impact, "ann")
    assert impact.exposed == 2
    assert impact.affected_low <= impact.affected <= impact.affected_high <= 2


@pytest.mark.parametrize(
    ("found", "low", "high"),
    [
        (degradation("a", "accessibility", 0, 0.99, 0.94), 0.1, 0.25),  # 5 % of about 3 attempts in 45 minutes
        (degradation("a", "accessibility", 0, 0.99, 0.5), 0.65, 0.9),
        (degradation("a", "retainability", 0, 0.005, 0.055), 0.1, 0.25),  # more is worse: the same 5 %
        (degradation("a", "integrity", 0, 20.0, 8.0), 0.65, 0.8),  # slow for 45 minutes: degraded seconds in use, if felt
        (degradation("a", "no_data", 0, 1.0, 0.0), 0.0, 0.0),
        (degradation("a", "no_data", 0, 1.0, 0.0, confirmed_by=("alarm",)), 0.95, 1.0),
        (degradation("a#5qi=1", "accessibility", 0, 0.99, 0.5), 0.3, 0.6),  # one service of several
    ],
)
def test_each_kind_of_degradation_does_its_own_harm(found, low, high):
    assert low <= chance(assessed(found, "a"), "ann") <= high


def test_a_rate_per_session_second_is_turned_into_a_rate_per_attempt():
    rate = Kpi(
        id="ret",
        title="Releases",
        unit="1/s",
        kind="rate",
        direction="down",
        family="retainability",
        technology="LTE",
        clause="",
        numerator="r",
        denominator="t",
    )
    found = degradation("a", "retainability", 0, 0.0001, 0.002, kpi="ret")
    assert 0.3 < chance(assessed(found, "a", kpis={"ret": rate}), "ann") < 0.55
    assert chance(assessed(found, "a"), "ann") == 0.0, "as a ratio it would be next to nothing"


def test_others_take_over_from_a_dead_cell_if_they_can():
    found = degradation("s1a", "outage", 0, 100, 0)
    rows = always("ann", "s1a")
    bare = assessed(found, "s1a", profile_rows=rows, net=topology("s1a s2a"))
    neighbours = assessed(found, "s1a", profile_rows=rows, net=topology("s1a s2a", neighbours={"s1a": "s2a"}))
    layer = assessed(found, "s1a", profile_rows=rows, net=topology("s1a s1b", s1b="B20"))
    same_band = assessed(found, "s1a", profile_rows=rows, net=topology("s1a s1b"))
    assert chance(bare, "ann") == pytest.approx(chance(same_band, "ann"))
    assert chance(bare, "ann") > chance(neighbours, "ann") > chance(layer, "ann") > 0


def test_the_list_grows_while_the_incident_lives():
    found = degradation("a", "accessibility", 0, 0.99, 0.9)
    chances = [chance(assessed(found, "a", at=at), "ann") for at in (0.5, 1.5, 4, 10)]
    assert chances == sorted(chances)
    assert chances[-1] > 0.95


def test_an_open_incident_is_looked_ahead_to_the_promised_end_or_two_hours():
    found = degradation("a", "accessibility", 0, 0.99, 0.9)
    soon, unknown, late = (
        chance(assessed(found, "a", expected_clear_at=clear and MONDAY + clear * HOUR), "ann") for clear in (1, None, 6)
    )
    assert 0 < soon < unknown < late


def test_what_has_been_quiet_for_a_while_is_not_expected_to_go_on():
    still, quiet = (
        chance(
            assessed(degradation("a", "accessibility", 0, 0.99, 0.9, quiet_periods=n), "a", expected_clear_at=None), "ann"
        )
        for n in (0, 1)
    )
    assert 0 < quiet < still / 2


def test_where_people_were_seen_last_counts():
    last_hour = [("ann", "b", -1, 3600), ("cem", "a", -1, 3600)]
    impact = assessed(degradation("a", "integrity", 0, 20, 8), "a", rows=last_hour)
    assert chance(impact, "cem") > 0.5 > chance(impact, "ann") > 0
    assert basis(impact, "cem") == "present"
    assert basis(impact, "bob") == "expected"


def test_people_who_vanish_from_a_cell_out_of_service_stay_on_the_list_and_those_seen_behind_others_are_well():
    found = degradation("a", "outage", 0, 100, 0)
    arrived = [("ann", "a", -1, 3600), ("eve", "a", -1, 3600), ("eve", "c", 0, 3600), ("cem", "b", 0, 3600)]
    impact = assessed(found, "a", rows=arrived, at=1.1, profile_rows=PROFILE_ROWS + always("eve", "a"))
    assert chance(impact, "ann") > 0.9
    assert chance(impact, "eve") < 0.3


def test_a_call_cut_off_while_moving_to_another_cell_counts():
    found = degradation("a", "outage", 0, 100, 0)
    movers = [f"m{i:02}" for i in range(20)]
    arrived = [(who, "a", -1, 3600, 10, 0) for who in movers]
    arrived += [(who, "b", 0, 3600, 10, int(who < "m10")) for who in movers] + [("cem", "b", 0, 3600, 10, 1)]
    impact = assessed(found, "a", rows=arrived, at=1.1, profile_rows=[row for who in movers for row in always(who, "a")])
    assert chance(impact, "m03") > 0.5 > chance(impact, "m13")
    assert chance(impact, "cem") == 0, "was never in the dead cell"


def test_a_failure_where_one_always_is_at_this_hour_is_not_the_dead_cells():
    found = degradation("a", "outage", 0, 100, 0)
    net = topology("a b", neighbours={"a": "b"})
    movers = [f"m{i:02}" for i in range(20)]
    expected = [
        row
        for who in movers
        for row in always(who, "a", seconds=1800) + always(who, "b" if who < "m10" else "c", seconds=1800)
    ]
    arrived = [(who, "b", 0, 3600, 10, 1) for who in movers]
    impact = assessed(
        found, "a", rows=arrived, at=1.1, profile_rows=expected, net=net, impact_policy=ImpactPolicy(list_above=0.0)
    )
    assert chance(impact, "m15") > chance(impact, "m05") + 0.05, "m15 never is behind b by itself"


def test_slow_data_is_felt_in_use():
    impact = assessed(degradation("c", "integrity", 0, 20.0, 8.0), "c", impact_policy=ImpactPolicy(list_above=0.0))
    assert chance(impact, "dee") < 0.3, "there all day, tries nothing"


def test_own_failures_that_arrived_are_the_best_evidence():
    found = degradation("a", "accessibility", 0, 0.99, 0.9)
    rows = [("ann", "a", 0, 3600, 10, 3), ("bob", "a", 0, 3600, 10, 0), ("cem", "a", 0, 3600, 10, 0)]
    impact = assessed(found, "a", rows=rows, at=1.1, impact_policy=ImpactPolicy(list_above=0.0))
    assert chance(impact, "ann") > 0.95
    assert chance(impact, "bob") < 0.25, "only the minutes since are still open"
    assert basis(impact, "ann") == basis(impact, "bob") == "measured"


def test_failures_where_everyone_fails_as_always_prove_little():
    before = [(f"x{i}", "a", -1, 3600, 10, 1) for i in range(50)]
    during = [(f"x{i}", "a", 0, 3600, 10, 1) for i in range(50)]
    impact = assessed(degradation("a", "accessibility", 0, 0.99, 0.9), "a", rows=before + during, at=1.1)
    assert max(p.probability for p in impact.people if p.basis == "measured") < 0.6


def test_a_core_function_touches_the_people_behind_all_its_cells():
    impact = assessed(
        degradation("mme1", "core", 0, 0.99, 0.6),
        "a b c",
        net=topology(functions="mme1"),
        root_kind="nf",
        root_id="mme1",
        impact_policy=ImpactPolicy(list_above=0.0),
    )
    assert chance(impact, "ann") == pytest.approx(chance(impact, "cem"), abs=0.02)
    assert chance(impact, "cem") > 0.5
    assert chance(impact, "dee") < chance(impact, "cem"), "never tries anything"


def test_a_touched_cell_too_quiet_to_be_judged_is_presumed_like_the_others_in_part():
    found = degradation("a", "integrity", 0, 20, 8)
    impact = assessed(found, "a b", root_kind="site")
    assert 0 < chance(impact, "cem") < chance(impact, "ann")


def test_an_unsure_incident_makes_unsure_lists():
    found = degradation("a", "outage", 0, 100, 0)
    assert chance(assessed(found, "a", confidence=0.5), "ann") == pytest.approx(0.5, abs=0.02)


def test_who_withdrew_analysis_is_in_no_figure():
    def rows(kind, holder, *states):
        return tuple(
            Consent(holder_kind=kind, holder=holder, purpose="network_care_analysis", channel="any", state=state, since=i)
            for i, state in enumerate(states)
        )

    people = {
        "ann": Subscriber(key="ann"),
        "bob": Subscriber(key="bob", account="acc"),
        "cem": Subscriber(key="cem", minor=True, guardian="gus"),
        "dee": Subscriber(key="dee"),
        "gus": Subscriber(key="gus"),
    }
    consents = (
        *rows("subscriber", "ann", "withdrawn", "granted"),
        *rows("account", "acc", "withdrawn"),
        *rows("subscriber", "gus", "granted", "withdrawn"),
    )
    impact = assessed(
        [degradation(cell, "outage", 0, 20, 0) for cell in "abc"], "a b c", customers=Customers(people, consents=consents)
    )
    assert [p.subscriber for p in impact.people] == ["ann", "dee"]
    assert impact.exposed == 2


def test_accounts_count_each_line_once():
    people = {key: Subscriber(key=key, account="fam") for key in ("ann", "bob", "eve")}
    customers = Customers(
        people,
        {"fam": Account("fam", "family", "gold", care_team="family-care")},
        (Membership("fam", "ann", "holder"), Membership("fam", "cem", "line"), Membership("firm", "cem", "line")),
    )
    impact = assessed([degradation(cell, "outage", 0, 100, 0) for cell in "ab"], "a b", customers=customers)
    fam, firm = impact.accounts
    assert (fam.account, fam.affected_lines, fam.lines, fam.care_team) == ("fam", 3, 4, "family-care")
    assert (firm.account, firm.kind, firm.affected_lines, firm.lines) == ("firm", "", 1, 1)


def test_nothing_known_is_nobody_and_no_error():
    impact = assessed(degradation("a", "outage", 0, 100, 0), "a", profile_rows=[])
    assert (impact.exposed, impact.affected, impact.affected_low, impact.affected_high) == (0, 0, 0, 0)
    assert impact.people == impact.accounts == ()


def test_resolved_means_no_look_ahead():
    found = degradation("a", "integrity", 0, 20, 8, cleared_at=MONDAY + 200)
    short = assessed(found, "a", resolved_at=MONDAY + 200, at=2)
    assert short.people == (), "under 300 degraded seconds"
