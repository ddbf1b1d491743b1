"""One object, one family: raised, kept open, cleared."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from detector.degradations.elsewhere import alike, hosting, worth_telling
from detector.degradations.kinds import DRIFT_S, confirmations, kind_of
from detector.degradations.readings import with_reading
from detector.degradations.scene import Scene
from detector.degradations.severity import severity
from detector.domain.degradation import Degradation, Part, degradation_id, worst
from detector.domain.degradation_kind import gravest_kind

SURELY_FINE = 0.3
"""-log10 p of a period that is better than every second healthy one: then a bad past alone keeps nothing open."""
SURELY_OVER = 3.0
"""Log-likelihood ratio (nats, twenty to one) of well against as bad as before at which trouble is over."""
LATE = 2
"""Trouble that has been over for so many periods is raised no more."""
SHORT = 3
"""Periods that one better one can contradict; a longer horizon asks itself whether what it shows is over."""
DRIFT_SHOWN_S = 18 * 3_600
"""What a drift takes to show, though it may show over less by now."""
LARGEST_STRENGTH = 300.0
"""p under the smallest float is not zero: infinity is no number to store or to compare."""
TELLING, MOST_PARTS = 2.0, 4
"""-log10 p from which a KPI is named as a part of what is seen, and how many are."""
STALE_S = 86_400
"""An episode whose object is not even expected any more for a day is over: the object is gone."""


def raise_new(scene: Scene) -> Iterator[Degradation]:
    """Episodes that begin: strength at the bar, effect above its floor, none open for this object and family."""
    evidence = scene.evidence
    taken = {(d.object_id, d.family) for d in scene.open_ if d.open}
    over = {(d.object_id, d.family): d.cleared_at for d in scene.open_ if d.cleared_at is not None}
    rows, cols = np.nonzero(scene.sure)
    found = {(int(i), evidence.kpis[c].family) for i, c in zip(rows, cols, strict=True)}
    for i, family in sorted(found):
        if (evidence.objects[i], family) not in taken:
            new = shown(scene, i, family)
            if new is not None and not echoes(scene, i, new, over.get((new.object_id, family))):
                yield new


def echoes(scene: Scene, i: int, new: Degradation, cleared_at: int | None) -> bool:
    """What is over already, or a horizon that reaches back into an episode which was cleared and shows that one again,
    unless the newest period alone is bad enough."""
    col = scene.evidence.kpi_index[new.kpi]
    begun = scene.evidence.tick.end - new.periods * scene.evidence.tick.duration_s
    again = cleared_at is not None and min(begun, new.started_at) < cleared_at
    late = scene.evidence.over[i, col] >= LATE and surely_over(scene, i)[col]
    return bool(again or late) and not float(scene.evidence.recent[i, col]) >= scene.bar


def surely_over(scene: Scene, i: int) -> NDArray[np.bool_]:
    """[KPI]: what followed the trouble is much likelier to be well than as bad as it. What only a drift's horizon shows is
    longer than what is searched for a change."""
    evidence = scene.evidence
    slow = evidence.periods[i] * evidence.tick.duration_s >= DRIFT_S
    return np.asarray((evidence.over[i] > 0) & (evidence.gone[i] >= SURELY_OVER) & ~slow)


def shown(scene: Scene, i: int, family: str) -> Degradation | None:
    """What the tick shows of this object and family by its strongest KPI (weight breaks ties), as an episode raised now.

    `started_at` is the likeliest onset, or the start of the horizon that showed it if nobody has looked for one; the id is
    of the period that raised it.
    """
    evidence, tick = scene.evidence, scene.evidence.tick
    col = leading(scene, i, scene.columns(family))
    if col is None:
        return None
    kpi, periods = evidence.kpis[col], max(1, int(evidence.periods[i, col]))
    kind = kind_of(scene, i, family, kpi, periods=periods)
    if kind is None:
        return None
    observed, expected, excess = (float(a[i, col]) for a in (evidence.observed, evidence.expected, evidence.excess))
    grave = severity(kind, kpi, observed, expected, excess, busy=bool(scene.busy[i]))
    if kind.overload and hosting(scene, i) and not worth_telling(grave):
        return None
    started = tick.end - began_before(int(evidence.onset[i, col]), periods, trend=kind.trend) * tick.duration_s
    object_id = evidence.objects[i]
    siblings, siblings_alike = alike(scene, i, family)
    return with_reading(
        scene,
        i,
        Degradation(
            degradation_id=degradation_id(object_id, family, tick.start),
            object_id=object_id,
            family=family,
            kpi=kpi.id,
            kind=kind.name,
            started_at=started,
            detected_at=scene.now,
            severity=grave,
            strength=min(float(evidence.strength[i, col]), LARGEST_STRENGTH),
            expected=expected,
            observed=observed,
            numerator=float(evidence.numerator[i, col]),
            denominator=float(evidence.denominator[i, col]),
            excess=excess,
            periods=periods,
            duration_s=tick.duration_s,
            confirmed_by=",".join(confirmations(scene, i, started)) if kind.out_of_service else "",
            updated_at=tick.end,
            parts=parts(scene, i, family),
            siblings=siblings,
            siblings_alike=siblings_alike,
            neighbour_load=scene.beside(i),
            bar=noted(scene.bar),
            raised_at=tick.end,
        ),
    )


def began_before(onset: int, periods: int, *, trend: bool) -> int:
    """Periods since the trouble began: since the likeliest `onset` if there is one; a drift for the mean age of what its
    horizon sums up, or longer.

    >>> began_before(2, 6, trend=False), began_before(0, 6, trend=False), began_before(12, 72, trend=True)
    (2, 6, 36)
    """
    return max(onset, periods // 2) if trend else onset or periods


def noted(bar: float) -> float:
    """The bar in tenths, rounded up: one more idle cell on the network moves it by less, and that is no news of an episode.

    >>> noted(4.31), noted(float("inf"))
    (4.4, 300.0)
    """
    return ceil(10 * min(bar, LARGEST_STRENGTH)) / 10


def parts(scene: Scene, i: int, family: str) -> tuple[Part, ...]:
    """What each KPI of the family says that is no mere chance, the surest first."""
    evidence = scene.evidence
    found = [
        Part(
            evidence.kpis[c].id,
            max(1, int(evidence.periods[i, c])),
            min(float(evidence.strength[i, c]), LARGEST_STRENGTH),
            float(evidence.observed[i, c]),
            float(evidence.expected[i, c]),
        )
        for c in scene.columns(family)
        if evidence.strength[i, c] >= TELLING
    ]
    return tuple(sorted(found, key=lambda part: (-part.strength, part.kpi))[:MOST_PARTS])


def leading(scene: Scene, i: int, columns: NDArray[np.intp]) -> int | None:
    """Column of the strongest KPI that is sure enough to be raised."""
    strength, kpis = scene.evidence.strength[i], scene.evidence.kpis
    sure = [int(c) for c in columns if scene.sure[i, c]]
    return max(sure, key=lambda c: (strength[c], kpis[c].weight, kpis[c].id), default=None)


def carry_on(scene: Scene, episode: Degradation) -> Degradation:
    """The episode after this tick. `updated_at` is the end of the last period it took account of, so that a tick seen
    twice counts once. No data leaves it as it was; only silence for a day ends it unheard."""
    tick, i = scene.evidence.tick, scene.evidence.object_index.get(episode.object_id)
    if tick.end < episode.updated_at:
        return episode
    if i is not None and scene.evidence.missing[i]:
        return replace(episode, no_data_since=episode.no_data_since or episode.updated_at)
    if i is not None and episode.no_data_since is not None:
        episode = replace(episode, no_data_since=None)
    verdict = None if i is None else still_bad(scene, i, episode)
    if verdict is None or i is None:
        return cleared(episode, episode.updated_at) if tick.end - episode.updated_at > STALE_S else episode
    stronger = strengthened(episode, shown(scene, i, episode.family))
    if verdict:
        stronger = with_reading(scene, i, stronger)
    if tick.end == episode.updated_at:
        return stronger
    later = replace(stronger, updated_at=tick.end)
    over = 0 if verdict or episode.traits.trend else over_for(scene, i, episode.family)
    return counted(later, verdict, tick.end, max(scene.policy.clear_after_periods, patience(later)), over)


def over_for(scene: Scene, i: int, family: str) -> int:
    """Periods for which the trouble that the family shows most of is surely over; 0 if that is not known."""
    cols = scene.columns(family)
    lead = cols[int(np.argmax(scene.evidence.gain[i, cols]))]
    return int(scene.evidence.over[i, lead]) if surely_over(scene, i)[lead] else 0


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


def still_bad(scene: Scene, i: int, episode: Degradation) -> bool | None:
    """None = nothing testable. Bad: a KPI of the family still off by half its floor or more, and either the newest period
    says so by itself or the horizon does without the newest one clearly contradicting (that is how mild ones stay open).
    No traffic at an hour that expects next to none is no recovery: a sleeping cell does not wake because it is night."""
    evidence, family, cols = scene.evidence, episode.family, scene.columns(episode.family)
    recent, strength = evidence.recent[i, cols], evidence.strength[i, cols]
    if (np.isnan(recent) & np.isnan(strength)).all():
        return None
    sizes = (evidence.kpis[c].shortfall(evidence.observed[i, c], evidence.expected[i, c]) for c in cols)
    large = np.array([size >= evidence.kpis[c].floor / 2 for c, size in zip(cols, sizes, strict=True)])
    long, over = evidence.periods[i, cols] > SHORT, surely_over(scene, i)[cols] & (not episode.traits.trend)
    pooled = (strength >= scene.lower_bar) & (long | ~(recent < SURELY_FINE)) & ~over
    rest = over & (evidence.over[i, cols] == 1)  # trouble ends inside a period, which is not bad for the little that it has
    bad = bool(((((recent >= scene.policy.clear_below) & ~rest) | pooled) & large).any())
    return None if not bad and family == "volume" and scene.collapsed[i] else bad


def strengthened(episode: Degradation, now: Degradation | None) -> Degradation:
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
    if now.strength <= episode.strength:
        return sure
    readings = episode.readings if now.kpi == episode.kpi else now.readings
    return replace(
        sure,
        readings=readings,
        kpi=now.kpi,
        strength=now.strength,
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
        bar=now.bar,
    )
