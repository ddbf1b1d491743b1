"""What a replay yields, before anyone looks at the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from detector.backtest.intervals import UNKNOWN, Figure
from detector.domain.cell import Topology
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band
from detector.domain.finding import Finding
from detector.domain.impact import Impact, Listing
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.window import Window
from detector.reports import Report


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that one replay of `window` decided, with the newest state of each noun.

    `cells`: how many cells were watched, the base of the false-alarm rates. `impacts`: incident id -> its latest
    assessment. `alerts`: (body as it would be sent, planned_at in s). `bands`: incident id -> plots for the report.
    """

    window: Window
    cells: int
    settings_hash: str
    timezone: str = "UTC"
    topology: Topology = field(default_factory=Topology)
    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    degradations: tuple[Degradation, ...] = ()
    incidents: tuple[Incident, ...] = ()
    listings: tuple[Listing, ...] = ()
    impacts: Mapping[str, Impact] = field(default_factory=dict)
    alerts: tuple[tuple[Mapping[str, Any], int], ...] = ()
    bands: Mapping[str, tuple[Band, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    drift_bands: Mapping[tuple[str, str, str], Band] = field(default_factory=dict)
    """(incident id, object, KPI) of drifts whose course was forecast -> what was measured from then on."""
    held_out_false: Figure = UNKNOWN
    """False degradations per 1,000 cells and week on quiet days of the history that no baseline had seen."""
    alarms_known: bool = False
    """The dataset has alarms, so that their absence means something."""
    false_alarm_budget: float | None = None
    """False degradations per 1,000 cells and week that the settings accept; None = not known."""
    false_care_alert_budget: float | None = None
    """The same of incidents of which care is notified."""

    window_reason: str = ""
    """Why this window was replayed, where none was requested."""
    reports: tuple[Report, ...] = ()
    """What planning and care would read of the window: of its people only counts that name nobody."""

    @property
    def days(self) -> float:
        return self.window.seconds / 86400

    @property
    def thousand_cell_weeks(self) -> float:
        """What false alarms are counted per."""
        return self.cells / 1000 * self.window.seconds / 604800

    @cached_property
    def incident_of(self) -> Mapping[str, str]:
        """Degradation id -> id of its incident; where a merged one names it too, the one that it went into."""
        merged_first = sorted(self.incidents, key=lambda i: i.merged_into is None)
        return {d: i.incident_id for i in merged_first for d in i.degradation_ids}

    @cached_property
    def notified(self) -> frozenset[str]:
        """Ids of the incidents of which care was notified: those with an `opened` alert."""
        opened = (body for body, _ in self.alerts if str(body.get("type", "")).startswith("care.incident.opened"))
        return frozenset(str(body.get("subject", "")).removeprefix("incident/") for body in opened)
