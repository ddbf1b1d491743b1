"""Sentences that an agent can read out in ten seconds."""

from dataclasses import replace

import pytest

from detector.care import facts_of, sentence
from detector.care.facts import MERGED, OPEN, OVER, WITHDRAWN, Facts
from detector.care.phrases import SPEECH
from detector.care.trouble import SERVICES
from detector.domain.case import SERVICES as TROUBLES
from detector.domain.incident import Incident

TEN = 1_774_346_400  # 2026-03-24T10:00Z
LANGUAGES = sorted(SPEECH)
INCIDENT = Incident(
    incident_id="inc_1",
    root_kind="site",
    root_id="s1",
    kind="integrity",
    started_at=TEN - 3600,
    opened_at=TEN - 2700,
    severity="major",
    degradation_ids=(),
    cells=("c1",),
    reason="",
)


def facts(trouble: str = "slow", *, since: int = TEN - 3600, **changes: object) -> Facts:
    return replace(facts_of(replace(INCIDENT, started_at=since), now=TEN, timezone="UTC"), trouble=trouble, **changes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_states_what_since_when_until_when_briefly(language, trouble):
    said = sentence(facts(trouble, clear=TEN + 3600), language)
    assert "09:00" in said
    assert "11:00" in said
    assert "{" not in said
    assert len(said.split()) <= 35, "ten seconds at a calm 200 words a minute"
    assert SERVICES[trouble]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("end", [None, TEN - 30])
def test_to_anyone_else_neither_place_nor_time_nor_kind(language, end):
    said = {
        sentence(
            facts(trouble, since=since, clear=clear, until=end, state=OPEN if end is None else OVER),
            language,
            to_person=False,
        )
        for trouble in TROUBLES
        for since in (TEN - 60, TEN - 90000)
        for clear in (None, TEN + 60)
    }
    assert len(said) == 1
    assert not any(c.isdigit() for c in said.pop())


@pytest.mark.parametrize(
    ("language", "since"),
    [
        ("en", "since 09:00 on 23 March"),
        ("de", "seit 23. März, 09:00 Uhr"),
        ("fr", "depuis le 23 mars à 09:00"),
        ("es", "desde las 09:00 del 23 de marzo"),
        ("it", "dalle 09:00 del 23 marzo"),
        ("nl", "sinds 23 maart om 09:00"),
    ],
)
def test_another_days_time_has_its_date_in_words(language, since):
    assert since in sentence(facts("coverage", since=TEN - 25 * 3600), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_end_is_shown_with_its_time_and_length_on_the_wall_clock(language):
    said = sentence(facts("calls", since=TEN - 8100, until=TEN, state=OVER, timezone="Asia/Kolkata"), language)
    assert "15:30" in said
    assert "2 h 15 min" in said
    assert "{" not in said


def test_the_end_is_the_estimated_one_not_the_clock_of_the_decision():
    over = replace(INCIDENT, state="resolved", ended_at=TEN - 1800, resolved_at=TEN)
    said = sentence(facts_of(over, now=TEN, timezone="UTC"), "en")
    assert said.startswith("The problem with the mobile network in your area ended at 09:30, after 30 min.")


def test_an_end_that_has_passed_is_not_promised():
    passed = replace(INCIDENT, expected_clear_at=TEN - 60)
    assert "We are working on it." in sentence(facts_of(passed, now=TEN, timezone="UTC"), "en")


@pytest.mark.parametrize(("asked", "spoken"), [("de-AT", "de"), ("DE", "de"), ("pt_BR", "en"), ("", "en")])
def test_a_dialect_uses_its_language_and_an_unknown_one_english(asked, spoken):
    assert len({sentence(facts(), code) for code in (asked, spoken)}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("clear", [None, TEN + 3600])
def test_works_that_overrun_are_named_with_the_end_that_was_planned_and_briefly(language, clear):
    for trouble in TROUBLES:
        said = sentence(facts(trouble, since=TEN - 7200, clear=clear, works_until=TEN - 1800), language)
        assert "09:30" in said
        assert ("11:00" in said) is (clear is not None)
        assert len(said.split()) <= 36, "ten seconds at a calm 200 words a minute"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("to_person", [True, False])
def test_a_false_alarm_is_taken_back_without_place_or_time(language, to_person):
    said = {sentence(facts(trouble, state=WITHDRAWN), language, to_person=to_person) for trouble in TROUBLES}
    assert said == {SPEECH[language].withdrawn}
    assert not any(c.isdigit() or c in "{}" for c in said.pop())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_has_a_sentence_of_its_own(language):
    phrases = SPEECH[language]
    said = {
        "open": sentence(facts(), language),
        "over": sentence(facts(state=OVER, until=TEN - 60), language),
        "merged": sentence(facts(state=MERGED, into="inc_0"), language),
        "false alarm": sentence(facts(state=WITHDRAWN), language),
        "works": sentence(facts(silent="maintenance"), language),
        "works over": sentence(facts(silent="maintenance", state=OVER, until=TEN - 60), language),
        "silenced": sentence(facts(silent="silenced"), language),
        "not sure": sentence(facts(), language, sure=False),
    }
    assert len(set(said.values())) == len(said)
    assert [name for name, text in said.items() if phrases.working in text] == ["open"]
    assert [name for name, text in said.items() if phrases.trouble["slow"] in text] == ["open"]
    assert all(len(text.split()) <= 36 for text in said.values())
