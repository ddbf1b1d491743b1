"""What every scorer promises; a test module makes a subclass `Test...` with a fixture `kpi`."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from detector.domain.kpi import Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import SCORERS, Sample, Scorer

POLICY = DetectionPolicy()
N = 40
ARRAYS = ("events", "size", "level", "spread", "level_variance", "idle_probability")


def kpi_of(kind: str, direction: str) -> Kpi:
    return Kpi(
        id="k",
        title="k",
        unit="",
        kind=kind,
        direction=direction,
        family="accessibility",
        technology="LTE",
        clause="",
        numerator="",
        floor=0.01 if kind == "ratio" else 0.2,
    )


def healthy_sample(kpi: Kpi, seed: int = 0) -> Sample:
    """Healthy counts or values of this kind at N objects."""
    rng, kind = np.random.default_rng(seed), kpi.traits
    attempts, seconds, periods = rng.integers(50, 800, N), rng.uniform(3e3, 9e3, N), np.ones(N)
    size = (attempts if kind.fraction else seconds if kind.per_second else periods).astype(float)
    level = (0.02 if kind.fraction else 1e-3 if kind.per_second else 300.0) * rng.uniform(0.5, 2, N)
    return Sample(
        events=np.round(level * size) if kind.counted else level * size,
        size=size,
        level=level,
        spread=np.full(N, 0.005 if kind.fraction else 0.1 if kind.per_second else 0.03),
        level_variance=np.full(N, 0.01),
        idle_probability=np.zeros(N),
        worse=kpi.worse_sign,
        offset=3.0 if SCORERS[kpi.kind].logarithmic else 0.0,
    )


def towards_bad(kpi: Kpi) -> int:
    """The sign in which events of this kind get worse."""
    return -1 if kpi.traits.orientation == "loss" else kpi.worse_sign


def moved(given: Sample, kpi: Kpi, share: float) -> Sample:
    """Events moved by this share of their expectation towards bad."""
    events = given.expected * (1 + towards_bad(kpi) * share)
    return replace(given, events=np.clip(events, 0, given.size if kpi.traits.fraction else None))


class ScorerContract:
    """Over the fixture `kpi`, and the scorer that the registry has for its kind."""

    @pytest.fixture
    def scorer(self, kpi: Kpi) -> Scorer:
        return SCORERS[kpi.kind]

    @pytest.fixture
    def given(self, kpi: Kpi) -> Sample:
        return healthy_sample(kpi)

    def test_a_stronger_deviation_is_never_weaker_evidence(self, scorer: Scorer, kpi: Kpi, given: Sample) -> None:
        best = 0.0 if kpi.traits.orientation == "any" else -0.9
        ladder = np.stack([scorer.neg_log10_p(moved(given, kpi, s)) for s in np.linspace(best, 0.99, 25)])
        assert (np.diff(ladder, axis=0) >= -1e-9).all()
        assert np.median(ladder[-1]) > np.median(scorer.neg_log10_p(given)) + 0.3
        assert scorer.neg_log10_p(given).max() < 1.0

    def test_the_other_side_is_no_evidence_unless_any_change_is(self, scorer: Scorer, kpi: Kpi, given: Sample) -> None:
        better = moved(given, kpi, -0.9)
        if kpi.traits.orientation == "any":
            assert scorer.neg_log10_p(better).min() > 5
            assert scorer.matters(better, kpi).all()
        else:
            assert scorer.neg_log10_p(better).max() < 0.4
            assert not scorer.matters(better, kpi).any()

    def test_nan_in_nan_out_and_nothing_else_changes(self, scorer: Scorer, given: Sample) -> None:
        gone = np.arange(N) % 3 == 0
        holes = replace(given, events=np.where(gone, np.nan, given.events))
        for act in (scorer.neg_log10_p, scorer.deviation):
            np.testing.assert_array_equal(np.isnan(act(holes)), gone)
            np.testing.assert_array_equal(act(holes)[~gone], act(given)[~gone])

    def test_shapes_hold_and_order_does_not_matter(self, scorer: Scorer, given: Sample) -> None:
        turned = given.pick(np.ones(N, bool))
        order = np.random.default_rng(1).permutation(N)
        mixed = replace(turned, **{n: getattr(turned, n)[order] for n in ARRAYS})
        table = replace(turned, **{n: getattr(turned, n).reshape(4, -1) for n in ARRAYS})
        low, high = scorer.band(given)
        for array in (scorer.neg_log10_p(given), scorer.excess(given), scorer.testable(given, POLICY), low, high):
            assert array.shape == (N,)
        np.testing.assert_allclose(scorer.neg_log10_p(mixed), scorer.neg_log10_p(given)[order])
        np.testing.assert_allclose(scorer.neg_log10_p(table).ravel(), scorer.neg_log10_p(given))

    def test_odd_input_raises_no_warning(self, scorer: Scorer, kpi: Kpi, given: Sample) -> None:
        zero, nothing = np.zeros(N), np.full(N, np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for odd in (
                {"events": zero},
                {"size": zero, "events": zero},
                {"level": zero},
                {"spread": zero},
                {"size": nothing, "events": nothing},
            ):
                strange = replace(given, **odd)
                for act in (scorer.neg_log10_p, scorer.deviation, scorer.dispersion, scorer.band, scorer.excess):
                    act(strange)
                assert scorer.testable(strange, POLICY).dtype == bool
                assert scorer.matters(strange, kpi).dtype == bool

    def test_more_variance_never_strengthens_clear_evidence(self, scorer: Scorer, kpi: Kpi, given: Sample) -> None:
        bad = moved(given, kpi, 8 if towards_bad(kpi) > 0 else 0.95)
        plain = scorer.neg_log10_p(bad)
        assert plain.min() > 0.5
        for wider in ("spread", "level_variance"):
            assert (scorer.neg_log10_p(replace(bad, **{wider: 4 * getattr(bad, wider)})) <= plain + 1e-9).all()

    def test_the_band_holds_the_level(self, scorer: Scorer, given: Sample) -> None:
        low, high = scorer.band(given)
        assert (low <= given.level).all()
        assert (given.level <= high).all()
        assert (low >= 0).all()

    def test_the_deviation_grows_with_the_evidence(self, scorer: Scorer, kpi: Kpi, given: Sample) -> None:
        """What `deviation` calls ordinary is never asked for its tail."""
        as_expected, mild, bad = (moved(given, kpi, share) for share in (0.0, 0.2, 0.9))
        assert (scorer.deviation(bad) >= scorer.deviation(mild)).all()
        assert (scorer.deviation(mild) >= scorer.deviation(as_expected)).all()

    def test_a_dispersion_is_estimated_from_what_healthy_objects_show(self, scorer: Scorer, given: Sample) -> None:
        above, below = scorer.dispersion(given)
        assert above.shape == below.shape == (N,)
        assert (below >= 0).all()
        assert below.sum() > 0
