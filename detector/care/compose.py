"""What a care team is told about an incident: counts and opaque references, never a person."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from detector.care.account_part import account_part
from detector.care.change import what_changed
from detector.care.privacy import shown, steady, steady_interval
from detector.care.say import phrases_of, sentence, spoken_length, spoken_time
from detector.care.trouble import SERVICES, surest_first, trouble_of
from detector.domain.alert import WHY_NOT, AccountDecision, Alert, Decision, alert_key
from detector.domain.communication import ALL_CLEAR
from detector.domain.degradation import Degradation
from detector.domain.impact import AccountImpact, Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import LEVEL, Breach, Outlook
from detector.domain.policy import CarePolicy, ImpactPolicy
from detector.domain.window import utc

CATEGORY = "serviceProvider.networkDegradation"
STATUS = {"opened": "Acknowledged", "updated": "In Progress", "resolved": "Resolved"}
"""TMF656 v4 status of each type of alert."""
CONSENT_REASONS = ("no_consent", "withdrawn", "guardian")
BODY_LIMIT = 18_000
"""Bytes of `data`: with the envelope a body stays under the 20 kB of Standard Webhooks."""
LIST_CAP = 50
REASON_CAP = 500
_IMPORTANCE = {"critical": 100, "major": 75, "minor": 50, "warning": 25}


@dataclass(frozen=True)
class _Step:
    """What there is to tell at this step; `own` are the incident's degradations, the surest first."""

    incident: Incident
    own: tuple[Degradation, ...]
    impact: Impact
    decisions: Sequence[Decision]
    type_: str
    now: int
    kpis: Mapping[str, Kpi]
    policy: CarePolicy
    floor: int
    timezone: str
    before: Mapping[str, Any]
    outlook: Outlook | None
    accounts: Sequence[AccountDecision]
    follow_ups: Sequence[Decision]

    @property
    def merged_into(self) -> str:
        return self.incident.suppressed_reason.removeprefix("merged:") if self.incident.state == "merged" else ""

    @property
    def withdrawn(self) -> bool:
        return self.incident.withdrawn_at is not None

    @property
    def trouble(self) -> str:
        return trouble_of(self.incident, self.own[0] if self.own else None)

    @property
    def resolved(self) -> int | None:
        """An incident that went on as part of another has not ended; one that was a false alarm never began."""
        ended = self.type_ == "resolved" and not self.merged_into and not self.withdrawn
        return (self.incident.resolved_at or self.now) if ended else None


def compose(
    incident: Incident, degradations: Sequence[Degradation], impact: Impact, decisions: Sequence[Decision], *, type_: str,
    sequence: int, now: int, kpis: Mapping[str, Kpi], policy: CarePolicy, impact_policy: ImpactPolicy, link_base: str,
    timezone: str = "UTC", before: Mapping[str, Any] | None = None, outlook: Outlook | None = None,
    accounts: Sequence[AccountDecision] = (), follow_ups: Sequence[Decision] = (),
) -> Alert:  # fmt: skip
    """The alert of this step of the incident; `type_` is opened, updated or resolved. `data` as in CONTRACTS.md section 5.

    Counts of people follow privacy.shown. Lists are cut so that the body stays small; `...NotListed` says how many are
    left out. Times in `say` are local to `timezone`; a minor's guardian is told lookup's sentence instead. `before`: `data`
    of the last alert of this incident, so that an update says what changed. An incident merged into another is closed as
    its part, not as solved, and one that corrected data withdrew as a false alarm, of which there is no evidence.
    """
    own = sorted((d for d in degradations if d.degradation_id in incident.degradation_ids), key=surest_first)
    step = _Step(
        incident, tuple(own), impact, decisions, type_, now, kpis, policy, impact_policy.privacy_floor, timezone,
        before or {}, outlook, accounts, follow_ups,
    )  # fmt: skip
    caps = (LIST_CAP >> halved for halved in range(LIST_CAP.bit_length() + 1))
    bodies = (_data(step, link_base, cap) for cap in caps)
    data = next(body for body in bodies if len(json.dumps(body).encode()) <= BODY_LIMIT)
    return Alert(
        alert_key(incident.incident_id, type_, sequence), incident.incident_id, type_, sequence, incident.severity, now,
        now + policy.alert_ttl_hours * 3600, data,
    )  # fmt: skip


def _data(step: _Step, link_base: str, cap: int) -> dict[str, Any]:
    path = f"{link_base.rstrip('/')}/v1/incidents/{step.incident.incident_id}"
    data: dict[str, Any] = {
        "serviceProblem": _service_problem(step, cap),
        "evidence": [] if step.withdrawn else [_evidence(d) for d in step.own[: min(cap, 20)]],
        "impact": _impact(step, min(cap, 20)),
        "action": _action(step),
        "say": {language: _say(step, language) for language in step.policy.languages},
        "confidence": round(step.incident.confidence, 3),
        "expected": _expected(step),
        "links": {"affected": f"{path}/affected", "feedback": f"{path}/feedback"},
    }
    if step.incident.reason:
        data["explanation"] = _cut(step.incident.reason)
    if step.type_ == "updated" and (changed := what_changed(step.before, data)):
        data["serviceProblem"]["statusChangeReason"] = _cut(changed)
    return data


def _say(step: _Step, language: str) -> str:
    incident = step.incident
    return sentence(
        language, step.trouble, timezone=step.timezone, now=step.now, since=incident.started_at,
        clear=incident.expected_clear_at, resolved=step.resolved, works_until=incident.works_until, withdrawn=step.withdrawn,
    )  # fmt: skip


def _service_problem(step: _Step, cap: int) -> dict[str, Any]:
    incident, cells = step.incident, step.incident.cells
    why = incident.reason or (reason(step.own[0], step.kpis) if step.own else incident.kind)
    problem: dict[str, Any] = {
        "id": incident.incident_id, "category": CATEGORY, "priority": incident.priority,
        "impactImportanceFactor": _importance(incident, step.impact, step.floor), "status": STATUS[step.type_],
        "reason": _cut(why.partition("; ")[0]), "affectedResource": [{"id": f"cell:{cell}"} for cell in cells[:cap]],
        "rootCauseResource": [{"id": f"{incident.root_kind}:{incident.root_id}"}],
        "affectedService": [{"id": service} for service in SERVICES[step.trouble]],
        "timeRaised": _iso(incident.started_at),
    }  # fmt: skip
    if len(cells) > cap:
        problem["affectedResourceNotListed"] = len(cells) - cap
    if incident.alarm_id:
        problem["underlyingAlarm"] = [{"id": incident.alarm_id}]
    if incident.ticket_id:
        problem["associatedTroubleTicket"] = [{"id": incident.ticket_id}]
    if step.resolved is not None:
        problem["resolutionDate"] = _iso(step.resolved)
    if step.merged_into:
        problem |= {
            "status": "Closed", "parentProblem": [{"id": step.merged_into}],
            "statusChangeReason": f"continues as part of {step.merged_into}",
        }  # fmt: skip
    elif step.withdrawn:
        problem |= {"status": "Closed", "statusChangeReason": "withdrawn: data that came late show no degradation"}
    elif step.resolved is not None:
        problem["statusChangeReason"] = f"over after {spoken_length(step.resolved - incident.started_at)}"
    elif incident.works_until is not None:
        until = spoken_time(incident.works_until, step.now, step.timezone, phrases_of("en"))
        problem["statusChangeReason"] = f"works planned until {until} overrun"
    return problem


def _cut(text: str) -> str:
    return text if len(text) <= REASON_CAP else text[: REASON_CAP - 1] + "…"


def reason(degradation: Degradation, kpis: Mapping[str, Kpi]) -> str:
    """The leading KPI in a person's words: a share in per cent, anything else in the catalogue's unit."""
    kpi = kpis.get(degradation.kpi)
    title = kpi.title if kpi and kpi.title else degradation.kpi
    if kpi is None or kpi.kind == "ratio":
        return f"{title} {100 * degradation.observed:.1f} %, expected {100 * degradation.expected:.1f} %"
    return f"{title} {degradation.observed:.4g} {kpi.unit}, expected {degradation.expected:.4g} {kpi.unit}"


def _importance(incident: Incident, impact: Impact, floor: int) -> str:
    """ "0" to "100": severity, up to half of it lost when few are affected; from shown counts only."""
    affected = shown(impact.affected, floor) or 0
    reach = min(len(str(affected)) / 4, 1.0) if affected else 0.0
    return str(round(_IMPORTANCE[incident.severity] * (0.5 + 0.5 * reach)))


def _evidence(d: Degradation) -> dict[str, Any]:
    return {
        "kpi": d.kpi, "object": d.object_id, "numerator": _number(d.numerator), "denominator": _number(d.denominator),
        "expected": _number(d.expected), "observed": _number(d.observed), "periods": d.periods,
    }  # fmt: skip


def _number(value: float) -> float | int | None:
    """JSON knows no NaN; whole counts stay whole."""
    if not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def _impact(step: _Step, cap: int) -> dict[str, Any]:
    impact, floor, said = step.impact, step.floor, step.before.get("impact", {})
    affected = steady(impact.affected, last_said(said, "affected"), floor)
    interval = steady_interval(impact.affected_low, impact.affected_high, said.get("affectedInterval"), floor)
    accounts = [a for a in impact.accounts if a.affected_lines >= floor]
    told: dict[str, Any] = {
        "exposed": steady(impact.exposed, last_said(said, "exposed"), floor), "affected": affected,
        "affectedInterval": None if affected is None else interval,
        **left_out([d.why_not for d in step.decisions], sum(d.contactable for d in step.decisions), floor, said),
        "accounts": [_account(a, step) for a in accounts[:cap]],
    }  # fmt: skip
    if len(accounts) > cap:
        told["accountsNotListed"] = len(accounts) - cap
    return _noted(told, floor)


def recounted(told: Mapping[str, Any], reasons: Sequence[str], contactable: int, floor: int) -> dict[str, Any]:
    """An alert's `impact` with those who are left out by now."""
    return _noted({**told, **left_out(reasons, contactable, floor, told)}, floor)


def _noted(told: dict[str, Any], floor: int) -> dict[str, Any]:
    if None in told.values():
        told["note"] = f"null: under {floor}, withheld"
    return told


def last_said(said: Mapping[str, Any], name: str) -> Sequence[int | None]:
    """What the last alert's `impact` said of this count, if there was one."""
    return [said[name]] if name in said else []


def left_out(
    reasons: Sequence[str], contactable: int, floor: int, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:  # fmt: skip
    """How many are not contacted, and why: `withheld` by reason of WHY_NOT, one under the floor has no entry, as if it were
    nobody's. The same that an alert says at the moment when it is sent. `said`: the last alert's `impact`.

    >>> left_out(["no_consent"] * 7 + ["cap"] * 3 + [""] * 20, 20, 5)
    {'suppressedByConsent': 5, 'contactable': 20, 'withheld': {'no_consent': 5}}
    """
    counts, before = Counter(reasons), said or {}
    last = {reason: [n] for reason, n in before["withheld"].items()} if "withheld" in before else {}
    nothing = [None] if "withheld" in before else []
    told = {reason: steady(counts[reason], last.get(reason, nothing), floor) for reason in WHY_NOT}
    suppressed = sum(counts[reason] for reason in CONSENT_REASONS)
    return {
        "suppressedByConsent": steady(suppressed, last_said(before, "suppressedByConsent"), floor),
        "contactable": steady(contactable, last_said(before, "contactable"), floor),
        "withheld": {reason: n for reason, n in told.items() if n is not None},
    }


def _account(account: AccountImpact, step: _Step) -> dict[str, Any]:
    mine = next((one for one in step.accounts if one.account == account.account and one.action != "none"), None)
    told = account_part(account, step.floor)
    return told if mine is None else told | {"action": {"kind": mine.action, "team": mine.team}}


def _action(step: _Step) -> dict[str, Any]:
    """The action most people get, and the care team of most affected people; where no person gets any, an account's. With
    what follows an all-clear: how many get what."""
    impact, policy, decisions = step.impact, step.policy, step.decisions
    actions = Counter(d.action for d in decisions if d.action != "none")
    kind = min(actions, key=lambda action: (-actions[action], action)) if actions else "none"
    visible = {a.account for a in impact.accounts if a.affected_lines >= step.floor}
    whole = [one for one in step.accounts if one.action != "none" and (one.account in visible or one.action == ALL_CLEAR)]
    if not actions and whole:
        return {"kind": whole[0].action, "team": whole[0].team}
    kinds = {a.account: a.kind for a in impact.accounts}
    own_teams = {a.account: a.care_team for a in impact.accounts}
    by_rule = {d.subscriber: d.team for d in decisions if d.team}
    weight: Counter[str] = Counter()
    for person in impact.people:
        own = by_rule.get(person.subscriber) or own_teams.get(person.account)
        weight[own or _team(kinds.get(person.account, ""), policy)] += round(1000 * person.probability)
    team = min(weight, key=lambda name: (-weight[name], name)) if weight else _team("", policy)
    counts = Counter(d.action for d in step.follow_ups)
    following = {name: n for name in sorted(counts) if (n := shown(counts[name], step.floor)) is not None}
    return {"kind": kind, "team": team} | ({"followUp": following} if following else {})


def _team(kind: str, policy: CarePolicy) -> str:
    return next((team for which, team in policy.teams if which in (kind, "*")), "")


def _expected(step: _Step) -> dict[str, Any]:
    """The ticket's promise while it is still to come, else our own estimate with its interval; nothing of what is over."""
    incident, ours = step.incident, step.outlook
    told: dict[str, Any] = {"clear": None}
    if (promised := incident.promised_clear(step.now)) is not None:
        told = {"clear": _iso(promised), "source": incident.expected_clear_source or "estimate"}
    elif ours is not None and step.type_ != "resolved":
        told = {"clear": _iso(ours.clear_at), "source": "estimate"}
        told |= {"low": _iso(ours.clear_low), "high": _iso(ours.clear_high), "level": LEVEL}
    breaches = ours.breaches if ours is not None and step.type_ != "resolved" else ()
    return told | ({"graver": [_graver(one) for one in breaches]} if breaches else {})


def _graver(breach: Breach) -> dict[str, Any]:
    sides = {"at": breach.at, "low": breach.low, "high": breach.high}
    times = {side: None if at is None else _iso(at) for side, at in sides.items()}
    named = {"object": breach.object_id, "kpi": breach.kpi, "severity": breach.severity}
    return named | {"limit": _number(breach.limit)} | times


def _iso(at: int) -> str:
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
