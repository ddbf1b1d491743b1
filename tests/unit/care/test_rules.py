"""A rules file: what it may say, and how a mistake in it is told."""

import pytest

from detector.domain.errors import Misconfigured
from detector.domain.rule import Offer, read_rules

OFFERS = (Offer("credit-5", "goodwill_credit", 5, 5, "EUR"), Offer("gb-1", "data_boost", 1, 0.2, "GB"))


def read(*entries: str):
    return read_rules("".join(f"[[rules]]\n{entry}\n" for entry in entries), where="rules.toml", offers=OFFERS)


WRONG = {
    'nam = "a"': "rules.toml: rule 1: nam: unknown key; did you mean 'name'?",
    'action = "call"': "rule 1: name: missing",
    'name = "a"': "rule 'a': action: missing",
    'name = "(all clear)"\naction = "call"': "rule '(all clear)': name: names in brackets are precall's own",
    'name = "a"\naction = "cal"': "rule 'a': action: 'cal' is not known here; did you mean 'call'?",
    'name = "a"\naction = "call"\nchannel = "sms"': "rule 'a': channel: 'sms' is not known here; one of call",
    'name = "a"\naction = "proactive_message"\nchannel = "smss"': "did you mean 'sms'?",
    'name = "a"\naction = "call"\nat = "resolved"': "rule 'a': at: 'resolved' is not known here; one of open",
    'name = "a"\naction = "call"\nof = "account"': "rule 'a': of: 'account' is not known here; one of person",
    'name = "a"\naction = "call"\npriority = "high"': "rule 'a': priority: no whole number (found 'high')",
    'name = "a"\naction = "call"\nwhen = {segmnt = "gold"}': "rule 'a': when: segmnt: unknown key; did you mean 'segment'?",
    'name = "a"\naction = "call"\nwhen = {severity = "majr"}': "rule 'a': when.severity: 'majr' is not known here; did",
    'name = "a"\naction = "call"\nwhen = {vip = "yes"}': "rule 'a': when.vip: neither true nor false (found 'yes')",
    'name = "a"\naction = "call"\nwhen = {risk = "high"}': "rule 'a': when.risk: no number (found 'high')",
    'name = "a"\naction = "call"\nwhen = {risk = {min = 2, max = 1}}': "rule 'a': when.risk: min 2 is more than max 1",
    'name = "a"\naction = "call"\nwhen = {segment = 3}': "rule 'a': when.segment: no words (found 3)",
    'name = "a"\naction = "call"\nwhen = {affected_share = 0.5}': "rule 'a': when: affected_share: unknown key",
    'name = "a"\naction = "goodwill_credit"': "no [[care.offers]] of kind goodwill_credit is named ''",
    'name = "a"\naction = "data_boost"\noffer = "credit-5"': "no [[care.offers]] of kind data_boost is named 'credit-5'",
    'name = "a"\naction = "goodwill_credit"\noffer = "credit5"': "did you mean 'credit-5'?",
    'name = "a"\naction = "call"\noffer = "gb-1"': "this action proposes no offer; only goodwill_credit and",
    'name = "a"\naction = "call"\nmessage = "Upgrade now!"': "a rule carries no words",
    'name = "a"\naction = "upsell"': "rule 'a': action: 'upsell' is not known here",
}


@pytest.mark.parametrize("entry", WRONG)
def test_a_mistake_is_one_line_that_names_file_rule_key_and_mend(entry):
    with pytest.raises(Misconfigured) as caught:
        read(entry)
    notified = str(caught.value)
    assert notified.startswith("rules.toml: ")
    assert WRONG[entry] in notified
    assert caught.value.mend
    assert "\n" not in notified


def test_two_rules_of_one_name_and_a_wrong_table_are_mistakes():
    with pytest.raises(Misconfigured, match="rule 'a': two rules of one name"):
        read('name = "a"\naction = "none"', 'name = "a"\naction = "call"')
    with pytest.raises(Misconfigured, match=r"rules\.toml: rule: unknown key; did you mean 'rules'"):
        read_rules("[[rule]]", where="rules.toml")
    with pytest.raises(Misconfigured, match="no valid TOML"):
        read_rules("[[rules]", where="rules.toml")


def test_the_highest_priority_comes_first_then_the_order_of_the_file():
    rules = read('name = "a"\naction = "none"', 'name = "b"\naction = "none"\npriority = 1', 'name = "c"\naction = "none"')
    assert [rule.name for rule in rules] == ["b", "a", "c"]


def test_a_bare_number_is_the_least():
    (rule,) = read('name = "a"\naction = "none"\nwhen = {incidents_28_days = 2, experience = {max = 60}}')
    assert dict(rule.when) == {"incidents_28_days": (2.0, float("inf")), "experience": (float("-inf"), 60.0)}
