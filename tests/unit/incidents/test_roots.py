"""Which group is to blame: the smallest that explains most, and only if chance would not."""

import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.degradation import Degradation, degradation_id
from detector.domain.detection import Tracked
from detector.domain.policy import IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.incidents.correlation_context import CorrelationContext
from detector.incidents.roots import root_causes
from tests.tables import at
from tests.unit.incidents.story import evidence, network


def bad(object_id: str, start: str = "08:00", kind: str = "outage", *, periods: int = 1, **fields: object) -> Degradation:
    began = at(start)
    given = {"severity": "major", "neg_log10_p": 20.0} | fields
    return Degradation(
        degradation_id=degradation_id(object_id, kind, began),
        object_id=object_id,
        family=kind,
        kpi="kpi",
        kind=kind,
        started_at=began,
        detected_at=began + 1200,
        expected=1.0,
        observed=0.0,
        numerator=0.0,
        denominator=900.0,
        excess=900.0,
        periods=periods,
        duration_s=900,
        **given,
    )  # type: ignore[arg-type]


def site(*numbers: int) -> list[str]:
    return [f"c{s}.{n}" for s in numbers for n in (1, 2, 3)]


def found(degradations: list[Degradation], topology: Topology, testable: int = 61) -> set[tuple[str, str, int]]:
    """(kind, id, degradations explained)."""
    seen = evidence(Tick(at("08:00"), 900), {}, tuple(f"o{n}" for n in range(testable)))
    tracked, reference = Tracked(tuple(degradations), {}), Reference(topology=topology)
    all_ = root_causes(CorrelationContext.of(tracked, seen, reference, {}, IncidentPolicy(), now=at("08:20")))
    assert sorted(i for c in all_ for i in c.degradation_ids) == sorted(
        d.degradation_id for d in degradations if d.affects_service
    )
    return {(c.root_kind, c.root_id, len(c.degradation_ids)) for c in all_}


@pytest.mark.parametrize(
    ("story", "cells", "want"),
    [
        ("one cell is itself", ["c1.1"], {("cell", "c1.1", 1)}),
        ("a whole site", site(1), {("site", "s1", 3)}),
        ("two of three sectors", ["c1.1", "c1.2"], {("site", "s1", 2)}),
        ("cells of two sites that share nothing", ["c1.1", "c9.1"], {("cell", "c1.1", 1), ("cell", "c9.1", 1)}),
        ("two sites that share nothing", site(1, 9), {("site", "s1", 3), ("site", "s9", 3)}),
        ("all behind the hub", site(1, 2, 3, 4), {("edge", "h1", 12)}),
        ("most behind the hub", site(1, 2, 3), {("edge", "h1", 9)}),
        ("the hub and a stranger", [*site(1, 2, 3, 4), "c15.2"], {("edge", "h1", 12), ("cell", "c15.2", 1)}),
        ("a tracking area, the hub within it", site(1, 2, 3, 4, 5), {("tac", "t0", 15)}),
        ("everything", site(*range(1, 21)), {("network", "*", 60)}),
    ],
)
def test_the_group_that_explains_most(story: str, cells: list[str], want: set[tuple[str, str, int]]) -> None:
    assert found([bad(c) for c in cells], network(hub=4)) == want, story


def test_what_began_at_another_time_has_another_cause() -> None:
    assert found([bad("c1.1", "06:00"), bad("c1.2"), bad("c1.3")], network()) == {("site", "s1", 2), ("cell", "c1.1", 1)}


def test_a_pooled_horizon_blurs_the_onset_and_still_belongs() -> None:
    mild = [bad(c, "07:30", "accessibility", periods=3) for c in ("c1.2", "c1.3")]
    assert found([bad("c1.1", "08:00", "accessibility"), *mild], network()) == {("site", "s1", 3)}


def test_an_old_trouble_of_one_cell_does_not_keep_its_new_one_from_the_site() -> None:
    old = bad("c1.1", "02:00", "accessibility", severity="warning")
    assert found([old, *(bad(c) for c in site(1))], network()) == {("site", "s1", 3), ("cell", "c1.1", 1)}


def test_a_release_is_blamed_when_its_cells_fail_and_the_others_do_not() -> None:
    topology = Topology(
        {
            f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", vendor="A", software=f"r{n % 4}")
            for n in range(60)
        }
    )
    assert found([bad(f"c{n}", kind="retainability") for n in range(1, 60, 4)], topology) == {("software", "A r1", 15)}


def test_a_release_is_blamed_though_its_cells_show_one_after_the_other_and_some_never() -> None:
    topology = Topology(
        {
            f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", vendor="A", software=f"r{n % 4}")
            for n in range(60)
        }
    )
    times = ("08:00", "08:15", "08:45", "09:00", "09:30")
    slow = [bad(f"c{n}", time, "retainability") for n, time in zip(range(1, 60, 4), times, strict=False)]
    assert found(slow, topology) == {("software", "A r1", 5)}
    assert len(found([*slow[:3]], topology)) == 3, "three are not enough"
    mixed = [bad(f"c{n}", time, "retainability") for n, time in zip(range(5), times, strict=True)]
    assert len(found(mixed, topology)) == 5, "five of all releases have no release in common"


def test_cells_that_feel_a_core_fault_later_belong_to_it() -> None:
    topology = Topology(network().cells, {"amf1": NetworkFunction("amf1", "AMF")})
    late = [bad("c1.1", "09:15", "accessibility"), bad("c9.1", "09:15", "integrity"), bad("c5.1", "11:30", "accessibility")]
    want = {("nf", "amf1", 2), ("cell", "c9.1", 1), ("cell", "c5.1", 1)}
    assert found([bad("amf1", "08:00", "core"), *late], topology) == want


def test_core_first_but_no_core_function_switches_a_cell_off() -> None:
    topology = Topology(network().cells, {n: NetworkFunction(n, "AMF") for n in ("amf1", "smf1")})
    many = [bad(c, "08:15", "accessibility") for c in site(1, 2, 3)]
    core = [bad("amf1", "08:00", "core"), bad("smf1", "08:15", "core")]
    assert found([*core, *many, bad("c9.1")], topology) == {("nf", "amf1", 11), ("cell", "c9.1", 1)}


@pytest.mark.parametrize(
    ("serves", "want"),
    [
        (("*", "*"), {("nf", "gw1", 2)}),
        (("t1;t2", "t2"), {("nf", "gw1", 2)}),
        (("t1", "t2"), {("nf", "gw1", 1), ("nf", "tr1", 1)}),
    ],
)
def test_core_functions_that_turn_bad_together_are_one_even_where_no_cell_is_known(
    serves: tuple[str, str], want: set[tuple[str, str, int]]
) -> None:
    names = ("gw1", "tr1")
    core = Topology({}, {n: NetworkFunction(n, "router", tuple(s.split(";"))) for n, s in zip(names, serves, strict=True)})
    assert found([bad("gw1", "08:00", "core", severity="critical"), bad("tr1", "08:00", "core")], core) == want


def test_silent_cells_count_neither_way() -> None:
    silent = [bad("c1.3", kind="no_data")]
    assert found([bad("c1.1"), bad("c1.2"), *silent], network()) == {("site", "s1", 2)}


@pytest.mark.parametrize(("testable", "incidents"), [(58, 1), (10_000, 2)])
def test_two_that_begin_together_are_news_on_a_small_network_only(testable: int, incidents: int) -> None:
    topology = network(site_known=False)
    assert len(found([bad("c1.1"), bad("c9.1")], topology, testable)) == incidents


def test_cells_of_unknown_site_join_only_with_their_own_kind() -> None:
    two = [bad("c1.1"), bad("c9.1", kind="retainability")]
    assert len(found(two, network(site_known=False))) == 2


def test_where_much_is_bad_anyway_a_pair_at_one_site_is_chance() -> None:
    everywhere = [bad(f"c{s}.1", kind="integrity") for s in range(1, 21)]
    assert ("site", "s3", 2) not in found([*everywhere, bad("c3.2", kind="integrity")], network())
