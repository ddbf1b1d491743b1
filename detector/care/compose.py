"""The alert to a care team about an incident: counts and opaque references, never a person."""

import json
from collections import Counter
from typing import Any

from detector.care.alert_context import AlertContext, cut, number
from detector.care.change import what_changed
from detector.care.facts import OPEN, WITHDRAWN
from detector.care.impact_part import impact_part
from detector.care.privacy import shown
from detector.care.sentences import sentence
from detector.care.service_problem import service_problem
from detector.domain.alert import Alert, alert_key
from detector.domain.communication import ALL_CLEAR
from detector.domain.degradation import Degradation
from detector.domain.outlook import LEVEL, Breach
from detector.domain.policy import CarePolicy
from detector.domain.window import iso

BODY_LIMIT = 18_000
"""Bytes of `data`: with the envelope a body stays under the 20 kB of Standard Webhooks (CONTRACTS.md section 5)."""
LIST_CAP = 50
"""Entries of a list in an alert. Chosen: with all lists full a body stays under its limit."""


def compose(context: AlertContext) -> Alert:
    """The alert of this type for the incident. `data` as in CONTRACTS.md section 5.

    Counts of people follow privacy.shown. Lists are cut so that the body stays small; `...NotListed` counts those that are
    left out. Times in `say` are local to the operator's timezone; a minor's guardian gets the sentence of the lookup
    instead. An incident merged into another is closed as its part, not as solved, and one that corrected data withdrew as a
    false alarm, of which there is no evidence.
    """
    incident, now = context.incident, context.now
    caps = (LIST_CAP >> halved for halved in range(LIST_CAP.bit_length() + 1))
    bodies = (_data(context, cap) for cap in caps)
    data = next(body for body in bodies if len(json.dumps(body).encode()) <= BODY_LIMIT)
    return Alert(
        key=alert_key(incident.incident_id, context.type_, context.sequence),
        incident_id=incident.incident_id,
        type=context.type_,
        sequence=context.sequence,
        severity=incident.severity,
        time=now,
        expires_at=now + context.care_policy.alert_ttl_hours * 3600,
        data=data,
    )


def _data(context: AlertContext, cap: int) -> dict[str, Any]:
    path = f"{context.link_base.rstrip('/')}/v1/incidents/{context.incident.incident_id}"
    data: dict[str, Any] = {
        "serviceProblem": service_problem(context, cap),
        "evidence": [] if context.facts.state == WITHDRAWN else [_evidence(d) for d in context.shown[: min(cap, 20)]],
        "impact": impact_part(context, min(cap, 20)),
        "action": _action(context),
        "say": {language: sentence(context.facts, language) for language in context.care_policy.languages},
        "confidence": round(context.incident.confidence, 3),
        "expected": _expected(context),
        "timezone": context.timezone,
        "links": {"affected": f"{path}/affected", "feedback": f"{path}/feedback"},
    }
    if context.incident.reason:
        data["explanation"] = cut(context.incident.reason)
    if context.type_ == "updated" and (changed := what_changed(context.before, data, context.facts)):
        data["serviceProblem"]["statusChangeReason"] = cut(changed)
    return data


def _evidence(d: Degradation) -> dict[str, Any]:
    """The figures that the reason states."""
    one = d.reading
    return {
        "kpi": d.kpi,
        "object": d.object_id,
        "numerator": number(one.numerator),
        "denominator": number(one.denominator),
        "expected": number(one.expected),
        "observed": number(one.observed),
        "periods": one.periods,
    }


def _action(context: AlertContext) -> dict[str, Any]:
    """The action most people get, and the care team of most of those (of most affected people while nobody gets any); where
    no person gets any, an account's. With what follows an all-clear: how many get what."""
    impact, care_policy, decisions = context.impact, context.care_policy, context.assessment.decisions
    actions = Counter(d.action for d in decisions if d.action != "none")
    kind = min(actions, key=lambda action: (-actions[action], action)) if actions else "none"
    visible = {a.account for a in impact.accounts if a.affected_lines >= context.privacy_floor}
    whole = [
        one
        for one in context.assessment.accounts
        if one.action != "none" and (one.account in visible or one.action == ALL_CLEAR)
    ]
    if not actions and whole:
        return {"kind": whole[0].action, "team": whole[0].team}
    kinds = {a.account: a.kind for a in impact.accounts}
    own_teams = {a.account: a.care_team for a in impact.accounts}
    by_rule = {d.subscriber: d.team for d in decisions if d.team}
    weight: Counter[str] = Counter()
    meant = {d.subscriber for d in decisions if d.action == kind}
    for person in (one for one in impact.people if one.subscriber in meant or not actions):
        own = by_rule.get(person.subscriber) or own_teams.get(person.account)
        weight[own or _team(kinds.get(person.account, ""), care_policy)] += round(1000 * person.probability)
    team = min(weight, key=lambda name: (-weight[name], name)) if weight else _team("", care_policy)
    counts = Counter(d.action for d in context.assessment.follow_ups)
    following = {name: n for name in sorted(counts) if (n := shown(counts[name], context.privacy_floor)) is not None}
    return {"kind": kind, "team": team} | ({"followUp": following} if following else {})


def _team(kind: str, care_policy: CarePolicy) -> str:
    return next((team for which, team in care_policy.teams if which in (kind, "*")), "")


def _expected(context: AlertContext) -> dict[str, Any]:
    """The ticket's promise while it is still to come, else our own estimate with its interval; nothing of what is over."""
    ours = context.assessment.outlook if context.facts.state == OPEN else None
    expected: dict[str, Any] = {"clear": None}
    if context.facts.clear is not None:
        expected = {"clear": iso(context.facts.clear), "source": context.incident.expected_clear_source or "estimate"}
    elif ours is not None:
        expected = {"clear": iso(ours.clear_at), "source": "estimate"}
        expected |= {"low": iso(ours.clear_low), "high": iso(ours.clear_high), "level": LEVEL}
    breaches = ours.breaches if ours is not None else ()
    return expected | ({"graver": [_breach(one) for one in breaches]} if breaches else {})


def _breach(breach: Breach) -> dict[str, Any]:
    sides = {"at": breach.at, "low": breach.low, "high": breach.high}
    times = {side: None if at is None else iso(at) for side, at in sides.items()}
    named = {"object": breach.object_id, "kpi": breach.kpi, "severity": breach.severity}
    return named | {"limit": number(breach.limit)} | times
