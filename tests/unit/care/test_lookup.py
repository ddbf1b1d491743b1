"""A caller asks: is it the network?"""

from dataclasses import replace

import pytest

from detector.care import LookupAnswer, lookup
from detector.domain.customer import Consent, Customers, Subscriber
from detector.domain.impact import Affected
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy

TEN = 1_774_346_400  # 2026-03-24T10:00Z
SLOW = Incident(
    "inc_1", "cell", "c", "integrity", TEN - 3600, TEN - 1800, "major", (), ("c",), "", expected_clear_at=TEN + 3600
)  # fmt: skip
OUTAGE = replace(SLOW, incident_id="inc_2", kind="outage")
KNOWN = Customers(
    {
        "ann": Subscriber("ann", language="de"),
        "kid": Subscriber("kid", minor=True, guardian="ann"),
        "out": Subscriber("out"),
    },
    consents=(Consent("subscriber", "out", "network_care_analysis", "any", "withdrawn", 1),),
)


def asked(who: str, *listed: tuple[str, float], incidents=(SLOW, OUTAGE), **more) -> LookupAnswer:
    affected = [Affected(incident, who, "", "expected", chance, 900.0) for incident, chance in listed]
    return lookup(
        who, incidents=incidents, affected=affected, customers=KNOWN, now=TEN, timezone="UTC", policy=CarePolicy(), **more
    )


def test_yes_with_what_to_say_though_nobody_may_write_to_them():
    answer = asked("ann", ("inc_1", 0.9), told=("inc_1",))
    assert (answer.affected, answer.probability, answer.incident_id) == ("yes", 0.9, "inc_1")
    assert (answer.since, answer.expected_clear) == (TEN - 3600, TEN + 3600)
    assert (answer.contactable, answer.why_not, answer.told) == (False, "no_consent", True)
    assert list(answer.say) == ["de", "en"]
    assert answer.say["de"].startswith("Mobile Daten sind in Ihrer Gegend langsam, seit 09:00.")


def test_the_likeliest_incident_speaks():
    assert asked("ann", ("inc_1", 0.3), ("inc_2", 0.8)).incident_id == "inc_2"


@pytest.mark.parametrize(
    ("who", "listed", "expected"),
    [
        ("ann", (), "no"),
        ("ann", (("inc_1", 0.2),), "unknown"),
        ("ann", (("inc_gone", 0.9),), "no"),
        ("stranger", (), "unknown"),
        ("out", (), "unknown"),
    ],
)
def test_no_and_unknown(who, listed, expected):
    answer = asked(who, *listed)
    assert answer.affected == expected
    assert answer.say


def test_a_minor_s_place_and_time_are_told_to_nobody():
    answer = asked("kid", ("inc_1", 0.9))
    assert answer.affected == "yes"
    assert (answer.since, answer.expected_clear, answer.resolved_at) == (None, None, None)
    assert answer.say["en"] == "A mobile line you look after has a network problem at the moment. We are working on it."


@pytest.mark.parametrize(("ended", "expected"), [(TEN - 600, "yes"), (TEN - 3 * 3600, "no")])
def test_an_incident_that_just_ended_still_explains_the_call(ended, expected):
    incident = replace(SLOW, state="resolved", resolved_at=ended)
    answer = asked("ann", ("inc_1", 0.9), incidents=(incident,))
    assert answer.affected == expected
    assert ("ended" in answer.say["en"]) == (expected == "yes")


def test_works_answer_a_caller_and_a_merged_incident_does_not():
    works = replace(SLOW, suppressed_reason="maintenance")
    merged = replace(SLOW, state="merged", suppressed_reason="merged:inc_2")
    assert asked("ann", ("inc_1", 0.9), incidents=(works,)).affected == "yes"
    assert asked("ann", ("inc_1", 0.9), incidents=(merged,)).affected == "no"
