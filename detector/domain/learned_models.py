"""What `learn` notes of its own work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LearnedExtent:
    """What the present baseline of one duration was learned from: `days` with data (periods measured x their duration),
    objects, KPIs, and until when (s)."""

    duration_s: int
    days: float
    objects: int
    kpis: int
    until: int


@dataclass(frozen=True, slots=True)
class AdoptedLevel:
    """The level of this object's KPI has moved for good, and is the new normal `since` then (s)."""

    object_id: str
    kpi: str
    since: int
