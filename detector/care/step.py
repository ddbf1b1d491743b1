"""One step of an incident's story: what there is to tell a care team at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from detector.care.trouble import trouble_of
from detector.domain.alert import AccountDecision, Decision
from detector.domain.degradation import Degradation
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Outlook
from detector.domain.policy import CarePolicy
from detector.domain.window import utc

TEXT_CAP = 500


@dataclass(frozen=True)
class Step:
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


def cut(text: str) -> str:
    return text if len(text) <= TEXT_CAP else text[: TEXT_CAP - 1] + "…"


def number(value: float) -> float | int | None:
    """JSON knows no NaN; whole counts stay whole."""
    if not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def iso(at: int) -> str:
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
