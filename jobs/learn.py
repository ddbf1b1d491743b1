"""Refit baselines and mobility profiles from the past only, and put the new version in place at once."""

from functools import partial

from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.learned_models import LearnedExtent
from detector.domain.window import DAY_S, Window
from detector.impact import learn_mobility_profile
from detector.scoring.training import fit_baseline, report_adopted
from detector.store import Store
from detector.store.cursors import LEARN
from jobs import models
from jobs.complaint_risk import refit_risk
from jobs.context import JobContext
from jobs.progress import ProgressCallback, no_progress
from jobs.restore import restore_damaged, retry_restored

BASELINES_SHARE = 0.7
"""Share of baselines in the time of learning, for its progress bar; mobility profiles take the rest. Chosen: a guess is
enough."""


def learn(context: JobContext, *, now: float, progress: ProgressCallback = no_progress) -> int:
    """Baselines for every duration and mobility profiles for every subscriber; returns how many baselines were fitted.

    Nothing of an excluded tick is learned: suspect rows, works, holidays and open or past degradations are left out. A level
    that has moved for good is learned anew from its step on, which is a finding; the next tick ends what it had raised."""
    feeds, store, catalogue, policy = context.feeds, context.store, context.catalogue, context.settings.detection
    reference = feeds.reference(now)
    window = Window(int(now) - policy.history_days * DAY_S, int(now))
    store.history.compact(before=int(now))
    with store.begin() as connection:
        durations = list(store.ticks.span(connection))
    count, findings, adopted = 0, Findings(), store.models.adopted()
    learned_from: list[LearnedExtent] = []
    for duration_s in durations:
        history = retry_restored(
            partial(store.history.read_whole, duration_s, _before_judged(store, duration_s, window)),
            partial(restore_damaged, feeds, store, catalogue, reference, now=now),
        )
        if len(history.starts) and history.kpis:  # rows of which nothing was understood teach nothing
            degraded = store.degradations.since(int(history.starts[0]))
            incidents = store.incidents.since(int(history.starts[0]))
            part = _part(progress, count / len(durations) * BASELINES_SHARE, BASELINES_SHARE / len(durations))
            baseline, shifts = fit_baseline(history, degraded, reference, policy, incidents=incidents, progress=part)
            models.save_baseline(store, catalogue, policy, duration_s, baseline)
            adopted = report_adopted(findings, shifts, adopted)
            learned_from.append(_extent(history))
            count += 1
    context.checkpoint("learn.baselines")
    profile = learn_mobility_profile(store.presence.parts(window), timezone=reference.operator.timezone, before=int(now))
    models.save_mobility_profile(store, profile)
    context.checkpoint("learn.habits")
    refit_risk(store, reference, context.settings.care, now=int(now))
    context.checkpoint("learn.risk")
    with store.begin() as connection:
        store.progress.save(connection, LEARN, now)
        store.models.replace(connection, learned_from, adopted)
        store.findings.add(connection, findings, now)
    return count


def _before_judged(store: Store, duration_s: int, window: Window) -> Window:
    """The window up to the first tick that waits to be scored in turn, if anything is known before it: a fault that begins
    with the service is no part of what is normal."""
    newest = store.ticks.newest_done("score", duration_s)
    waiting = (p.tick.start for p in store.ticks.pending("score") if p.tick.duration_s == duration_s)
    first = min((start for start in waiting if newest is None or start > newest), default=window.end)
    with store.begin() as connection:
        known_from = store.ticks.span(connection)[duration_s].start
    return Window(window.start, first) if max(window.start, known_from) < first < window.end else window


def _part(progress: ProgressCallback, begin: float, size: float) -> ProgressCallback:
    """The progress of a part, as that of the whole."""
    return lambda share: progress(begin + share * size)


def _extent(history: KpiFrame) -> LearnedExtent:
    """How much of what a baseline was learned from: `days` with data (periods measured x their duration), objects, KPIs."""
    return LearnedExtent(
        duration_s=history.duration_s,
        days=round(len(history.starts) * history.duration_s / DAY_S, 2),
        objects=len(history.objects),
        kpis=len(history.kpis),
        until=int(history.starts[-1]) + history.duration_s,
    )
