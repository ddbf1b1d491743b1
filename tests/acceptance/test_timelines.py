"""What an operator would see, hour by hour: the words of the tables are those of tests/unit/incidents/story.py."""

from detector.domain.cell import Cell, Topology
from detector.domain.degradation import degradation_id
from detector.domain.operations import Alarm, Maintenance, Operations, Ticket
from detector.domain.window import Window
from tests.tables import at
from tests.unit.incidents.story import Story, network


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def test_a_sharp_fault_is_raised_at_once_and_cleared_after_two_quiet_periods() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | ok
        08:15 | sharp
        08:30 | sharp
        08:45 | ok
        09:00 | ok
    """)
    assert story.lines == lines("""
        08:15 raises c1.1 accessibility
        08:15 OPENS cell c1.1 accessibility
        09:00 clears c1.1 accessibility
        09:00 RESOLVED cell c1.1 accessibility
    """)
    (episode,) = story.degradations.values()
    assert episode.degradation_id == degradation_id("c1.1", "accessibility", at("08:15"))
    assert (episode.started_at, episode.detected_at, episode.cleared_at) == (at("08:15"), at("08:35"), at("08:45"))
    (incident,) = story.incidents.values()
    assert incident.incident_id.removeprefix("inc_") == episode.degradation_id.removeprefix("deg_")
    assert incident.reason == (
        "at worst RRC setup success 60.0 % (240 of 400) over 15 min, expected 99.0 %; neighbours normal; "
        "cell c1.1, the other 2 cells of its site normal"
    )


def test_a_mild_fault_shows_over_three_periods_and_stays_open_though_each_period_is_unsure() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | ok
        08:15 | mild
        08:30 | mild
        08:45 | mild
        09:00 | ok
        09:15 | ok
    """)
    assert story.lines == lines("""
        08:15 raises c1.1 accessibility
        08:15 OPENS cell c1.1 accessibility
        09:15 clears c1.1 accessibility
        09:15 RESOLVED cell c1.1 accessibility
    """)
    (episode,) = story.degradations.values()
    assert (episode.periods, episode.started_at, episode.severity) == (3, at("07:45"), "warning")


def test_flapping_is_one_episode_and_gaps_in_the_data_neither_clear_nor_raise() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | sharp
        08:15 | ok
        08:30 | sharp
        08:45 | -
        09:00 | -
        09:15 | -
        09:30 | ok
        09:45 | sharp
        10:00 | ok
        10:15 | ok
    """)
    assert story.headlines == lines("""
        08:00 OPENS cell c1.1 accessibility
        10:15 RESOLVED cell c1.1 accessibility
    """)
    assert len(story.degradations) == 1


def test_an_outage_that_looks_like_missing_data_is_one_when_the_neighbours_carry_more_for_an_hour() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | gone
        08:15 | gone+
        08:30 | gone+
        08:45 | gone+
        09:00 | ok
        09:15 | ok
    """)
    assert story.lines == lines("""
        08:15 raises c1.1 no_data
        08:45 now c1.1 outage
        08:45 OPENS cell c1.1 outage
        09:15 clears c1.1 outage
        09:15 RESOLVED cell c1.1 outage
    """)
    (incident,) = story.incidents.values()
    assert incident.started_at == at("08:00")
    assert incident.reason == ("no measurements from c1.1; neighbours carry 1.4 times their usual traffic; cell c1.1")


def test_two_lost_rows_beside_a_lively_neighbourhood_are_two_lost_rows() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | gone+
        08:15 | gone+
        08:30 | ok
        08:45 | ok
    """)
    assert story.headlines == []


def test_gone_data_without_confirmation_opens_nothing() -> None:
    story = Story().tell("""
        time  | c1.1 | c1.2
        08:00 | gone | ok
        08:15 | gone | gone
        08:30 | gone | gone
        08:45 | ok   | ok
        09:00 | ok   | ok
    """)
    assert story.lines == lines("""
        08:15 raises c1.1 no_data
        08:30 raises c1.2 no_data
        09:00 clears c1.1 no_data
        09:00 clears c1.2 no_data
    """)


def test_an_alarm_confirms_missing_data_and_is_named() -> None:
    alarm = Alarm(alarm_id="a7", object_kind="site", object_id="s1", raised_at=at("08:10"), severity="critical")
    story = Story(operations=Operations(alarms=(alarm,))).tell("""
        time  | c1.1
        08:00 | gone
        08:15 | gone
    """)
    (incident,) = story.incidents.values()
    assert (incident.kind, incident.alarm_id, incident.severity) == ("outage", "a7", "major")


def test_a_lost_feed_is_no_outage_whatever_the_neighbours_seem_to_say() -> None:
    half = [f"c{s}.{n}" for s in range(1, 11) for n in (1, 2, 3)]
    story = Story()
    for start in ("08:00", "08:15", "08:30"):
        story.step(at(start), dict.fromkeys(half, "gone+"))
    assert {d.kind for d in story.degradations.values()} == {"no_data"}
    assert not story.incidents


def test_a_sleeping_cell_is_found_without_any_alarm() -> None:
    story = Story().tell("""
        time  | c1.1
        08:00 | asleep+
        08:15 | asleep+
    """)
    assert story.lines == ["08:00 raises c1.1 sleeping", "08:00 OPENS cell c1.1 sleeping"]
    assert next(iter(story.degradations.values())).confirmed_by == ("neighbours",)


def test_a_capacity_cell_asleep_at_night_is_no_fault() -> None:
    topology = network()
    saving = Cell(cell_id="c1.1", technology="LTE", site_id="s1", state="energy_saving")
    story = Story(topology=Topology({**topology.cells, "c1.1": saving}, topology.functions)).tell("""
        time  | c1.1   | c1.2
        02:00 | asleep | idle
        02:15 | asleep | idle
    """)
    assert not story.lines


def test_no_traffic_anywhere_is_not_a_network_of_sleeping_cells() -> None:
    story = Story()
    story.step(at("08:00"), dict.fromkeys(story.topology.cells, "asleep"))
    assert not story.lines


def test_a_silent_site_is_an_outage_and_not_three_sleeping_cells() -> None:
    story = Story().tell("""
        time  | c1.1   | c1.2   | c1.3
        08:00 | asleep | asleep | asleep
    """)
    assert story.headlines == ["08:00 OPENS site s1 outage"]


def test_a_site_outage_is_one_incident_that_grows_from_its_first_cell() -> None:
    story = Story().tell("""
        time  | c1.1 | c1.2 | c1.3
        08:00 | dead | ok   | ok
        08:15 | dead | dead | dead
        08:30 | dead | dead | dead
        08:45 | ok   | ok   | dead
        09:00 | ok   | ok   | dead
        09:15 | ok   | ok   | ok
        09:30 | ok   | ok   | ok
    """)
    assert story.headlines == lines("""
        08:00 OPENS cell c1.1 outage
        08:15 UPDATES site s1 outage
        09:30 RESOLVED site s1 outage
    """)
    (incident,) = story.incidents.values()
    assert (incident.severity, incident.cells, len(incident.degradation_ids)) == ("critical", ("c1.1", "c1.2", "c1.3"), 6)
    assert incident.reason.endswith("site s1: all 3 cells alike")


def test_a_hub_is_one_incident_and_an_unrelated_cell_another() -> None:
    story = Story(topology=network(hub=6))
    behind = [f"c{s}.{n}" for s in range(1, 7) for n in (1, 2, 3)]
    story.step(at("08:00"), dict.fromkeys(behind[:3], "dead"))
    story.step(at("08:15"), dict.fromkeys(behind, "dead") | {"c15.1": "sharp"})
    assert story.headlines == lines("""
        08:00 OPENS site s1 outage
        08:15 UPDATES edge h1 outage
        08:15 OPENS cell c15.1 accessibility
    """)


def test_a_core_fault_is_one_incident_that_explains_the_cells_behind_it() -> None:
    story = Story().tell("""
        time  | amf1     | c1.1  | c7.2  | c9.3
        08:00 | core-ok  | sharp | ok    | ok
        08:15 | core-bad | sharp | sharp | dead
        08:30 | core-bad | sharp | sharp | dead
    """)
    assert story.headlines == lines("""
        08:00 OPENS cell c1.1 accessibility
        08:15 UPDATES nf amf1 core
        08:15 OPENS cell c9.3 outage
    """)
    core = next(i for i in story.incidents.values() if i.root_kind == "nf")
    assert (core.severity, len(core.cells)) == ("critical", 60)


def test_works_suppress_an_incident_until_they_overrun() -> None:
    works = Maintenance("site", "s1", Window(at("08:00"), at("08:30")), status="active")
    story = Story(operations=Operations(maintenance=(works,))).tell("""
        time  | c1.1 | c1.2 | c1.3
        08:00 | dead | dead | dead
        08:15 | dead | dead | dead
        08:30 | dead | dead | dead
    """)
    assert story.headlines == lines("""
        08:00 OPENS site s1 outage (maintenance)
        08:30 UPDATES site s1 outage
    """)
    (incident,) = story.incidents.values()
    assert incident.works_until == at("08:30")
    assert incident.reason.endswith("; declared works overrun")


def test_works_that_end_in_time_stay_silent_to_the_end_and_cancelled_ones_excuse_nothing() -> None:
    table = """
        time  | c1.1
        08:00 | dead
        08:15 | ok
        08:30 | ok
    """
    works = Maintenance("cell", "c1.1", Window(at("08:00"), at("08:15")))
    assert Story(operations=Operations(maintenance=(works,))).tell(table).headlines == lines("""
        08:00 OPENS cell c1.1 outage (maintenance)
        08:30 RESOLVED cell c1.1 outage (maintenance)
    """)
    cancelled = Maintenance("cell", "c1.1", Window(at("08:00"), at("08:15")), status="cancelled")
    assert Story(operations=Operations(maintenance=(cancelled,))).tell(table).headlines[0] == "08:00 OPENS cell c1.1 outage"


def test_a_merge_keeps_the_older_incident() -> None:
    story = Story(topology=network(hub=2)).tell("""
        time  | c1.1  | c1.2 | c1.3 | c2.1  | c2.2 | c2.3
        08:00 | ok    | ok   | ok   | sharp | ok   | ok
        08:15 | sharp | ok   | ok   | sharp | ok   | ok
        08:30 | sharp | mild | mild | sharp | mild | mild
    """)
    older = next(i for i in story.incidents.values() if i.opened_at == at("08:20"))
    younger = next(i for i in story.incidents.values() if i.opened_at == at("08:35"))
    assert story.headlines[-2:] == ["08:30 UPDATES edge h1 accessibility", "08:30 MERGED cell c1.1 accessibility (merged)"]
    assert (older.state, younger.merged_into, younger.suppressed_reason) == (
        "open",
        older.incident_id,
        f"merged:{older.incident_id}",
    )


def test_the_tickets_promise_becomes_the_expected_end_and_is_sent_when_it_moves() -> None:
    story = Story(
        operations=Operations(
            tickets=(Ticket(ticket_id="t1", object_kind="site", object_id="s1", opened_at=at("08:10"), eta=at("10:00")),)
        )
    )
    story.tell("""
        time  | c1.1
        08:00 | dead
    """)
    (incident,) = story.incidents.values()
    assert (incident.ticket_id, incident.expected_clear_at, incident.expected_clear_source) == ("t1", at("10:00"), "ticket")
    story.operations = Operations(
        tickets=(Ticket(ticket_id="t1", object_kind="site", object_id="s1", opened_at=at("08:10"), eta=at("11:00")),)
    )
    story.tell("""
        time  | c1.1
        08:15 | dead
        08:30 | dead
    """)
    (later,) = story.incidents.values()
    assert (later.expected_clear_at, later.version) == (at("11:00"), 2)


def test_where_sites_are_unknown_cells_that_begin_together_are_one_incident() -> None:
    """The shape of the real 58 cells: one goes down at hour 3, three of another site at hour 5, two more at hour 9."""
    story = Story(topology=network(19, site_known=False), duration_s=3600).tell("""
        time  | c1.1 | c5.1 | c5.2 | c5.3 | c9.1 | c9.2
        03:00 | dead | ok   | ok   | ok   | ok   | ok
        04:00 | dead | ok   | ok   | ok   | ok   | ok
        05:00 | dead | dead | dead | dead | ok   | ok
        06:00 | ok   | ok   | ok   | ok   | ok   | ok
        07:00 | ok   | ok   | ok   | ok   | ok   | ok
        +20 09:00 | ok   | ok   | ok   | ok   | dead | dead
    """)
    assert story.headlines == lines("""
        03:00 OPENS cell c1.1 outage
        05:00 OPENS cell c5.1 outage
        07:00 RESOLVED cell c1.1 outage
        07:00 RESOLVED cell c5.1 outage
        09:00 OPENS cell c9.1 outage
    """)
    three = next(i for i in story.incidents.values() if i.root_id == "c5.1")
    assert three.cells == ("c5.1", "c5.2", "c5.3")
    assert three.reason.endswith("cell c5.1 and c5.2, c5.3 began together")
    assert three.joined_by_onset


def test_replaying_a_story_repeats_it_word_for_word() -> None:
    table = """
        time  | c1.1 | c1.2 | c2.1
        08:00 | dead | ok   | mild
        08:15 | dead | dead | mild
        08:30 | ok   | dead | gone
        08:45 | ok   | ok   | gone+
    """
    first, second = Story().tell(table), Story().tell(table)
    assert (first.lines, first.degradations, first.incidents) == (second.lines, second.degradations, second.incidents)


def test_a_tick_scored_twice_on_its_own_result_changes_nothing() -> None:
    story = Story().tell("""
        time  | c1.1  | c1.2 | c2.1
        08:00 | sharp | dead | mild
        08:15 | ok    | dead | mild
    """)
    once = (dict(story.degradations), dict(story.incidents), list(story.lines))
    story.step(at("08:15"), {"c1.2": "dead", "c2.1": "mild"})
    assert (story.degradations, story.incidents, story.lines) == once


def test_a_bad_release_becomes_one_incident_though_its_cells_show_one_after_the_other() -> None:
    cells = {
        f"c{n}": Cell(cell_id=f"c{n}", technology="LTE", site_id=f"s{n}", vendor="A", software="r2" if n <= 10 else "r1")
        for n in range(1, 61)
    }
    story = Story(topology=Topology(cells)).tell("""
        time  | c1    | c2    | c3    | c4    | c5
        08:00 | sharp | ok    | ok    | ok    | ok
        08:15 | sharp | sharp | ok    | ok    | ok
        08:30 | sharp | sharp | sharp | ok    | ok
        08:45 | sharp | sharp | sharp | sharp | ok
        09:00 | sharp | sharp | sharp | sharp | sharp
        09:15 | ok    | ok    | ok    | ok    | ok
        09:30 | ok    | ok    | ok    | ok    | ok
    """)
    assert story.headlines == lines("""
        08:00 OPENS cell c1 accessibility
        08:15 OPENS cell c2 accessibility
        08:30 OPENS cell c3 accessibility
        08:45 UPDATES software A r2 accessibility
        08:45 MERGED cell c2 accessibility (merged)
        08:45 MERGED cell c3 accessibility (merged)
        09:00 UPDATES software A r2 accessibility
        09:30 RESOLVED software A r2 accessibility
    """)
