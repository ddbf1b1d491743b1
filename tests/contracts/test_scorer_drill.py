"""A scorer added by one file and one entry: gauges with heavier tails than the normal's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.scoring import SCORERS, Sample, fit, score
from detector.scoring.scorer import Flags, Floats
from tests.contracts.scorer_contract import ScorerContract, kpi_of
from tests.unit.scoring.faultless_network import PRB, Network
from tests.unit.scoring.test_evidence import part

FREEDOM = 4.0
"""Degrees of freedom of Student's t: the variance is finite, and a deviation of ten is no miracle."""
CENTRAL_99 = float(stats.t.isf(0.005, FREEDOM))


class StudentT:
    """-log10 P(T >= t) of log(value / level) over its scale (Student 1908, Biometrika 6:1)."""

    chance: float = 0.0
    collapses: bool = False
    logarithmic: bool = True

    def testable(self, sample: Sample, policy: DetectionPolicy) -> Flags:
        return np.asarray((sample.size > 0) & (sample.level + sample.offset > 0))

    def deviation(self, sample: Sample) -> Floats:
        return np.asarray(self._residual(sample) / self._scale(sample))

    def variance(self, sample: Sample) -> Floats:
        return np.asarray((self._scale(sample) * sample.expected) ** 2)

    def neg_log10_p(self, sample: Sample) -> Floats:
        return np.asarray(-stats.t.logsf(self.deviation(sample), FREEDOM) / np.log(10))

    def dispersion(self, sample: Sample) -> tuple[Floats, Floats]:
        squares = self._residual(sample) ** 2
        return squares, np.ones_like(squares)

    def band(self, sample: Sample) -> tuple[Floats, Floats]:
        factor, level = np.exp(CENTRAL_99 * self._scale(sample)), sample.level + sample.offset
        return np.maximum(level / factor - sample.offset, 0.0), np.asarray(level * factor - sample.offset)

    def excess(self, sample: Sample) -> Floats:
        return np.asarray(sample.worse * (sample.events - sample.expected))

    def matters(self, sample: Sample, kpi: Kpi) -> Flags:
        return np.asarray(self.excess(sample) >= kpi.floor * sample.expected)

    @staticmethod
    def _scale(sample: Sample) -> Floats:
        return np.asarray(np.sqrt(np.maximum(sample.spread + sample.level_variance, 1e-8)))

    @staticmethod
    def _residual(sample: Sample) -> Floats:
        value = np.maximum(sample.events / np.where(sample.size > 0, sample.size, np.nan), 0.0)
        least = max(sample.offset, 1e-12)
        return np.asarray(sample.worse * np.log((value + least) / np.maximum(sample.level + sample.offset, least)))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCORERS, "gauge", StudentT())  # the one entry


class TestStudentT(ScorerContract):
    @pytest.fixture(params=["up", "down"])
    def kpi(self, request: pytest.FixtureRequest) -> Kpi:
        return kpi_of("gauge", request.param)


def test_what_it_judges_is_learned_and_scored_like_everything_else() -> None:
    busy = replace(PRB, direction="down", family="integrity")
    frame = Network(cells=20, days=8).frame((busy,))
    past, now = part(frame, 0, 7 * 96), part(frame, 7 * 96, 7 * 96 + 40)
    numerator = now.numerator.copy()
    numerator[-2:, 3] *= 4.0
    ill = replace(now, numerator=numerator)
    learned = fit(
        past, timezone="UTC", excluded=np.zeros(past.suspect.shape, bool), peers=None, detection_policy=DetectionPolicy()
    )
    evidence = score(ill, learned, Reference(), frame.objects, DetectionPolicy())
    assert int(np.nanargmax(evidence.neg_log10_p[:, 0])) == 3
    assert evidence.neg_log10_p[3, 0] > 2
    assert evidence.matters[3, 0]
