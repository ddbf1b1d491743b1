"""Volumes: traffic that is gone where it should be."""

import numpy as np
import scipy

from detector.domain.kpi import COLLAPSED_SHARE, Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample


class Collapse:
    """P(X <= x) of a gamma around the expected traffic; only less than expected counts.

    Its squared coefficient of variation is spread + level_variance, plus 1 / expectation for whole events, which scatter by
    chance on top. That a cell may be empty on schedule (asleep to save energy, or rarely used) is added afterwards, see
    `tail_calibration.with_idle_probability`. For values that fall a little see `Residual`.
    """

    chance: float = 0.0
    collapses: bool = True
    logarithmic: bool = False

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray(sample.expected >= (detection_policy.min_attempts if sample.counted else 1e-9))

    def deviation(self, sample: Sample) -> Floats:
        mean = np.maximum(sample.expected, 1e-9)
        return np.asarray((mean - sample.events) / (mean * np.sqrt(self._variance(sample))))

    def variance(self, sample: Sample) -> Floats:
        return np.asarray(self._variance(sample) * sample.expected**2)

    def neg_log10_p(self, sample: Sample) -> Floats:
        half = 0.5 if sample.counted else 0.0
        return tails.neg_log10_p(tails.gamma_below(sample.events + half, sample.expected, self._variance(sample)))

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        mean = np.maximum(sample.expected, 1e-9)
        awake = sample.events > COLLAPSED_SHARE * mean
        squares = np.log(np.where(awake, sample.events, mean) / mean) ** 2 - (1 / mean if sample.counted else 0.0)
        return np.where(awake, squares, 0.0), awake.astype(np.float64)

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        shape = 1 / self._variance(sample)
        low, high = (scipy.special.gammaincinv(shape, p) / shape * sample.level for p in (0.005, 0.995))
        return np.where(sample.idle_probability > 0.005, 0.0, low), np.asarray(high)

    def excess(self, sample: Sample) -> Floats:
        return np.asarray(sample.expected - sample.events)

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(sample.events < COLLAPSED_SHARE * sample.expected)

    @staticmethod
    def _variance(sample: Sample) -> Floats:
        """Relative variance; whole events scatter by chance on top."""
        chance = 1 / np.maximum(sample.expected, 1e-9) if sample.counted else 0.0
        return np.asarray(np.clip(sample.spread + sample.level_variance + chance, 1e-4, 1e3))
