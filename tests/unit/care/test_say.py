"""Sentences that an agent can read out in ten seconds."""

import pytest

from detector.care import sentence
from detector.care.speech import SPEECH
from detector.care.trouble import SERVICES, TROUBLES

TEN = 1_774_346_400  # 2026-03-24T10:00Z
LANGUAGES = sorted(SPEECH)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_says_what_since_when_until_when_briefly(language, trouble):
    said = sentence(language, trouble, timezone="UTC", now=TEN, since=TEN - 3600, clear=TEN + 3600)
    assert "09:00" in said
    assert "11:00" in said
    assert "{" not in said
    assert len(said.split()) <= 35, "ten seconds at a calm 200 words a minute"
    assert SERVICES[trouble]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("resolved", [None, TEN - 60])
def test_to_anyone_else_neither_place_nor_time_nor_kind(language, resolved):
    said = {
        sentence(language, trouble, timezone="UTC", now=TEN, since=since, clear=clear, resolved=resolved, to_person=False)
        for trouble in TROUBLES for since in (TEN - 60, TEN - 90000) for clear in (None, TEN + 60)
    }  # fmt: skip
    assert len(said) == 1
    assert not any(c.isdigit() for c in said.pop())


@pytest.mark.parametrize(
    ("language", "since"),
    [
        ("en", "since 09:00 on 23 March"), ("de", "seit 23. März, 09:00 Uhr"), ("fr", "depuis le 23 mars à 09:00"),
        ("es", "desde las 09:00 del 23 de marzo"), ("it", "dalle 09:00 del 23 marzo"), ("nl", "sinds 23 maart om 09:00"),
    ],
)  # fmt: skip
def test_another_days_time_has_its_date_in_words(language, since):
    assert since in sentence(language, "coverage", timezone="UTC", now=TEN, since=TEN - 25 * 3600)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_end_is_told_with_its_time_and_length_on_the_wall_clock(language):
    said = sentence(language, "calls", timezone="Asia/Kolkata", now=TEN, since=TEN - 8100, resolved=TEN)
    assert "15:30" in said
    assert "2 h 15 min" in said
    assert "{" not in said


def test_an_end_that_has_passed_is_not_promised():
    said = sentence("en", "slow", timezone="UTC", now=TEN, since=TEN - 3600, clear=TEN - 60)
    assert "We are working on it." in said


@pytest.mark.parametrize(("asked", "spoken"), [("de-AT", "de"), ("DE", "de"), ("pt_BR", "en"), ("", "en")])
def test_a_dialect_speaks_its_language_and_the_unknown_english(asked, spoken):
    both = {sentence(code, "slow", timezone="UTC", now=TEN, since=TEN) for code in (asked, spoken)}
    assert len(both) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("clear", [None, TEN + 3600])
def test_works_that_overrun_are_named_with_the_end_that_was_planned_and_briefly(language, clear):
    for trouble in TROUBLES:
        said = sentence(language, trouble, timezone="UTC", now=TEN, since=TEN - 7200, clear=clear, works_until=TEN - 1800)
        assert "09:30" in said
        assert ("11:00" in said) is (clear is not None)
        assert len(said.split()) <= 36, "ten seconds at a calm 200 words a minute"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("to_person", [True, False])
def test_a_false_alarm_is_taken_back_without_place_or_time(language, to_person):
    told = {"timezone": "UTC", "now": TEN, "since": TEN - 7200, "to_person": to_person, "withdrawn": True}
    said = {sentence(language, trouble, resolved=end, **told) for trouble in TROUBLES for end in (None, TEN)}
    assert said == {SPEECH[language].withdrawn}
    assert not any(c.isdigit() or c in "{}" for c in said.pop())
