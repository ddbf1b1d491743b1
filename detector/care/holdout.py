"""Whom care leaves alone on purpose, so that what it does can be measured."""

from datetime import UTC, datetime
from hashlib import blake2b

from detector.care.decision_context import DecisionContext
from detector.care.notification import EMERGENCY
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.policy import HoldoutPolicy


def drawn(subscriber: str, holdout_policy: HoldoutPolicy) -> bool:
    """Whether the lot fell on this pseudonym: the same for ever under one name of the holdout, and for a share of all.

    >>> share = [drawn(f"sub_{n}", HoldoutPolicy(approved_by="a person", share=0.25)) for n in range(1000)]
    >>> 200 < sum(share) < 300, drawn("sub_1", HoldoutPolicy(share=1.0))
    (True, False)
    """
    if not holdout_policy.approved_by or not subscriber:
        return False
    digest = blake2b(subscriber.encode(), digest_size=8, key=holdout_policy.name.encode()[:64]).digest()
    return int.from_bytes(digest, "big") < holdout_policy.share * 2**64


def counts_for(incident: Incident, impact: Impact, holdout_policy: HoldoutPolicy, now: int) -> bool:
    """Whether anybody may be left out of this incident at all: not before the holdout began, not of an emergency, and not of
    an outage so large or long that everybody must be notified."""
    if not holdout_policy.approved_by or incident.severity == EMERGENCY or incident.opened_at < begins(holdout_policy):
        return False
    large = len(incident.cells) >= holdout_policy.notifiable_cells or impact.affected >= holdout_policy.notifiable_affected
    return not large and now - incident.started_at < holdout_policy.notifiable_minutes * 60


def begins(holdout_policy: HoldoutPolicy) -> int:
    """`since` in s; minus infinity where it is not set.

    >>> begins(HoldoutPolicy(since="1970-01-02"))
    86400
    """
    if not holdout_policy.since:
        return 0
    since = datetime.fromisoformat(holdout_policy.since)
    return int((since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp())


def held_out(subscriber: str, recipient: str, context: DecisionContext) -> bool:
    """Whether this line, or its recipient, was drawn; never the vulnerable, nor lines with a service level. Of a
    person who was drawn nobody else is notified either."""
    holdout_policy, both = context.care_policy.holdout, (subscriber, recipient)
    if not any(drawn(key, holdout_policy) for key in both):
        return False
    return not any(context.person(key).vulnerable for key in both) and not context.has_sla(*both)
