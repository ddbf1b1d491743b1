"""What becomes of decisions when it turns out later what a tick really showed."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.domain.window import Tick
from detector.store import Store
from tests.tables import at
from tests.unit.incidents.story import KPIS
from tests.unit.jobs.late_story import LateStory, headline_of, line_of

RAISED = """
    time  | c1.1  | c1.2 | c1.3
    08:00 | ok    | ok   | ok
    08:15 | sharp | ok   | ok
    08:30 | sharp | ok   | ok
    08:45 | ok    | ok   | ok
    09:00 | ok    | ok   | ok
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.fixture
def story(tmp_path):
    story = LateStory(root=tmp_path)
    yield story
    story.database.close()


STORIES = {
    "as it was told": (
        {},
        """
        c1.1 accessibility 08:15-08:45 told 08:35
        CELL c1.1 accessibility 08:35 resolved v2
    """,
    ),
    "there was nothing": (
        {"08:15": {"c1.1": "ok"}, "08:30": {"c1.1": "ok"}},
        """
        c1.1 accessibility 08:15-08:15 told 08:35 withdrawn 09:20
        CELL c1.1 accessibility 08:35 resolved v3 withdrawn 09:20
    """,
    ),
    "it began a period earlier": (
        {"08:00": {"c1.1": "sharp"}},
        """
        c1.1 accessibility 08:00-08:45 told 08:35
        c1.1 accessibility 08:15-08:15 told 08:35 withdrawn 09:20, replaced
        CELL c1.1 accessibility 08:35 resolved v2
    """,
    ),
    "it began a period later": (
        {"08:15": {"c1.1": "ok"}},
        """
        c1.1 accessibility 08:15-08:15 told 08:35 withdrawn 09:20, replaced
        c1.1 accessibility 08:30-08:45 told 08:35
        CELL c1.1 accessibility 08:35 resolved v2
    """,
    ),
    "it is not over": (
        {"08:45": {"c1.1": "sharp"}, "09:00": {"c1.1": "sharp"}},
        """
        c1.1 accessibility 08:15 told 08:35
        CELL c1.1 accessibility 08:35 open v3
    """,
    ),
    "another one nobody saw, over by now": (
        {"08:30": {"c5.2": "sharp"}},
        """
        c1.1 accessibility 08:15-08:45 told 08:35
        c5.2 accessibility 08:30-08:45 told 09:20
        CELL c1.1 accessibility 08:35 resolved v2
        CELL c5.2 accessibility 09:20 resolved v2
    """,
    ),
    "another one nobody saw, still there": (
        {"08:45": {"c5.2": "sharp"}, "09:00": {"c5.2": "sharp"}},
        """
        c1.1 accessibility 08:15-08:45 told 08:35
        c5.2 accessibility 08:45 told 09:20
        CELL c1.1 accessibility 08:35 resolved v2
        CELL c5.2 accessibility 09:20 open v1
    """,
    ),
    "the whole site from the start": (
        {start: {"c1.1": "sharp", "c1.2": "sharp", "c1.3": "sharp"} for start in ("08:15", "08:30")},
        """
        c1.1 accessibility 08:15-08:45 told 08:35
        c1.2 accessibility 08:15-08:45 told 09:20
        c1.3 accessibility 08:15-08:45 told 09:20
        SITE s1 accessibility 08:35 resolved v3
    """,
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_forecasts_and_what_they_turned_out_to_be(name, story):
    changes, book = STORIES[name]
    story.tell(RAISED).correct("09:20", changes)
    assert sorted(story.lines()) == sorted(lines(book))


def test_a_silent_cell_that_turns_out_dead_is_the_same_incident_under_the_same_name(story):
    story.tell("""
        time  | c1.1
        08:00 | gone
        08:15 | gone+
        08:30 | gone+
        08:45 | gone+
    """)
    (raised,) = story.incidents
    story.correct("09:20", {start: {"c1.1": "dead"} for start in ("08:00", "08:15", "08:30", "08:45")})
    (now,) = story.incidents
    assert (now.incident_id, now.opened_at, now.state) == (raised.incident_id, raised.opened_at, "open")
    assert {d.family for d in story.degradations} == {"availability", "volume"}


def test_of_two_incidents_that_prove_to_be_one_the_first_published_keeps_its_name(story):
    story.tell("""
        time  | c1.1  | c1.2  | c1.3
        08:00 | ok    | ok    | ok
        08:15 | ok    | sharp | ok
        08:30 | ok    | sharp | ok
        08:45 | ok    | sharp | ok
    """)
    (raised,) = story.incidents
    story.correct(
        "09:05", {s: {"c1.1": "sharp", "c1.2": "sharp", "c1.3": "sharp"} for s in ("08:00", "08:15", "08:30", "08:45")}
    )
    standing = [i for i in story.incidents if i.state == "open"]
    assert [(i.incident_id, i.root_id, i.opened_at) for i in standing] == [(raised.incident_id, "s1", raised.opened_at)]


def test_a_false_alarm_is_named_as_one_with_its_earlier_text(story):
    (incident,) = story.tell(RAISED).incidents
    story.correct("09:20", {"08:15": {"c1.1": "ok"}, "08:30": {"c1.1": "ok"}})
    taken_back = story.store.incidents.get(incident.incident_id)
    assert taken_back.reason == f"false alarm, as data that came late show; it had said: {incident.reason}"
    assert taken_back.degradation_ids == incident.degradation_ids, "the book forgets nothing"


def test_corrected_and_corrected_back_is_as_it_was(story):
    before = story.tell(RAISED).lines()
    story.correct("09:20", {"08:15": {"c1.1": "ok"}, "08:30": {"c1.1": "ok"}})
    story.correct("09:25", {"08:15": {"c1.1": "sharp"}, "08:30": {"c1.1": "sharp"}})
    assert story.lines() == [line.replace("v2", "v4") for line in before]


def test_a_correction_that_changes_nothing_touches_no_row(story):
    story.tell(RAISED)
    before = (story.store.degradations.all(), story.store.incidents.all())
    story.correct("09:20", {"08:15": {"c6.3": "idle"}})
    assert (story.store.degradations.all(), story.store.incidents.all()) == before
    assert story.store.ticks.pending("decide") == []


def test_a_tick_that_was_passed_over_is_decided_before_the_later_ones(story):
    story.tell("""
        time  | c1.1
        08:00 | ok
        08:30 | sharp
        08:45 | sharp
    """)
    story.correct("09:05", {"08:15": {"c1.1": "sharp"}})
    assert [tick.start for _, tick in story.store.decisions.ticks()] == [at(t) for t in ("08:00", "08:15", "08:30", "08:45")]
    (standing,) = story.degradations
    assert (standing.started_at, standing.detected_at) == (at("08:15"), at("08:50"))


def test_beyond_the_log_the_past_is_left_alone_and_a_finding_reports_it(story):
    story.tell(RAISED)
    with story.store.begin() as connection:
        story.store.decisions.forget(connection, at("08:45"))
    before = story.lines()
    story.correct("09:20", {"08:15": {"c1.1": "ok"}})
    assert story.lines() == before
    assert [f.code for f in story.store.findings.all()] == ["late_data"]


def test_the_log_is_kept_for_as_long_as_late_data_count(story):
    story.tell(RAISED)
    story.shows(at("08:00") + 86_400, {})
    story.decide(at("08:30") + 86_400)
    assert [tick.start for _, tick in story.store.decisions.ticks()] == [
        at("08:15"),
        at("08:30"),
        at("08:45"),
        at("09:00"),
        at("08:00") + 86_400,
    ]


@pytest.mark.parametrize("step", ["detect.tracked", "detect.reconsidered"])
def test_another_daemons_decision_in_between_is_taken_into_account(step, story):
    """The other one decides what is new while this one computes: each ends up on top of the other."""
    story.tell(RAISED)
    other, meddled = LateStory.__new__(LateStory), itertools.count()
    other.__dict__ |= story.__dict__
    other.store = Store(story.root, story.database, KPIS, b"k" * 43 + b"=")

    def meddle(checkpoint: str) -> None:
        if checkpoint == step and not next(meddled):
            other.shows(at("09:15"), {"c1.1": "sharp", "c3.1": "sharp"})
            other.decide(at("09:35"))

    story.shows(at("08:45"), {"c1.1": "sharp"})
    story.shows(at("09:00"), {"c1.1": "sharp"})
    if step == "detect.tracked":
        story.shows(at("09:30"), {"c1.1": "sharp", "c3.1": "sharp"})
    story.decide(at("09:50"), meddle)
    assert next(meddled) >= 1
    assert story.store.ticks.pending("decide") == []
    assert {(i.root_id, i.state) for i in story.incidents} >= {("c1.1", "open"), ("c3.1", "open")}


WORDS = st.sampled_from(["ok", "ok", "ok", "sharp", "mild", "dead", "asleep+", "gone", "-"])
CELLS = ("c1.1", "c1.2", "c2.1")
TICKS = st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=5, max_size=7)
FIRST = st.tuples(WORDS, WORDS, WORDS)
START = at("08:00")


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(truth=TICKS, wrong=st.dictionaries(st.integers(0, 4), st.tuples(FIRST, st.integers(1, 6)), min_size=1, max_size=4))
def test_whatever_ticks_showed_at_first_in_the_end_they_are_decided_as_if_they_had_always_shown_the_truth(
    truth, wrong, tmp_path_factory
):
    """`wrong`: tick -> what it shows at first, and how many ticks later the truth arrives."""
    ends = []
    for lies in ({}, wrong):
        story = LateStory(root=tmp_path_factory.mktemp("order"), sites=3)
        for period in range(len(truth) + 6):
            for tick, (_first, later) in lies.items():
                if tick < len(truth) and period == tick + later:
                    story.shows(START + 900 * tick, dict(zip(CELLS, truth[tick], strict=True)))
            if period < len(truth):
                shown = lies[period][0] if period in lies else truth[period]
                story.shows(START + 900 * period, dict(zip(CELLS, shown, strict=True)))
            story.decide(START + 900 * (period + 1) + 300)
        ends.append(story.outcome)
        assert story.store.ticks.pending("decide") == []
        owner = [d for i in story.incidents if i.state == "open" for d in i.degradation_ids]
        assert len(owner) == len(set(owner)), "no two open incidents share a degradation"
        story.database.close()
    assert ends[0] == ends[1]


def test_the_log_gives_back_what_was_put_in(story):
    story.tell(RAISED)
    (first, *_, last) = story.store.decisions.since(1)
    assert (first.tick, first.decided_at, first.before.degradations) == (Tick(at("08:00"), 900), at("08:20"), ())
    assert [line_of(d) for d in last.before.degradations] == ["c1.1 accessibility 08:15 told 08:35"]
    assert [headline_of(i) for i in last.before.incidents] == ["CELL c1.1 accessibility 08:35 open v1"]
