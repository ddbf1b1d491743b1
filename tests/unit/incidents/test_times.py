"""When an incident began and ended, by what its degradations say."""

from dataclasses import replace

from detector.domain.degradation import Degradation
from detector.incidents.times import began, ended

QUARTER = 900
SHARP = Degradation(
    "d1", "c1", "availability", "a", "outage", 40 * QUARTER, 42 * QUARTER, "critical", 40.0, 1.0, 0.0, 0, 900, 900, 1,
    QUARTER, raised_at=41 * QUARTER,
)  # fmt: skip
MILD = replace(SHARP, degradation_id="d2", family="integrity", kind="integrity", strength=9.0, periods=12,
               started_at=33 * QUARTER, severity="minor")  # fmt: skip


def test_the_sharp_ones_tell_the_onset_and_not_the_earliest():
    assert began([MILD, SHARP]) == 40 * QUARTER
    assert began([MILD]) == 33 * QUARTER


def test_among_the_sharp_ones_the_middle_tells():
    others = [replace(SHARP, degradation_id=f"d{n}", started_at=at * QUARTER) for n, at in ((3, 40), (4, 41), (5, 36))]
    assert began([SHARP, *others]) == 40 * QUARTER


def test_what_began_after_the_incident_was_opened_says_nothing_of_its_onset():
    later = replace(SHARP, degradation_id="d3", started_at=50 * QUARTER, strength=200.0)
    assert began([MILD, later], opened_at=42 * QUARTER) == 33 * QUARTER


def test_it_ends_with_the_last_of_the_clear_ones():
    over = [replace(SHARP, cleared_at=44 * QUARTER), replace(SHARP, degradation_id="d3", cleared_at=45 * QUARTER)]
    echo = replace(MILD, cleared_at=52 * QUARTER)
    assert ended([*over, echo]) == 45 * QUARTER
    assert ended([over[0], SHARP]) is None


def test_a_missing_row_says_exactly_when():
    silent = replace(SHARP, degradation_id="d3", family="data", strength=0.0, started_at=39 * QUARTER)
    assert began([MILD, silent]) == 39 * QUARTER
