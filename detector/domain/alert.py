"""What a receiver is told, and what was decided for each person."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

ALERT_TYPES = ("opened", "updated", "resolved")
WHY_NOT = ("no_consent", "withdrawn", "guardian", "quiet_hours", "cap", "holdout", "no_channel")


@dataclass(frozen=True, slots=True)
class Decision:
    """What care does for one listed person: `action` by `channel`, told to `recipient` (the person, or a minor's guardian);
    or why nothing may be sent (`why_not`, one of WHY_NOT)."""

    incident_id: str
    subscriber: str
    contactable: bool
    why_not: str
    action: str
    channel: str
    recipient: str
    decided_at: int
    rule: str = ""
    """Name of the rule that chose the action: why."""
    team: str = ""
    offer: str = ""
    """What a goodwill proposal proposes, as named in the configuration."""
    risk: float | None = None
    """Chance that this person complains, None = not estimated (no model, or no consent to profiling)."""


@dataclass(frozen=True)
class Alert:
    """One message about one incident: `data` is the CloudEvents body's data; times in s since the epoch of event time."""

    key: str
    incident_id: str
    type: str
    sequence: int
    severity: str
    time: int
    expires_at: int
    data: Mapping[str, Any]


def alert_key(incident_id: str, type_: str, sequence: int) -> str:
    """Deterministic: the same step of the same incident always has the same key, and no other step has it.

    >>> alert_key("inc_42", "opened", 1)
    'evt_550a38958ae3795e'
    """
    return "evt_" + sha256(f"{incident_id}\n{type_}\n{sequence}".encode()).hexdigest()[:16]
