"""A KPI as the catalogue defines it, and what each kind and each family of KPIs means.

A new kind is one entry of `KPI_KINDS` and one line of `scoring/registry.py`; a new family is one entry of `FAMILIES`.
Nothing else compares a kind by its name: other modules read the kind's traits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, assert_never

from detector.domain.experience import Harm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SATURATED = 95.0
"""Per cent of its resource blocks from which a cell is full. Chosen: demand beyond it is not counted."""

COLLAPSED_SHARE = 0.1
"""Traffic under this share of its expectation has collapsed (sleeping cell, outage). Chosen: over what people beside it
still cause, and far under what the emptiest holiday leaves (0.25 of the traffic is a shift that may stay, see
`scoring.shifts`)."""

Effect = Literal["points", "relative"]
"""How much worse: in points of a fraction (0.99 to 0.94 is 0.05), or relative to the expectation (10 to 6 Mbit/s is 0.4)."""
Orientation = Literal["failures", "stated", "loss", "any"]
"""Which side of the expectation is worse: more failures, the side that the catalogue's `direction` leaves, less, or both."""


@dataclass(frozen=True, kw_only=True)
class KpiKind:
    """
    effect, orientation: see there.
    formulas: what the catalogue has to give; optional_formulas: what it may give besides.
    two_sided: its direction may be `both`.
    weighable: it may come as a value, with what it is counted on as the weight_counter.
    computed: from counters; a product is made of other KPIs, for people, and is never scored.
    fraction: the numerator counts some of the denominator, and is never above it. counted: neither can be negative.
    counts_failures: what is beyond expectation is a number of failures.
    per_cent: people read it in per cent. per_second: events per session time.
    per_period: an amount of a period, which grows with what of the period was measured.
    traffic: how much people do rather than how well it goes.
    follows_load: its expectation depends on how busy the cell is.
    survives_suspect: a suspect period, which is a short one, leaves its value what it is.
    sharp_floors: this many times the KPI's `floor`, a single period is news by itself; None = from the floor on.
    beyond_crowd: loss from which even a declared event does not explain it (`Kpi.loss`).
    """

    name: str
    effect: Effect = "relative"
    orientation: Orientation = "stated"
    formulas: tuple[str, ...] = ("numerator",)
    optional_formulas: tuple[str, ...] = ()
    weighable: bool = False
    two_sided: bool = False
    computed: bool = True
    fraction: bool = False
    counted: bool = False
    counts_failures: bool = False
    per_cent: bool = False
    per_period: bool = False
    per_second: bool = False
    traffic: bool = False
    follows_load: bool = False
    survives_suspect: bool = False
    sharp_floors: float | None = None
    beyond_event: float = 0.9


_BOTH = ("numerator", "denominator")
_ENTRIES = (
    KpiKind(
        name="ratio",
        effect="points",
        orientation="failures",
        formulas=_BOTH,
        weighable=True,
        fraction=True,
        per_cent=True,
        counted=True,
        counts_failures=True,
        survives_suspect=True,
        sharp_floors=5.0,
        beyond_event=0.5,
    ),
    KpiKind(
        name="rate",
        formulas=_BOTH,
        weighable=True,
        counted=True,
        counts_failures=True,
        per_second=True,
        survives_suspect=True,
        sharp_floors=3.0,
        beyond_event=0.995,
    ),
    KpiKind(name="mean", optional_formulas=("denominator",), follows_load=True, sharp_floors=1.5),
    KpiKind(name="gauge", two_sided=True, optional_formulas=("denominator",)),
    KpiKind(name="state", orientation="any", two_sided=True, optional_formulas=("denominator",), survives_suspect=True),
    KpiKind(name="volume", orientation="loss", counted=True, per_period=True, traffic=True),
    KpiKind(name="display", formulas=("product",), computed=False, per_cent=True, survives_suspect=True),
)
KPI_KINDS: Mapping[str, KpiKind] = MappingProxyType({kind.name: kind for kind in _ENTRIES})


@dataclass(frozen=True, kw_only=True)
class KpiFamily:
    """What KPIs of one family watch. harm: what a degraded minute is made of where they are bad. unserved: nobody is served
    where they are bad; slows: people are served, but slowly. quality: how well those are served who use it. downtime: time
    for which a cell itself counts that it is down."""

    name: str
    harm: Harm
    unserved: bool = False
    slows: bool = False
    quality: bool = False
    downtime: bool = False


_FAMILIES = (
    KpiFamily(name="availability", harm="coverage", unserved=True, downtime=True),
    KpiFamily(name="accessibility", harm="access", quality=True),
    KpiFamily(name="retainability", harm="drops", quality=True),
    KpiFamily(name="mobility", harm="drops", quality=True),
    KpiFamily(name="integrity", harm="slow", slows=True, quality=True),
    KpiFamily(name="volume", harm="coverage"),
    KpiFamily(name="utilisation", harm="slow", slows=True),
    KpiFamily(name="core", harm="core"),
)
FAMILIES: Mapping[str, KpiFamily] = MappingProxyType({family.name: family for family in _FAMILIES})


def family_of(name: str) -> KpiFamily:
    """The family of this name; what is in no family of the catalogue (missing data) is trouble to get access."""
    return FAMILIES.get(name) or KpiFamily(name=name, harm="access")


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One row of `config/kpis.toml`. `numerator` and `denominator` are formulas over counter stems.

    kind: ratio (counts of counts), rate (events per session time), mean, gauge, state (a gauge that stands still),
    volume, or display (a product for people, never scored). direction: `up` (more is better), `down`, `both` (of a
    state or a gauge: any change is news), or `none` (context for others). `floor` is the smallest change that matters
    to customers: in the KPI's own fraction for ratios, relative to the expectation otherwise. weight_counter: what a
    value that came without counts is counted on; it is the denominator then.
    """

    id: str
    title: str
    unit: str
    kind: str
    direction: str
    family: str
    technology: str
    clause: str
    numerator: str
    denominator: str = ""
    weight: float = 1.0
    floor: float = 0.01
    weight_counter: str = ""

    @property
    def traits(self) -> KpiKind:
        """What its kind means. KeyError for a kind that nobody defined."""
        return KPI_KINDS[self.kind]

    @property
    def watches(self) -> KpiFamily:
        """What its family means."""
        return family_of(self.family)

    @property
    def scored(self) -> bool:
        return self.traits.computed and self.direction != "none"

    @property
    def judged(self) -> bool:
        """It gives evidence: not for display, not mere context, and traffic only where more is better."""
        return self.scored and (self.traits.orientation != "loss" or self.direction == "up")

    @property
    def counts_successes(self) -> bool:
        """Successes are stored, failures are judged."""
        return self.traits.orientation == "failures" and self.direction == "up"

    @property
    def worse_sign(self) -> int:
        """+1 if more events, as scorers count them, are worse; -1 if fewer are; 0 if both are."""
        match self.traits.orientation:
            case "stated":
                return {"up": -1, "both": 0}.get(self.direction, 1)
            case "failures" | "loss" | "any":  # failures are bad ones; of a loss and of any change the scorer takes the side
                return 1
            case _:
                assert_never(self.traits.orientation)

    @property
    def load(self) -> bool:
        """How much of its resources a cell uses (%), by a gauge."""
        return self.gauges_load and self.unit == "%"

    @property
    def gauges_load(self) -> bool:
        return self.family == "utilisation" and self.kind == "gauge"

    def applies_to(self, technology: str) -> bool:
        """`technology` is a cell's (LTE, NR, NSA) or `core`; an NSA cell is measured as LTE and as NR; `any` fits cells."""
        if self.technology == "any":
            return technology != "core"
        return technology in {self.technology, "NSA"} and (technology != "NSA" or self.technology != "core")

    def shortfall(self, observed: float, expected: float) -> float:
        """How much worse than expected, as `floor` is meant: points of the fraction, or relative to the expectation;
        negative = better. Of a KPI that may err to both sides every change is for the worse.

        >>> import numpy as np
        >>> Kpi(id="thp", title="Throughput", unit="Mbit/s", kind="mean", direction="up", family="integrity",
        ...     technology="LTE", clause="", numerator="a", denominator="b").shortfall(6.0, 10.0)
        0.4
        """
        worse = expected - observed if self.direction == "up" else observed - expected
        if self.direction == "both":
            worse = abs(worse)
        match self.traits.effect:
            case "points":
                return worse
            case "relative":
                return worse / abs(expected) if expected else float(worse > 0)
            case _:
                assert_never(self.traits.effect)

    def relative_loss(self, observed: float, expected: float) -> float:
        """In [0, 1): 0 = as expected, 0.5 = half as good (half the throughput, twice the drops).

        >>> kpi = Kpi(id="drop", title="Drops", unit="1/s", kind="rate", direction="down", family="retainability",
        ...     technology="LTE", clause="", numerator="a", denominator="b")
        >>> kpi.relative_loss(observed=4.0, expected=1.0)
        0.75
        """
        good, bad = (observed, expected) if self.direction == "up" else (expected, observed)
        if self.direction == "both":
            good, bad = min(observed, expected), max(observed, expected)
        return max(0.0, 1.0 - good / bad) if bad > 0 else 0.0

    def loss(self, observed: float, expected: float) -> float:
        """How much is lost: points of the fraction, or `relative_loss`."""
        match self.traits.effect:
            case "points":
                return self.shortfall(observed, expected)
            case "relative":
                return self.relative_loss(observed, expected)
            case _:
                assert_never(self.traits.effect)

    def worsening(self, observed: "NDArray[np.float64]", expected: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """How much worse, so that equal steps are equally bad: points of the fraction, or the logarithm of the multiple."""
        import numpy as np  # commands that only name KPIs do without it

        match self.traits.effect:
            case "points":
                fallen = expected - observed
            case "relative":
                fallen = np.log(expected / observed)
            case _:
                assert_never(self.traits.effect)
        return fallen if self.direction == "up" else -fallen

    def worsened(self, expected: float, by: float) -> float:
        """The value that is `by` worse than `expected`: the inverse of `worsening`.

        >>> import numpy as np
        >>> Kpi(id="thp", title="Throughput", unit="Mbit/s", kind="mean", direction="up", family="integrity",
        ...     technology="LTE", clause="", numerator="a", denominator="b").worsened(10.0, np.log(2))
        5.0
        """
        import numpy as np  # as above

        sign = -1.0 if self.direction == "up" else 1.0
        match self.traits.effect:
            case "points":
                return expected + sign * by
            case "relative":
                return expected * float(np.exp(sign * by))
            case _:
                assert_never(self.traits.effect)
