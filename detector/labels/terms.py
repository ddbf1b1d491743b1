"""Causes, places, states and reasons in an operator's words."""

from collections.abc import Mapping

from detector.domain.degradation_kind import DEGRADATION_KINDS
from detector.domain.incident import Suppression

PLACES: Mapping[str, str] = {
    "cell": "cell",
    "site": "site",
    "node": "base station",
    "edge": "transport",
    "tac": "tracking area",
    "region": "region",
    "software": "software release",
    "nf": "core function",
    "network": "the whole network",
}
SUPPRESSED: Mapping[Suppression, str] = {"maintenance": "declared maintenance", "silenced": "silenced by an operator"}
BADGES: Mapping[str, str] = {"open": "ongoing", "over": "resolved", "merged": "merged", "withdrawn": "false alarm"}
"""States of an incident (care.facts), in a word."""
HELD: Mapping[str, str] = {
    "unsure": "not sure enough yet",
    "capacity": "its team has no room this hour",
    "late": "its team had no room in time",
}
"""Why no care team is notified of an incident yet."""
WITHHELD: Mapping[str, str] = {
    "no_consent": "gave no consent",
    "withdrawn": "withdrew consent",
    "guardian": "minors without a reachable guardian",
    "quiet_hours": "quiet hours now",
    "cap": "contacted enough this week",
    "holdout": "comparison group",
    "no_channel": "no channel to reach them",
}
VERDICTS: Mapping[str, str] = {
    "confirmed": "confirmed",
    "false_alarm": "false alarm",
    "wrong_cause": "wrong cause",
    "resolved_for_customer": "resolved for the customer",
    "not_resolved_for_customer": "not resolved for the customer",
}
"""Feedback of care teams on an incident (domain.feedback)."""
ACCOUNT_KINDS: Mapping[str, str] = {
    "consumer": "private",
    "family": "family",
    "enterprise": "business",
    "government": "public authority",
}


def headline(kind: str, root_kind: str, root_id: str) -> str:
    """
    >>> headline("accessibility", "site", "s010"), headline("core", "network", "*")
    ('Connections fail at site s010', 'Core network trouble in the whole network')
    """
    return f"{DEGRADATION_KINDS[kind].title} {'in' if root_kind == 'network' else 'at'} {place(root_kind, root_id)}"


def place(root_kind: str, root_id: str) -> str:
    words = PLACES.get(root_kind, root_kind)
    return words if root_kind == "network" else f"{words} {root_id}"
