"""The stage: an assessed incident to what care does for each person, for each account, and once it is over."""

from dataclasses import replace

from detector.care.account_alerts import decide_accounts
from detector.care.decision_context import DecisionContext
from detector.care.person_decisions import decide_people
from detector.care.resolution import conclude, follow_up
from detector.domain.alert import Decision
from detector.domain.assessment import Assessment


def decide(one: Assessment, context: DecisionContext) -> Assessment:
    """The assessment with its decisions: one for each person listed or notified before, those for accounts, and
    follow-ups."""
    incident, found, service = one.incident, one.impact, one.service
    follow_ups: tuple[Decision, ...] = ()
    if incident.state == "open":
        decisions = decide_people(incident, found, service, context)
    else:
        decisions = conclude(incident, found, context)
        follow_ups = follow_up(incident, found, service, decisions, context)
    accounts = decide_accounts(incident, found, service, decisions, context)
    return replace(one, decisions=decisions, accounts=accounts, follow_ups=follow_ups)
