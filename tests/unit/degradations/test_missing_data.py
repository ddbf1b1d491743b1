"""Objects that send nothing while attachments show their people."""

from dataclasses import replace

import pytest

from detector.degradations import track
from detector.domain.degradation import Degradation
from detector.domain.detection import Tracked
from detector.domain.people_seen import PeopleSeen
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from tests.tables import at
from tests.unit.incidents.story import evidence, network

NETWORK = network()
OBJECTS = (*NETWORK.cells, "amf1")
SITE = ("c1.1", "c1.2", "c1.3")


def tracked(
    known: tuple[Degradation, ...] = (), *, people: bool | None, words: str = "gone", missing: int = 5, start: str = "09:15"
) -> Tracked:
    """The quarter after nine, in which the first site says `words` and has been missing for some periods; `people`: they
    were there in the hour from eight on, None = not known."""
    seen = [
        PeopleSeen(object_id=name, start=at("08:00"), end=at("09:00"), present=bool(people), share=float(bool(people)))
        for name in SITE
    ]
    return track(
        evidence(Tick(at(start), 900), dict.fromkeys(SITE, words), OBJECTS),
        known,
        dict.fromkeys(SITE, missing),
        Reference(topology=NETWORK),
        DetectionPolicy(),
        now=at(start) + 1200,
        people=[] if people is None else seen,
    )


def kinds(found: Tracked) -> set[tuple[str, tuple[str, ...], bool, bool]]:
    return {(d.kind, d.confirmed_by, d.open, d.reporting_gap) for d in found.degradations}


UNKNOWN = tracked(people=None).degradations


@pytest.mark.parametrize(
    ("story", "people", "new", "carried"),
    [
        ("nobody knows", None, {("no_data", (), True, False)}, {("no_data", (), True, False)}),
        ("people are there", True, set(), {("no_data", (), False, True)}),
        ("people are gone", False, {("outage", ("people",), True, False)}, {("outage", ("people",), True, False)}),
    ],
)
def test_people_behind_missing_objects(story: str, people: bool | None, new: set[object], carried: set[object]) -> None:
    assert kinds(tracked(people=people)) == new, story
    assert kinds(tracked(UNKNOWN, people=people, start="09:30")) == carried, story


def test_attachments_that_come_after_the_rows_did_still_show_the_outage() -> None:
    assert kinds(tracked(UNKNOWN, people=False, words="ok", missing=0, start="09:30")) == {
        ("outage", ("people",), True, False)
    }


def test_an_outage_since_the_rows_stopped() -> None:
    found = tracked(people=False)
    assert {d.started_at for d in found.degradations} == {at("09:30") - 6 * 900}


def test_who_was_seen_before_the_data_came_again_ends_no_episode_that_is_measured_again() -> None:
    """Rows are back: they decide, and what was seen in the gap is past."""
    assert kinds(tracked(UNKNOWN, people=True, words="ok", missing=0, start="09:30")) == {("no_data", (), True, False)}


def test_people_who_are_seen_overrule_neighbours_that_carry_more() -> None:
    confirmed = tuple(replace(d, kind="outage", confirmed_by=("neighbours",), severity="major") for d in UNKNOWN)
    assert kinds(tracked(confirmed, people=True, start="09:30")) == {("outage", ("neighbours",), False, True)}


def test_an_outage_that_people_confirmed_ends_when_they_were_back() -> None:
    outage = tracked(people=False).degradations
    later = [PeopleSeen(object_id=name, start=at("10:00"), end=at("11:00"), present=True, share=1.0) for name in SITE]
    found = track(
        evidence(Tick(at("11:00"), 900), dict.fromkeys(SITE, "gone"), OBJECTS),
        outage,
        dict.fromkeys(SITE, 11),
        Reference(topology=NETWORK),
        DetectionPolicy(),
        now=at("11:20"),
        people=later,
    )
    assert {(d.cleared_at, d.reporting_gap) for d in found.degradations} == {(at("10:00"), False)}
