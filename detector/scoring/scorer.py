"""What every scorer takes and gives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """One KPI over one horizon, arrays of one shape (periods x objects, or objects), counted so that a ratio's and a
    rate's `events` are bad ones: failures of `size` attempts, drops in `size` seconds. A mean has sum and weight, a volume
    its amount and periods.

    level: expected events / size. spread: variance of the KPI beyond pure chance, on the scorer's own scale.
    level_variance: relative, of the level itself (a new cell is less well known). idle_probability: that a healthy
    object has next to no traffic at this hour, whatever the scorer gives. worse: +1 if more is worse, -1 if less is, 0
    if both are. offset: added before a logarithm. counted: a volume in whole events.
    """

    events: Floats
    size: Floats
    level: Floats
    spread: Floats
    level_variance: Floats
    idle_probability: Floats
    worse: int = 1
    offset: float = 0.0
    counted: bool = True

    @property
    def expected(self) -> Floats:
        """Expected events over the horizon."""
        return np.asarray(self.level * self.size)

    def over(self, h: int) -> "Sample":
        """The row of one horizon, of a sample [horizon, object]."""
        level_variance = self.level_variance[h] if self.level_variance.ndim > 1 else self.level_variance
        e, s, le, sp = (side[h] for side in (self.events, self.size, self.level, self.spread))
        return Sample(
            events=e,
            size=s,
            level=le,
            spread=sp,
            level_variance=level_variance,
            idle_probability=self.idle_probability[h],
            worse=self.worse,
            offset=self.offset,
            counted=self.counted,
        )

    def pick(self, where: Flags) -> "Sample":
        """Only these elements, as one row."""
        wide = np.broadcast_arrays(
            self.events, self.size, self.level, self.spread, self.level_variance, self.idle_probability
        )
        e, s, le, sp, d, r = (np.asarray(a[where]) for a in wide)
        return Sample(
            events=e,
            size=s,
            level=le,
            spread=sp,
            level_variance=d,
            idle_probability=r,
            worse=self.worse,
            offset=self.offset,
            counted=self.counted,
        )


class Scorer(Protocol):
    """One test of how unlikely a KPI is. All methods are element-wise; NaN stays NaN without a warning."""

    chance: float
    """1 if events scatter by chance like Poisson counts, 0 if all scatter is in the spread."""
    collapses: bool
    """Bad means that next to nothing is left, not that it is somewhat worse."""
    logarithmic: bool
    """It takes logarithms of values that may be zero: levels are given an offset (`Sample.offset`)."""

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        """There is enough to judge by."""
        ...

    def deviation(self, sample: Sample) -> Floats:
        """A rough z, positive = worse: decides what is worth a tail probability."""
        ...

    def variance(self, sample: Sample) -> Floats:
        """Of the events of a healthy object, in the squares of their counts; of use where events scatter by chance."""
        ...

    def neg_log10_p(self, sample: Sample) -> Floats:
        """-log10 p that it is no worse than its level, `idle_probability` left aside."""
        ...

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        """(squares beyond chance, what they are relative to): their sums' ratio estimates the spread."""
        ...

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        """Central 99 % of events / size."""
        ...

    def excess(self, sample: Sample) -> Floats:
        """Bad counts beyond expectation."""
        ...

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        """The change is large enough for customers to notice."""
        ...
