"""An account that suffers though no single line of it would be told."""

from dataclasses import replace

import pytest

from detector.care import DecisionContext, decide_accounts, decide_people, new_communications
from detector.domain.communication import ContactHistory
from detector.domain.customer import Account, Consent, Customers, Subscriber
from detector.domain.impact import AccountImpact, Affected, Impact
from detector.domain.incident import Incident
from detector.domain.policy import CarePolicy, HoldoutPolicy
from detector.domain.ports import Reference
from detector.domain.rule import read_rules
from detector.settings import Settings

NOON = 1_774_353_600
LINES = [f"line_{n:02d}" for n in range(40)]
SLOW = Incident(
    incident_id="inc_1",
    root_kind="cell",
    root_id="c",
    kind="integrity",
    started_at=NOON,
    opened_at=NOON,
    severity="major",
    degradation_ids=(),
    cells=("c",),
    reason="",
)
ACCOUNTS = {
    "firm": Account("firm", "enterprise", care_team="key-accounts", parent="group"),
    "group": Account("group", "enterprise"),
}


def customers(agreed: int = 0, withdrawn: str = "") -> Customers:
    """The first `agreed` lines may be contacted."""
    rows = [
        Consent(holder_kind="subscriber", holder=key, purpose=purpose, channel="any", state="granted", since=1)
        for key in LINES[:agreed]
        for purpose in CarePolicy().purposes
    ]
    rows += (
        [
            Consent(
                holder_kind="account",
                holder=withdrawn,
                purpose="proactive_contact",
                channel="any",
                state="withdrawn",
                since=2,
            )
        ]
        if withdrawn
        else []
    )
    return Customers({key: Subscriber(key=key, account="firm") for key in LINES}, ACCOUNTS, (), tuple(rows))


def story(known=None, *, incident=SLOW, contact_history=(), affected=12, chance=0.4, rules=None, **policy):
    """(what is decided for accounts, what care is asked)."""
    people = tuple(
        Affected(incident_id="inc_1", subscriber=key, account="firm", basis="present", probability=chance, exposure_s=900.0)
        for key in LINES[:30]
    )
    impact = Impact(
        incident_id="inc_1",
        assessed_at=NOON,
        exposed=40,
        affected=12.0,
        affected_low=9.0,
        affected_high=15.0,
        people=people,
        accounts=(AccountImpact(account="firm", kind="enterprise", tier="gold", affected_lines=affected, lines=40),),
    )
    care = DecisionContext(
        reference=Reference(customers=known or customers()),
        now=NOON,
        care_policy=replace(CarePolicy(), **policy),
        rules=rules or Settings().rules,
        contact_history=ContactHistory.of(contact_history, ["inc_1"]),
    )
    people_decided = decide_people(incident, impact, "slow", care) if incident.state == "open" else ()
    decided = decide_accounts(incident, impact, "slow", people_decided, care)
    return decided, new_communications(incident, "slow", decided, care.contact_history, NOON)


def test_the_account_manager_gets_counts_once_and_the_all_clear():
    (decision,), (row,) = story()
    assert (decision.account, decision.action, decision.team) == ("firm", "account_manager_briefing", "key-accounts")
    assert decision.rule == "suffering account"
    assert (row.recipient, row.subscriber, row.channel) == ("firm", "", "")
    again, nothing = story(contact_history=[row])
    assert [one.action for one in again] == ["account_manager_briefing"]
    assert nothing == ()
    over, (clear,) = story(contact_history=[row], incident=replace(SLOW, state="resolved", resolved_at=NOON))
    assert [one.action for one in over] == ["all_clear"]
    assert (clear.recipient, clear.action) == ("firm", "all_clear")


SILENT = {
    "a line of it is told": {"known": customers(agreed=1), "chance": 0.9},
    "fewer lines than the rule asks for": {"affected": 4},
    "works": {"incident": replace(SLOW, suppression="maintenance")},
    "over before it was told": {"incident": replace(SLOW, state="resolved", resolved_at=NOON)},
    "a part of another": {"incident": replace(SLOW, state="merged", merged_into="inc_0")},
    "most of it is held out": {"holdout": HoldoutPolicy(approved_by="the board", share=0.99)},
}


@pytest.mark.parametrize("why", SILENT)
def test_nobody_is_notified(why):
    assert story(**SILENT[why]) == ((), ())


@pytest.mark.parametrize("holder", ["firm", "group"])
def test_an_account_that_withdrew_or_one_above_it_is_left_alone(holder):
    (decision,), rows = story(customers(withdrawn=holder))
    assert (decision.action, decision.why_not, rows) == ("none", "withdrawn", ())


def test_rules_may_ask_for_the_share_of_its_lines():
    text = '[[rules]]\nname = "half"\nof = "account"\naction = "account_manager_briefing"\nwhen = {affected_share = 0.5}\n'
    rules = read_rules(text, where="test")
    assert story(rules=rules)[0] == ()
    assert [one.rule for one in story(rules=rules, affected=20)[0]] == ["half"]
