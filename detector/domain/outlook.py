"""What is likely to come of an incident: an estimate with its interval, never a promise."""

from dataclasses import dataclass

LEVEL = 0.8
"""Level of an outlook's interval. Chosen: a tenth of incidents ends before `low`, a tenth after `high`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """When a drifting KPI of an object reaches the value `limit` that makes it `severity`, as seen at `made_at`; s since the
    epoch, the median first; None = not within three days."""

    object_id: str
    kpi: str
    severity: str
    limit: float
    made_at: int
    at: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """When an open incident is expected to clear, as seen at `made_at`; all in s since the epoch.

    `clear_at` is the median: it ends as often before as after. `past`: how many finished incidents of this network stand
    behind it; with none it is what is usual anywhere, and the interval is wide. `breaches`: of its drifts.
    """

    incident_id: str
    made_at: int
    clear_at: int
    clear_low: int
    clear_high: int
    past: int = 0
    breaches: tuple[Breach, ...] = ()
