"""How much longer an incident lasts: log-normal survival by kind, given how long it has lasted already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.domain.outlook import LEVEL
from detector.domain.window import DAY_S, HOUR_S

Vector = NDArray[np.float64]
PRIOR_MEDIAN_S = 3 * HOUR_S
"""Prior median of the duration of incidents, in s. Chosen: between a restart and a visit to the site."""
PRIOR_MEDIAN_LOG_SD = 1.2
"""Standard deviation of the logarithm of that median over networks. Chosen: a network may well be three times slower."""
PRIOR_SPREAD, PRIOR_SPREAD_LOG_SD = 1.0, 0.3
"""Standard deviation of log durations on one network, and of its own logarithm over networks."""
OTHER_KIND_WEIGHT = 0.2
"""Weight of an episode of another kind. Chosen: five of them count as one of the own kind."""
NEWEST = 1000
"""Newest finished incidents that are learned from. Chosen: more add no precision, and networks change."""
SHORTEST_S = 300.0
"""Shortest duration. Chosen: a third of a period, under which none is resolved."""
_MEDIANS = np.log(np.geomspace(300.0, 20 * DAY_S, 33))
_SPREADS = np.geomspace(0.35, 2.5, 9)
_M, _S = (side.ravel() for side in np.meshgrid(_MEDIANS, _SPREADS, indexing="ij"))
_AHEAD = np.geomspace(60.0, 60 * DAY_S, 120)


@dataclass(frozen=True, slots=True)
class Episode:
    """How long an incident lasted. `lasted_s`: until it cleared, or as far as is known if it has not `ended`.
    `detected_after_s`: its age when it was detected; one that ended sooner is not recorded (left truncation)."""

    kind: str
    lasted_s: float
    detected_after_s: float
    ended: bool


@dataclass(frozen=True, eq=False)
class ClearTimeModel:
    """The survival function of the incidents of a network, learned from its episodes, those still open included.

    A log-normal per kind, whose median and spread are uncertain: a posterior over a grid of both, from the own kind's
    episodes in full, those of other kinds at OTHER_KIND_WEIGHT, and a wide prior. Open ones count as "longer than so far"
    (right censored), all as "longer than it took to detect" (left truncated). The log-normal is the usual choice for times
    to repair (e.g. Lawless, Statistical Models and Methods for Lifetime Data, 2nd ed., 1.3.3).
    """

    episodes: Mapping[str, Episode]
    """Incident id -> its episode."""
    _posteriors: dict[str, Vector] = field(default_factory=dict)

    def remaining(self, kind: str, lasted_s: float) -> Vector:
        """[3] seconds that an episode of this kind, which has lasted `lasted_s`, still lasts: low, median, high of the LEVEL
        interval. The episode is one of `episodes`, so that the posterior holds how long it has lasted already.

        The longer it has lasted, the longer it will:

        >>> fresh, old = (ClearTimeModel({}).remaining("outage", hours * 3600.0) for hours in (0.5, 8.0))
        >>> bool(fresh[0] < fresh[1] < fresh[2]), bool(fresh[1] < old[1])
        (True, True)
        """
        if kind not in self._posteriors:
            self._posteriors[kind] = self._posterior(kind)
        weight = self._posteriors[kind] - _survives(np.array(lasted_s))
        survival = scipy.special.logsumexp(weight + _survives(lasted_s + _AHEAD), axis=1) - scipy.special.logsumexp(
            self._posteriors[kind]
        )
        tail = (1.0 - LEVEL) / 2
        return np.asarray(np.interp([tail, 0.5, 1.0 - tail], -np.expm1(survival), _AHEAD), np.float64)

    @property
    def finished(self) -> int:
        return sum(e.ended for e in self.episodes.values())

    def _posterior(self, kind: str) -> Vector:
        """[grid] log weight of each (median, spread)."""
        median_z = (_M - np.log(PRIOR_MEDIAN_S)) / PRIOR_MEDIAN_LOG_SD
        spread_z = np.log(_S / PRIOR_SPREAD) / PRIOR_SPREAD_LOG_SD
        prior = -0.5 * median_z**2 - 0.5 * spread_z**2
        episodes = self.episodes.values()
        if not episodes:
            return np.asarray(prior)
        lasted = np.array([e.lasted_s for e in episodes])
        detected_after = np.array([e.detected_after_s for e in episodes])
        ended = np.array([e.ended for e in episodes])
        weight = np.array([1.0 if e.kind == kind else OTHER_KIND_WEIGHT for e in episodes])
        likelihood = np.where(ended[:, None], _ends(lasted), _survives(lasted)) - _survives(
            np.minimum(detected_after, lasted)
        )
        return np.asarray(prior + weight @ likelihood)


def _standard(seconds: Vector) -> Vector:
    return np.asarray((np.log(np.maximum(seconds, SHORTEST_S))[..., None] - _M) / _S)


def _ends(seconds: Vector) -> Vector:
    """[..., grid] log density of the logarithm, but for a constant."""
    return np.asarray(-0.5 * _standard(seconds) ** 2 - np.log(_S))


def _survives(seconds: Vector) -> Vector:
    """[..., grid] log probability to last longer."""
    return np.asarray(scipy.special.log_ndtr(-_standard(seconds)))


def learn_clear_times(incidents: Sequence[Incident], degradations: Sequence[Degradation], *, now: int) -> ClearTimeModel:
    """The model learned from these incidents, open and resolved, as of `now` (s). `degradations`: theirs.

    Left out: incidents that were merged into another (they are part of it) or withdrawn, and those of which nobody is
    notified (declared works end when they were declared to, not when a fault is found).
    """
    own = {d.degradation_id: d for d in degradations}
    notified = [i for i in incidents if not i.silent and i.withdrawn_at is None]
    ended = sorted((i for i in notified if i.state == "resolved"), key=lambda i: (i.opened_at, i.incident_id))
    known = [i for i in notified if i.state == "open"] + ended[-NEWEST:]
    return ClearTimeModel({i.incident_id: episode_of(i, own, now) for i in known})


def episode_of(incident: Incident, degradations: Mapping[str, Degradation], now: int) -> Episode:
    """The incident's episode as of `now` (s). It ended with the last bad period of its last degradation, not when enough
    well ones had been seen to confirm it. An open one was surely bad only until its last bad period began: counters come
    late, and it may be over already.
    """
    ended = incident.state != "open"
    own = [degradations[i] for i in incident.degradation_ids if i in degradations]
    ends = [d.cleared_at for d in own if d.cleared_at is not None]
    if ended:
        end = incident.ended_at or max(ends, default=incident.resolved_at or now)
    else:
        end = max([*ends, *(last_bad_period_start(d) for d in own if d.open)], default=now)
    detected_after = incident.opened_at - incident.started_at
    return Episode(incident.kind, float(max(end - incident.started_at, 0)), float(max(detected_after, 0)), ended)


def last_bad_period_start(degradation: Degradation) -> int:
    """Start (s) of its last period that was not quiet."""
    return degradation.updated_at - (degradation.quiet_periods + 1) * degradation.duration_s
