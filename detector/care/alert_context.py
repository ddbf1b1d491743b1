"""What an alert about an incident is composed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

from detector.care.facts import Facts, facts_of
from detector.care.trouble import surest_first
from detector.domain.assessment import Assessment
from detector.domain.degradation import Degradation, leading
from detector.domain.impact import Impact
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.policy import CarePolicy
from detector.domain.ports import Reference

TEXT_CAP = 500
"""Characters of a sentence in an alert. Chosen: about three text messages."""


@dataclass(frozen=True, kw_only=True)
class AlertContext:
    """What an alert is composed from: the incident's assessment, the `type_` (opened, updated or resolved) and `sequence` of
    the alert, and what is known at `now` (s). `kpis`: id -> definition. `privacy_floor`: counts of people under it are
    withheld. `before`: `data` of the last alert of this incident, so that an update states what changed."""

    assessment: Assessment
    type_: str
    sequence: int
    now: int
    reference: Reference
    kpis: Mapping[str, Kpi]
    care_policy: CarePolicy
    privacy_floor: int
    link_base: str
    before: Mapping[str, Any] = field(default_factory=dict)

    @property
    def incident(self) -> Incident:
        return self.assessment.incident

    @property
    def impact(self) -> Impact:
        return self.assessment.impact

    @property
    def timezone(self) -> str:
        return self.reference.operator.timezone

    @cached_property
    def own(self) -> tuple[Degradation, ...]:
        """The incident's degradations, the surest first."""
        members = (d for d in self.assessment.degradations if d.degradation_id in self.incident.degradation_ids)
        return tuple(sorted(members, key=surest_first))

    @cached_property
    def facts(self) -> Facts:
        lead = self.shown[0] if self.shown else None
        return facts_of(self.incident, now=self.now, timezone=self.timezone, lead=lead)

    @cached_property
    def shown(self) -> tuple[Degradation, ...]:
        """Evidence in order: first the degradation that the reason names."""
        if not self.own:
            return ()
        first = leading(self.own, self.incident.kind)
        return (first, *(d for d in self.own if d is not first))


def cut(text: str) -> str:
    return text if len(text) <= TEXT_CAP else text[: TEXT_CAP - 1] + "…"


def number(value: float) -> float | int | None:
    """JSON has no NaN; whole counts stay whole."""
    if not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")
