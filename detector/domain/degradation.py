"""One object, one KPI family, one episode."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NamedTuple

from detector.domain.cell import base_object, dimension
from detector.domain.degradation_kind import DEGRADATION_KINDS, DegradationKind
from detector.domain.window import DAY_S

SEVERITIES = ("warning", "minor", "major", "critical")
PRIORITY = {"critical": 1, "major": 2, "minor": 4, "warning": 7}
"""TM Forum priority (TMF656: 1 high to 10 low) of each severity."""


Confirmation = Literal["neighbours", "core", "alarm", "ticket", "people"]
"""Who else says that an object's users are without service."""


class Part(NamedTuple):
    """Evidence of one KPI of the family: -log10 p over its surest horizon of so many periods; values as in Degradation."""

    kpi: str
    periods: int
    neg_log10_p: float
    observed: float
    expected: float


class Reading(NamedTuple):
    """What the leading KPI showed over `periods` periods that ended at `end` (s); values and counts as in Degradation."""

    end: int
    periods: int
    observed: float
    expected: float
    numerator: float
    denominator: float


REMEMBERED_S = DAY_S


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """An episode in which one family of KPIs of one object is worse than its baseline. Times in s since the epoch.

    `kpi` leads its family; `observed`, `expected` are fractions or catalogue units, never per cent; `neg_log10_p` is
    -log10 p at its strongest; `periods` the horizon that showed it; `quiet_periods` counts towards clearing.
    `confirmed_by` names the other evidence for it (neighbours, core, alarm, people): no_data is a degradation of
    service only then. `parts` explain the one number, the surest first. `siblings`: other measured cells of the site, of
    which `siblings_alike` look bad in the same family, be it ever so mildly. `neighbour_load`: their traffic, observed /
    expected, None = not known. `withdrawn_at`: the clock when corrected data no longer bore it out; then it is over as of
    its start, and `superseded_by` names the episode that stands in its place, if one does. `threshold`: the -log10 p that
    `neg_log10_p` had to reach; `raised_at`: the end (s) of the period that raised it. `readings`: what its leading KPI
    showed at the latest bad period, and at the worst; empty where no KPI leads (missing data). `no_data_since`: from when
    on (s) nothing is measured that shows how it goes on; None = it is measured. Of kind no_data: set where the data
    stopped for many objects at once, so that the feed is at fault and not the object. `reporting_gap`: of missing data, its
    people were seen behind it as usual meanwhile, which ended it.
    """

    degradation_id: str
    object_id: str
    family: str
    kpi: str
    kind: str
    started_at: int
    detected_at: int
    severity: str
    neg_log10_p: float
    expected: float
    observed: float
    numerator: float
    denominator: float
    excess: float
    periods: int
    duration_s: int
    cleared_at: int | None = None
    quiet_periods: int = 0
    confirmed_by: tuple[Confirmation, ...] = ()
    updated_at: int = 0
    parts: tuple[Part, ...] = ()
    siblings: int = 0
    siblings_alike: int = 0
    neighbour_load: float | None = None
    withdrawn_at: int | None = None
    superseded_by: str = ""
    threshold: float = 0.0
    raised_at: int = 0
    readings: tuple[Reading, ...] = ()
    no_data_since: int | None = None
    reporting_gap: bool = False

    @property
    def reading(self) -> Reading:
        """The figures to show: as of the latest bad period while it is open, of the worst once it is over."""
        if self.readings:
            return self.readings[0 if self.open else -1]
        return Reading(self.updated_at, self.periods, self.observed, self.expected, self.numerator, self.denominator)

    @property
    def base_object(self) -> str:
        return base_object(self.object_id)

    @property
    def dimension(self) -> str:
        return dimension(self.object_id)

    @property
    def open(self) -> bool:
        return self.cleared_at is None

    def remembered(self, at: int) -> bool:
        """Open, or cleared so lately that a long horizon which ends `at` (s) may still show it."""
        return self.cleared_at is None or (self.withdrawn_at is None and self.cleared_at > at - REMEMBERED_S)

    @property
    def traits(self) -> DegradationKind:
        """What its kind means."""
        return DEGRADATION_KINDS[self.kind]

    @property
    def affects_service(self) -> bool:
        return self.traits.affects_service


def leading(degradations: Iterable[Degradation], kind: str = "") -> Degradation:
    """The leading one: of the incident's `kind` if one is, so that heading, figures and sentence describe the same fault;
    then one that is open, the most severe, the strongest, the oldest. ValueError for none."""
    return min(
        degradations,
        key=lambda d: (
            d.kind != kind,
            not d.open,
            -SEVERITIES.index(d.severity),
            -d.neg_log10_p,
            d.started_at,
            d.degradation_id,
        ),
    )


def degradation_id(object_id: str, family: str, first_period: int) -> str:
    """Deterministic: replay and re-scoring give the same id.

    >>> degradation_id("c01010", "accessibility", 1774339200)
    'deg_10afdb2cddef1587'
    """
    return "deg_" + sha256(f"{object_id}\n{family}\n{first_period}".encode()).hexdigest()[:16]


def worst(severities: list[str]) -> str:
    """The most severe of them.

    >>> worst(["minor", "critical", "major"])
    'critical'
    """
    return max(severities, key=SEVERITIES.index)
