"""Retention: subscriber data first, then what refers to it, then history."""

from detector.domain.policy import RetentionPolicy
from detector.store import Store

_DAY = 86_400


def prune(store: Store, policy: RetentionPolicy, *, now: float, wall_now: float) -> dict[str, int]:
    """Delete what is older than its retention; returns how much went, by kind."""
    gone = {"attachments": store.presence.prune(int(now) - policy.attachments_days * _DAY)}
    gone |= store.notes.prune(
        affected_before=int(now) - policy.affected_days * _DAY,
        deliveries_before=wall_now - policy.deliveries_days * _DAY,
        audit_before=wall_now - policy.audit_days * _DAY,
    )
    store.history.compact(before=int(now) - _DAY)
    gone["kpi"] = store.history.prune(int(now) - policy.kpi_days * _DAY, untouched_since=wall_now - _DAY)
    return gone
