"""How bad an effect is called."""

import pytest

from detector.degradations.severity import severity
from detector.domain.degradation_kind import DEGRADATION_KINDS
from detector.domain.kpi import Kpi
from tests.tables import kpi

RATIO, DROPS = kpi("sr"), kpi("drops", direction="down", family="retainability")
SPEED = kpi("thp", kind="mean", family="integrity")
TRAFFIC = kpi("vol", kind="volume", family="volume")


@pytest.mark.parametrize(
    ("kind", "of", "observed", "expected", "excess", "busy", "want"),
    [
        ("accessibility", RATIO, 0.40, 0.99, 400, False, "critical"),
        ("accessibility", RATIO, 0.40, 0.99, 30, False, "major"),
        ("accessibility", RATIO, 0.80, 0.99, 30, False, "major"),
        ("accessibility", RATIO, 0.80, 0.99, 5, False, "minor"),
        ("accessibility", RATIO, 0.97, 0.99, 500, False, "warning"),
        ("retainability", DROPS, 0.15, 0.01, 40, False, "major"),
        ("integrity", SPEED, 2.0, 20.0, 0, False, "major"),
        ("integrity", SPEED, 9.0, 20.0, 0, False, "minor"),
        ("integrity", SPEED, 15.0, 20.0, 0, False, "warning"),
        ("outage", RATIO, 0.0, 1.0, 900, True, "critical"),
        ("outage", RATIO, 0.0, 1.0, 900, False, "major"),
        ("outage", RATIO, 0.8, 1.0, 180, True, "minor"),
        ("sleeping", TRAFFIC, 0.0, 10.0, 10, True, "major"),
        ("sleeping", TRAFFIC, 0.0, 10.0, 10, False, "minor"),
        ("core", RATIO, 0.80, 0.99, 900, False, "critical"),
        ("no_data", RATIO, 0.0, 1.0, 3, True, "warning"),
    ],
)
def test_severity(kind: str, of: Kpi, observed: float, expected: float, excess: float, busy: bool, want: str) -> None:
    assert severity(DEGRADATION_KINDS[kind], of, observed, expected, excess, busy=busy) == want


@pytest.mark.parametrize(
    ("of", "observed", "expected", "want"),
    [(RATIO, 0.9, 0.99, 0.09), (DROPS, 0.05, 0.01, 0.04), (SPEED, 5.0, 20.0, 0.75), (SPEED, 0.0, 0.0, 0.0)],
)
def test_effect_is_worse_when_positive(of: Kpi, observed: float, expected: float, want: float) -> None:
    assert of.shortfall(observed, expected) == pytest.approx(want)


def test_better_than_expected_is_no_loss() -> None:
    assert SPEED.relative_loss(40.0, 20.0) == 0.0
    assert RATIO.shortfall(0.999, 0.99) < 0
