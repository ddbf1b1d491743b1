"""How much longer: log-normal survival by kind of incident, given how long it has lasted already."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from detector.domain.outlook import LEVEL

Vector = NDArray[np.float64]
USUAL_S = 3 * 3600.0
"""Half of all incidents of a network of which nothing is known yet end before this."""
USUAL_DOUBT = 1.2
"""Standard deviation of the logarithm of that half-time over networks: a network may well be three times slower."""
SPREAD, SPREAD_DOUBT = 1.0, 0.3
"""Standard deviation of log durations on one network, and of its own logarithm over networks."""
KINDRED = 0.2
"""What an episode of another kind weighs: five of them speak as loudly as one of the own kind."""
SHORTEST_S = 300.0
_MEDIANS = np.log(np.geomspace(300.0, 20 * 86_400.0, 33))
_SPREADS = np.geomspace(0.35, 2.5, 9)
_M, _S = (side.ravel() for side in np.meshgrid(_MEDIANS, _SPREADS, indexing="ij"))
_AHEAD = np.geomspace(60.0, 60 * 86_400.0, 120)


@dataclass(frozen=True, slots=True)
class Episode:
    """An incident's course so far. `lasted_s`: until it cleared, or as far as is known if it is not `over`. `found_s`: how
    old it was when it was found; one that ended sooner would not be in the book, and the estimate has to know."""

    kind: str
    lasted_s: float
    found_s: float
    over: bool


@dataclass(frozen=True, eq=False)
class Lasting:
    """What the episodes of a network, those still open included, say of how long the next one lasts.

    A log-normal per kind, whose median and spread are uncertain: a posterior over a grid of both, from the own kind's
    episodes in full, those of other kinds at KINDRED, and a wide prior. Open ones count as "longer than so far" (right
    censored), all as "longer than it took to find" (left truncated). The log-normal is the usual choice for times to repair
    (e.g. Lawless, Statistical Models and Methods for Lifetime Data, 2nd ed., 1.3.3).
    """

    episodes: Mapping[str, Episode]
    """Incident id -> its course."""
    _known: dict[str, Vector] = field(default_factory=dict)

    def remaining(self, kind: str, lasted_s: float) -> Vector:
        """[3] seconds still to come of an episode that has lasted so long: low, median, high of the LEVEL interval. It is
        one of `episodes`, so that how long it has lasted already is known to the posterior.

        The longer it has lasted, the longer it will:

        >>> fresh, old = (Lasting({}).remaining("outage", hours * 3600.0) for hours in (0.5, 8.0))
        >>> bool(fresh[0] < fresh[1] < fresh[2]), bool(fresh[1] < old[1])
        (True, True)
        """
        if kind not in self._known:
            self._known[kind] = self._posterior(kind)
        weight = self._known[kind] - _survives(np.array(lasted_s))
        survival = scipy.special.logsumexp(weight + _survives(lasted_s + _AHEAD), axis=1) - scipy.special.logsumexp(
            self._known[kind]
        )
        tail = (1.0 - LEVEL) / 2
        return np.asarray(np.interp([tail, 0.5, 1.0 - tail], -np.expm1(survival), _AHEAD), np.float64)

    @property
    def finished(self) -> int:
        return sum(e.over for e in self.episodes.values())

    def _posterior(self, kind: str) -> Vector:
        """[grid] log weight of each (median, spread)."""
        believed = -0.5 * ((_M - np.log(USUAL_S)) / USUAL_DOUBT) ** 2 - 0.5 * (np.log(_S / SPREAD) / SPREAD_DOUBT) ** 2
        episodes = self.episodes.values()
        if not episodes:
            return np.asarray(believed)
        lasted, found = (np.array([getattr(e, side) for e in episodes]) for side in ("lasted_s", "found_s"))
        over = np.array([e.over for e in episodes])
        weight = np.array([1.0 if e.kind == kind else KINDRED for e in episodes])
        seen = np.where(over[:, None], _ends(lasted), _survives(lasted)) - _survives(np.minimum(found, lasted))
        return np.asarray(believed + weight @ seen)


def _standard(seconds: Vector) -> Vector:
    return np.asarray((np.log(np.maximum(seconds, SHORTEST_S))[..., None] - _M) / _S)


def _ends(seconds: Vector) -> Vector:
    """[..., grid] log density of the logarithm, but for a constant."""
    return np.asarray(-0.5 * _standard(seconds) ** 2 - np.log(_S))


def _survives(seconds: Vector) -> Vector:
    """[..., grid] log probability to last longer."""
    return np.asarray(scipy.special.log_ndtr(-_standard(seconds)))
