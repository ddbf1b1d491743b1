"""States: values that stand still, where any change is news, whichever way it goes."""

import numpy as np

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample

CENTRAL_99 = 2.576
"""Normal quantile of 0.995: 99 % lie within. Definition."""
FINE = 30.0
"""Residuals are logarithms times this. Chosen: prefixes and peers vary so little that their spread would vanish under the
least one of a throughput."""
KNOWN = 5e-4
"""Level variance granted to weekly shapes that a few days cannot show: a state has none, so it is taken off. Chosen: 2 % of
the level."""
LEFT = 0.1
"""A value this far from its level (as a logarithm) has left its state and is no measure of its spread. Chosen: a tenth of
the level."""


class State:
    """P(|Z| >= z) of a standard normal: z = FINE |log(value / level)| over its own scale, both ways.

    For routes received, peers, the load of a forwarding plane: they stand still, and any change is news. For values that
    flow see `Residual`.
    """

    chance: float = 0.0
    collapses: bool = False
    logarithmic: bool = False

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray((sample.size > 0) & (sample.level > 0))

    def deviation(self, sample: Sample) -> Floats:
        return np.asarray(np.abs(_residual(sample)) / _scale(sample))

    def variance(self, sample: Sample) -> Floats:
        return np.asarray((_scale(sample) / FINE * sample.expected) ** 2)

    def neg_log10_p(self, sample: Sample) -> Floats:
        return np.asarray(np.maximum(tails.normal(self.deviation(sample)) - np.log10(2), 0.0))

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        residual = _residual(sample)
        stayed = np.abs(residual) <= LEFT * FINE
        squares = np.where(np.isnan(residual), np.nan, np.where(stayed, residual, 0.0) ** 2)
        return squares, np.where(np.isnan(residual), np.nan, stayed.astype(np.float64))

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        factor = np.exp(np.minimum(CENTRAL_99 * _scale(sample) / FINE, 50.0))
        return sample.level / factor, np.asarray(sample.level * factor)

    def excess(self, sample: Sample) -> Floats:
        return np.asarray(np.abs(sample.events - sample.expected))

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= np.maximum(kpi.floor * sample.expected, 1e-12))


def _scale(sample: Sample) -> Floats:
    return np.asarray(np.sqrt(np.maximum(sample.spread + FINE**2 * np.maximum(sample.level_variance - KNOWN, 0.0), 1e-8)))


def _residual(sample: Sample) -> Floats:
    value = np.maximum(sample.events / np.where(sample.size > 0, sample.size, np.nan), 0.0)
    least = np.maximum(1e-6 * sample.level, 1e-12)
    return np.asarray(FINE * np.log((value + least) / (np.maximum(sample.level, 0.0) + least)))
