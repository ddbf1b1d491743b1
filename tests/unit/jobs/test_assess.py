"""What care hears of, and what it does not; who stands on a list, and since when."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.degradation import Degradation
from detector.domain.exposure import Presence
from detector.domain.incident import Incident
from detector.domain.window import Tick
from tests.acceptance.small_house import SmallHouse
from tests.acceptance.small_operator import LIVE, QUARTER, withdrawn, write_reference

EPISODE = Degradation(
    "deg_1", "c11", "accessibility", "lte_rrc_sr", "accessibility", LIVE, LIVE + QUARTER, "major", 30.0, 0.99, 0.5, 300.0,
    600.0, 290.0, 1, QUARTER,
)  # fmt: skip
FIRST = Incident(
    "inc_1", "cell", "c11", "accessibility", LIVE, LIVE + QUARTER, "major", ("deg_1",), ("c11",), "half of all setups fail",
    updated_at=LIVE + QUARTER,
)  # fmt: skip
RAW = [f"4917100001{n:02d}" for n in range(8)]


class Story:
    """A house in which a test says what `detect` decided, quarter by quarter."""

    def __init__(self, root) -> None:
        write_reference(root / "operator")
        self.house, self.root, self.quarter = SmallHouse(root), root, 0
        self.people = [self.house.names.subscriber(raw) for raw in RAW]
        self.here(self.people[:6])

    def here(self, people: list[str]) -> None:
        """These were behind the cell in each of the last hours."""
        n = len(people)
        for hour in (-2, -1, 0):
            start = np.full(n, LIVE + 3600 * hour)
            column = np.full(n, 3600.0)
            rows = Presence(
                tuple(people), ("c11",), np.arange(n, dtype=np.int32), np.zeros(n, np.int32), start,
                np.full(n, 3600, np.int32), column, np.full(n, 40.0), np.full(n, np.nan),
            )  # fmt: skip
            self.house.store.presence.write(rows, LIVE + hour)

    def decide(self, incident: Incident, episode: Degradation = EPISODE) -> list[str]:
        """One tick decided like this and assessed; which alerts were composed."""
        self.quarter += 1
        now = LIVE + self.quarter * QUARTER
        store = self.house.store
        with store.begin() as connection:
            store.book.save(connection, [episode], [replace(incident, updated_at=now)])
            store.ticks.owe(connection, "assess", Tick(now - QUARTER, QUARTER), 1)
        self.house.clock.at = now
        self.house.jobs.run("assess")
        return [m.type for m in store.outbox.messages() if m.time == now]

    @property
    def listed(self) -> list[str]:
        return sorted(one.subscriber for one in self.house.store.book.listings(current=True))


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path)
    yield story
    story.house.close()


SILENT = {"suppressed_reason": "maintenance"}
OVER = {"state": "resolved", "resolved_at": LIVE + 3 * QUARTER}
MERGED = {"state": "merged", "suppressed_reason": "merged:inc_0"}
NEWS = {
    "opened, and nothing new after it": [({}, ["opened"]), ({}, []), ({}, [])],
    "a change that counts is an update": [({}, ["opened"]), ({"version": 2}, ["updated"]), ({"version": 2}, [])],
    "resolved once": [({}, ["opened"]), (OVER, ["resolved"]), (OVER, [])],
    "works are nobody's business": [(SILENT, []), (SILENT, []), ({**SILENT, **OVER}, [])],
    "works that overrun are": [(SILENT, []), ({"version": 2}, ["opened"]), (OVER, ["resolved"])],
    "over before anybody heard of it": [(OVER, []), (OVER, [])],
    "merged: over for those who heard of it": [({}, ["opened"]), (MERGED, ["resolved"]), (MERGED, [])],
    "merged before anybody heard of it": [(MERGED, [])],
}


@pytest.mark.parametrize("told", NEWS)
def test_what_care_hears(told, story):
    for change, news in NEWS[told]:
        assert story.decide(replace(FIRST, **change)) == news


def test_every_alert_has_a_key_of_its_own_and_a_number_in_its_incident(story):
    for change in ({}, {"version": 2}, {"version": 3}, OVER):
        story.decide(replace(FIRST, **change))
    told = story.house.store.outbox.told("inc_1")
    assert [m.sequence for m in told] == [1, 2, 3, 4]
    assert len({m.key for m in told}) == 4


def test_many_more_people_are_news_though_nothing_else_changed(story):
    story.house.settings = story.house.settings.model_copy(
        update={"impact": replace(story.house.settings.impact, privacy_floor=1)}
    )
    story.house.jobs.settings = story.house.settings
    story.here(story.people[:2])
    assert story.decide(FIRST) == ["opened"]
    story.here(story.people)
    assert story.decide(FIRST) == ["updated"]
    assert story.decide(FIRST) == []


def test_assessing_again_keeps_every_row(story):
    story.decide(FIRST)
    first = story.house.store.book.listings()
    story.decide(FIRST)
    assert story.house.store.book.listings() == first
    assert len(first) == 6


def test_care_is_told_when_it_should_end_and_the_page_is_kept_up_to_date(story):
    story.decide(FIRST)
    told = story.house.store.outbox.told("inc_1")[-1].data["expected"]
    assert told["source"] == "estimate"
    assert told["low"] < told["clear"] < told["high"]
    story.decide(FIRST)
    assert story.house.store.notes.get("outlook:inc_1")["made_at"] == LIVE + 2 * QUARTER


def test_a_change_of_permission_ends_one_row_and_begins_another(story):
    story.decide(FIRST)
    assert story.listed == sorted(story.people[:6])
    withdrawn(story.root / "operator", RAW[0], LIVE + QUARTER + 1)
    story.decide(FIRST)
    rows = [one for one in story.house.store.book.listings() if one.subscriber == story.people[0]]
    second = LIVE + 2 * QUARTER
    assert [(one.contactable, one.why_not, one.listed_at, one.delisted_at) for one in rows] == [
        (True, "", LIVE + QUARTER, second), (False, "withdrawn", second, None),
    ]  # fmt: skip
    assert len(story.house.store.book.listings()) == 7, "the others keep theirs"


def test_people_of_a_merged_incident_stand_on_the_older_ones_list_alone(story):
    story.decide(FIRST)
    story.decide(replace(FIRST, **MERGED))
    assert story.listed == []
    assert {one.delisted_at for one in story.house.store.book.listings()} == {LIVE + 2 * QUARTER}


def test_one_persons_contact_over_this_incident_does_not_count_against_it(story):
    story.decide(FIRST)
    story.decide(replace(FIRST, version=2))
    story.decide(replace(FIRST, version=3))
    assert {one.why_not for one in story.house.store.book.listings(current=True)} == {""}


def test_an_assessment_that_another_daemon_has_made_is_not_made_again(story):
    story.decide(FIRST)
    before = story.house.store.book.listings()

    def faster(step: str) -> None:
        if step == "assess.computed":
            with store.begin() as connection:
                store.ticks.settle(connection, store.ticks.debts("assess")[0], 0.0)

    store, story.house.jobs.reached = story.house.store, faster
    assert story.decide(replace(FIRST, version=2)) == []
    assert story.house.store.book.listings() == before
