"""Means and gauges: how far from the level, on a logarithmic scale."""

import numpy as np
import scipy

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample

CENTRAL_99 = 2.576
"""Normal quantile of 0.995: 99 % lie within. Definition."""
LEAST_Z = -8.0
"""Deviation of a value that is where it should be, of both sides. Chosen: no normal one is under it."""


class Residual:
    """P(Z >= z) of a standard normal: z = log((value + offset) / (level + offset)) / sqrt(spread + level_variance).

    Throughput, delay and the like scatter in proportion to their level, so that their logarithm has one scale: they are
    about log-normal. Where both ways are worse (`Sample.worse` 0), z is the one whose upper tail is as unlikely as both
    tails. The level may already be given the load (`dispersion.fit_load_slopes`). For values that stand still see
    `State`, for traffic that vanishes see `Collapse`.
    """

    chance: float = 0.0
    collapses: bool = False
    logarithmic: bool = True

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray((sample.size > 0) & (sample.level + sample.offset > 0))

    def deviation(self, sample: Sample) -> Floats:
        z = self._residual(sample) / np.sqrt(np.maximum(sample.spread + sample.level_variance, 1e-8))
        return np.asarray(z if sample.worse else _of_both_sides(z))

    def variance(self, sample: Sample) -> Floats:
        return np.asarray(np.maximum(sample.spread + sample.level_variance, 1e-8) * sample.expected**2)

    def neg_log10_p(self, sample: Sample) -> Floats:
        return tails.normal(self.deviation(sample))

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        squares = self._residual(sample) ** 2
        return squares, np.ones_like(squares)

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        factor = np.exp(CENTRAL_99 * np.sqrt(sample.spread + sample.level_variance))
        level = sample.level + sample.offset
        return np.maximum(level / factor - sample.offset, 0.0), np.asarray(level * factor - sample.offset)

    def excess(self, sample: Sample) -> Floats:
        beyond = sample.events - sample.expected
        return np.asarray(sample.worse * beyond if sample.worse else np.abs(beyond))

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= kpi.floor * sample.expected)

    @staticmethod
    def _residual(sample: Sample) -> Floats:
        value = np.maximum(sample.events / np.where(sample.size > 0, sample.size, np.nan), 0.0)
        least = max(sample.offset, 1e-12)
        return np.asarray((sample.worse or 1) * np.log((value + least) / np.maximum(sample.level + sample.offset, least)))


def _of_both_sides(z: Floats) -> Floats:
    """The standard normal deviation whose upper tail is as likely as a deviation of |z| to either side.

    >>> _of_both_sides(np.array([0.0, -1.96, 6.0])).round(2).tolist()
    [-8.0, 1.64, 5.89]
    """
    both = np.minimum(np.log(2) + scipy.special.log_ndtr(-np.abs(z)), 0.0)
    return np.asarray(np.maximum(-scipy.special.ndtri_exp(both), LEAST_Z))
