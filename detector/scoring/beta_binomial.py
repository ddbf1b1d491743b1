"""Ratios: failures of attempts, with success rates that vary more than coin tosses do."""

import numpy as np
import scipy

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import tails
from detector.scoring.scorer import Flags, Floats, Sample


class BetaBinomial:
    """P(K >= k) of a beta-binomial: k failures of n attempts, fraction q = `level`, intra-class correlation rho = `spread`.

    Var K = n q (1 - q) (1 + (n - 1) rho). Plain binomial tails would call a hundred times as many false alarms; rho is
    estimated by moments (Williams 1982, Appl. Statist. 31:144, overdispersed proportions). For events per session time,
    which have no attempts, see `NegativeBinomial`.
    """

    chance: float = 1.0
    collapses: bool = False
    logarithmic: bool = False

    def testable(self, sample: Sample, detection_policy: DetectionPolicy) -> Flags:
        return np.asarray(sample.size >= detection_policy.min_attempts)

    def deviation(self, sample: Sample) -> Floats:
        return np.asarray((sample.events - sample.expected) / np.sqrt(np.maximum(self.variance(sample), 1e-9)))

    def variance(self, sample: Sample) -> Floats:
        q, n = sample.level, sample.size
        return np.asarray(n * q * (1 - q) * (1 + np.maximum(n - 1, 0) * self._rho(sample)))

    def neg_log10_p(self, sample: Sample) -> Floats:
        return tails.beta_binomial(*np.broadcast_arrays(sample.events, sample.size, sample.level, self._rho(sample)))

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        chance = sample.expected * (1 - sample.level)
        return (sample.events - sample.expected) ** 2 - chance, chance * np.maximum(sample.size - 1, 0)

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        q, n = np.clip(sample.level, 1e-6, 1 - 1e-6), np.maximum(sample.size, 1.0)
        precision = np.maximum(n / (1 + (n - 1) * self._rho(sample)) - 1, 1e-2)
        a, b = q * precision, (1 - q) * precision
        low, high = (np.asarray(scipy.special.betaincinv(a, b, p), dtype=np.float64) for p in (0.005, 0.995))
        return tails.whole(low, high, n)

    def excess(self, sample: Sample) -> Floats:
        return np.asarray(sample.events - sample.expected)

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= kpi.floor * sample.size)

    @staticmethod
    def _rho(sample: Sample) -> Floats:
        """An uncertain level adds to the variance as overdispersion does."""
        odds = sample.level / np.maximum(1 - sample.level, 1e-6)
        return np.asarray(np.clip(sample.spread + sample.level_variance * odds, 1e-6, 0.5))
