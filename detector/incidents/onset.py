"""The onset of an object's degradation: its episodes that began together."""

from collections.abc import Iterable
from dataclasses import dataclass

from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.degradation_kind import DEGRADATION_KINDS, DegradationKind
from detector.domain.window import HOUR_S

LONG = 12
"""Periods of a horizon from which it dates an onset only roughly. Chosen: three hours of quarters."""
GRADUAL_S = 3 * HOUR_S
"""A mild loss of quality passes the threshold on busy cells at once and on idle ones up to so much later. Chosen: as long as
the longest pooled horizon."""


@dataclass(frozen=True, kw_only=True)
class Onset:
    """Episodes of one object with one onset: `at` (s), give or take `slack_s`; `kind` of the most severe of them."""

    object_id: str
    at: int
    slack_s: int
    duration_s: int
    kind: str
    severity: str
    neg_log10_p: float
    degradation_ids: frozenset[str]
    families: frozenset[str] = frozenset()
    out_of_service: bool = False
    """One of its episodes takes service away, be it the most severe or not."""
    trend: bool = False
    """Only a long horizon shows any of it: when it began is hardly known."""

    @property
    def traits(self) -> DegradationKind:
        return DEGRADATION_KINDS[self.kind]

    @property
    def seen(self) -> int:
        """The latest that it can have begun (s)."""
        return self.at + self.slack_s

    @property
    def worst_first(self) -> tuple[int, float, str]:
        return -SEVERITIES.index(self.severity), -self.neg_log10_p, self.object_id


def onsets_of(degradations: Iterable[Degradation], tolerance_periods: int) -> tuple[Onset, ...]:
    """The onsets of each object's episodes: what begins later than the first one's slack has an onset of its own."""
    own: dict[str, list[list[Degradation]]] = {}
    for d in sorted(degradations, key=lambda d: (d.started_at, d.degradation_id)):
        known = own.setdefault(d.base_object, [])
        if known and d.started_at - known[-1][0].started_at <= _slack(known[-1][0], tolerance_periods):
            known[-1].append(d)
        else:
            known.append([d])
    return tuple(_onset_of(group, tolerance_periods) for groups in own.values() for group in groups)


def _onset_of(group: list[Degradation], tolerance_periods: int) -> Onset:
    first = group[0]
    lead = max(group, key=lambda d: (SEVERITIES.index(d.severity), d.neg_log10_p, d.degradation_id))
    return Onset(
        object_id=first.base_object,
        at=first.started_at,
        slack_s=_slack(first, tolerance_periods),
        duration_s=first.duration_s,
        kind=lead.kind,
        severity=lead.severity,
        neg_log10_p=lead.neg_log10_p,
        degradation_ids=frozenset(d.degradation_id for d in group),
        families=frozenset(d.family for d in group),
        out_of_service=any(d.traits.out_of_service for d in group),
        trend=all(d.traits.trend for d in group),
    )


def _slack(d: Degradation, tolerance_periods: int) -> int:
    """It began between the start of the horizon that showed it first and the period in which that was seen."""
    return (tolerance_periods + onset_uncertainty(d)) * d.duration_s


def onset_uncertainty(d: Degradation) -> int:
    """Periods from its first to the one that showed it."""
    return max((d.detected_at - d.started_at) // d.duration_s - 1, 0)


def same_onset(a: Onset, b: Onset) -> bool:
    """One cause may have begun both: their onsets are one within the slack of short horizons, or the time in which the
    one must have begun holds the start of the other."""
    first, second = sorted((a, b), key=lambda onset: onset.at)
    apart = second.at - first.at
    return apart <= first.slack_s or apart <= min(second.slack_s, LONG * second.duration_s)


def same_gradual_onset(a: Onset, b: Onset) -> bool:
    """One cause may have begun both though they show at different times: mild losses of quality within some hours."""
    if same_onset(a, b):
        return True
    first, second = sorted((a, b), key=lambda onset: onset.at)
    return a.traits.gradual and b.traits.gradual and second.at - first.at - first.slack_s <= GRADUAL_S
