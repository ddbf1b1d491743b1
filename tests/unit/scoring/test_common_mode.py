"""What many cells share: weather and holidays are excused, a fault of most of a network is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain.cell import Cell, Topology, TopologyEdge
from detector.domain.operations import CalendarEvent, Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, Window
from detector.scoring import fit, score
from detector.scoring.common_mode import factor, groups_of
from tests.unit.scoring.faultless_network import SETUP, SPEED, TRAFFIC, Network
from tests.unit.scoring.test_evidence import part

POLICY = DetectionPolicy()
SURE = 5.0
SINCE = 14 * 96 + 48


def topology(cells, *, regions=1, hub=(), release=()):
    """Cells c000 ... of three to a site; `hub`: sites behind it; `release`: cells that run r2."""
    known = {
        f"c{i:03d}": Cell(
            cell_id=f"c{i:03d}",
            technology="LTE",
            site_id=f"s{i // 3}",
            tac=f"t{i // 3 % 4}",
            region=f"r{i * regions // cells}",
            vendor="v",
            software="r2" if i in release else "r1",
        )
        for i in range(cells)
    }
    return Topology(known, edges=hub_edges("h1", hub))


def hub_edges(name, sites):
    return tuple(TopologyEdge("site", f"s{s}", "hub", name, "transport") for s in sites)


class World:
    """A network that has been learned, and the noon of the day after."""

    def __init__(self, cells):
        self.frame = Network(cells=cells, days=15, seed=17).frame()
        past = part(self.frame, 0, 14 * 96)
        none = np.zeros(past.suspect.shape, bool)
        self.base = fit(past, timezone="UTC", excluded=none, peers=None, detection_policy=POLICY)

    def evidence(self, network, *, slower=(), share=0.5, failing=(), extra=0.0, times=1.0, dark=(), calendar=()):
        """An hour after it began."""
        num, rng = self.frame.numerator.copy(), np.random.default_rng(3)
        speed, setup, traffic = (self.frame.kpi_index[k.id] for k in (SPEED, SETUP, TRAFFIC))
        num[SINCE:, list(slower), speed] *= share
        num[SINCE:, list(dark), traffic] = 0
        den = self.frame.denominator[SINCE:, :, setup]
        failed = den - num[SINCE:, :, setup]
        more = rng.binomial(num[SINCE:, :, setup].astype(int), extra) if extra else rng.poisson((times - 1) * failed)
        hit = np.isin(np.arange(num.shape[1]), list(failing))
        num[SINCE:, :, setup] -= np.where(hit, np.minimum(more, num[SINCE:, :, setup]), 0)
        seen = part(replace(self.frame, numerator=num), SINCE - 9, SINCE + 4)
        reference = Reference(topology=network, operations=Operations(calendar=tuple(calendar)))
        return score(seen, self.base, reference, self.frame.objects, POLICY)

    def excused(self, network, kpi, cells, **fault):
        """How the expectation of these cells over the newest period has moved with the network."""
        k, sides = self.frame.kpi_index[kpi.id], (self.evidence(network, **fault), self.evidence(topology(1)))
        then, quiet = (found.newest_expected[list(cells), k] for found in sides)
        return float(np.median((1 - then) / (1 - quiet) if kpi.counts_successes else then / quiet))


def raised(found, kpi):
    """Cells of which evidence is sure and large enough."""
    k = found.kpi_index[kpi.id]
    return set(np.flatnonzero((found.neg_log10_p[:, k] > SURE) & found.matters[:, k]).tolist())


@pytest.fixture(scope="module")
def sixty():
    return World(60)


def of_sites(sites):
    return [3 * s + n for s in sites for n in range(3)]


NOT_EXCUSED = pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("fault", ["slower", "failing"])
@pytest.mark.parametrize(
    "sites", [[*range(1, 20, 2), 0], range(2, 15), [*range(13)]], ids=["33 scattered", "39", "first 39"]
)
def test_what_strikes_more_than_half_of_the_cells_behind_one_hub_is_no_weather(sixty, sites, fault):
    behind, network = of_sites(sites), topology(60, hub=sites)
    struck = {fault: behind, "extra": 0.05}
    assert sixty.excused(network, SPEED if fault == "slower" else SETUP, behind, **struck) == NOT_EXCUSED
    found = sixty.evidence(network, **struck)
    assert len(raised(found, SPEED)) > 0.75 * len(behind) if fault == "slower" else raised(found, SETUP)
    assert raised(found, SPEED) | raised(found, SETUP) <= set(behind)


def test_a_region_that_fails_alone_is_not_excused(sixty):
    own, network = range(20, 40), topology(60, regions=3)
    assert sixty.excused(network, SPEED, own, slower=own) == NOT_EXCUSED
    assert sixty.excused(network, SETUP, own, failing=own, extra=0.05) == NOT_EXCUSED


def test_a_release_on_more_than_half_of_the_cells_is_not_excused(sixty):
    own = [i for i in range(60) if i % 5 < 3]
    network = topology(60, release=own)
    assert sixty.excused(network, SPEED, own, slower=own) == NOT_EXCUSED
    assert sixty.excused(network, SETUP, own, failing=own, extra=0.06) == NOT_EXCUSED


def test_two_hubs_that_fail_together_are_not_excused(sixty):
    network = topology(60, hub=range(7))
    both = Topology(network.cells, edges=network.edges + hub_edges("h2", range(7, 14)))
    assert sixty.excused(both, SPEED, range(42), slower=range(42)) == NOT_EXCUSED


def test_a_sharp_loss_of_the_whole_network_needs_a_day_of_the_calendar(sixty):
    network, everywhere = topology(60), range(60)
    assert sixty.excused(network, SPEED, everywhere, slower=everywhere) == NOT_EXCUSED
    assert len(raised(sixty.evidence(network, slower=everywhere), SPEED)) > 45
    midnight = int(sixty.frame.starts[SINCE - 48])
    feast = [CalendarEvent("network", "*", Window(midnight, midnight + DAY_S), "New Year", "event")]
    assert sixty.excused(network, SPEED, everywhere, slower=everywhere, calendar=feast) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("times", [1.3, 1.8])
@pytest.mark.parametrize("cells", [range(60), range(20, 40)], ids=["network", "region"])
def test_a_storm_is_nobodys_fault(sixty, times, cells):
    network = topology(60, regions=3, hub=range(2, 15))
    found = sixty.evidence(network, failing=cells, times=times, slower=cells, share=0.86)
    assert not raised(found, SPEED)
    assert not raised(found, SETUP)


def test_cells_without_traffic_do_not_lower_what_is_expected_of_them(sixty):
    dark = of_sites([*range(1, 20, 2), 0])
    assert sixty.excused(topology(60), TRAFFIC, dark, dark=dark) == NOT_EXCUSED


@pytest.mark.parametrize("cells", [12, 15, 20])
def test_on_a_small_network_the_hub_of_most_of_it_is_no_weather(cells):
    world, sites = World(cells), range(1, 1 + round(0.6 * cells / 3))
    behind, network = of_sites(sites), topology(cells, hub=sites)
    assert world.excused(network, SPEED, behind, slower=behind) == NOT_EXCUSED
    quiet = world.evidence(network)
    assert not any(raised(quiet, kpi) for kpi in (SPEED, SETUP, TRAFFIC))


@given(st.integers(0, 10**6), st.floats(0.8, 1.25), st.floats(0.02, 0.2), st.integers(12, 60))
@settings(deadline=None, max_examples=40)
def test_a_quiet_network_that_moves_alike_is_not_taken_apart(seed, move, scatter, cells):
    rng = np.random.default_rng(seed)
    network = topology(cells, regions=2, hub=range(cells // 6))
    objects = tuple(network.cells)
    expected = np.full((4, cells), 30.0)
    events = expected * move * rng.lognormal(0, scatter, (4, cells))
    places = [np.arange(cells // 2), np.arange(cells // 2, cells)]
    with_groups = factor(SPEED, events, expected, places, lambda: groups_of(objects, network))
    assert np.abs(np.log(with_groups / factor(SPEED, events, expected, places))).max() < 0.1


@pytest.mark.parametrize(("failures", "least"), [(1 / 3, 0.95), (1 / 6, 0.85)])
def test_a_storm_of_few_failures_shows_over_hours(failures, least):
    """Sixty cells with so many failures a period, twice as many for four hours: single periods are hardly ever sure."""
    during, quiet = [], []
    for seed in range(20):
        expected, storm = np.full((40, 60), failures), (np.arange(40) >= 12) & (np.arange(40) < 28)
        events = np.random.default_rng(seed).poisson(expected * np.where(storm, 2.0, 1.0)[:, None]).astype(float)
        moved = factor(SETUP, events, expected, [np.arange(60)])[:, 0]
        during.append(moved[16:28])
        quiet.append(np.concatenate([moved[:12], moved[32:]]))
    assert np.mean(np.stack(during) > 1.3) >= least
    assert np.mean(np.stack(quiet) > 1.3) <= 0.12
