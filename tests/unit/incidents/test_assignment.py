"""One cause, one incident: what joins, what stays apart, and what else could have been the root."""

from dataclasses import replace

import pytest

from detector.domain.cell import Topology
from tests.tables import at
from tests.unit.incidents.story import Story, network


def beside(topology: Topology, *pairs: tuple[str, str]) -> Topology:
    """The same network with these cells as neighbours of each other's first."""
    return replace(topology, neighbours={one: frozenset({other}) for one, other in pairs})


@pytest.mark.parametrize(
    ("others", "want"), [("weak", "08:00 OPENS site s1 accessibility"), ("ok", "08:00 OPENS cell c1.1 accessibility")]
)
def test_a_cell_whose_siblings_look_like_it_is_its_sites_trouble(others: str, want: str) -> None:
    story = Story()
    story.step(at("08:00"), {"c1.1": "mild", "c1.2": others, "c1.3": others})
    assert story.headlines == [want]
    (incident,) = story.incidents.values()
    assert incident.cells == ("c1.1",)
    if others == "weak":
        assert incident.reason.endswith("neighbours normal; site s1: 1 of 3 cells, 2 more mildly")


def test_what_looks_bad_everywhere_makes_no_site_guilty() -> None:
    story = Story()
    story.step(at("08:00"), dict.fromkeys(story.topology.cells, "weak") | {"c1.1": "mild"})
    assert story.headlines == ["08:00 OPENS cell c1.1 accessibility"]


def test_a_sibling_that_shows_hours_later_is_the_same_trouble() -> None:
    story = Story().tell("""
        time  | c1.1 | c1.2 | c9.1
        08:00 | mild | ok   | ok
        10:00 | mild | mild | mild
        10:15 | mild | mild | mild
    """)
    assert [(i.root_id, i.cells) for i in story.incidents.values()] == [("c1.1", ("c1.1", "c1.2")), ("c9.1", ("c9.1",))]


def test_a_sibling_is_a_trouble_of_its_own_where_every_third_cell_is_bad() -> None:
    story = Story()
    story.step(at("08:00"), {"c1.1": "mild"})
    lone = [f"c{s}.1" for s in range(2, 21)]
    story.step(at("10:00"), {"c1.1": "mild", "c1.2": "mild"} | dict.fromkeys(lone, "mild"))
    assert story.incidents[min(story.incidents, key=lambda i: story.incidents[i].opened_at)].cells == ("c1.1",)


def test_an_outages_neighbours_are_raised_with_it_if_severe_and_else_not_at_all() -> None:
    story = Story(topology=beside(network(), ("c5.1", "c1.1"), ("c1.1", "c6.1"), ("c7.1", "c8.1"))).tell("""
        time  | c1.1 | c5.1  | c6.1   | c7.1
        08:00 | dead | ok    | ok     | ok
        08:15 | dead | crowd | crowd- | crowd-
        08:30 | dead | crowd | crowd- | crowd-
    """)
    assert [line for line in story.lines if "raises" in line] == [
        "08:00 raises c1.1 outage",
        "08:00 raises c1.1 outage",
        "08:15 raises c5.1 congestion",
        "08:15 raises c7.1 accessibility",
    ]
    assert {i.root_id: i.cells for i in story.incidents.values()} == {"c1.1": ("c1.1", "c5.1"), "c7.1": ("c7.1",)}


def test_a_core_function_with_fewer_requests_because_its_cells_are_gone_is_not_the_cause() -> None:
    story = Story(topology=network(2))
    dead = dict.fromkeys(story.topology.cells, "dead")
    story.step(at("08:00"), dead | {"amf1": "core-idle"})
    assert "core" not in " ".join(story.lines)
    blamed = Story(topology=network(2))
    blamed.step(at("08:00"), {"amf1": "core-idle"})
    assert blamed.headlines == ["08:00 OPENS nf amf1 core"]


def test_root_candidates_are_listed_with_their_evidence_the_named_one_first() -> None:
    story = Story(topology=network(hub=6))
    story.step(at("08:00"), {f"c1.{n}": "dead" for n in (1, 2, 3)})
    (incident,) = story.incidents.values()
    named, *others = incident.root_candidates
    assert (named.root_kind, named.root_id, named.bad, named.testable, named.coverage) == ("site", "s1", 3, 3, 1.0)
    assert named.chance < 1e-4
    assert ("edge", "h1", 3, 18) in {candidate[:4] for candidate in others}
    assert ("cell", 1, 1, 0.333) in {(r.root_kind, r.bad, r.testable, r.coverage) for r in others}


@pytest.mark.parametrize(("quiet_periods", "over"), [(11, False), (12, True)])
def test_a_drift_may_rest_for_some_hours_and_ends_with_its_last_bad_period(quiet_periods: int, over: bool) -> None:
    story = Story()
    story.step(at("00:00"), {"c1.1": "drift"})
    for n in range(quiet_periods):
        story.step(at("00:15") + 900 * n, {"c1.1": "ok"})
    (episode,) = story.degradations.values()
    assert (episode.kind, episode.cleared_at) == ("drift", at("00:15") if over else None)
