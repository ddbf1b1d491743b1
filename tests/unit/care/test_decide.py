"""What care does for listed people."""

import pytest

from detector.care import decide
from detector.domain.customer import Account, Consent, Customers, Subscriber
from detector.domain.impact import Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy

NOON = 1_774_353_600  # 2026-03-24T12:00Z
NIGHT = NOON + 10 * 3600
PEOPLE = {
    "ann": Subscriber("ann", preferred_channel="email"), "bob": Subscriber("bob", account="firm"),
    "cem": Subscriber("cem", vip=True), "kid": Subscriber("kid", minor=True, guardian="gus"),
    "kim": Subscriber("kim", minor=True, guardian="gus"), "gus": Subscriber("gus", preferred_channel="push"),
}  # fmt: skip


def customers(silent: str = "", channel: str = "any") -> Customers:
    """Everyone has said yes but those in `silent`."""
    rows = [
        Consent("subscriber", key, purpose, channel, "granted", 1)
        for key in PEOPLE if key not in silent.split() for purpose in CarePolicy().purposes
    ]  # fmt: skip
    return Customers(PEOPLE, {"firm": Account("firm", "enterprise")}, (), tuple(rows))


def decided(keys: str, *, known=None, probability=0.9, now=NOON, contacted=None, suppressed="", holdout=()):
    listed = tuple(Affected("inc_1", key, PEOPLE[key].account, "expected", probability, 900) for key in keys.split())
    incident = Incident("inc_1", "cell", "c", "outage", now, now, "major", (), ("c",), "", suppressed_reason=suppressed)
    return decide(
        incident, Impact("inc_1", now, 9, 2, 1, 3, listed), customers=known or customers(), timezone="UTC", now=now,
        contacted=contacted or {}, policy=CarePolicy(), holdout=holdout,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "action", "channel", "recipient"),
    [
        ("ann", "proactive_message", "email", "ann"),
        ("bob", "account_manager_briefing", "sms", "bob"),
        ("cem", "call", "call", "cem"),
        ("kid", "proactive_message", "push", "gus"),
    ],
)
def test_each_person_gets_what_fits(who, action, channel, recipient):
    (decision,) = decided(who)
    assert (decision.action, decision.channel, decision.recipient) == (action, channel, recipient)
    assert decision.contactable
    assert decision.why_not == ""


def test_a_channel_not_allowed_is_not_used():
    by_sms = customers(channel="sms")
    assert [(d.action, d.channel) for d in decided("ann cem", known=by_sms)] == [("proactive_message", "sms")] * 2


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"known": customers(silent="ann")}, "no_consent"),
        ({"known": customers(silent="ann"), "now": NIGHT, "contacted": {"ann": 2}}, "no_consent"),
        ({"now": NIGHT, "contacted": {"ann": 2}}, "quiet_hours"),
        ({"contacted": {"ann": 2}, "holdout": {"ann"}}, "cap"),
        ({"holdout": {"ann"}}, "holdout"),
        ({"known": Customers(PEOPLE, consents=(Consent("subscriber", "ann", "proactive_contact", "sms", "granted", 1),
                             Consent("subscriber", "ann", "network_care_analysis", "push", "granted", 1)))}, "no_channel"),
    ],
)  # fmt: skip
def test_the_first_reason_of_the_fixed_order_is_told(more, reason):
    (decision,) = decided("ann", **more)
    assert (decision.contactable, decision.why_not, decision.action, decision.channel) == (False, reason, "none", "")


def test_unlikely_sufferers_are_listed_and_left_alone():
    (decision,) = decided("ann", probability=0.4)
    assert (decision.contactable, decision.action) == (True, "none")


@pytest.mark.parametrize("suppressed", ["maintenance", "merged:inc_0", "silenced"])
def test_silent_incidents_lead_to_no_action(suppressed):
    assert [d.action for d in decided("ann bob cem kid", suppressed=suppressed)] == ["none"] * 4


def test_a_guardian_of_two_is_not_written_to_beyond_the_cap():
    decisions = decided("gus kid kim")
    assert [(d.action, d.why_not) for d in decisions] == [("proactive_message", "")] * 2 + [("none", "cap")]
