"""One object, one family: raised, kept open, cleared."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from detector.degradations.attribution import carries_for_lost_cell, severe_on_its_own, siblings_like
from detector.degradations.kinds import DRIFT_S, confirmations, kind_of
from detector.degradations.readings import with_reading
from detector.degradations.severity import severity
from detector.degradations.tick_context import TickContext
from detector.domain.degradation import Degradation, Part, degradation_id, worst
from detector.domain.degradation_kind import DegradationKind, gravest_kind
from detector.domain.evidence import HEALTHY_BELOW
from detector.domain.window import DAY_S, HOUR_S

SURELY_FINE = 0.3
"""-log10 p of a period that keeps no episode open by its past alone. Chosen: better than every second healthy one."""
SURELY_OVER = 3.0
"""Log-likelihood ratio (nats) of well against as bad as before at which an episode is over. Chosen: twenty to one."""
CLEAR_AFTER = 2
"""Healthy periods in a row that end an episode. Chosen: a single one may be the luck of a mild fault."""
LATE = 2
"""An episode that has been over for so many periods is raised no more. Chosen: as many as end one."""
SHORT = 3
"""Periods of a horizon that one better period can contradict. Chosen: a longer one is tested for its end by itself."""
DRIFT_SHOWN_S = 18 * HOUR_S
"""Time that a drift takes to show, though it may show over less by now. Chosen: the EWMA of six hours has 95 % of its
weight."""
LARGEST_NEG_LOG10_P = 300.0
"""Largest -log10 p that is stored. Chosen: p under the smallest double would be infinity, which no comparison orders."""
TELLING, MOST_PARTS = 2.0, 4
"""-log10 p from which a KPI is named as a part of what is seen, and how many are."""
STALE_S = DAY_S
"""An episode whose object is not even expected any more for a day is over: the object is gone."""


def raise_new(context: TickContext) -> Iterator[Degradation]:
    """Episodes that begin: evidence at the threshold, effect above its floor, none open for this object and family."""
    evidence = context.evidence
    taken = {(d.object_id, d.family) for d in context.open_ if d.open}
    over = {(d.object_id, d.family): d.cleared_at for d in context.open_ if d.cleared_at is not None}
    rows, cols = np.nonzero(context.sure)
    found = {(int(i), evidence.kpis[c].family) for i, c in zip(rows, cols, strict=True)}
    for i, family in sorted(found):
        if (evidence.objects[i], family) not in taken:
            new = episode_of(context, i, family)
            if new is not None and not echoes(context, i, new, over.get((new.object_id, family))):
                yield new


def echoes(context: TickContext, i: int, new: Degradation, cleared_at: int | None) -> bool:
    """What is over already, or a horizon that reaches back into an episode which was cleared and shows that one again,
    unless the newest period alone is bad enough."""
    col = context.evidence.kpi_index[new.kpi]
    begun = context.evidence.tick.end - new.periods * context.evidence.tick.duration_s
    again = cleared_at is not None and min(begun, new.started_at) < cleared_at
    late = context.evidence.over[i, col] >= LATE and surely_over(context, i)[col]
    return bool(again or late) and not float(context.evidence.recent[i, col]) >= context.threshold


def surely_over(context: TickContext, i: int) -> NDArray[np.bool_]:
    """[KPI]: what followed the trouble is much likelier to be well than as bad as it. What only a drift's horizon shows is
    longer than what is searched for a change."""
    evidence = context.evidence
    slow = evidence.periods[i] * evidence.tick.duration_s >= DRIFT_S
    return np.asarray((evidence.over[i] > 0) & (evidence.gone[i] >= SURELY_OVER) & ~slow)


def episode_of(context: TickContext, i: int, family: str) -> Degradation | None:
    """What the tick shows of this object and family by its strongest KPI (weight breaks ties), as an episode raised now.

    `started_at` is the likeliest onset, or the start of the horizon that showed it if nobody has looked for one; the id is
    of the period that raised it. None if nothing is sure enough, or if it is no degradation after all.
    """
    col = leading(context, i, context.columns(family))
    if col is None:
        return None
    kpi, periods = context.evidence.kpis[col], max(1, int(context.evidence.periods[i, col]))
    kind = kind_of(context, i, family, kpi, periods=periods)
    if kind is None:
        return None
    episode = _raised(context, i, col, kind)
    if kind.overload and carries_for_lost_cell(context, i) and not severe_on_its_own(episode.severity):
        return None
    return with_reading(context, i, episode)


def _raised(context: TickContext, i: int, col: int, kind: DegradationKind) -> Degradation:
    evidence, tick, kpi = context.evidence, context.evidence.tick, context.evidence.kpis[col]
    object_id, periods = evidence.objects[i], max(1, int(evidence.periods[i, col]))
    observed, expected, excess = (float(a[i, col]) for a in (evidence.observed, evidence.expected, evidence.excess))
    started = tick.end - began_before(int(evidence.onset[i, col]), periods, trend=kind.trend) * tick.duration_s
    siblings, siblings_alike = siblings_like(context, i, kpi.family)
    return Degradation(
        degradation_id=degradation_id(object_id, kpi.family, tick.start),
        object_id=object_id,
        family=kpi.family,
        kpi=kpi.id,
        kind=kind.name,
        started_at=started,
        detected_at=context.now,
        severity=severity(kind, kpi, observed, expected, excess, busy=bool(context.busy[i])),
        neg_log10_p=min(float(evidence.neg_log10_p[i, col]), LARGEST_NEG_LOG10_P),
        expected=expected,
        observed=observed,
        numerator=float(evidence.numerator[i, col]),
        denominator=float(evidence.denominator[i, col]),
        excess=excess,
        periods=periods,
        duration_s=tick.duration_s,
        confirmed_by=confirmations(context, i, started) if kind.out_of_service else (),
        updated_at=tick.end,
        parts=parts(context, i, kpi.family),
        siblings=siblings,
        siblings_alike=siblings_alike,
        neighbour_load=context.beside(i),
        threshold=rounded_up(context.threshold),
        raised_at=tick.end,
    )


def began_before(onset: int, periods: int, *, trend: bool) -> int:
    """Periods since the trouble began: since the likeliest `onset` if there is one; a drift for the mean age of what its
    horizon sums up, or longer.

    >>> began_before(2, 6, trend=False), began_before(0, 6, trend=False), began_before(12, 72, trend=True)
    (2, 6, 36)
    """
    return max(onset, periods // 2) if trend else onset or periods


def rounded_up(threshold: float) -> float:
    """The threshold in tenths, rounded up: one more idle cell on the network moves it by less, and that is no news of an
    episode.

    >>> rounded_up(4.31), rounded_up(float("inf"))
    (4.4, 300.0)
    """
    return ceil(10 * min(threshold, LARGEST_NEG_LOG10_P)) / 10


def parts(context: TickContext, i: int, family: str) -> tuple[Part, ...]:
    """The evidence of each KPI of the family that chance does not explain, the surest first."""
    evidence = context.evidence
    found = [
        Part(
            evidence.kpis[c].id,
            max(1, int(evidence.periods[i, c])),
            min(float(evidence.neg_log10_p[i, c]), LARGEST_NEG_LOG10_P),
            float(evidence.observed[i, c]),
            float(evidence.expected[i, c]),
        )
        for c in context.columns(family)
        if evidence.neg_log10_p[i, c] >= TELLING
    ]
    return tuple(sorted(found, key=lambda part: (-part.neg_log10_p, part.kpi))[:MOST_PARTS])


def leading(context: TickContext, i: int, columns: NDArray[np.intp]) -> int | None:
    """Column of the strongest KPI that is sure enough to be raised."""
    neg_log10_p, kpis = context.evidence.neg_log10_p[i], context.evidence.kpis
    sure = [int(c) for c in columns if context.sure[i, c]]
    return max(sure, key=lambda c: (neg_log10_p[c], kpis[c].weight, kpis[c].id), default=None)


def carry_on(context: TickContext, episode: Degradation) -> Degradation:
    """The episode after this tick. `updated_at` is the end of the last period it took account of, so that a tick seen
    twice counts once. No data leaves it as it was; only a day without data ends it."""
    tick, i = context.evidence.tick, context.evidence.object_index.get(episode.object_id)
    if tick.end < episode.updated_at:
        return episode
    if i is not None and context.evidence.missing[i]:
        return replace(episode, no_data_since=episode.no_data_since or episode.updated_at)
    if i is not None and episode.no_data_since is not None:
        episode = replace(episode, no_data_since=None)
    verdict = None if i is None else still_bad(context, i, episode)
    if verdict is None or i is None:
        return cleared(episode, episode.updated_at) if tick.end - episode.updated_at > STALE_S else episode
    stronger = merged_figures(episode, episode_of(context, i, episode.family))
    if verdict:
        stronger = with_reading(context, i, stronger)
    if tick.end == episode.updated_at:
        return stronger
    later = replace(stronger, updated_at=tick.end)
    over = 0 if verdict or episode.traits.trend else over_for(context, i, episode.family)
    return counted(later, verdict, tick.end, max(CLEAR_AFTER, patience(later)), over)


def over_for(context: TickContext, i: int, family: str) -> int:
    """Periods for which the trouble that the family shows most of is surely over; 0 if that is not known."""
    cols = context.columns(family)
    lead = cols[int(np.argmax(context.evidence.gain[i, cols]))]
    return int(context.evidence.over[i, lead]) if surely_over(context, i)[lead] else 0


def patience(episode: Degradation) -> int:
    """Quiet periods that end a drift: what took most of a day to show is not over because the night is quiet. It is
    cleared as of its last bad period even so."""
    slow = episode.traits.trend or episode.periods * episode.duration_s >= DRIFT_S
    return max(episode.periods, DRIFT_SHOWN_S // episode.duration_s) // 6 if slow else 0


def counted(episode: Degradation, bad: bool, end: int, clear_after: int, over: int = 0) -> Degradation:
    """One more bad or quiet period that ends at `end`; enough quiet ones clear it as of the end of the last bad one, which
    was `over` periods ago if that is known."""
    quiet = 0 if bad else max(episode.quiet_periods + 1, over)
    later = replace(episode, quiet_periods=quiet)
    if quiet < clear_after:
        return later
    return cleared(later, end - (over or quiet) * episode.duration_s)


def cleared(episode: Degradation, at: int) -> Degradation:
    return replace(episode, cleared_at=max(at, episode.started_at))


def still_bad(context: TickContext, i: int, episode: Degradation) -> bool | None:
    """None = nothing testable. Bad: a KPI of the family still off by half its floor or more, and either the newest period
    shows it by itself or the horizon does without the newest one clearly contradicting (that is how mild ones stay open).
    No traffic at an hour that expects next to none is no recovery: a sleeping cell does not wake because it is night."""
    evidence, family, cols = context.evidence, episode.family, context.columns(episode.family)
    recent, neg_log10_p = evidence.recent[i, cols], evidence.neg_log10_p[i, cols]
    if (np.isnan(recent) & np.isnan(neg_log10_p)).all():
        return None
    sizes = (evidence.kpis[c].shortfall(evidence.observed[i, c], evidence.expected[i, c]) for c in cols)
    large = np.array([size >= evidence.kpis[c].floor / 2 for c, size in zip(cols, sizes, strict=True)])
    long, over = evidence.periods[i, cols] > SHORT, surely_over(context, i)[cols] & (not episode.traits.trend)
    pooled = (neg_log10_p >= context.keeping_threshold) & (long | ~(recent < SURELY_FINE)) & ~over
    last_period = over & (
        evidence.over[i, cols] == 1
    )  # trouble ends inside a period, which is not bad for the little that it has
    bad = bool(((((recent >= HEALTHY_BELOW) & ~last_period) | pooled) & large).any())
    return None if not bad and family == "volume" and context.collapsed[i] else bad


def merged_figures(episode: Degradation, now: Degradation | None) -> Degradation:
    """Figures of its strongest moment, the worst severity so far; a sleeping cell may turn out to be an outage."""
    if now is None:
        return episode
    gone = now.traits.out_of_service and episode.traits.out_of_service
    kind = gravest_kind((now.kind, episode.kind)) if gone else episode.kind
    sure = replace(
        episode,
        kind=kind,
        severity=worst([episode.severity, now.severity]),
        confirmed_by=episode.confirmed_by or now.confirmed_by,
    )
    if now.neg_log10_p <= episode.neg_log10_p:
        return sure
    readings = episode.readings if now.kpi == episode.kpi else now.readings
    return replace(
        sure,
        readings=readings,
        kpi=now.kpi,
        neg_log10_p=now.neg_log10_p,
        expected=now.expected,
        observed=now.observed,
        numerator=now.numerator,
        denominator=now.denominator,
        excess=now.excess,
        periods=now.periods,
        parts=now.parts,
        siblings=now.siblings,
        siblings_alike=now.siblings_alike,
        neighbour_load=now.neighbour_load,
        threshold=now.threshold,
    )
