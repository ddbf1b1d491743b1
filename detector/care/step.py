"""One step of an incident's story: what there is to tell a care team at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

from detector.care.facts import Facts, facts_of
from detector.domain.alert import AccountDecision, Decision
from detector.domain.degradation import Degradation, leading
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Outlook
from detector.domain.policy import CarePolicy
from detector.domain.window import utc

TEXT_CAP = 500


@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def facts(self) -> Facts:
        lead = self.shown[0] if self.shown else None
        return facts_of(self.incident, now=self.now, timezone=self.timezone, lead=lead)

    @cached_property
    def shown(self) -> tuple[Degradation, ...]:
        """Evidence in order: first the degradation that the reason speaks of."""
        if not self.own:
            return ()
        first = leading(self.own, self.incident.kind)
        return (first, *(d for d in self.own if d is not first))


def cut(text: str) -> str:
    return text if len(text) <= TEXT_CAP else text[: TEXT_CAP - 1] + "…"


def number(value: float) -> float | int | None:
    """JSON knows no NaN; whole counts stay whole."""
    if not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def iso(at: int) -> str:
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
