"""Refit baselines and habits from the past only, and put the new version in place whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Window, utc
from detector.impact import learn_mobility_profile
from detector.scoring import Baseline, fit
from detector.scoring.shifts import Shift, level_shifts, renewed
from jobs import models
from jobs.complaint_risk import refit_risk
from jobs.context import JobContext
from jobs.doubt import Spell, in_doubt, marked, set_apart
from jobs.progress import ProgressCallback, no_progress
from jobs.restore import restore_damaged, retry_restored

_DAY = 86_400
SAME_STEP_S = 2 * _DAY
"""A step found at so nearly the same time is the one that has been told."""
BASELINES_SHARE = 0.7
"""Of the time that learning takes, as a progress bar has it; habits take the rest."""
LEARNED_FROM = "learned_from"
"""Note: for each duration how many days, objects and KPIs the present baseline was learned from, and until when (s)."""
ADOPTED = "adopted"
"""Note: object and KPI -> since when (s) its level is the new normal."""


def learn(context: JobContext, *, now: float, progress: ProgressCallback = no_progress) -> int:
    """Baselines for every duration and habits for every subscriber; returns how many baselines were fitted.

    Nothing of a tick in doubt is learned: suspect rows, works, holidays and open or past degradations are left out. A level
    that has moved for good is learned anew from its step on, which is a finding; the next tick ends what it had raised."""
    feeds, store, catalogue, policy = context.feeds, context.store, context.catalogue, context.settings.detection
    reference = feeds.reference(now)
    window = Window(int(now) - policy.history_days * _DAY, int(now))
    store.history.compact(before=int(now))
    with store.begin() as connection:
        durations = list(store.ticks.span(connection))
    count, findings, told = 0, Findings(), store.notes.get(ADOPTED, {})
    learned_from: list[dict[str, float]] = []
    for duration_s in durations:
        history = retry_restored(
            partial(store.history.read_whole, duration_s, window),
            partial(restore_damaged, feeds, store, catalogue, reference, now=now),
        )
        if len(history.starts) and history.kpis:  # rows of which nothing was understood teach nothing
            degraded = store.degradations.since(int(history.starts[0]))
            incidents = store.incidents.since(int(history.starts[0]))
            part = _part(progress, count / len(durations) * BASELINES_SHARE, BASELINES_SHARE / len(durations))
            baseline, shifts = fit_baseline(history, degraded, reference, policy, incidents=incidents, progress=part)
            models.save_baseline(store, catalogue, policy, duration_s, baseline)
            told = _say(findings, shifts, told)
            learned_from.append(_extent(history))
            count += 1
    context.checkpoint("learn.baselines")
    profile = learn_mobility_profile(store.presence.parts(window), timezone=reference.operator.timezone, before=int(now))
    models.save_mobility_profile(store, profile)
    context.checkpoint("learn.habits")
    refit_risk(store, reference, context.settings.care, now=int(now))
    context.checkpoint("learn.risk")
    with store.begin() as connection:
        store.notes.put(connection, "learned_at", now)
        store.notes.put(connection, LEARNED_FROM, learned_from)
        store.notes.put(connection, ADOPTED, told)
        store.notes.count(connection, findings, now)
    return count


def fit_baseline(
    history: KpiFrame,
    degraded: Sequence[Degradation],
    reference: Reference,
    policy: DetectionPolicy,
    *,
    incidents: Iterable[Incident] = (),
    progress: ProgressCallback = no_progress,
) -> tuple[Baseline, list[Shift]]:
    """What is normal by this history, and which levels were found to have moved for good."""
    timezone = reference.operator.timezone
    speaks = ~(set_apart(history, reference) | history.suspect | marked(history, _dark(history, degraded)))
    released = {c.cell_id: c.software_since for c in reference.topology.cells.values() if c.software_since is not None}
    shifts = level_shifts(history, timezone=timezone, usable=speaks, days=policy.adopt_after_days, dated=released)
    adopted = {(s.object_id, s.kpi.family): s.since for s in shifts}
    doubt = in_doubt(
        history, degraded, reference, incidents=incidents, adopted=adopted, habit_after_days=policy.habit_after_days
    )
    present = renewed(history, shifts)
    peers = peers_of(reference)
    return fit(present, timezone=timezone, excluded=doubt, peers=peers, policy=policy, progress=progress), shifts


def _part(progress: ProgressCallback, begin: float, size: float) -> ProgressCallback:
    """The progress of a part, as that of the whole."""
    return lambda share: progress(begin + share * size)


def _extent(history: KpiFrame) -> dict[str, float]:
    """How much of what a baseline was learned from: `days` with data (periods measured x their duration), objects, KPIs."""
    return {
        "duration_s": history.duration_s,
        "days": round(len(history.starts) * history.duration_s / _DAY, 2),
        "objects": len(history.objects),
        "kpis": len(history.kpis),
        "until": int(history.starts[-1]) + history.duration_s,
    }


def _dark(history: KpiFrame, degraded: Iterable[Degradation]) -> Iterator[Spell]:
    """What no level may be read from: a cell that served nobody."""
    until = int(history.starts[-1]) + history.duration_s
    return (([d.object_id], d.started_at, d.cleared_at or until) for d in degraded if d.traits.unserved)


def _say(findings: Findings, shifts: Iterable[Shift], told: Mapping[str, int]) -> dict[str, int]:
    """Each step is a finding once; returns what has been told."""
    now_told = dict(told)
    for shift in shifts:
        name = f"{shift.object_id} {shift.kpi.id}"
        if abs(shift.since - told.get(name, 0)) > SAME_STEP_S:
            figures = f"{shift.kpi.id} {shift.before:.4g} -> {shift.after:.4g}"
            findings.add(
                "level_adopted", shift.object_id, f"{figures}: the new normal since {utc(shift.since):%Y-%m-%d %H:%MZ}"
            )
            now_told[name] = shift.since
    return now_told


def peers_of(reference: Reference) -> dict[str, list[str]]:
    """Each cell's peer groups, the closest first."""
    found: dict[str, list[str]] = {}
    for cell in reference.topology.cells.values():
        layer = f"{cell.technology} {cell.band}".strip()
        release = f"{cell.technology} {cell.vendor} {cell.software}".strip()
        found[cell.cell_id] = [f"site {cell.site_id} {layer}", f"layer {layer}", f"release {release}"]
    return found
