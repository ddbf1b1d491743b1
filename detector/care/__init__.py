"""Whom care may approach, what it does, and what it says."""

from detector.care.account_alerts import decide_accounts
from detector.care.account_lookup import AccountAnswer, account_lookup
from detector.care.alert_context import AlertContext
from detector.care.asking import asked, taken_back
from detector.care.closing import conclude, follow_up
from detector.care.compose import compose
from detector.care.consent import bases, permission, permitted_channels
from detector.care.decide import decide
from detector.care.decision_context import DecisionContext
from detector.care.facts import Facts, facts_of
from detector.care.impact_part import recounted
from detector.care.lookup import CALLERS, LookupAnswer, lookup
from detector.care.person_decisions import decide_people
from detector.care.reach import Reach, in_quiet_hours, reach
from detector.care.say import sentence
from detector.care.telling import Room, lasted, margin, sure
from detector.care.trouble import service_of

__all__ = [
    "CALLERS",
    "AccountAnswer",
    "AlertContext",
    "DecisionContext",
    "Facts",
    "LookupAnswer",
    "Reach",
    "Room",
    "account_lookup",
    "asked",
    "bases",
    "compose",
    "conclude",
    "decide",
    "decide_accounts",
    "decide_people",
    "facts_of",
    "follow_up",
    "in_quiet_hours",
    "lasted",
    "lookup",
    "margin",
    "permission",
    "permitted_channels",
    "reach",
    "recounted",
    "sentence",
    "service_of",
    "sure",
    "taken_back",
]
