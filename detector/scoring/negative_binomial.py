"""Rates: events per session time."""

import numpy as np
import scipy

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample


class NegativeBinomial:
    """P(X >= x) of a negative binomial: x events in `size` seconds, mean m = `level` x `size`, dispersion a = `spread`.

    Var X = m + a m^2: a Poisson rate that is itself gamma distributed around its level (Greenwood and Yule 1920, J. R. Stat.
    Soc. 83:255). Where more is better (`worse` = -1) the lower tail counts. A ratio that
    can exceed one (re-establishments per connection) is a rate, too. For failures of attempts see `BetaBinomial`.
    """

    chance: float = 1.0
    collapses: bool = False
    logarithmic: bool = False

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray(sample.size > 0)

    def deviation(self, sample: Sample) -> Floats:
        excess = sample.worse * (sample.events - sample.expected)
        return np.asarray(excess / np.sqrt(np.maximum(self.variance(sample), 1e-9)))

    def variance(self, sample: Sample) -> Floats:
        return np.asarray(sample.expected + (sample.spread + sample.level_variance) * sample.expected**2)

    def neg_log10_p(self, sample: Sample) -> Floats:
        spread = sample.spread + sample.level_variance
        return tails.negative_binomial(sample.events, sample.expected, spread, upper=sample.worse > 0)

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        return (sample.events - sample.expected) ** 2 - sample.expected, sample.expected**2

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        mean = np.maximum(sample.expected, 1e-9)
        shape = 1 / (1 / mean + sample.spread + sample.level_variance)
        low, high = (np.asarray(scipy.special.gammaincinv(shape, p) / shape * sample.level) for p in (0.005, 0.995))
        return tails.whole(low, high, np.maximum(sample.size, 1e-9))

    def excess(self, sample: Sample) -> Floats:
        return np.asarray(sample.worse * (sample.events - sample.expected))

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= kpi.floor * sample.expected)
