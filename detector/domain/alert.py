"""An alert for a receiver, and what was decided for each person."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

ALERT_TYPES = ("opened", "updated", "resolved")
WHY_NOT = ("no_consent", "withdrawn", "guardian", "quiet_hours", "cap", "holdout", "no_channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What care does for one listed person: `action` by `channel`, addressed to `recipient` (the person, or a minor's
    guardian); or why nothing may be sent (`why_not`, one of WHY_NOT)."""

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

    @property
    def proposed(self) -> bool:
        """Care proposes an action for this person, who may be contacted."""
        return self.contactable and self.action != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDecision:
    """What care does for an account as a whole: `action` by its `team`; or why it does nothing (`why_not`). It is stated in
    counts, under no name but the account's."""

    incident_id: str
    account: str
    action: str
    team: str
    rule: str
    why_not: str
    decided_at: int

    @property
    def recipient(self) -> str:
        return self.account

    @property
    def subscriber(self) -> str:
        """Nobody."""
        return ""

    @property
    def channel(self) -> str:
        return ""

    @property
    def offer(self) -> str:
        return ""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One message about one incident: `data` is the CloudEvents body's data; times in s since the epoch of event time.

    `type` is one of ALERT_TYPES, or the whole name of an event that is about no incident (`operations.feed.silent.v1`);
    then `incident_id` names what it is about (`feed/ems-north`).
    """

    key: str
    incident_id: str
    type: str
    sequence: int
    severity: str
    time: int
    expires_at: int
    data: Mapping[str, Any]

    @property
    def event_type(self) -> str:
        """The CloudEvents type."""
        return f"care.incident.{self.type}.v1" if self.type in ALERT_TYPES else self.type

    @property
    def subject(self) -> str:
        return f"incident/{self.incident_id}" if self.type in ALERT_TYPES else self.incident_id


def alert_key(incident_id: str, type_: str, sequence: int) -> str:
    """Deterministic: the same step of the same incident always has the same key, and no other step has it.

    >>> alert_key("inc_42", "opened", 1)
    'evt_550a38958ae3795e'
    """
    return "evt_" + sha256(f"{incident_id}\n{type_}\n{sequence}".encode()).hexdigest()[:16]
