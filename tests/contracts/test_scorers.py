"""The contract of scorers over the registry, and what some kinds promise beside it."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.kpi import KPI_KINDS, Kpi
from detector.scoring import SCORERS
from tests.contracts.scorer_contract import N, ScorerContract, healthy_sample, kpi_of, moved

REGISTERED = [
    kpi_of(kind, direction)
    for kind in SCORERS
    for direction in (("both",) if KPI_KINDS[kind].orientation == "any" else ("up", "down"))
]


class TestScorers(ScorerContract):
    @pytest.fixture(params=REGISTERED, ids=lambda kpi: f"{kpi.kind}-{kpi.direction}")
    def kpi(self, request: pytest.FixtureRequest) -> Kpi:
        return request.param  # type: ignore[no-any-return]


def test_every_kind_that_is_computed_has_a_scorer() -> None:
    assert set(SCORERS) == {name for name, kind in KPI_KINDS.items() if kind.computed}
    assert not kpi_of("volume", "down").judged
    assert not kpi_of("gauge", "none").judged
    assert not kpi_of("display", "up").judged


@pytest.mark.parametrize("way", [-1, 1])
def test_a_state_is_left_either_way(way: int) -> None:
    kpi, scorer = kpi_of("state", "both"), SCORERS["state"]
    given = healthy_sample(kpi)
    ladder = [replace(given, events=given.expected * (1 + way * share)) for share in np.linspace(0, 0.9, 25)]
    evidence = np.stack([scorer.neg_log10_p(step) for step in ladder])
    assert (np.diff(evidence, axis=0) >= -1e-9).all()
    assert evidence[0].max() == 0
    assert evidence[-1].min() > 5
    assert scorer.matters(ladder[-1], kpi).all()


def test_what_stands_still_is_known_far_closer_than_what_flows() -> None:
    """One route in a hundred more is nothing to a throughput of that spread, and much to a number of routes."""
    given = healthy_sample(kpi_of("state", "both"))
    still = replace(given, spread=np.full(N, 1e-4), level_variance=np.full(N, 1e-6))
    more = replace(still, events=still.expected * 1.01)
    assert SCORERS["state"].neg_log10_p(more).min() > 30
    assert SCORERS["gauge"].neg_log10_p(more).max() < 2


@pytest.mark.parametrize("kind", ["mean", "gauge"])
@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_a_mean_does_not_depend_on_its_unit(kind: str, unit: float) -> None:
    kpi = kpi_of(kind, "up")
    given = moved(healthy_sample(kpi), kpi, 0.5)
    rescaled = replace(given, events=given.events * unit, level=given.level * unit, offset=given.offset * unit)
    np.testing.assert_allclose(SCORERS[kind].neg_log10_p(rescaled), SCORERS[kind].neg_log10_p(given))


def test_a_rate_does_not_depend_on_the_unit_of_time() -> None:
    kpi = kpi_of("rate", "down")
    given = moved(healthy_sample(kpi), kpi, 0.5)
    hours = replace(given, size=given.size / 3600, level=given.level * 3600)
    np.testing.assert_allclose(SCORERS["rate"].neg_log10_p(hours), SCORERS["rate"].neg_log10_p(given))
