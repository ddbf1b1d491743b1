"""What the detector has learned and seen, kept as arrays: baselines, mobility profiles, the evidence of each tick."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import scoring
from detector.domain.degradation import Degradation
from detector.domain.evidence import Band, Evidence, EwmaState
from detector.domain.exposure import MobilityProfile
from detector.domain.incident import Incident
from detector.domain.policy import DetectionPolicy
from detector.domain.window import Tick, Window
from detector.kpis import Catalogue
from detector.scoring import Baseline
from detector.store import Store, mobility_profiles
from detector.store.arrays import Arrays

_PROFILE = [f.name for f in fields(MobilityProfile) if f.name != "cells"]
_EVIDENCE = [f.name for f in fields(Evidence) if f.name not in {"tick", "objects", "kpis", "testable_share", "ewma"}]
_ADDED = {"neg_log10_p", "onset", "over", "gain", "gone"}
"""Fields that evidence of earlier versions lacks: its tick is scored again."""
_EVIDENCE_KEPT = 200
"""Ticks whose evidence is kept. Chosen: two days of quarters of an hour."""
_CONTEXT_S = 6 * 3600
"""Time shown before and after an incident. Chosen: the chart shows the level before."""
_BANDS_AN_INCIDENT = 3
"""KPIs shown of an incident. Chosen: a screen."""
_DRIFT_S = 2 * 86_400
"""History read for a breach forecast. Chosen: `outlook.breach.LOOK_BACK_H`."""


def _made_from(catalogue: Catalogue, detection_policy: DetectionPolicy) -> str:
    """A baseline fits only the catalogue and the policy that it was fitted under."""
    return f"{catalogue.hash} {detection_policy}"


def save_baseline(
    store: Store, catalogue: Catalogue, detection_policy: DetectionPolicy, duration_s: int, baseline: Baseline
) -> None:
    """Replace the baseline of this duration, whole; the one before it is kept for what late data make to be judged again."""
    store.arrays.keep(f"baseline-{duration_s}", f"earlier/baseline-{duration_s}")
    store.arrays.save(f"baseline-{duration_s}", baseline.to_arrays(), _made_from(catalogue, detection_policy))


def load_baseline(store: Store, catalogue: Catalogue, detection_policy: DetectionPolicy, duration_s: int) -> Baseline | None:
    """The present baseline, or None if there is none for this catalogue and policy: then `learn` is due."""
    arrays = store.arrays.load(f"baseline-{duration_s}", _made_from(catalogue, detection_policy))
    return None if arrays is None else scoring.from_arrays(arrays, catalogue.computed)


def load_earlier_baseline(
    store: Store, catalogue: Catalogue, detection_policy: DetectionPolicy, duration_s: int
) -> Baseline | None:
    """The one before the present one, or None if there is none for this catalogue and policy."""
    arrays = store.arrays.load(f"earlier/baseline-{duration_s}", _made_from(catalogue, detection_policy))
    return None if arrays is None else scoring.from_arrays(arrays, catalogue.computed)


def save_mobility_profile(store: Store, profile: MobilityProfile) -> None:
    """Replace the mobility profile as a whole."""
    arrays: Arrays = {"cells": _strings(profile.cells)} | {name: getattr(profile, name) for name in _PROFILE}
    store.arrays.save("habit", arrays, mobility_profiles.MADE_FROM)


def load_mobility_profile(store: Store) -> MobilityProfile | None:
    """Where people usually are, or None before the first `learn`."""
    arrays = store.arrays.load("habit", mobility_profiles.MADE_FROM, in_place=True)
    if arrays is None:
        return None
    return MobilityProfile(cells=tuple(arrays["cells"].tolist()), **{name: arrays[name] for name in _PROFILE})


def save_evidence(store: Store, catalogue: Catalogue, evidence: Evidence) -> None:
    """Written again for the same tick, it replaces: scoring is idempotent."""
    named = {"objects": _strings(evidence.objects), "kpis": _strings([k.id for k in evidence.kpis])}
    named |= {"testable_share": np.array(evidence.testable_share)}
    arrays: Arrays = named | {name: side for name in _EVIDENCE if (side := getattr(evidence, name)) is not None}
    store.arrays.save(_evidence_name(evidence.tick), arrays, catalogue.hash)
    if (ewma := evidence.ewma) is not None:
        named = {"objects": _strings(ewma.objects), "kpis": _strings(ewma.kpis), "end": np.array(ewma.end)}
        store.arrays.save(_ewma_name(evidence.tick), named | {"sums": ewma.sums}, catalogue.hash)


def load_evidence(store: Store, catalogue: Catalogue, tick: Tick) -> Evidence | None:
    """None if it is not there, damaged, or of another catalogue: the tick is scored again."""
    arrays = store.arrays.load(_evidence_name(tick), catalogue.hash)
    if arrays is None or not arrays.keys() >= _ADDED:
        return None
    kpis = {k.id: k for k in catalogue.computed}
    figures: dict[str, Any] = {name: arrays.get(name) for name in _EVIDENCE}
    return Evidence(
        tick=tick,
        objects=tuple(arrays["objects"].tolist()),
        kpis=tuple(kpis[name] for name in arrays["kpis"].tolist()),
        testable_share=float(arrays["testable_share"]),
        **figures,
    )


def load_ewma_state(store: Store, catalogue: Catalogue, tick: Tick) -> EwmaState | None:
    """What the tick before this one left behind; None if it was not scored."""
    arrays = store.arrays.load(_ewma_name(Tick(tick.start - tick.duration_s, tick.duration_s)), catalogue.hash)
    if arrays is None:
        return None
    objects, kpis = (tuple(arrays[name].tolist()) for name in ("objects", "kpis"))
    return EwmaState(int(arrays["end"]), objects, kpis, arrays["sums"])


def bands_of(
    store: Store, catalogue: Catalogue, detection_policy: DetectionPolicy, incident: Incident, *, timezone: str, until: int
) -> tuple[Band, ...]:
    """The incident's leading KPIs against what was expected of them, from some hours before it until `until` at most."""
    shown = sorted(store.degradations.of(incident), key=lambda d: -d.neg_log10_p)[:_BANDS_AN_INCIDENT]
    end = min(until, (incident.over_at or until) + _CONTEXT_S)
    window = Window(incident.started_at - _CONTEXT_S, end)
    bands = (band_of(store, catalogue, detection_policy, d, window, timezone=timezone) for d in shown)
    return tuple(band for band in bands if band is not None)


def drifts_of(
    store: Store,
    catalogue: Catalogue,
    detection_policy: DetectionPolicy,
    degradations: Sequence[Degradation],
    *,
    timezone: str,
    until: int,
) -> tuple[Band, ...]:
    """The leading KPI of each open drift over the last two days, against what was expected of it; the surest first."""
    drifting = sorted((d for d in degradations if d.traits.trend and d.open), key=lambda d: -d.neg_log10_p)
    window = Window(until - _DRIFT_S, until)
    bands = (
        band_of(store, catalogue, detection_policy, d, window, timezone=timezone) for d in drifting[:_BANDS_AN_INCIDENT]
    )
    return tuple(band for band in bands if band is not None)


def band_of(
    store: Store, catalogue: Catalogue, detection_policy: DetectionPolicy, d: Degradation, window: Window, *, timezone: str
) -> Band | None:
    """Its leading KPI in this window; None if that was not measured."""
    baseline = load_baseline(store, catalogue, detection_policy, d.duration_s)
    history = store.history.read(d.duration_s, window)
    if baseline is None or d.kpi not in history.kpi_index or d.object_id not in history.object_index:
        return None
    return scoring.band(history, baseline, d.object_id, d.kpi, timezone=timezone)


def forget_evidence(store: Store) -> None:
    """Keep only the newest: those that late data may make to be decided upon again."""
    for folder in ("evidence", "memory"):
        store.arrays.prune(folder, _EVIDENCE_KEPT)


def _evidence_name(tick: Tick) -> str:
    return f"evidence/{tick.start}-{tick.duration_s}"


def _ewma_name(tick: Tick) -> str:
    return f"memory/{tick.start}-{tick.duration_s}"


def _strings(names: "tuple[str, ...] | list[str]") -> NDArray[np.str_]:
    return np.array(names, dtype=str)
