"""Kinds, confirmations and the edges of an episode's life; the words are those of tests/unit/incidents/story.py."""

from dataclasses import replace

import numpy as np
import pytest

from detector.degradations import track
from detector.domain.cell import Cell, Topology
from detector.domain.degradation import Degradation
from detector.domain.evidence import Evidence
from detector.domain.operations import Alarm, CalendarEvent, Maintenance, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick, Window
from tests.tables import at
from tests.unit.incidents.story import COLUMN, Story, evidence, network

TICK = Tick(at("08:00"), 900)
NETWORK = network()
OBJECTS = (*NETWORK.cells, "amf1")


def raised(shown: Evidence, topology: Topology = NETWORK, operations: Operations | None = None) -> dict[str, Degradation]:
    """Family of `c1.1` -> what one tick raises of it."""
    found = track(
        shown,
        [],
        {},
        Reference(topology=topology, operations=operations or Operations()),
        DetectionPolicy(),
        now=TICK.end + 300,
    )
    return {d.family: d for d in found.degradations if d.object_id == "c1.1"}


def with_state(state: str) -> Topology:
    return Topology(
        {**NETWORK.cells, "c1.1": Cell(cell_id="c1.1", technology="LTE", site_id="s1", state=state)}, NETWORK.functions
    )


@pytest.mark.parametrize(
    ("state", "word", "families"),
    [
        ("in_service", "dead", {"availability", "volume"}),
        ("energy_saving", "dead", set()),
        ("energy_saving", "sharp", {"accessibility"}),
        ("planned", "sharp", set()),
        ("retired", "dead", set()),
    ],
)
def test_a_cells_state_determines_which_families_count(state: str, word: str, families: set[str]) -> None:
    assert raised(evidence(TICK, {"c1.1": word}, OBJECTS), with_state(state)).keys() == families


@pytest.mark.parametrize(
    ("slept", "families"),
    [
        (Window(TICK.start - 3600, TICK.start + 60), set()),  # it woke within this period, and the rest is too little
        (Window(TICK.start - 3600, TICK.start), {"availability", "volume"}),
    ],
)
def test_a_cell_that_has_just_woken_is_not_blamed_for_its_sleep(slept: Window, families: set[str]) -> None:
    woken = Cell(cell_id="c1.1", technology="LTE", site_id="s1", idle=(slept,))
    topology = Topology({**NETWORK.cells, "c1.1": woken}, NETWORK.functions)
    assert raised(evidence(TICK, {"c1.1": "dead"}, OBJECTS), topology).keys() == families


def test_less_traffic_is_no_fault_until_it_has_collapsed() -> None:
    shown = evidence(TICK, {"c1.1": "asleep"}, OBJECTS)
    shown.observed[0, COLUMN["vol"]] = 4.0
    assert not raised(shown)


def test_an_effect_under_its_floor_is_not_raised_however_sure() -> None:
    shown = evidence(TICK, {"c1.1": "sharp"}, OBJECTS)
    shown.matters[:] = False
    assert not raised(shown)


def test_an_alarm_makes_a_sleeping_cell_an_outage_unless_it_is_a_warning_or_long_past() -> None:
    shown = evidence(TICK, {"c1.1": "asleep"}, OBJECTS)
    kinds = {
        name: raised(shown, operations=Operations(alarms=(alarm,)))["volume"].kind
        for name, alarm in {
            "on the node's site": Alarm(
                alarm_id="a1", object_kind="site", object_id="s1", raised_at=at("08:01"), severity="major"
            ),
            "a door": Alarm(alarm_id="a1", object_kind="site", object_id="s1", raised_at=at("08:01"), severity="warning"),
            "last week": Alarm(
                alarm_id="a1", object_kind="site", object_id="s1", raised_at=at("-7 08:01"), severity="major"
            ),
            "elsewhere": Alarm(alarm_id="a1", object_kind="site", object_id="s2", raised_at=at("08:01"), severity="major"),
            "gone": Alarm(
                alarm_id="a1",
                object_kind="site",
                object_id="s1",
                raised_at=at("07:45"),
                cleared_at=at("07:50"),
                severity="major",
            ),
        }.items()
    }
    assert kinds == {
        "on the node's site": "outage",
        "a door": "sleeping",
        "last week": "sleeping",
        "elsewhere": "sleeping",
        "gone": "sleeping",
    }


def test_load_at_a_match_is_congestion_and_without_a_match_it_is_a_fault() -> None:
    shown = evidence(TICK, {"c1.1": "sharp"}, OBJECTS)
    shown.observed[0, COLUMN["vol"]] = 30.0
    match = CalendarEvent("site", "s1", Window(at("07:00"), at("10:00")), "derby", "event")
    assert "accessibility" not in raised(shown, operations=Operations(calendar=(match,)))  # crowds fail
    worse = evidence(TICK, {"c1.1": "sharp"}, OBJECTS)
    worse.observed[0, COLUMN["vol"]], worse.observed[0, COLUMN["acc"]] = 30.0, 0.3
    assert raised(worse, operations=Operations(calendar=(match,)))["accessibility"].kind == "congestion"
    assert (
        raised(shown, operations=Operations(calendar=(replace(match, scope_id="s2"),)))["accessibility"].kind
        == "accessibility"
    )
    assert raised(shown)["accessibility"].kind == "accessibility"


def test_a_declared_event_widens_the_expectation_from_half_an_hour_before_until_two_hours_after() -> None:
    shown = evidence(TICK, {"c1.1": "mild"}, OBJECTS)
    seen = {}
    for begin, end in (("08:00", "10:00"), ("08:40", "10:00"), ("09:00", "10:00"), ("05:00", "06:30"), ("03:00", "05:30")):
        match = CalendarEvent("site", "s1", Window(at(begin), at(end)), "derby", "event")
        seen[begin] = set(raised(shown, operations=Operations(calendar=(match,))))
    assert seen == {"08:00": set(), "08:40": set(), "09:00": {"accessibility"}, "05:00": set(), "03:00": {"accessibility"}}


def test_on_a_holiday_an_empty_cell_needs_neighbours_that_carry_more() -> None:
    holiday = Operations(calendar=(CalendarEvent("network", "*", Window(at("00:00"), at("23:00")), "May day", "holiday"),))
    assert not raised(evidence(TICK, {"c1.1": "asleep"}, OBJECTS), operations=holiday)
    assert raised(evidence(TICK, {"c1.1": "asleep+"}, OBJECTS), operations=holiday)["volume"].kind == "sleeping"
    assert raised(evidence(TICK, {"c1.1": "dead"}, OBJECTS), operations=holiday)["volume"].kind == "outage"


def test_what_only_a_long_horizon_shows_is_drift() -> None:
    shown = evidence(TICK, {"c1.1": "mild"}, OBJECTS)
    shown.periods[0, COLUMN["acc"]] = 96
    assert raised(shown)["accessibility"].kind == "drift"


def test_the_core_confirms_missing_data_that_began_with_its_own_trouble() -> None:
    story = Story().tell("""
        time  | amf1     | c1.1
        08:00 | core-bad | gone
        08:15 | core-bad | gone
    """)
    (silent,) = (d for d in story.degradations.values() if d.family == "data")
    assert (silent.kind, silent.confirmed_by) == ("outage", ("core",))


def test_infinite_evidence_is_stored_as_a_number() -> None:
    shown = evidence(TICK, {"c1.1": "sharp"}, OBJECTS)
    shown.neg_log10_p[0, COLUMN["acc"]] = np.inf
    assert raised(shown)["accessibility"].neg_log10_p == 300.0


def test_an_episode_keeps_the_figures_of_its_worst_moment() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | mild
        08:15 | sharp
        08:30 | mild
    """)
    (episode,) = story.degradations.values()
    assert (episode.neg_log10_p, episode.observed, episode.severity, episode.periods) == (30.0, 0.6, "major", 1)
    assert episode.started_at == at("07:30")


def test_a_sleeping_cell_does_not_wake_because_it_is_night() -> None:
    story = Story().tell("""
        time  | c1.1
        22:00 | asleep
        23:00 | idle
        23:15 | idle
        23:30 | idle
        +1 06:00 | asleep
        +1 06:15 | ok
        +1 06:30 | ok
    """)
    assert [line.split(maxsplit=1)[1] for line in story.lines] == [
        "raises c1.1 sleeping",
        "OPENS cell c1.1 sleeping",
        "clears c1.1 sleeping",
        "RESOLVED cell c1.1 sleeping",
    ]


def test_an_object_that_is_gone_for_a_day_ends_its_episode() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | sharp
    """)
    story.topology = Topology({k: c for k, c in NETWORK.cells.items() if k != "c1.1"}, NETWORK.functions)
    story.step(at("20:00"), {})
    assert all(d.open for d in story.degradations.values())
    story.step(at("+1 08:15"), {})
    (episode,) = story.degradations.values()
    assert episode.cleared_at == at("08:15")


def test_missing_counts_of_other_objects_are_carried_over() -> None:
    found = track(
        evidence(TICK, {"c1.1": "gone"}, OBJECTS),
        [],
        {"c1.2": 5, "hourly": 2},
        Reference(topology=NETWORK),
        DetectionPolicy(),
        now=TICK.end,
    )
    assert found.missing == {"c1.1": 1, "hourly": 2}


@pytest.mark.parametrize(
    ("beside", "kind"), [("nothing", "outage"), ("works at the next site", "no_data"), ("the next site is down", "no_data")]
)
def test_the_load_of_another_mast_confirms_no_missing_data(beside: str, kind: str) -> None:
    """c2.1 carries more: either the users of c1.1, which is silent, or those of c3.1, of which everybody knows."""
    near = {"c1.1": frozenset({"c2.1"}), "c2.1": frozenset({"c1.1", "c3.1"}), "c3.1": frozenset({"c2.1"})}
    shown = evidence(TICK, {"c1.1": "gone"} | ({"c3.1": "dead"} if beside.startswith("the") else {}), OBJECTS)
    shown.neighbour_load[shown.object_index["c1.1"]] = 1.8
    works = (Maintenance("site", "s3", Window(at("07:00"), at("10:00"))),) if beside.startswith("works") else ()
    found = track(
        shown,
        [],
        {"c1.1": 3},
        Reference(topology=replace(NETWORK, neighbours=near), operations=Operations(works)),
        DetectionPolicy(),
        now=TICK.end,
    )
    assert [d.kind for d in found.degradations if d.object_id == "c1.1"] == [kind]


@pytest.mark.parametrize(("beside", "found"), [("ok", {"volume"}), ("hush", set())])
def test_half_of_a_network_without_traffic_is_a_fault_only_beside_a_busy_half(beside: str, found: set[str]) -> None:
    words = {name: "asleep" if int(name[1:].split(".")[0]) <= 11 else "ok" for name in NETWORK.cells}
    shown = evidence(TICK, words, OBJECTS)
    if beside == "hush":
        shown.observed[33:, COLUMN["vol"]] = 3.0
    assert raised(shown).keys() == found
