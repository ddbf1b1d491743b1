"""A network of which some cells have single odd periods: one device that fails a hundred times in a quarter of an hour. That
is no degradation of the cell; a fault that lasts is, there as elsewhere, and a cell without such a past is judged as sharply
as ever."""

from dataclasses import replace

import numpy as np
import pytest

from detector.degradations import track
from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick
from detector.scoring import fit, lookback, score
from detector.scoring.baseline import from_arrays
from detector.scoring.bursts import burst_rates, single
from detector.scoring.tail_calibration import KNOT, Exceedances, faulty_days, own_slopes
from tests.unit.scoring.faultless_network import SETUP, TRAFFIC, Network

QUARTER, PER_DAY, DAYS, CELLS = 900, 96, 10, 20
FLAKY = range(8)
POLICY = DetectionPolicy()


def bursts(frame, number, seed, cells=FLAKY):
    """Periods in which one device of a cell fails 40 to 200 times more, each as an attempt of its own."""
    rng, num, den = np.random.default_rng(seed), frame.numerator.copy(), frame.denominator.copy()
    for cell in cells:
        at = rng.choice(np.arange(2, len(frame.starts) - 2, 17), number, replace=False)
        extra = np.round(np.exp(rng.uniform(np.log(40), np.log(200), number)))
        den[at, cell, 0] += extra
        num[at, cell, 1] += extra
    return replace(frame, numerator=num, denominator=den)


def part(frame, first, last):
    span = slice(first, last)
    return KpiFrame(
        starts=frame.starts[span].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[span].copy(),
        denominator=frame.denominator[span].copy(),
        suspect=frame.suspect[span].copy(),
    )


@pytest.fixture(scope="module")
def world():
    """Ten days, eight of twenty cells with an odd quarter a day, and the baseline of the first nine."""
    frame = bursts(Network(cells=CELLS, days=DAYS, seed=4).frame((SETUP, TRAFFIC)), DAYS, seed=5)
    learned = part(frame, 0, (DAYS - 1) * PER_DAY)
    excluded = np.zeros(learned.suspect.shape, bool)
    return frame, fit(learned, timezone="UTC", excluded=excluded, peers={}, detection_policy=POLICY)


def replayed(frame, baseline, first, last):
    reference = Reference(topology=Topology({name: Cell(cell_id=name, technology="LTE") for name in frame.objects}, {}))
    book, missing, memory = {}, {}, None
    for place in range(first, last):
        tick = Tick(int(frame.starts[place]), frame.duration_s)
        evidence = score(
            part(frame, place - lookback(baseline) + 1, place + 1), baseline, reference, frame.objects, POLICY, memory
        )
        found = track(evidence, tuple(book.values()), missing, reference, POLICY, now=tick.end + 300)
        memory, missing = evidence.ewma, found.missing
        book |= {d.degradation_id: d for d in found.degradations}
    return list(book.values())


def failing(frame, cell, first, last, share):
    """A share of the attempts fails besides, whoever makes them."""
    num, rng = frame.numerator.copy(), np.random.default_rng(9)
    span = slice(first, last)
    num[span, cell, 0] -= rng.binomial(num[span, cell, 0].astype(int), share)
    return replace(frame, numerator=num)


NOON = (DAYS - 1) * PER_DAY + 48


def test_a_day_of_single_odd_periods_raises_nothing(world):
    frame, baseline = world
    assert replayed(frame, baseline, NOON - 16, NOON + 32) == []


@pytest.mark.parametrize(("cell", "periods"), [(2, 3), (15, 1)])
def test_a_fault_that_lasts_is_raised_at_once_and_of_a_flaky_cell_in_its_third_period(world, cell, periods):
    frame, baseline = world
    [found] = replayed(failing(frame, cell, NOON, NOON + 4, 0.4), baseline, NOON - 2, NOON + 4)
    assert found.object_id == frame.objects[cell]
    assert found.started_at == frame.starts[NOON]
    assert found.raised_at <= frame.starts[NOON] + periods * QUARTER


def test_a_single_period_is_news_of_a_cell_that_never_had_one_and_none_of_a_flaky_one(world):
    frame, baseline = world
    for cell, raised in ((15, 1), (2, 0)):
        assert len(replayed(failing(frame, cell, NOON, NOON + 1, 0.6), baseline, NOON - 2, NOON + 3)) == raised


def test_heavy_tails_of_some_leave_those_of_the_others_alone(world):
    _, baseline = world
    quiet = Network(cells=CELLS, days=DAYS - 1, seed=4).frame((SETUP, TRAFFIC))
    excluded = np.zeros(quiet.suspect.shape, bool)
    without = fit(quiet, timezone="UTC", excluded=excluded, peers={}, detection_policy=POLICY)
    others = slice(len(FLAKY), CELLS)
    assert baseline.tail_slope[:5, others, 0].mean() > without.tail_slope[:5, others, 0].mean() - 0.1
    assert baseline.burst_rate[others, 0].max() < 0.05 * baseline.burst_rate[: len(FLAKY), 0].min()


def test_a_baseline_of_an_earlier_version_has_the_tail_of_the_network_for_all(world):
    _, baseline = world
    arrays = {name: a for name, a in baseline.to_arrays().items() if name not in ("tail_slope", "burst_rate", "burst_tail")}
    old = from_arrays(arrays, baseline.kpis)
    assert (old.tail_slope == baseline.tail_calibration[:, None, :, 1].astype(np.float32)).all()
    assert not old.burst_rate.any()


@pytest.mark.parametrize(
    ("z", "alone"),
    [
        ([0, 9, 0], [False, True, False]),
        ([0, 9, 9], [False, False, False]),
        ([0, 9, 2.5, 0], [False, False, False, False]),
        ([9, 0, 0], [True, False, False]),
        ([0, 9, np.nan], [False, True, False]),
        ([0, 3, 0], [False, False, False]),
    ],
)
def test_a_burst_has_well_periods_on_both_sides(z, alone):
    assert single(np.array(z, float)[:, None])[:, 0].tolist() == alone


def test_rates_of_bursts_are_those_of_the_objects_where_they_differ_and_of_all_where_they_do_not():
    alike, _ = burst_rates(np.random.default_rng(2).poisson(2.0, 200).astype(float), np.full(200, 2000.0))
    assert alike.max() < 3 * alike.min()
    apart, _ = burst_rates(np.array([20.0] * 10 + [0.0] * 190), np.full(200, 2000.0))
    assert apart[:10].min() == pytest.approx(0.01, rel=0.2)
    assert apart[10:].max() < 1e-4
    none, other = burst_rates(np.zeros(3), np.full(3, 50.0))
    assert not none.any()
    assert other == 0.0


def test_one_bad_day_is_a_fault_and_many_are_how_the_object_is():
    days, objects = 28, 5
    far, day = np.full(11, 9.0), np.array([3, *(days + np.arange(10))])  # object 0 once, object 1 on ten days
    found = Exceedances(far, day, 10_000, days * objects, objects)
    assert faulty_days(found).tolist() == [3]
    slopes, unknown = own_slopes(found, faulty_days(found))
    assert slopes[1] < 0.5 < slopes[0]
    assert unknown > 0.5
    assert far[0] > KNOT
