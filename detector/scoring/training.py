"""What a baseline is fitted from: the history less what is excluded, levels that have moved for good, and peers."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.learned_models import AdoptedLevel
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, utc
from detector.scoring import Baseline, fit
from detector.scoring.fitting import Places
from detector.scoring.recent import cells_served
from detector.scoring.shifts import Shift, level_shifts, renewed
from detector.scoring.training_exclusion import ObjectPeriod, excluded_ticks, planned_exclusions, touched_by

SAME_STEP_S = 2 * DAY_S
"""A step found at so nearly the same time is the one that has been reported. Chosen: steps are dated to the day."""


def fit_baseline(
    history: KpiFrame,
    degraded: Sequence[Degradation],
    reference: Reference,
    detection_policy: DetectionPolicy,
    *,
    incidents: Iterable[Incident] = (),
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[Baseline, list[Shift]]:
    """What is normal by this history, and which levels were found to have moved for good."""
    timezone = reference.operator.timezone
    usable = ~(planned_exclusions(history, reference) | history.suspect | touched_by(history, _unserved(history, degraded)))
    released = {c.cell_id: c.software_since for c in reference.topology.cells.values() if c.software_since is not None}
    shifts = level_shifts(history, timezone=timezone, usable=usable, days=detection_policy.adopt_after_days, dated=released)
    adopted = {(s.object_id, s.kpi.family): s.since for s in shifts}
    excluded = excluded_ticks(history, degraded, reference, incidents=incidents, adopted=adopted)
    present = renewed(history, shifts)
    peers = peer_groups(reference)
    return fit(
        present,
        timezone=timezone,
        excluded=excluded,
        peers=peers,
        places=Places(
            sites={cell.cell_id: cell.site_id for cell in reference.topology.cells.values()},
            served=cells_served(reference.topology),
        ),
        detection_policy=detection_policy,
        progress=progress,
    ), shifts


def _unserved(history: KpiFrame, degraded: Iterable[Degradation]) -> Iterator[ObjectPeriod]:
    """What no level may be read from: a cell that served nobody."""
    until = int(history.starts[-1]) + history.duration_s
    return (([d.object_id], d.started_at, d.cleared_at or until) for d in degraded if d.traits.unserved)


def report_adopted(findings: Findings, shifts: Iterable[Shift], reported: Iterable[AdoptedLevel]) -> list[AdoptedLevel]:
    """Each step is a finding once; returns what has been reported."""
    adopted = {(one.object_id, one.kpi): one for one in reported}
    for shift in shifts:
        before = adopted.get((shift.object_id, shift.kpi.id))
        if before is None or abs(shift.since - before.since) > SAME_STEP_S:
            figures = f"{shift.kpi.id} {shift.before:.4g} -> {shift.after:.4g}"
            findings.add(
                "level_adopted", shift.object_id, f"{figures}: the new normal since {utc(shift.since):%Y-%m-%d %H:%MZ}"
            )
            adopted[shift.object_id, shift.kpi.id] = AdoptedLevel(shift.object_id, shift.kpi.id, shift.since)
    return list(adopted.values())


def peer_groups(reference: Reference) -> dict[str, list[str]]:
    """Each cell's peer groups, the closest first."""
    found: dict[str, list[str]] = {}
    for cell in reference.topology.cells.values():
        layer = f"{cell.technology} {cell.band}".strip()
        release = f"{cell.technology} {cell.vendor} {cell.software}".strip()
        found[cell.cell_id] = [f"site {cell.site_id} {layer}", f"layer {layer}", f"release {release}"]
    return found
