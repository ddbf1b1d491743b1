"""A KPI as the catalogue defines it."""

from dataclasses import dataclass

KINDS = ("ratio", "rate", "mean", "gauge", "state", "volume", "display")
FAMILIES = ("availability", "accessibility", "retainability", "mobility", "integrity", "volume", "utilisation", "core")


SATURATED = 95.0
"""Per cent of its resource blocks from which a cell is full: what is asked for beyond that nobody counts."""


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One row of `config/kpis.toml`. `numerator` and `denominator` are formulas over counter stems.

    kind: ratio (counts of counts), rate (events per session time), mean, gauge, state (a gauge that stands still), volume,
    or display (a product for people, never scored). direction: `up` (more is better), `down`, `both` (a state: any change
    is news), or `none` (context for others). `floor` is the smallest change that matters to customers: in the KPI's own
    fraction for ratios, relative to the expectation otherwise.
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

    @property
    def scored(self) -> bool:
        return self.kind != "display" and self.direction != "none"

    def applies_to(self, technology: str) -> bool:
        """`technology` is a cell's (LTE, NR, NSA) or `core`; an NSA cell is measured as LTE and as NR; `any` fits cells."""
        if self.technology == "any":
            return technology != "core"
        return technology in {self.technology, "NSA"} and (technology != "NSA" or self.technology != "core")

    def shortfall(self, observed: float, expected: float) -> float:
        """How much worse than expected: in the fraction itself for a ratio, else relative to the expectation; negative =
        better. Of a KPI that may err to both sides every change is for the worse.

        >>> Kpi("thp", "Throughput", "Mbit/s", "mean", "up", "integrity", "LTE", "", "a", "b").shortfall(6.0, 10.0)
        0.4
        """
        worse = expected - observed if self.direction == "up" else observed - expected
        if self.direction == "both":
            worse = abs(worse)
        if self.kind == "ratio":
            return worse
        return worse / abs(expected) if expected else float(worse > 0)
