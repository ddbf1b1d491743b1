"""What every scorer promises, over the registry."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from detector.domain.kpi import KPI_KINDS, Kpi
from detector.domain.policy import DetectionPolicy
from detector.scoring import SCORERS, Sample

POLICY = DetectionPolicy()
N = 40
KIND_DIRECTION = [(k, direction) for k in SCORERS for direction in (("both",) if k == "state" else ("up", "down"))]
EVERY = pytest.mark.parametrize(("kind", "direction"), KIND_DIRECTION)
ONE_SIDED = pytest.mark.parametrize(("kind", "direction"), [pair for pair in KIND_DIRECTION if pair[1] != "both"])


def kpi(kind, direction):
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


def sample(kind, direction, seed=0):
    """Healthy counts of this kind at N objects."""
    rng = np.random.default_rng(seed)
    size = {"ratio": rng.integers(50, 800, N), "rate": rng.uniform(3e3, 9e3, N)}.get(kind, np.ones(N)).astype(float)
    level = {"ratio": 0.02, "rate": 1e-3}.get(kind, 300.0) * rng.uniform(0.5, 2, N)
    spread = np.full(N, {"ratio": 0.005, "rate": 0.1}.get(kind, 0.03))
    worse = -1 if direction == "up" and kind in ("rate", "mean", "gauge") else 1
    events = np.round(level * size) if kind in ("ratio", "rate", "volume") else level * size
    return Sample(
        events=events,
        size=size,
        level=level,
        spread=spread,
        level_variance=np.full(N, 0.01),
        idle_probability=np.zeros(N),
        worse=worse,
        offset=3.0 if kind in ("mean", "gauge") else 0.0,
    )


def towards_bad(kind, direction):
    """The sign in which events of this kind get worse."""
    if kind == "volume":
        return -1
    return 1 if kind == "ratio" or direction == "down" else -1


def moved(given, kind, direction, share):
    """Events moved by this share of their expectation towards bad."""
    events = given.expected * (1 + towards_bad(kind, direction) * share)
    return replace(given, events=np.clip(events, 0, given.size if kind == "ratio" else None))


def test_every_judged_kind_has_exactly_one_scorer():
    assert set(SCORERS) == {name for name, kind in KPI_KINDS.items() if kind.computed}
    assert not kpi("volume", "down").judged
    assert not kpi("gauge", "none").judged
    assert not kpi("display", "up").judged


@ONE_SIDED
def test_stronger_deviation_is_never_weaker_evidence(kind, direction):
    given = sample(kind, direction)
    ladder = [SCORERS[kind].neg_log10_p(moved(given, kind, direction, s)) for s in np.linspace(-0.9, 0.99, 25)]
    assert (np.diff(np.stack(ladder), axis=0) >= -1e-9).all()
    assert np.median(ladder[-1]) > np.median(ladder[12]) + 0.3


@pytest.mark.parametrize("way", [-1, 1])
def test_a_state_is_left_either_way(way):
    given = sample("state", "both")
    ladder = [replace(given, events=given.expected * (1 + way * share)) for share in np.linspace(0, 0.9, 25)]
    strengths = np.stack([SCORERS["state"].neg_log10_p(step) for step in ladder])
    assert (np.diff(strengths, axis=0) >= -1e-9).all()
    assert strengths[0].max() == 0
    assert strengths[-1].min() > 5
    assert SCORERS["state"].matters(ladder[-1], kpi("state", "both")).all()


def test_what_stands_still_is_known_far_closer_than_what_flows():
    """One route in a hundred more is nothing to a throughput of that spread, and much to a number of routes."""
    still = replace(sample("state", "both"), spread=np.full(N, 1e-4), level_variance=np.full(N, 1e-6))
    more = replace(still, events=still.expected * 1.01)
    assert SCORERS["state"].neg_log10_p(more).min() > 30
    assert SCORERS["gauge"].neg_log10_p(more).max() < 2


@ONE_SIDED
def test_the_good_direction_gives_no_evidence(kind, direction):
    assert SCORERS[kind].neg_log10_p(moved(sample(kind, direction), kind, direction, -0.9)).max() < 0.4
    assert not SCORERS[kind].matters(moved(sample(kind, direction), kind, direction, -0.9), kpi(kind, direction)).any()


@EVERY
def test_nan_in_nan_out_and_nothing_else_changes(kind, direction):
    scorer, given = SCORERS[kind], sample(kind, direction)
    holes = replace(given, events=np.where(np.arange(N) % 3 == 0, np.nan, given.events))
    for got, want in [
        (scorer.neg_log10_p(holes), scorer.neg_log10_p(given)),
        (scorer.deviation(holes), scorer.deviation(given)),
    ]:
        np.testing.assert_array_equal(np.isnan(got), np.arange(N) % 3 == 0)
        np.testing.assert_array_equal(got[np.arange(N) % 3 != 0], want[np.arange(N) % 3 != 0])


@EVERY
def test_shapes_hold_and_order_does_not_matter(kind, direction):
    scorer, given = SCORERS[kind], sample(kind, direction)
    turned = given.pick(np.ones(N, bool))
    order = np.random.default_rng(1).permutation(N)
    names = ("events", "size", "level", "spread", "level_variance", "idle_probability")
    mixed = replace(turned, **{n: getattr(turned, n)[order] for n in names})
    table = replace(turned, **{n: getattr(turned, n).reshape(4, -1) for n in names})
    low, high = scorer.band(given)
    for array in (scorer.neg_log10_p(given), scorer.excess(given), scorer.testable(given, POLICY), low, high):
        assert array.shape == (N,)
    np.testing.assert_allclose(scorer.neg_log10_p(mixed), scorer.neg_log10_p(given)[order])
    np.testing.assert_allclose(scorer.neg_log10_p(table).ravel(), scorer.neg_log10_p(given))


@EVERY
def test_odd_input_raises_no_warning(kind, direction):
    scorer, given = SCORERS[kind], sample(kind, direction)
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
            assert scorer.matters(strange, kpi(kind, direction)).dtype == bool


@EVERY
def test_more_scatter_or_doubt_never_strengthens_clear_evidence(kind, direction):
    bad = moved(sample(kind, direction), kind, direction, 8 if towards_bad(kind, direction) > 0 else 0.95)
    plain = SCORERS[kind].neg_log10_p(bad)
    for wider in ("spread", "level_variance"):
        assert (SCORERS[kind].neg_log10_p(replace(bad, **{wider: 4 * getattr(bad, wider)})) <= plain + 1e-9).all()


@EVERY
def test_the_band_holds_the_level(kind, direction):
    given = sample(kind, direction)
    low, high = SCORERS[kind].band(given)
    assert (low <= given.level).all()
    assert (given.level <= high).all()
    assert (low >= 0).all()


@pytest.mark.parametrize("kind", ["mean", "gauge"])
@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_a_mean_does_not_depend_on_its_unit(kind, unit):
    given = moved(sample(kind, "up"), kind, "up", 0.5)
    rescaled = replace(given, events=given.events * unit, level=given.level * unit, offset=given.offset * unit)
    np.testing.assert_allclose(SCORERS[kind].neg_log10_p(rescaled), SCORERS[kind].neg_log10_p(given))


def test_a_rate_does_not_depend_on_the_unit_of_time():
    given = moved(sample("rate", "down"), "rate", "down", 0.5)
    hours = replace(given, size=given.size / 3600, level=given.level * 3600)
    np.testing.assert_allclose(SCORERS["rate"].neg_log10_p(hours), SCORERS["rate"].neg_log10_p(given))
