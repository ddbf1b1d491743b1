"""What receivers were sent of an incident, and why a notification of care waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class NotificationState:
    """The newest alert of an incident: its `type` (opened, updated, resolved), the incident's `version` and number of
    `affected` people in it, whether it stated that the incident is `withdrawn`, and the parts of its body that the page
    shows (`said`)."""

    incident_id: str
    type: str
    version: int
    affected: float
    withdrawn: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingIncident:
    """An open incident of which no alert went out yet. `why`: unsure, capacity or late; `since` (s, event time); `severity`
    and `team` are those of the alert that waits, `say` its sentence by language."""

    incident_id: str
    why: str
    since: int
    severity: str
    team: str
    say: Mapping[str, str] = field(default_factory=dict)
