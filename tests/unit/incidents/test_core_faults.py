"""A core function's incident: what belongs to it, when it ends, and what goes on without it."""

import pytest

from detector.domain.cell import NetworkFunction, Topology
from tests.unit.incidents.story import Story, network


def of_roots(story: Story) -> dict[tuple[str, str], tuple[str, ...]]:
    """Root -> objects of its degradations, for every incident that stands alone."""
    return {
        (i.root_kind, i.root_id): tuple(sorted({story.degradations[d].object_id for d in i.degradation_ids}))
        for i in story.incidents.values()
        if i.state != "merged"
    }


def test_a_cell_that_is_bad_still_when_the_core_is_well_goes_on_in_an_incident_of_its_own() -> None:
    story = Story().tell("""
        time  | amf1     | c1.1  | c9.1
        08:00 | core-bad | sharp | sharp
        08:15 | core-bad | sharp | sharp
        08:30 | core-ok  | sharp | ok
        08:45 | core-ok  | sharp | ok
        09:00 | core-ok  | sharp | ok
        09:15 | core-ok  | ok    | ok
        09:30 | core-ok  | ok    | ok
    """)
    assert story.headlines == [
        "08:00 OPENS nf amf1 core",
        "08:45 RESOLVED nf amf1 core",
        "08:45 OPENS cell c1.1 accessibility",
        "09:30 RESOLVED cell c1.1 accessibility",
    ]
    core, own = sorted(story.incidents.values(), key=lambda i: i.opened_at)
    assert core.ended_at == own.started_at + 1800
    assert of_roots(story) == {("nf", "amf1"): ("amf1", "c9.1"), ("cell", "c1.1"): ("c1.1",)}
    assert all(not d.open for d in story.degradations.values())


def test_what_only_a_long_horizon_shows_when_the_core_is_well_is_its_echo_and_ends_with_it() -> None:
    story = Story().tell("""
        time  | amf1     | c1.1
        08:00 | core-bad | mild
        08:15 | core-bad | mild
        08:30 | core-ok  | mild
        08:45 | core-ok  | mild
    """)
    assert story.headlines == ["08:00 OPENS nf amf1 core", "08:45 RESOLVED nf amf1 core"]
    assert all(not d.open for d in story.degradations.values())


def test_a_slow_change_of_a_cell_joins_no_core_fault_and_does_not_keep_it_open() -> None:
    story = Story().tell("""
        time  | amf1     | c1.1
        08:00 | core-bad | ok
        08:15 | core-bad | drift
        08:30 | core-ok  | drift
        08:45 | core-ok  | drift
        09:00 | core-ok  | drift
    """)
    assert of_roots(story) == {("nf", "amf1"): ("amf1",), ("cell", "c1.1"): ("c1.1",)}
    assert next(i for i in story.incidents.values() if i.root_kind == "nf").state == "resolved"


@pytest.mark.parametrize("word", ["asleep", "dead", "asleep+"])
def test_a_cell_that_is_out_of_service_is_never_a_part_of_a_core_fault(word: str) -> None:
    story = Story().tell(f"""
        time  | amf1      | c1.1
        08:00 | core-idle | ok
        08:15 | core-idle | {word}
        08:30 | core-idle | {word}
        08:45 | core-busy | {word}
        09:00 | core-busy | {word}
    """)
    assert of_roots(story)[("nf", "amf1")] == ("amf1",)
    assert of_roots(story)[("cell", "c1.1")] == ("c1.1",)
    assert {i.root_kind: i.state for i in story.incidents.values()} == {"nf": "resolved", "cell": "open"}


def test_one_lost_cell_does_not_explain_that_a_core_function_lacks_all_its_requests() -> None:
    story = Story().tell("""
        time  | amf1      | c1.1
        08:00 | core-idle | dead
    """)
    assert of_roots(story) == {("nf", "amf1"): ("amf1",), ("cell", "c1.1"): ("c1.1",)}


def test_a_sharp_fault_that_begins_as_an_incident_of_its_cell_ends_is_not_ended_with_it() -> None:
    functions = {"amf1": NetworkFunction("amf1", "AMF")}
    story = Story(topology=Topology(network().cells, functions)).tell("""
        time  | c1.1
        08:00 | sharp
        08:15 | sharp
        08:30 | ok
        08:45 | down
        09:00 | down
    """)
    assert story.headlines == [
        "08:00 OPENS cell c1.1 accessibility",
        "08:45 RESOLVED cell c1.1 accessibility",
        "08:45 OPENS cell c1.1 outage",
    ]
