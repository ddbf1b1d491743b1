"""What each kind of degradation means, once.

A new kind is one entry here, and the branch of `degradations/kinds.py` that finds it. Nothing else compares a kind by its
name: other modules read the kind's traits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from detector.domain.experience import Harm

SeverityRule = Literal["warning", "by_traffic", "by_loss", "by_size", "one_step_up"]
"""How severe a degradation of a kind is, see `degradations.severity`."""


@dataclass(frozen=True, kw_only=True)
class DegradationKind:
    """
    name: as in `degradations.csv`. title: in an operator's words. harm: what a degraded minute is made of; None = what the
    family of its leading KPI states (`KpiFamily.harm`).
    severity_rule: see `degradations.severity`. affects_service: False = it is a degradation of service only if something
    else confirms it. unserved: nobody is served while it lasts. slows: people are served, but slowly.
    gradual: a loss of quality that shows on busy cells at once and on quiet ones some hours later.
    overload: more users than usual rather than a fault. trend: only a long horizon shows it; it has a breach forecast.
    resembles_sleep: an energy-saving schedule that nobody declared looks the same. of_core: many cells stand behind it.
    """

    name: str
    title: str
    harm: Harm | None
    severity_rule: SeverityRule = "by_size"
    affects_service: bool = True
    unserved: bool = False
    slows: bool = False
    gradual: bool = False
    overload: bool = False
    trend: bool = False
    resembles_sleep: bool = False
    of_core: bool = False

    @property
    def out_of_service(self) -> bool:
        """Known to serve nobody, in contrast to what only sends no data."""
        return self.unserved and self.affects_service

    @property
    def mild(self) -> bool:
        """A loss of quality, not of service."""
        return self.gradual or self.overload

    @property
    def rank(self) -> int:
        """The higher, the more severe: an incident is named after its most severe kind."""
        return _RANK[self.name]


MISSING_DATA = "data"
"""Family of a degradation that is missing measurements."""
NO_DATA = DegradationKind(
    name="no_data",
    title="No measurements",
    harm="coverage",
    severity_rule="warning",
    affects_service=False,
    unserved=True,
)
DRIFT = DegradationKind(name="drift", title="Slowly getting worse", harm=None, gradual=True, trend=True)
CONGESTION = DegradationKind(name="congestion", title="Overloaded", harm="slow", slows=True, overload=True)
INTEGRITY = DegradationKind(name="integrity", title="Data is slow", harm="slow", slows=True, gradual=True)
MOBILITY = DegradationKind(name="mobility", title="Calls drop on the move", harm="drops", gradual=True)
RETAINABILITY = DegradationKind(name="retainability", title="Calls and sessions drop", harm="drops", gradual=True)
ACCESSIBILITY = DegradationKind(name="accessibility", title="Connections fail", harm="access", gradual=True)
SLEEPING = DegradationKind(
    name="sleeping",
    title="Silent: traffic has gone",
    harm="coverage",
    severity_rule="by_traffic",
    unserved=True,
    resembles_sleep=True,
)
OUTAGE = DegradationKind(name="outage", title="No service", harm="coverage", severity_rule="by_loss", unserved=True)
CORE = DegradationKind(name="core", title="Core network trouble", harm="core", severity_rule="one_step_up", of_core=True)

_RANKED = (
    NO_DATA,
    DRIFT,
    CONGESTION,
    INTEGRITY,
    MOBILITY,
    RETAINABILITY,
    ACCESSIBILITY,
    SLEEPING,
    OUTAGE,
    CORE,
)
_RANK = {kind.name: rank for rank, kind in enumerate(_RANKED)}
DEGRADATION_KINDS: Mapping[str, DegradationKind] = MappingProxyType({kind.name: kind for kind in _RANKED})
"""Name -> kind, in ascending order of rank."""


def gravest_kind(kinds: Iterable[str]) -> str:
    """The name of highest rank.

    >>> gravest_kind(["congestion", "outage", "drift"])
    'outage'
    """
    return max(kinds, key=lambda name: DEGRADATION_KINDS[name].rank)
