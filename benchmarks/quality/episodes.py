"""From a peer's flags to degradations: what is flagged without a break is one."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.detection import Material
from benchmarks.quality.panel import Array, Panel
from detector.domain.degradation import Degradation, degradation_id

GAP = 2
"""So many periods without a flag end an episode."""


def groups(panel: Panel) -> dict[tuple[str, str], list[int]]:
    """(object, family) -> its series."""
    found: dict[tuple[str, str], list[int]] = {}
    for s, (name, kpi) in enumerate(zip(panel.objects, panel.kpis, strict=True)):
        found.setdefault((name, kpi.family), []).append(s)
    return found


def worst(panel: Panel, scores: Array) -> Array:
    """[scored period, group] the highest score of a group's series; -inf where none has an opinion."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    return np.stack([known[:, own].max(axis=1) for own in groups(panel).values()], axis=1)


def onsets(flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[period, group]: an episode begins here.

    >>> onsets(np.array([[1, 1, 0, 1, 0, 0, 1]], bool).T).T.astype(int).tolist()
    [[1, 0, 0, 0, 0, 0, 1]]
    """
    before = np.zeros_like(flagged)
    for lag in range(1, GAP + 1):
        before[lag:] |= flagged[:-lag]
    return flagged & ~before


def raised(panel: Panel, scores: Array, threshold: float, material: Material) -> Iterator[Degradation]:
    """One a group and episode, detected when its first flagged period had arrived."""
    begun = onsets(worst(panel, scores) >= threshold)
    names = list(groups(panel))
    delay = material.source.operator.arrival_delay_s
    for p, g in zip(*np.nonzero(begun), strict=True):
        (name, family), place = names[g], panel.history + int(p)
        start = int(panel.starts[place])
        arrived = float(material.known_at[place, material.frame.object_index[name]])
        at = int(max(start + panel.duration_s + delay, arrived if np.isfinite(arrived) else 0.0))
        yield Degradation(
            degradation_id=degradation_id(name, family, start),
            object_id=name,
            family=family,
            kpi="",
            kind="integrity",
            started_at=start,
            detected_at=at,
            severity="minor",
            neg_log10_p=0.0,
            expected=0.0,
            observed=0.0,
            numerator=0.0,
            denominator=0.0,
            excess=0.0,
            periods=1,
            duration_s=panel.duration_s,
        )
