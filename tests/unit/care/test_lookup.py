"""A caller asks: is it the network?"""

from dataclasses import replace

import pytest

from detector.care import DecisionContext, LookupAnswer, lookup
from detector.domain.communication import Communication, ContactHistory
from detector.domain.customer import Consent, Customers, Subscriber
from detector.domain.degradation import Degradation
from detector.domain.impact import Watch
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference
from tests.listings import listing_of

TEN = 1_774_346_400  # 2026-03-24T10:00Z
SLOW = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c",
    kind="integrity",
    started_at=TEN - 3600,
    opened_at=TEN - 1800,
    severity="major",
    degradation_ids=(),
    cells=("c",),
    reason="",
    expected_clear_at=TEN + 3600,
)
OUTAGE = replace(SLOW, incident_id="inc_2", kind="outage")
KNOWN = Customers(
    {
        "ann": Subscriber(key="ann", language="de"),
        "kid": Subscriber(key="kid", minor=True, guardian="ann"),
        "out": Subscriber(key="out"),
        "pat": Subscriber(key="pat"),
    },
    consents=(
        Consent(
            holder_kind="subscriber",
            holder="out",
            purpose="network_care_analysis",
            channel="any",
            state="withdrawn",
            since=1,
        ),
        *(
            Consent(holder_kind="subscriber", holder="pat", purpose=purpose, channel="any", state="granted", since=1)
            for purpose in ("network_care_analysis", "proactive_contact")
        ),
    ),
)


NOTIFIED = Communication(
    incident_id="inc_1",
    subscriber="ann",
    recipient="ann",
    at=TEN - 600,
    action="proactive_message",
    channel="sms",
    severity="major",
    service="slow",
)


def asked(
    who: str, *listed: tuple[str, float], incidents=(SLOW, OUTAGE), notified=(), caller="self", next_exposure_at=None, **more
) -> LookupAnswer:
    rows = [
        listing_of(
            incident_id=incident,
            subscriber=who,
            account="",
            basis="expected",
            probability=chance,
            exposure_s=900.0,
            listed_at=TEN,
            next_exposure_at=next_exposure_at,
            **more,
        )
        for incident, chance in listed
    ]
    context = DecisionContext(
        reference=Reference(customers=KNOWN), now=TEN, care_policy=CarePolicy(), contact_history=ContactHistory.of(notified)
    )
    return lookup(who, context=context, incidents=incidents, listings=rows, caller=caller)


def test_yes_with_what_to_say_though_nobody_may_write_to_them():
    answer = asked("ann", ("inc_1", 0.9), notified=[NOTIFIED])
    assert (answer.affected, answer.probability, answer.incident_id) == ("yes", 0.9, "inc_1")
    assert (answer.since, answer.expected_clear) == (TEN - 3600, TEN + 3600)
    assert (answer.contactable, answer.why_not, answer.notified) == (False, "no_consent", True)
    assert (answer.going_on, [row.at for row in answer.said]) == (True, [TEN - 600])
    assert list(answer.say) == ["de", "en"]
    assert answer.say["de"].startswith("Mobile Daten sind in Ihrer Gegend langsam, seit 09:00.")


def test_the_likeliest_incident_decides():
    answer = asked("ann", ("inc_1", 0.3), ("inc_2", 0.8))
    assert answer.incident_id == "inc_2"
    assert [one.incident.incident_id for one in answer.incidents] == ["inc_2", "inc_1"]


@pytest.mark.parametrize(
    ("who", "listed", "expected"),
    [
        ("ann", (), "no"),
        ("ann", (("inc_1", 0.2),), "unknown"),
        ("ann", (("inc_gone", 0.9),), "no"),
        ("stranger", (), "unknown"),
        ("out", (), "unknown"),
        ("out", (("inc_1", 0.9),), "unknown"),  # who withdrew a minute ago is still on the list of the last tick
    ],
)
def test_no_and_unknown(who, listed, expected):
    answer = asked(who, *listed)
    assert answer.affected == expected
    assert answer.say


@pytest.mark.parametrize(("who", "caller"), [("kid", "self"), ("kid", "guardian"), ("ann", "holder"), ("ann", "manager")])
def test_place_and_time_of_a_minor_or_of_another_person_are_shown_to_nobody(who, caller):
    own = replace(NOTIFIED, subscriber=who, recipient=who)
    answer = asked(who, ("inc_1", 0.9), caller=caller, next_exposure_at=TEN + 7200, notified=[own])
    assert (answer.affected, answer.going_on, answer.private) == ("yes", True, True)
    assert answer.say["en"] == "A mobile line you look after has a network problem at the moment. We are working on it."
    times = (answer.since, answer.expected_clear, answer.resolved_at, answer.next_exposure_at)
    assert times == (None, None, None, None)
    assert (answer.incident_id, answer.incidents, answer.said) == ("", (), ())


def test_when_the_person_is_expected_there_again_is_shown_to_the_person():
    assert asked("ann", ("inc_1", 0.9), next_exposure_at=TEN + 7200).next_exposure_at == TEN + 7200


def test_a_cap_that_is_used_up_is_why_care_may_not_contact():
    notified = [replace(NOTIFIED, incident_id=f"inc_{n}", subscriber="pat", recipient="pat", at=TEN - n) for n in range(5)]
    assert asked("pat", notified=notified).why_not == "cap"
    assert asked("pat").contactable


@pytest.mark.parametrize(("ended", "expected"), [(TEN - 600, "yes"), (TEN - 3 * 3600, "no")])
def test_an_incident_that_just_ended_still_explains_the_call(ended, expected):
    incident = replace(SLOW, state="resolved", resolved_at=ended)
    answer = asked("ann", ("inc_1", 0.9), incidents=(incident,))
    assert answer.affected == expected
    assert ("ended" in answer.say["en"]) == (expected == "yes")


def test_works_answer_a_caller_and_a_merged_incident_does_not():
    works = replace(SLOW, suppression="maintenance")
    merged = replace(SLOW, state="merged", merged_into="inc_2")
    assert asked("ann", ("inc_1", 0.9), incidents=(works,)).affected == "yes"
    assert asked("ann", ("inc_1", 0.9), incidents=(merged,)).affected == "no"


@pytest.mark.parametrize("who", ["ann", "kid"])
@pytest.mark.parametrize("incident", [SLOW, replace(SLOW, state="resolved", ended_at=TEN - 900, resolved_at=TEN - 600)])
def test_of_someone_who_is_less_likely_than_not_to_be_affected_nothing_is_asserted(who, incident):
    answer = asked(who, ("inc_1", 0.29), incidents=(incident,))
    assert answer.affected == "unknown"
    assert answer.say["en"] == "We cannot say for certain whether the network is the cause."
    assert {one.say["en"] for one in answer.incidents} <= {answer.say["en"]}


def test_works_are_described_as_works_and_what_an_operator_silenced_as_being_looked_at():
    said = {
        why: asked("ann", ("inc_1", 0.9), incidents=(replace(SLOW, suppression=why),)).say["en"]
        for why in ("maintenance", "silenced")
    }
    assert said["maintenance"].startswith("Planned works on the network are under way.")
    assert said["silenced"].startswith("Our technicians are checking the network right now.")


@pytest.mark.parametrize(("notified", "says"), [([NOTIFIED], "was a false alarm"), ([], "no network problem for this line")])
def test_only_who_was_notified_of_a_false_alarm_is_notified_that_it_was_one(notified, says):
    withdrawn = replace(SLOW, state="resolved", resolved_at=TEN - 600, withdrawn_at=TEN - 600)
    answer = asked("ann", ("inc_1", 0.9), incidents=(withdrawn,), notified=notified)
    assert answer.affected == "no"
    assert says in answer.say["en"]


def test_a_lookup_and_an_alert_name_the_same_trouble():
    voice = Degradation(
        degradation_id="deg_1",
        object_id="c",
        family="retainability",
        kpi="volte_drop",
        kind="retainability",
        started_at=TEN - 3600,
        detected_at=TEN - 1800,
        severity="major",
        neg_log10_p=9.0,
        expected=0.01,
        observed=0.2,
        numerator=20,
        denominator=100,
        excess=19,
        periods=1,
        duration_s=900,
    )
    row = listing_of(
        incident_id="inc_1", subscriber="ann", account="", basis="expected", probability=0.9, exposure_s=900.0, listed_at=TEN
    )
    context = DecisionContext(reference=Reference(customers=KNOWN), now=TEN, care_policy=CarePolicy())
    answer = lookup("ann", context=context, incidents=(SLOW,), listings=[row], leads={"inc_1": voice})
    assert answer.say["en"].startswith("Calls and connections have sometimes dropped")


@pytest.mark.parametrize(
    ("story", "who", "caller", "probability", "since", "said"),
    [
        ("data are missing where pat is", "pat", "self", 0.08, TEN - 3600, "no newer measurements since 09:00"),
        ("who is no customer is told the same", "nobody", "self", 0.08, TEN - 3600, "no newer measurements since 09:00"),
        ("somebody else asks for pat", "pat", "holder", 0.08, None, "We cannot say for certain"),
        ("of a minor no time is given", "kid", "guardian", 0.08, None, "We cannot say for certain"),
        ("out wants no analysis", "out", "self", 0.0, None, "We cannot say for certain"),
    ],
)
def test_missing_data_where_the_caller_is(
    story: str, who: str, caller: str, probability: float, since: int | None, said: str
) -> None:
    context = DecisionContext(reference=Reference(customers=KNOWN), care_policy=CarePolicy(), now=TEN)
    watch = Watch(since=TEN - 3600, probability=0.08)
    answer = lookup(who, context=context, incidents=(), listings=(), caller=caller, watch=watch)
    assert (answer.affected, answer.going_on) == ("unknown", False), story
    assert (answer.probability, answer.since) == (probability, since), story
    assert said in answer.say["en"], story
    assert (answer.watch is not None) == (since is not None), story
    if answer.private:
        assert "09:00" not in answer.say["en"]


def test_an_incident_that_touches_the_caller_counts_before_missing_data() -> None:
    context = DecisionContext(reference=Reference(customers=KNOWN), care_policy=CarePolicy(), now=TEN)
    watch = Watch(since=TEN - 3600, probability=0.08)
    rows = [listing_of("inc_2", "pat", probability=0.9)]
    answer = lookup("pat", context=context, incidents=[OUTAGE], listings=rows, watch=watch)
    assert (answer.affected, answer.probability, answer.watch) == ("yes", 0.9, None)
