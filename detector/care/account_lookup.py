"""An account's own question: how many of our lines are affected? Never which place or hour of one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detector.care.consent import account_objected, objected
from detector.care.decision_context import DecisionContext
from detector.care.facts import facts_of
from detector.care.sentences import phrases_of, sentence
from detector.domain.customer import Account
from detector.domain.degradation import SEVERITIES
from detector.domain.impact import Listing, combined_risk
from detector.domain.incident import Incident


@dataclass(frozen=True, kw_only=True)
class AccountAnswer:
    """affected: yes, no or unknown (no such account, or withdrawn from analysis). `affected_lines`: expected number of the
    account's `lines`, those of accounts below it included, that an open incident touches, each counted once; `share` of all.
    `roles`: affected lines by role. `severity`: the highest of `incidents`, which are only counted. `say` by language."""

    affected: str
    kind: str = ""
    tier: str = ""
    sla: str = ""
    care_team: str = ""
    lines: int = 0
    affected_lines: float = 0.0
    share: float = 0.0
    roles: Mapping[str, float] = field(default_factory=dict)
    incidents: int = 0
    severity: str = ""
    say: Mapping[str, str] = field(default_factory=dict)


def account_lookup(
    account_key: str, *, context: DecisionContext, incidents: Sequence[Incident], listings: Sequence[Listing]
) -> AccountAnswer:
    """`listings`: current rows of the account's lines, `incidents` those that they name. Lines of people who withdrew
    `network_care_analysis` count among `lines` and are never affected. At least half a line makes it a yes."""
    customers = context.customers
    account = customers.accounts.get(account_key)
    lines = customers.lines.get(account_key, 0)
    ask = {"customers": customers, "purpose": "network_care_analysis", "at": context.now}
    if (account is None and not lines) or account_objected(account_key, **ask):  # type: ignore[arg-type]
        return AccountAnswer(
            affected="unknown", say={code: phrases_of(code).unsure for code in context.care_policy.languages}
        )
    touching = {i.incident_id: i for i in incidents if i.state == "open"}
    risk = combined_risk(
        one
        for one in listings
        if one.incident_id in touching and not objected(one.subscriber, **ask)  # type: ignore[arg-type]
    )
    affected = sum(risk.values())
    named = {one.incident_id for one in listings if one.subscriber in risk} & set(touching)
    grave = max((touching[name].severity for name in named), key=SEVERITIES.index, default="")
    yes = affected >= 0.5
    say = {code: _say(code, yes, [touching[name] for name in named], context) for code in context.care_policy.languages}
    account = account or Account(account_key, "")
    return AccountAnswer(
        affected="yes" if yes else "no",
        kind=account.kind,
        tier=account.tier,
        sla=account.sla,
        care_team=account.care_team,
        lines=lines,
        affected_lines=round(affected, 1),
        share=round(affected / lines, 3) if lines else 0.0,
        roles=_roles(account_key, risk, context),
        incidents=len(named),
        severity=grave,
        say=say,
    )


def _say(language: str, yes: bool, open_: Sequence[Incident], context: DecisionContext) -> str:
    """By the most important incident: public ones before works and silenced ones."""
    if not yes:
        return phrases_of(language).fine
    speaks = min(open_, key=lambda one: (one.silent, -SEVERITIES.index(one.severity), one.incident_id))
    return sentence(facts_of(speaks, now=context.now, timezone=context.timezone), language, to_person=False)


def _roles(account: str, risk: Mapping[str, float], context: DecisionContext) -> dict[str, float]:
    found: dict[str, float] = {}
    for person, chance in risk.items():
        for own, role in context.customers.roles_of.get(person, ()):
            if own == account:
                found[role] = found.get(role, 0.0) + chance
    return {role: round(lines, 1) for role, lines in sorted(found.items())}
