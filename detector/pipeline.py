"""The stages of one tick, in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from detector import care, degradations, impact, incidents, kpis, outlook, scoring
from detector.care import Situation
from detector.degradations import Tracked
from detector.domain.alert import AccountDecision, Alert, Decision
from detector.domain.communication import Heard
from detector.domain.counters import CounterBatch
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band, Evidence, EwmaState
from detector.domain.experience import CustomerHistory
from detector.domain.exposure import Habit, Presence
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.outlook import Breach, Outlook
from detector.domain.policy import CarePolicy, DetectionPolicy, ImpactPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.rule import Rule
from detector.kpis import Catalogue
from detector.outlook import Lasting
from detector.scoring import Baseline


def measure(
    batches: Iterable[CounterBatch], catalogue: Catalogue, reference: Reference, findings: Findings
) -> Mapping[int, KpiFrame]:
    """Counters to KPIs: frames by duration."""
    return kpis.compute(batches, catalogue, reference.topology, findings, tick_s=reference.operator.tick_s)


def score(
    recent: KpiFrame,
    baseline: Baseline,
    reference: Reference,
    expected: Sequence[str],
    policy: DetectionPolicy,
    before: EwmaState | None = None,
) -> Evidence:
    """KPIs to evidence: the last period of `recent`, and what is remembered from before, against what was expected."""
    return scoring.score(
        recent,
        baseline,
        expected_objects=expected,
        topology=reference.topology,
        timezone=reference.operator.timezone,
        policy=policy,
        operations=reference.operations,
        before=before,
    )


def decide(
    evidence: Evidence,
    raised: Sequence[Degradation],
    open_: Sequence[Incident],
    reference: Reference,
    catalogue: Catalogue,
    detection: DetectionPolicy,
    correlation: IncidentPolicy,
    *,
    now: int,
    missing: Mapping[str, int],
) -> tuple[Tracked, tuple[Incident, ...]]:
    """Evidence to degradations to incidents; what other durations raised stays as it is. Objects that sent nothing say
    nothing, whatever their last values were. `raised`: what is open or was lately, and each member of the incidents `open_`.
    """
    evidence = evidence.of_reporting
    mine = [d for d in raised if d.duration_s == evidence.tick.duration_s and d.remembered(evidence.tick.start)]
    others = [d for d in raised if d.open and d.duration_s != evidence.tick.duration_s]
    topology, operations = reference.topology, reference.operations
    tracked = degradations.track(
        evidence, mine, now=now, topology=topology, operations=operations, policy=detection, seen_missing=missing
    )
    now_known = {d.degradation_id for d in (*tracked.degradations, *others)}
    changed = incidents.correlate(
        open_,
        [*tracked.degradations, *others],
        topology=topology,
        operations=operations,
        now=now,
        tick=evidence.tick,
        objects_testable=len(evidence.objects),
        policy=correlation,
        kpis={k.id: k for k in catalogue.kpis},
        evidence=evidence,
        past=[d for d in raised if d.degradation_id not in now_known],
    )
    over = [d for d in incidents.end_with(others, changed) if not d.open]
    return replace(tracked, degradations=(*incidents.end_with(tracked.degradations, changed), *over)), changed


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """One incident with everyone it touches and what care does about it."""

    incident: Incident
    impact: Impact
    decisions: tuple[Decision, ...]
    outlook: Outlook | None = None
    accounts: tuple[AccountDecision, ...] = ()
    follow_ups: tuple[Decision, ...] = ()
    """What the rules ask for once it is over."""
    service: str = ""
    """What a customer would say is wrong."""


def assess(
    incident: Incident,
    shown: Sequence[Degradation],
    habit: Habit,
    presence: Presence,
    reference: Reference,
    catalogue: Catalogue,
    listing: ImpactPolicy,
    situation: Situation,
) -> Assessed:
    """An incident to the people behind it, to a decision for each; `situation`: by what care decides, at its `now`."""
    return approach(weigh(incident, shown, habit, presence, reference, catalogue, listing, now=situation.now), situation)


def weigh(
    incident: Incident,
    shown: Sequence[Degradation],
    habit: Habit,
    presence: Presence,
    reference: Reference,
    catalogue: Catalogue,
    listing: ImpactPolicy,
    *,
    now: int,
    outlook: Outlook | None = None,
) -> Assessed:
    """An incident to the people behind it, till it is likely to end by its `outlook`; nothing is decided yet."""
    found = impact.assess(
        incident,
        shown,
        habit=habit,
        presence=presence,
        topology=reference.topology,
        customers=reference.customers,
        now=now,
        timezone=reference.operator.timezone,
        policy=listing,
        kpis={k.id: k for k in catalogue.kpis},
        outlook=outlook,
    )
    return Assessed(incident=incident, impact=found, decisions=(), outlook=outlook, service=care.service_of(incident, shown))


def circumstances(
    reference: Reference,
    caring: CarePolicy,
    rules: Sequence[Rule],
    *,
    now: int,
    heard: Heard | None = None,
    risk: Mapping[str, float] | None = None,
    history: Mapping[str, CustomerHistory] | None = None,
) -> Situation:
    """By what care decides: who is known, what they have `heard`, what is known of each person's `risk` and `history`."""
    return Situation(
        customers=reference.customers,
        timezone=reference.operator.timezone,
        now=now,
        policy=caring,
        rules=rules,
        heard=heard or Heard(),
        country=reference.operator.country,
        topology=reference.topology,
        risk=risk or {},
        history=history or {},
    )


def approach(one: Assessed, situation: Situation) -> Assessed:
    """What care does for each person, for each account, and once it is over."""
    incident, service = one.incident, one.service
    if incident.state == "open":
        decisions = care.decide(incident, one.impact, service, situation)
        follow_ups: tuple[Decision, ...] = ()
    else:
        decisions = care.conclude(incident, one.impact, situation)
        follow_ups = care.follow_up(incident, one.impact, service, decisions, situation)
    accounts = care.decide_accounts(incident, one.impact, service, decisions, situation)
    return replace(one, decisions=decisions, follow_ups=follow_ups, accounts=accounts)


def foresee(incident: Incident, lasting: Lasting, breaches: Sequence[Breach] = (), *, now: int) -> Outlook | None:
    """An open incident to when it is expected to clear; `lasting`: `outlook.learn_lasting` of the network's incidents."""
    return outlook.foresee(incident, lasting, breaches, now=now)


def breaches(drifting: Sequence[Band], *, now: int) -> tuple[Breach, ...]:
    """The last days of drifting KPIs to when each turns graver."""
    found = (outlook.breach_of(band, degradations.steps_of(band.kpi), made_at=now) for band in drifting)
    return tuple(one for one in found if one is not None)


def tell(
    assessed: Assessed,
    shown: Sequence[Degradation],
    catalogue: Catalogue,
    listing: ImpactPolicy,
    caring: CarePolicy,
    *,
    type_: str,
    sequence: int,
    now: int,
    timezone: str,
    link_base: str,
    before: Mapping[str, Any] | None = None,
) -> Alert:
    """What a care team is told of it; `before`: what it was told last."""
    return care.compose(
        assessed.incident,
        shown,
        assessed.impact,
        assessed.decisions,
        type_=type_,
        sequence=sequence,
        now=now,
        kpis={k.id: k for k in catalogue.kpis},
        policy=caring,
        impact_policy=listing,
        link_base=link_base,
        timezone=timezone,
        before=before,
        outlook=assessed.outlook,
        accounts=assessed.accounts,
        follow_ups=assessed.follow_ups,
    )
