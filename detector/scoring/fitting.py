"""History to baseline: levels, load slopes, spread, idle probability and tail calibration, KPI by KPI."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import COLLAPSED_SHARE
from detector.domain.policy import DetectionPolicy
from detector.scoring.baseline import Baseline
from detector.scoring.bursts import fit_bursts
from detector.scoring.counting import Floats
from detector.scoring.dispersion import History, calibrate, exceedances, fit_load_slopes, fit_spread, load_places
from detector.scoring.horizons import horizons
from detector.scoring.hourly_history import HourlyHistory, hourly_history
from detector.scoring.idle_probability import idle_probability
from detector.scoring.levels import levels, peer_groups
from detector.scoring.recurring import with_recurring
from detector.scoring.registry import SCORERS
from detector.scoring.site_history import SiteHistory
from detector.scoring.tail_calibration import Exceedances
from detector.scoring.time_of_week import HOURS, time_of_week

LEVELS_SHARE = 0.1
"""Share of the levels in the time of a fit, for its progress. Chosen: spreads and tails take by far the most."""
SMALL_SHARE = 0.01
"""Logarithms are taken of value + this share of the KPI's mean level. Chosen: a zero is far, but not infinitely far."""


class Places(NamedTuple):
    """`sites`: object -> its site, of which is learned when all its objects are idle together. `served`: core function ->
    the cells behind it, whose load it follows."""

    sites: Mapping[str, str] = MappingProxyType({})
    served: Mapping[str, Collection[str]] = MappingProxyType({})


NOWHERE = Places()


def fit(
    history: KpiFrame,
    *,
    timezone: str,
    excluded: NDArray[np.bool_],
    peers: Mapping[str, Sequence[str]] | None,
    places: Places = NOWHERE,
    detection_policy: DetectionPolicy,
    progress: Callable[[float], None] = lambda _share: None,
) -> Baseline:
    """What is normal for every object and KPI of `history`, and for objects named in `peers` alone.

    `excluded`[periods, objects]: incidents, maintenance, holidays; suspect rows are left out anyway. `peers`: object ->
    keys of its peer groups, in one order for all (site, band, release, ...; empty = not known). `places`: where the
    objects stand, and whom they serve. One day is enough to start with; four weeks make it sharp. `progress` is called
    with the share that is done. ValueError if the shapes disagree.
    """
    if excluded.shape != history.suspect.shape:
        raise ValueError(f"excluded is {excluded.shape}, the history {history.suspect.shape}")
    when = time_of_week(history.starts, history.duration_s, timezone)
    strangers = [name for name in peers or {} if name not in history.object_index]
    objects = (*history.objects, *strangers)
    site_history = SiteHistory.of(history, places.sites)
    blank = _blank(history, objects, site_history.sites, detection_policy)
    past = History(frame=history, when=when, usable=~(excluded | history.suspect), baseline=blank, served=places.served)
    groups = peer_groups(objects, peers)
    for k, kpi in enumerate(history.kpis):
        progress(LEVELS_SHARE * k / len(history.kpis))
        if kpi.traits.computed and len(history.starts):
            _fit_level(past, k, groups, len(strangers))
    past = with_recurring(past)
    past.baseline.load[:] = load_places(history.kpis)
    tested = [k for k, kpi in enumerate(history.kpis) if kpi.judged and len(history.starts)]
    found: dict[tuple[int, int], Exceedances] = {}
    for done, k in enumerate(tested):
        progress(LEVELS_SHARE + (1 - LEVELS_SHARE) * done / len(tested))
        fit_load_slopes(past, k)
        _fit_idle_probability(past, k, site_history)
        fit_spread(past, k)
        fit_bursts(past, k, detection_policy)
        found |= exceedances(past, k, detection_policy)
    past.baseline.site_idle_probability[:] = site_history.idle_probability(when)
    calibrate(past.baseline, found)
    return past.baseline


def _blank(
    history: KpiFrame, objects: tuple[str, ...], sites: tuple[str, ...], detection_policy: DetectionPolicy
) -> Baseline:
    """Arrays of the right shapes; `fit` fills them before anyone else sees them."""
    rows, n = len(objects) + 1, len(history.kpis)
    periods = horizons(history.duration_s, detection_policy)
    volumes = np.array([k for k, kpi in enumerate(history.kpis) if kpi.traits.traffic and kpi.judged], dtype=np.int64)
    return Baseline(
        objects=objects,
        kpis=history.kpis,
        duration_s=history.duration_s,
        horizons=np.array(periods, dtype=np.int64),
        level=np.zeros((HOURS, rows, n), np.float32),
        level_variance=np.ones((rows, n), np.float32),
        spread=np.full((len(periods), rows, n), 0.01, np.float32),
        idle_probability=np.zeros((HOURS, rows, len(volumes)), np.float32),
        volumes=volumes,
        slope=np.zeros((rows, n), np.float32),
        load=np.full(n, -1, dtype=np.int64),
        offset=np.zeros(n),
        counted=np.zeros(n, bool),
        tail_calibration=np.tile(np.array([1.5, 0.9]), (len(periods), n, 1)),
        tail_slope=np.full((len(periods), rows, n), 0.9, np.float32),
        burst_rate=np.zeros((rows, n), np.float32),
        burst_tail=np.ones(n),
        sites=sites,
        site_idle_probability=np.zeros((HOURS, len(sites)), np.float32),
    )


def _fit_level(past: History, k: int, groups: Sequence[Mapping[str, Sequence[int]]], strangers: int) -> None:
    kpi, base = past.frame.kpis[k], past.baseline
    hourly = _padded(hourly_history(past.frame, k, past.when, past.usable), strangers)
    level, level_variance = levels(hourly, groups, SCORERS[kpi.kind].chance)
    base.level[:, :, k], base.level_variance[:, k] = level, level_variance
    base.counted[k] = bool((hourly.events == np.round(hourly.events)).all())
    if SCORERS[kpi.kind].logarithmic:
        base.offset[k] = SMALL_SHARE * float(level[:, -1].mean())


def _padded(hourly: HourlyHistory, more: int) -> HourlyHistory:
    """Rows for objects without history."""
    none: Floats = np.zeros((len(hourly.slot), more))
    return HourlyHistory(np.hstack([hourly.events, none]), np.hstack([hourly.size, none]), hourly.slot)


def _fit_idle_probability(past: History, k: int, site_history: SiteHistory) -> None:
    base, n = past.baseline, len(past.frame.objects)
    place = np.nonzero(base.volumes == k)[0]
    if not place.size:
        return
    for part in past.parts():
        events, size, level = past.observed(k, part)
        empty = events <= COLLAPSED_SHARE * level * size
        base.idle_probability[:, part, place[0]] = idle_probability(empty, np.isfinite(events), past.when)
        site_history.see(empty, np.isfinite(events), part)
    if n:
        base.idle_probability[:, n:, place[0]] = base.idle_probability[:, :n, place[0]].mean(axis=1, keepdims=True)
