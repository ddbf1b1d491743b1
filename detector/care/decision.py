"""A person's decision, built in one place: what is proposed, or why nothing may be."""

from dataclasses import dataclass

from detector.care.decision_context import DecisionContext
from detector.care.reach import Reach
from detector.domain.alert import Decision


@dataclass(frozen=True, slots=True)
class Proposal:
    """An `action` by a `channel` and for a `team`, with what it offers; `rule` names why, also where nothing is proposed."""

    action: str = "none"
    channel: str = ""
    rule: str = ""
    team: str = ""
    offer: str = ""


NOTHING = Proposal()


def decision_of(
    incident_id: str,
    subscriber: str,
    way: Reach,
    context: DecisionContext,
    proposal: Proposal = NOTHING,
    *,
    decided_at: int | None = None,
) -> Decision:
    """The decision for this person, to whom `way` leads; decided now, or at `decided_at` (s)."""
    return Decision(
        incident_id=incident_id,
        subscriber=subscriber,
        contactable=not way.why_not,
        why_not=way.why_not,
        action=proposal.action,
        channel=proposal.channel,
        recipient=way.recipient,
        decided_at=context.now if decided_at is None else decided_at,
        rule=proposal.rule,
        team=proposal.team,
        offer=proposal.offer,
        risk=context.risk_of(subscriber),
    )
