"""Objects that send nothing: an episode of the family `data`, and an outage only if other evidence confirms it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from detector.degradations.episodes import CLEAR_AFTER, STALE_S, cleared, counted
from detector.degradations.kinds import idle, no_data_kind
from detector.degradations.tick_context import TickContext
from detector.domain.degradation import Degradation, degradation_id, worst
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.evidence import Evidence

FAMILY = MISSING_DATA


def missing_periods(evidence: Evidence, seen: Mapping[str, int]) -> dict[str, int]:
    """Object -> periods missing in a row, this tick included; those of other periods than this tick's keep their count."""
    others = {name: count for name, count in seen.items() if name not in evidence.object_index}
    return others | {evidence.objects[i]: seen.get(evidence.objects[i], 0) + 1 for i in np.flatnonzero(evidence.missing)}


def raise_missing(context: TickContext) -> Iterator[Degradation]:
    """Episodes of objects that have now been missing long enough and have none open."""
    missing = context.missing_periods
    taken = {d.object_id for d in context.open_ if d.family == FAMILY and d.open}
    for i in np.flatnonzero(context.evidence.missing):
        name = context.evidence.objects[i]
        long_enough = missing[name] >= context.detection_policy.no_data_after_periods
        if long_enough and name not in taken and not idle(context, name, FAMILY) and not context.served(name):
            yield missing_episode(context, int(i), missing[name])


def missing_episode(context: TickContext, i: int, periods: int) -> Degradation:
    """`observed` of `expected` reports: 0 of 1 in each of `periods` periods, the first of which started it."""
    tick, name = context.evidence.tick, context.evidence.objects[i]
    started = tick.end - periods * tick.duration_s
    kind, confirmed = no_data_kind(context, i, started)
    return Degradation(
        degradation_id=degradation_id(name, FAMILY, tick.start),
        object_id=name,
        family=FAMILY,
        kpi=FAMILY,
        kind=kind.name,
        started_at=started,
        detected_at=context.now,
        severity="major" if confirmed else "warning",
        neg_log10_p=0.0,
        expected=1.0,
        observed=0.0,
        numerator=0.0,
        denominator=float(periods),
        excess=float(periods),
        periods=periods,
        duration_s=tick.duration_s,
        confirmed_by=confirmed,
        updated_at=tick.end,
        neighbour_load=context.beside(i),
        raised_at=tick.end,
        no_data_since=started if context.missing_objects.stopped[i] else None,
    )


def carry_missing(context: TickContext, episode: Degradation) -> Degradation:
    """Still silent: perhaps confirmed by now. Reporting again: quiet periods count towards its end."""
    tick, i = context.evidence.tick, context.evidence.object_index.get(episode.object_id)
    if tick.end < episode.updated_at:
        return episode
    if i is None:
        return cleared(episode, episode.updated_at) if tick.end - episode.updated_at > STALE_S else episode
    if idle(context, episode.object_id, FAMILY):
        return cleared(episode, tick.start)
    if context.served(episode.object_id):
        return _served(context, episode)
    silent_still = bool(context.evidence.missing[i])
    unsettled = silent_still or episode.object_id in context.left_by_people  # attachments may come after the rows did
    later = _confirmed(context, i, episode) if unsettled else replace(episode, no_data_since=None)
    if tick.end == episode.updated_at:
        return later
    return counted(replace(later, updated_at=tick.end), silent_still, tick.end, CLEAR_AFTER)


def _served(context: TickContext, episode: Degradation) -> Degradation:
    """Over, though nothing is measured: a reporting gap; or an outage from which people came back before the data did."""
    if "people" in episode.confirmed_by:
        return cleared(episode, context.people[episode.object_id].start)
    return replace(cleared(episode, context.evidence.tick.start), reporting_gap=True)


def _confirmed(context: TickContext, i: int, episode: Degradation) -> Degradation:
    """An outage that is confirmed stays one; while no source that could confirm it reports, its state is not known."""
    kind, confirmed = no_data_kind(context, i, episode.started_at)
    if episode.affects_service and not confirmed:
        reported = np.isfinite(context.evidence.neighbour_load[i]) and not context.missing_objects.stopped[i]
        return replace(episode, no_data_since=None if reported else episode.no_data_since or context.evidence.tick.start)
    if not kind.affects_service:
        return replace(episode, no_data_since=episode.started_at if context.missing_objects.stopped[i] else None)
    return replace(
        episode,
        kind=kind.name,
        confirmed_by=episode.confirmed_by or confirmed,
        severity=worst([episode.severity, "major"]),
        neighbour_load=context.beside(i),
        no_data_since=None,
    )
