"""What care does for listed people."""

from dataclasses import replace

import pytest

from detector.care import DecisionContext, decide_people
from detector.care.resolution import conclude
from detector.domain.case import Case
from detector.domain.communication import Communication, ContactHistory
from detector.domain.customer import Account, Consent, Customers, Membership, Subscriber
from detector.domain.impact import Affected, Impact, no_impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy, HoldoutPolicy
from detector.domain.ports import Reference
from detector.settings import Settings

NOON = 1_774_353_600  # 2026-03-24T12:00Z
NIGHT = NOON + 10 * 3600
PEOPLE = {
    "ann": Subscriber(key="ann", preferred_channel="email"),
    "bob": Subscriber(key="bob", account="firm"),
    "cem": Subscriber(key="cem", vip=True),
    "kid": Subscriber(key="kid", minor=True, guardian="gus"),
    "kim": Subscriber(key="kim", minor=True, guardian="gus"),
    "gus": Subscriber(key="gus", preferred_channel="push"),
    "vic": Subscriber(key="vic", vulnerable=True),
    "sal": Subscriber(key="sal", account="bank"),
}
ACCOUNTS = {"firm": Account("firm", "enterprise"), "bank": Account("bank", "consumer", sla="99.9")}
RULES = Settings().rules
HOUR = 3600


def customers(silent: str = "", channel: str = "any") -> Customers:
    """Everyone has said yes but those in `silent`."""
    rows = [
        Consent(holder_kind="subscriber", holder=key, purpose=purpose, channel=channel, state="granted", since=1)
        for key in PEOPLE
        if key not in silent.split()
        for purpose in CarePolicy().purposes
    ]
    return Customers(PEOPLE, ACCOUNTS, (Membership("firm", "bob", "manager"),), tuple(rows))


def incident(name="inc_1", severity="major", **more) -> Incident:
    return Incident(
        incident_id=name,
        root_kind="cell",
        root_id="c",
        kind="outage",
        started_at=NOON,
        opened_at=NOON,
        severity=severity,
        degradation_ids=(),
        cells=("c",),
        reason="",
        **more,
    )


def said(who: str, ago: int, about="inc_0", severity="major", service="coverage", recipient="", action="call"):
    """Care was asked to tell `who` so many seconds ago."""
    return Communication(
        incident_id=about,
        subscriber=who,
        recipient=recipient or who,
        at=NOON - ago,
        action=action,
        channel="sms",
        rule="vip",
        severity=severity,
        service=service,
    )


def decided(
    keys: str,
    *,
    known=None,
    probability=0.9,
    now=NOON,
    contact_history=(),
    open_=(),
    one=None,
    rules=RULES,
    service="coverage",
    **policy,
):
    one = one or incident()
    listed = tuple(
        Affected(
            incident_id="inc_1",
            subscriber=key,
            account=PEOPLE[key].account,
            basis="expected",
            probability=probability,
            exposure_s=900,
        )
        for key in keys.split()
    )
    care = DecisionContext(
        reference=Reference(customers=known or customers()),
        now=now,
        care_policy=replace(CarePolicy(), **policy),
        rules=rules,
        contact_history=ContactHistory.of(contact_history, open_),
    )
    return decide_people(
        one,
        Impact(incident_id="inc_1", assessed_at=now, exposed=9, affected=2, affected_low=1, affected_high=3, people=listed),
        service,
        care,
    )


@pytest.mark.parametrize(
    ("who", "action", "channel", "recipient", "rule"),
    [
        ("ann", "proactive_message", "email", "ann", "everyone else"),
        ("bob", "account_manager_briefing", "sms", "bob", "business line"),
        ("cem", "call", "call", "cem", "vip"),
        ("vic", "call", "call", "vic", "vulnerable"),
        ("kid", "proactive_message", "push", "gus", "everyone else"),
    ],
)
def test_each_person_gets_what_fits_with_the_reason(who, action, channel, recipient, rule):
    (decision,) = decided(who)
    assert (decision.action, decision.channel, decision.recipient) == (action, channel, recipient)
    assert (decision.contactable, decision.why_not, decision.rule) == (True, "", rule)
    assert decision.team == ("enterprise-care" if who == "bob" else "consumer-care")


def test_a_channel_not_allowed_is_not_used():
    by_sms = customers(channel="sms")
    assert [(d.action, d.channel) for d in decided("ann cem", known=by_sms)] == [("proactive_message", "sms")] * 2


TWICE = [said("ann", 30 * HOUR), said("ann", 50 * HOUR)]
ALL_HELD = {"holdout": HoldoutPolicy(approved_by="the board", share=1.0)}
ONE_EACH = (
    Consent(holder_kind="subscriber", holder="ann", purpose="proactive_contact", channel="sms", state="granted", since=1),
    Consent(
        holder_kind="subscriber", holder="ann", purpose="network_care_analysis", channel="push", state="granted", since=1
    ),
)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"known": customers(silent="ann")}, "no_consent"),
        ({"known": customers(silent="ann"), "now": NIGHT, "contact_history": TWICE}, "no_consent"),
        ({"now": NIGHT, "contact_history": TWICE}, "quiet_hours"),
        ({"contact_history": TWICE, **ALL_HELD}, "cap"),
        (ALL_HELD, "holdout"),
        ({"known": Customers(PEOPLE, consents=ONE_EACH)}, "no_channel"),
    ],
)
def test_the_first_reason_of_the_fixed_order_is_given(more, reason):
    (decision,) = decided("ann", **more)
    assert (decision.contactable, decision.why_not, decision.action, decision.channel) == (False, reason, "none", "")


def test_unlikely_sufferers_are_listed_and_left_alone():
    (decision,) = decided("ann", probability=0.4)
    assert (decision.contactable, decision.action) == (True, "none")


@pytest.mark.parametrize("silence", [{"suppression": "maintenance"}, {"merged_into": "inc_0"}, {"suppression": "silenced"}])
def test_silent_incidents_lead_to_no_action(silence):
    silent = incident(**silence)
    assert [d.action for d in decided("ann bob cem kid", one=silent)] == ["none"] * 4


CAPS = {
    "two this week are enough": (TWICE, {}, "cap"),
    "of another week": ([said("ann", 8 * 24 * HOUR), said("ann", 9 * 24 * HOUR)], {}, ""),
    "one a day": ([said("ann", 20 * HOUR)], {"max_contacts_per_day": 1}, "cap"),
    "one yesterday": ([said("ann", 25 * HOUR)], {"max_contacts_per_day": 1}, ""),
    "surveys and offers count": (
        [said("ann", 30 * HOUR, action="survey"), said("ann", 40 * HOUR, action="data_boost")],
        {},
        "cap",
    ),
    "an all-clear does not": ([*TWICE[:1], said("ann", 29 * HOUR, action="all_clear")], {}, ""),
    "what was taken back was not said": ([*TWICE, said("ann", 20 * HOUR, action="retracted")], {}, ""),
    "somebody else's": ([said("cem", 30 * HOUR), said("cem", 40 * HOUR)], {}, ""),
    "said of this very incident": ([said("ann", HOUR, about="inc_1"), *TWICE[:1]], {}, ""),
}


@pytest.mark.parametrize("case", CAPS)
def test_caps_count_communications_over_all_channels_and_incidents(case):
    contact_history, policy, why = CAPS[case]
    (decision,) = decided("ann", contact_history=contact_history, **policy)
    assert decision.why_not == why


OPEN = ("inc_0",)
STORIES = {
    "another incident is open: one story": ([said("ann", HOUR)], OPEN, {}, "(already told)"),
    "it is over": ([said("ann", HOUR)], (), {}, "everyone else"),
    "this one is graver": ([said("ann", HOUR, severity="minor")], OPEN, {}, "everyone else"),
    "another service": ([said("ann", HOUR)], OPEN, {"service": "slow"}, "everyone else"),
    "this one was told: it stays": ([said("ann", HOUR, about="inc_1")], ("inc_1",), {}, "vip"),
    "told of both": ([said("ann", HOUR), said("ann", HOUR - 9, about="inc_1")], ("inc_0", "inc_1"), {}, "vip"),
}


@pytest.mark.parametrize("case", STORIES)
def test_a_person_gets_one_message(case):
    contact_history, open_, more, rule = STORIES[case]
    (decision,) = decided("ann", contact_history=contact_history, open_=open_, **more)
    assert (decision.contactable, decision.rule) == (True, rule)
    assert (decision.action == "none") == (rule == "(already told)")


def test_worse_than_what_was_communicated_is_decided_anew_unless_that_is_too_much():
    notified = [said("ann", HOUR, about="inc_1", severity="minor")]
    assert [d.rule for d in decided("ann", contact_history=notified)] == ["everyone else"]
    assert [(d.rule, d.contactable) for d in decided("ann", contact_history=notified, max_contacts_per_day=1)] == [
        ("vip", True)
    ]


def test_a_guardian_of_several_is_notified_once():
    first = decided("gus kid kim")
    assert [(d.action, d.rule) for d in first] == [
        ("proactive_message", "everyone else"),
        ("none", "(already told)"),
        ("none", "(already told)"),
    ]
    notified = [said("kim", HOUR, about="inc_1", recipient="gus", action="proactive_message")]
    assert [d.action for d in decided("gus kid kim", contact_history=notified)] == ["none", "none", "proactive_message"]


NOT_HELD = {
    "drawn": ("ann", {}, True),
    "not approved": ("ann", {"holdout": HoldoutPolicy(approved_by="", share=1.0)}, False),
    "not begun": ("ann", {"holdout": HoldoutPolicy(approved_by="the board", share=1.0, since="2026-03-25")}, False),
    "begun": ("ann", {"holdout": HoldoutPolicy(approved_by="the board", share=1.0, since="2026-03-24")}, True),
    "nobody's share": ("ann", {"holdout": HoldoutPolicy(approved_by="the board", share=0.0)}, False),
    "vulnerable": ("vic", {}, False),
    "a service level": ("sal", {}, False),
    "an emergency": ("ann", {"one": incident(severity="critical")}, False),
    "notifiable: large": ("ann", {"holdout": HoldoutPolicy(approved_by="the board", share=1.0, notifiable_cells=1)}, False),
    "notifiable: many": (
        "ann",
        {"holdout": HoldoutPolicy(approved_by="the board", share=1.0, notifiable_affected=2)},
        False,
    ),
    "notifiable: long": ("ann", {"now": NOON + 4 * HOUR}, False),
    "told already": ("ann", {"contact_history": [said("ann", HOUR, about="inc_1")]}, False),
    "a ward of whoever is drawn": ("kid", {}, True),
    "would get nothing: unlikely": ("ann", {"probability": 0.4}, False),
    "would get nothing: no rule": ("ann", {"rules": RULES[:1]}, False),
    "would get nothing: works": ("ann", {"one": incident(suppression="maintenance")}, False),
}


@pytest.mark.parametrize("case", NOT_HELD)
def test_whom_the_holdout_leaves_out(case):
    who, more, held = NOT_HELD[case]
    (decision,) = decided(who, **ALL_HELD | more)
    assert (decision.why_not == "holdout") == held
    assert (decision.action == "none") == (held or case.startswith("would get nothing"))


WHEN = {
    "segment": ({"segment": ("go*",)}, {"subscriber": Subscriber(key="s", segment="gold")}),
    "vip": ({"vip": True}, {"subscriber": Subscriber(key="s", vip=True)}),
    "not a minor": ({"minor": False}, {}),
    "device": ({"device": ("Pixel*",)}, {"subscriber": Subscriber(key="s", device="Pixel 8")}),
    "role": ({"role": ("executive", "manager")}, {"roles": {"manager"}}),
    "sla": ({"sla": True}, {"account": Account("a", "enterprise", sla="gold")}),
    "tier": ({"account_tier": ("gold",)}, {"account": Account("a", "enterprise", tier="gold")}),
    "risk": ({"risk": (0.2, 1.0)}, {"risk": 0.3}),
    "value": ({"lifetime_value": (10.0, 99.0)}, {"subscriber": Subscriber(key="s", lifetime_value=50.0)}),
    "region": ({"region": ("north",)}, {"places": {"region": {"north", "south"}}}),
    "service": ({"service": ("slow",)}, {"service": "slow"}),
}


@pytest.mark.parametrize("name", WHEN)
def test_conditions_hold_where_they_should_and_nowhere_else(name):
    when, facts = WHEN[name]
    rule = replace(RULES[0], when=tuple(when.items()))
    plain = {"incident": incident(), "service": "calls", "subscriber": Subscriber(key="s", minor=name == "not a minor")}
    assert not rule.matches(Case(**plain))
    assert rule.matches(Case(**plain | {"subscriber": Subscriber(key="s")} | facts))


def test_what_is_not_known_meets_no_condition():
    rule = replace(RULES[0], when=(("risk", (0.0, 1.0)),))
    assert not rule.matches(Case(incident=incident(), service="calls", risk=None))


def test_whom_another_incident_still_affects_waits_for_the_all_clear():
    rows = [said("ann", HOUR, about="inc_1"), said("gus", HOUR, about="inc_1")]
    known = DecisionContext(
        reference=Reference(customers=customers()),
        care_policy=CarePolicy(),
        rules=RULES,
        now=NOON,
        contact_history=ContactHistory.of(rows),
        still_affected=frozenset({"ann"}),
    )
    over, nobody = incident(state="resolved", resolved_at=NOON), no_impact("inc_1", NOON)
    assert [(d.subscriber, d.action) for d in conclude(over, nobody, known)] == [("ann", "none"), ("gus", "all_clear")]
    later = replace(known, still_affected=frozenset())
    assert {d.action for d in conclude(over, nobody, later)} == {"all_clear"}
