"""Means and gauges: how far from the level, on a logarithmic scale."""

import numpy as np

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample

CENTRAL_99 = 2.576
"""Normal quantile of 0.995: 99 % lie within. Definition."""


class Residual:
    """P(Z >= z) of a standard normal: z = log((value + offset) / (level + offset)) / sqrt(spread + level_variance).

    Throughput, delay and the like scatter in proportion to their level, so that their logarithm has one scale: they are
    about log-normal. The level may already be given the load (`dispersion.fit_load_slopes`). For values that stand still
    see `State`, for traffic that vanishes see `Collapse`.
    """

    chance: float = 0.0
    collapses: bool = False
    logarithmic: bool = True

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray((sample.size > 0) & (sample.level + sample.offset > 0))

    def deviation(self, sample: Sample) -> Floats:
        return np.asarray(self._residual(sample) / np.sqrt(np.maximum(sample.spread + sample.level_variance, 1e-8)))

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
        return np.asarray(sample.worse * (sample.events - sample.expected))

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= kpi.floor * sample.expected)

    @staticmethod
    def _residual(sample: Sample) -> Floats:
        value = np.maximum(sample.events / np.where(sample.size > 0, sample.size, np.nan), 0.0)
        least = max(sample.offset, 1e-12)
        return np.asarray(sample.worse * np.log((value + least) / np.maximum(sample.level + sample.offset, least)))
