"""A dry run of rules: who would get what, beside what the present rules give them."""

import json

import pytest

from detector.domain.errors import Misconfigured
from jobs.commands.tables import show_rules
from tests.unit.jobs.test_assess import FIRST, OVER, RAW, Story

MINE = """
[[rules]]
name = "callers"
action = "call"
when = { preferred_channel = "sms", service = "connecting" }
[[rules]]
name = "the others"
action = "proactive_message"
"""


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path)
    yield story
    story.app.close()


def shown(story, what="try", incident=None, subscriber=None, file=None):
    return json.loads(show_rules(story.app.wired, what, incident, subscriber, file, True))


def counted(rows, column="people"):
    return {row["rule"]: row[column] for row in rows if row[column] is not None}


def test_nobody_is_listed_but_the_rules_are_read(story):
    output = show_rules(story.app.wired, "try", None, None, None, False)
    assert output == "5 rules are well; nobody is listed now; name an incident that is over"
    assert next(row["rule"] for row in shown(story, "list")) == "business line"


def test_as_many_as_would_get_it_whatever_was_communicated_already(story, tmp_path):
    story.decide(FIRST)
    assert counted(shown(story)) == {"everyone else": 5}, "six, in steps of five"
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE, encoding="utf-8")
    rows = shown(story, file=mine)
    assert counted(rows) == {"callers": 5}
    assert counted(rows, "present_rules") == {"everyone else": 5}
    assert len(story.app.store.communications.since(0)) == 6, "nothing is said by trying"


def test_an_incident_that_is_over_can_be_tried(story):
    story.decide(FIRST)
    story.decide(FIRST.__class__(**{**vars(FIRST), **OVER}))
    assert shown(story) == []
    assert counted(shown(story, incident="inc_1")) == {"everyone else": 5}
    with pytest.raises(Misconfigured, match="no incident 'inc_x'"):
        shown(story, incident="inc_x")


def test_one_person_is_shown_and_the_lookup_is_kept(story, tmp_path):
    story.decide(FIRST)
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE, encoding="utf-8")
    (row,) = shown(story, subscriber=RAW[0], file=mine)
    assert (row["rule"], row["gets"]) == ("callers", "call")
    assert row["present_rules"] == "everyone else proactive_message"
    assert shown(story, subscriber="4911111") == []
    audited = [(one["actor"], one["action"]) for one in story.app.store.audit.entries()]
    assert audited.count(("cli", "rules try")) == 2


def test_another_word_than_try_or_list_is_a_mistake(story):
    with pytest.raises(Misconfigured, match="precall rules: cannot 'tri' rules; try or list"):
        shown(story, "tri")
