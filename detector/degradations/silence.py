"""Objects that send nothing: an episode of the family `data`, and an outage only if somebody else confirms it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from detector.degradations.episodes import STALE_S, cleared, counted
from detector.degradations.kinds import idle, no_data_kind
from detector.degradations.scene import Scene
from detector.domain.degradation import Degradation, degradation_id, worst
from detector.domain.evidence import Evidence

FAMILY = "data"


def missing_periods(evidence: Evidence, seen: Mapping[str, int]) -> dict[str, int]:
    """Object -> periods missing in a row, this tick included; those of other periods than this tick's keep their count."""
    others = {name: count for name, count in seen.items() if name not in evidence.object_index}
    return others | {evidence.objects[i]: seen.get(evidence.objects[i], 0) + 1 for i in np.flatnonzero(evidence.missing)}


def raise_silent(scene: Scene) -> Iterator[Degradation]:
    """Episodes of objects that have now been missing long enough and have none open."""
    missing = scene.missing_periods
    taken = {d.object_id for d in scene.open_ if d.family == FAMILY and d.open}
    for i in np.flatnonzero(scene.evidence.missing):
        name = scene.evidence.objects[i]
        long_enough = missing[name] >= scene.policy.no_data_after_periods
        if long_enough and name not in taken and not idle(scene, name, FAMILY):
            yield silent(scene, int(i), missing[name])


def silent(scene: Scene, i: int, periods: int) -> Degradation:
    """`observed` of `expected` reports: 0 of 1 in each of `periods` periods, the first of which started it."""
    tick, name = scene.evidence.tick, scene.evidence.objects[i]
    started = tick.end - periods * tick.duration_s
    kind, confirmed = no_data_kind(scene, i, started)
    return Degradation(
        degradation_id=degradation_id(name, FAMILY, tick.start),
        object_id=name,
        family=FAMILY,
        kpi=FAMILY,
        kind=kind.name,
        started_at=started,
        detected_at=scene.now,
        severity="major" if confirmed else "warning",
        strength=0.0,
        expected=1.0,
        observed=0.0,
        numerator=0.0,
        denominator=float(periods),
        excess=float(periods),
        periods=periods,
        duration_s=tick.duration_s,
        confirmed_by=confirmed,
        updated_at=tick.end,
        neighbour_load=scene.beside(i),
        raised_at=tick.end,
        no_data_since=started if scene.silence.stopped[i] else None,
    )


def carry_silence(scene: Scene, episode: Degradation) -> Degradation:
    """Still silent: perhaps confirmed by now. Reporting again: quiet periods count towards its end."""
    tick, i = scene.evidence.tick, scene.evidence.object_index.get(episode.object_id)
    if tick.end < episode.updated_at:
        return episode
    if i is None:
        return cleared(episode, episode.updated_at) if tick.end - episode.updated_at > STALE_S else episode
    if idle(scene, episode.object_id, FAMILY):
        return cleared(episode, tick.start)
    silent_still = bool(scene.evidence.missing[i])
    later = _confirmed(scene, i, episode) if silent_still else replace(episode, no_data_since=None)
    if tick.end == episode.updated_at:
        return later
    return counted(replace(later, updated_at=tick.end), silent_still, tick.end, scene.policy.clear_after_periods)


def _confirmed(scene: Scene, i: int, episode: Degradation) -> Degradation:
    """An outage that is confirmed stays one; for so long as nobody who could still say so reports, it is not known."""
    kind, confirmed = no_data_kind(scene, i, episode.started_at)
    if episode.affects_service and not confirmed:
        heard = np.isfinite(scene.evidence.neighbour_load[i]) and not scene.silence.stopped[i]
        return replace(episode, no_data_since=None if heard else episode.no_data_since or scene.evidence.tick.start)
    if not kind.affects_service:
        return replace(episode, no_data_since=episode.started_at if scene.silence.stopped[i] else None)
    return replace(
        episode,
        kind=kind.name,
        confirmed_by=episode.confirmed_by or confirmed,
        severity=worst([episode.severity, "major"]),
        neighbour_load=scene.beside(i),
        no_data_since=None,
    )
