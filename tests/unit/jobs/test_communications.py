"""What care is asked to say, to whom, once; and who hears that it is over."""

from collections import Counter
from dataclasses import replace

import pytest

from detector.domain.rule import read_rules
from detector.web.serializers import affected_person
from jobs.web_wiring import web_service_of
from tests.acceptance.small_operator import LIVE, QUARTER, withdrawn
from tests.unit.jobs.test_assess import EPISODE, FIRST, MERGED, OVER, RAW, Story

OTHER_EPISODE = replace(EPISODE, degradation_id="deg_2", object_id="c11", family="retainability")
OTHER = replace(FIRST, incident_id="inc_2", degradation_ids=("deg_2",))
SURVEY = """
[[rules]]
name = "everyone"
action = "proactive_message"
[[rules]]
name = "how was it"
action = "survey"
when = { service = "connecting" }
"""


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path)
    yield story
    story.app.close()


def said(story: Story, incident_id: str = "inc_1") -> Counter[tuple[str, str]]:
    """How often each person's line was spoken of: (person, action) -> times."""
    rows = story.app.store.communications.of([incident_id])
    return Counter((row.recipient, row.action) for row in rows)


def answers_of(story: Story) -> dict[str, dict]:
    """What the audited list tells of each person."""
    page = web_service_of(story.app.wired).affected("inc_1", 100, 0, "test")
    return {one.listing.subscriber: affected_person(one) for one in page.people}


def actions(story: Story, incident_id: str = "inc_1") -> Counter[str]:
    listed = story.app.store.listings.all(incident_id=incident_id, current=True)
    return Counter(one.decision.action for one in listed)


def test_each_is_reported_once_however_often_it_recurs(story):
    for version in (1, 2, 3):
        story.decide(replace(FIRST, version=version))
    assert set(said(story).values()) == {1}
    assert len(said(story)) == 6
    (row, *_) = story.app.store.communications.of(["inc_1"])
    assert (row.at, row.severity, row.service, row.rule) == (LIVE + QUARTER, "major", "connecting", "everyone else")


def test_who_arrives_later_is_counted_when_care_is_notified_of_it(story):
    story.here(story.people[:4])
    story.decide(FIRST)
    story.here(story.people)
    story.decide(replace(FIRST, version=2))
    assert len(said(story)) == 8
    assert set(said(story).values()) == {1}


def test_nobody_is_notified_of_what_care_is_not_notified_of(story):
    story.decide(replace(FIRST, suppression="maintenance"))
    story.care(capacity_per_hour=(("consumer-care", 0), ("enterprise-care", 0)))
    story.decide(FIRST)
    assert story.why_untold() == "capacity"
    assert said(story) == {}


def test_more_severe_than_notified_is_notified_again(story):
    story.decide(replace(FIRST, severity="minor"), replace(EPISODE, severity="minor"))
    story.decide(replace(FIRST, version=2))
    assert set(said(story).values()) == {2}
    story.decide(replace(FIRST, version=3, severity="critical"))
    assert set(said(story).values()) == {2}, "two a day are enough"


def test_two_incidents_at_once_are_one_story(story):
    assert len(story.decide_all([(FIRST, EPISODE), (OTHER, OTHER_EPISODE)])) == 2
    both = said(story) + said(story, "inc_2")
    assert set(both.values()) == {1}
    assert len(both) == 6
    later = replace(FIRST, incident_id="inc_3", severity="critical")
    story.decide_all([(later, EPISODE)])
    assert len(said(story, "inc_3")) == 6, "it is graver"


def test_exactly_those_who_were_notified_get_the_all_clear(story):
    story.here(story.people[:4])
    story.decide(FIRST)
    story.here(story.people)
    withdrawn(story.root / "operator", RAW[0], LIVE + QUARTER + 1)
    assert story.decide(replace(FIRST, **OVER)) == ["resolved"]
    clear = {who for who, action in said(story) if action == "all_clear"}
    notified = {who for who, action in said(story) if action == "proactive_message"}
    assert notified == set(story.people[:4])
    assert clear == notified - {story.people[0]}, "one withdrew meanwhile"
    assert actions(story) == {"all_clear": 3, "none": 5}
    story.decide(replace(FIRST, **OVER))
    assert actions(story) == {"all_clear": 3, "none": 5}
    assert set(said(story).values()) == {1}


def test_who_was_notified_and_is_found_not_to_have_been_there_gets_it_too(story):
    story.decide(FIRST)
    store = story.app.store
    with store.begin() as connection:
        rows = [one for one in store.listings.all(current=True) if one.subscriber == story.people[0]]
        store.listings.relist(connection, rows, [], LIVE + QUARTER)
    story.app.settings = story.app.jobs.settings = story.app.settings.model_copy(
        update={"impact": replace(story.app.settings.impact, list_above=1.0)}
    )
    story.decide(replace(FIRST, **OVER))
    assert actions(story) == {"all_clear": 6}
    assert {one.probability for one in store.listings.all(current=True)} == {0.0}


def test_a_part_of_another_incident_is_not_over_and_its_people_are_notified_of_that_ones_end(story):
    story.decide_all([(FIRST, EPISODE)])
    whole = replace(FIRST, incident_id="inc_0")
    story.decide_all([(replace(FIRST, **MERGED), EPISODE), (whole, EPISODE)])
    assert {action for _, action in said(story)} == {"proactive_message"}
    assert said(story, "inc_0") == {}, "they know"
    story.decide_all([(replace(whole, **OVER), EPISODE)])
    assert {action for _, action in said(story, "inc_0")} == {"all_clear"}
    assert len(said(story, "inc_0")) == 6


def test_a_false_alarm_is_retracted_with_everybody_who_was_notified(story):
    story.decide(FIRST)
    gone = {"state": "resolved", "resolved_at": LIVE, "withdrawn_at": LIVE + 2 * QUARTER, "version": 2}
    assert story.decide(replace(FIRST, **gone)) == ["resolved"]
    assert actions(story) == {"all_clear": 6}


def test_a_survey_follows_where_a_rule_requires_it_and_the_person_allows_it(story):
    rules = read_rules(SURVEY, where="test")
    story.app.settings.__dict__["rules"] = rules
    consents = story.root / "operator" / "consents.csv"
    with consents.open("a", encoding="utf-8") as table:
        table.writelines(f"subscriber,{raw},survey,push,granted,2026-01-01T00:00:00+00:00\n" for raw in RAW[:2])
    story.decide(FIRST)
    story.decide(replace(FIRST, **OVER))
    asked = [row for row in story.app.store.communications.of(["inc_1"]) if row.action == "survey"]
    assert {(row.recipient, row.channel, row.rule) for row in asked} == {
        (who, "push", "how was it") for who in story.people[:2]
    }
    rows = answers_of(story)
    assert [one["action"] for one in rows[story.people[0]]["asked"]] == ["proactive_message", "all_clear", "survey"]
    assert [one["rule"] for one in rows[story.people[5]]["asked"]] == ["everyone", "(all clear)"]
    assert rows[story.people[5]]["decision"]["rule"] == "(all clear)"


def test_a_person_of_another_incident_last_week_still_counts(story):
    story.care(max_contacts_per_week=1)
    story.decide(FIRST)
    story.decide(replace(FIRST, **OVER))
    after = replace(EPISODE, degradation_id="deg_3")
    story.decide_all([(replace(FIRST, incident_id="inc_3", degradation_ids=("deg_3",)), after)])
    listed = story.app.store.listings.all(incident_id="inc_3", current=True)
    assert {one.why_not for one in listed} == {"cap"}


def night(story: Story, begin: int, end: int) -> None:
    """Quiet hours from so many minutes after 12:00 until so many."""
    story.care(quiet_from=f"{12 + begin // 60}:{begin % 60:02}", quiet_to=f"{12 + end // 60}:{end % 60:02}")


def test_when_the_quiet_hours_end_those_who_may_be_contacted_now_are(story):
    night(story, 0, 40)
    assert story.decide(FIRST) == ["opened"]
    assert story.decide(FIRST) == []
    assert said(story) == {}
    assert story.decide(FIRST) == ["updated"]
    assert len(said(story)) == 6
    assert story.decide(FIRST) == []


def test_who_sleeps_when_it_ends_gets_the_all_clear_in_the_morning_once(story):
    night(story, 25, 50)
    story.decide(FIRST)
    assert story.decide(replace(FIRST, **OVER)) == ["resolved"]
    assert {action for _, action in said(story)} == {"proactive_message"}
    assert story.decide_all([]) == []
    assert story.decide_all([]) == [("inc_1", "resolved")]
    assert Counter(action for _, action in said(story)) == {"proactive_message": 6, "all_clear": 6}
    assert actions(story) == {"all_clear": 6}
    assert story.decide_all([]) == []
