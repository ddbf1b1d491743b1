"""Alerts to the manager of an affected account none of whose lines is notified by itself."""

from collections.abc import Sequence

from detector.care.consent import account_objected
from detector.care.decision_context import DecisionContext
from detector.care.holdout import counts_for, held_out
from detector.domain.alert import AccountDecision, Decision
from detector.domain.case import Case
from detector.domain.communication import ALL_CLEAR
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import Incident

PURPOSES = ("network_care_analysis", "proactive_contact")


def decide_accounts(
    incident: Incident, impact: Impact, service: str, decided: Sequence[Decision], context: DecisionContext
) -> tuple[AccountDecision, ...]:
    """By the rules `of = "account"`, for accounts none of whose lines anything is done for. Lines that are held out do not
    count, so that nothing about them is revealed this way; an account that withdrew consent is not contacted. The manager
    gets counts, never a line. An account that was notified gets the all-clear."""
    if incident.silent or incident.state == "merged":
        return ()
    if incident.state != "open":
        return _all_clear(incident, context)
    accounts_of = context.customers.accounts_of
    spoken_for = {account for one in decided if one.action != "none" for account in accounts_of.get(one.subscriber, ())}
    unseen = _held_out(incident, impact, context)
    notified = {
        row.recipient for row in context.contact_history.notified(incident.incident_id) if not row.subscriber
    }  # its story goes on
    found = []
    for account in impact.accounts:
        if account.account in spoken_for and account.account not in notified:
            continue
        one = _decision(incident, impact, account, service, unseen.get(account.account, 0.0), context)
        found += [one] if one is not None else []
    return tuple(found)


def _decision(
    incident: Incident, impact: Impact, account: AccountImpact, service: str, unseen: float, context: DecisionContext
) -> AccountDecision | None:
    case = Case(
        incident=incident,
        service=service,
        account=context.customers.accounts.get(account.account),
        roles=[role for role, _ in account.roles],
        places=context.places(incident),
        lines=account.lines,
        affected_lines=max(0, round(account.affected_lines - unseen)),
    )
    rules = (rule for rule in context.rules if rule.of == "account" and rule.at == "open")
    rule = next((rule for rule in rules if rule.matches(case)), None)
    if rule is None:
        return None
    asks = {"customers": context.customers, "at": context.now}
    objects = any(account_objected(account.account, purpose=purpose, **asks) for purpose in PURPOSES)  # type: ignore[arg-type]
    action = "none" if objects else rule.action
    return AccountDecision(
        incident_id=incident.incident_id,
        account=account.account,
        action=action,
        team=context.team(account.account, rule),
        rule=rule.name,
        why_not="withdrawn" if objects else "",
        decided_at=context.now,
    )


def _all_clear(incident: Incident, context: DecisionContext) -> tuple[AccountDecision, ...]:
    notified = [row for row in context.contact_history.notified(incident.incident_id) if not row.subscriber]
    known = context.customers.accounts
    return tuple(
        AccountDecision(
            incident_id=incident.incident_id,
            account=row.recipient,
            action=ALL_CLEAR,
            team=known[row.recipient].care_team if row.recipient in known else "",
            rule="(all clear)",
            why_not="",
            decided_at=context.now,
        )
        for row in notified
    )


def _held_out(incident: Incident, impact: Impact, context: DecisionContext) -> dict[str, float]:
    """Account -> expected affected lines of it that are held out."""
    found: dict[str, float] = {}
    if not counts_for(incident, impact, context.care_policy.holdout, context.now):
        return found
    for person in impact.people:
        if held_out(person.subscriber, person.subscriber, context):
            for account in context.customers.accounts_of.get(person.subscriber, ()):
                found[account] = found.get(account, 0.0) + person.probability
    return found
