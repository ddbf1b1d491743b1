"""Care: whom it may contact, its actions, and its sentences."""

from detector.care.account_alerts import decide_accounts
from detector.care.account_lookup import AccountAnswer, account_lookup
from detector.care.alert_context import AlertContext
from detector.care.compose import compose
from detector.care.consent import bases, permission, permitted_channels
from detector.care.decide import decide
from detector.care.decision_context import DecisionContext
from detector.care.facts import Facts, facts_of
from detector.care.impact_part import recounted
from detector.care.lookup import CALLERS, LookupAnswer, lookup
from detector.care.new_communications import new_communications, retracted
from detector.care.notification import TeamCapacity, margin, persists, sure
from detector.care.person_decisions import decide_people
from detector.care.reach import Reach, in_quiet_hours, reach
from detector.care.resolution import conclude, follow_up
from detector.care.sentences import sentence
from detector.care.trouble import service_of

__all__ = [
    "CALLERS",
    "AccountAnswer",
    "AlertContext",
    "DecisionContext",
    "Facts",
    "LookupAnswer",
    "Reach",
    "TeamCapacity",
    "account_lookup",
    "bases",
    "compose",
    "conclude",
    "decide",
    "decide_accounts",
    "decide_people",
    "facts_of",
    "follow_up",
    "in_quiet_hours",
    "lookup",
    "margin",
    "new_communications",
    "permission",
    "permitted_channels",
    "persists",
    "reach",
    "recounted",
    "retracted",
    "sentence",
    "service_of",
    "sure",
]
