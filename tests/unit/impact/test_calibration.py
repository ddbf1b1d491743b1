"""Listed at 0.7 means that 70 of 100 suffered: people drawn from a known world, not from the model's own formulas."""

import numpy as np
import pytest

from detector.domain.customer import Customers
from detector.domain.exposure import Presence
from detector.domain.policy import ImpactPolicy
from detector.impact import learn_mobility_profile
from detector.impact.suffering import affected_interval
from tests.unit.impact.impact_world import HOUR, MONDAY, WEEK, degradation, impact_of, incident, topology

PEOPLE = 600
CELLS = 6


class World:
    """Each person has a home and a haunt and moves between them, staying for hours; each tries at a rate of their own."""

    def __init__(self, seed: int) -> None:
        draw = self.draw = np.random.default_rng(seed)
        self.home, self.haunt = draw.integers(0, CELLS, (2, PEOPLE))
        self.out = draw.uniform(0.05, 0.6, PEOPLE)
        self.rate = draw.gamma(2.0, 2.0, PEOPLE)
        hours = np.arange(-3 * WEEK, 6)
        where = np.empty((len(hours), PEOPLE), int)
        out = draw.random(PEOPLE) < self.out
        for i in range(len(hours)):
            change = draw.random(PEOPLE) < 0.35
            out = np.where(change, draw.random(PEOPLE) < self.out, out)
            where[i] = np.where(out, self.haunt, self.home)
        self.hours, self.where = hours, where
        self.attempts = draw.poisson(np.broadcast_to(self.rate, where.shape))
        self.failures = draw.binomial(self.attempts, 0.01)

    def presence(self, first: int, last: int) -> Presence:
        """Hours `[first, last)`."""
        rows = (self.hours >= first) & (self.hours < last)
        hour, who = np.meshgrid(self.hours[rows], np.arange(PEOPLE), indexing="ij")
        n = hour.size
        return Presence(
            subscribers=tuple(f"p{i:04}" for i in range(PEOPLE)),
            cells=tuple(f"c{i}" for i in range(CELLS)),
            subscriber=who.ravel().astype(np.int32),
            cell=self.where[rows].ravel().astype(np.int32),
            start=(MONDAY + hour.ravel() * HOUR).astype(np.int64),
            duration_s=np.full(n, HOUR, np.int32),
            seconds=np.full(n, 3600.0),
            attempts=self.attempts[rows].ravel().astype(float),
            failures=self.failures[rows].ravel().astype(float),
        )


def listed(seed: int, extra: float, hours: int, arrived: int) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """(probabilities, suffered, interval) of an accessibility fault in cell c0 that lasts `hours` from Monday midnight,
    assessed at its end, when `arrived` of its hours have arrived."""
    world = World(seed)
    suffered = np.zeros(PEOPLE, bool)
    for i in np.flatnonzero((world.hours >= 0) & (world.hours < hours)):
        own = world.draw.binomial(world.attempts[i], extra) * (world.where[i] == 0)
        world.failures[i] += own
        suffered |= own > 0
    found = degradation("c0", "accessibility", 0, 0.99, 0.99 - extra)
    profile = learn_mobility_profile(world.presence(-3 * WEEK, 0), timezone="UTC", before=MONDAY)
    impact = impact_of(
        incident([found], "c0", resolved_at=MONDAY + hours * HOUR),
        [found],
        profile=profile,
        presence=world.presence(-3, arrived),
        topology=topology(" ".join(f"c{i}" for i in range(CELLS))),
        customers=Customers(),
        now=MONDAY + hours * HOUR,
        timezone="UTC",
        impact_policy=ImpactPolicy(list_above=0.0),
    )
    who = [int(p.subscriber[1:]) for p in impact.people]
    return np.array([p.probability for p in impact.people]), suffered[who], (impact.affected_low, impact.affected_high)


@pytest.mark.parametrize(("extra", "hours", "arrived"), [(0.1, 1, 0), (0.3, 2, 0), (0.3, 2, 1), (0.1, 3, 3)])
def test_of_those_listed_at_p_a_share_of_p_suffered(extra, hours, arrived):
    runs = [listed(seed, extra, hours, arrived) for seed in range(6)]
    chance = np.concatenate([run[0] for run in runs])
    suffered = np.concatenate([run[1] for run in runs])
    assert chance.sum() == pytest.approx(suffered.sum(), rel=0.12)
    for low, high in ((0.02, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        band = (chance >= low) & (chance < high)
        if band.sum() >= 40:
            assert suffered[band].mean() == pytest.approx(chance[band].mean(), abs=0.1), (low, band.sum())


def test_the_interval_holds_the_truth_nearly_always():
    runs = [listed(seed, 0.3, 2, 0) for seed in range(12)]
    assert sum(low <= suffered.sum() <= high for _, suffered, (low, high) in runs) >= 10


def test_interval_is_the_binomial_one_when_nothing_else_is_unsure():
    rng = np.random.default_rng(1)
    chance = rng.uniform(0, 1, 400)
    counts = (rng.random((2000, 400)) < chance).sum(axis=1)
    total, low, high = affected_interval(chance, 0.0)
    assert np.percentile(counts, [2.5, 97.5]) == pytest.approx([low, high], abs=2.0)
    assert affected_interval(chance, 0.3)[1] < low < total < high < affected_interval(chance, 0.3)[2]


def test_what_is_unknown_of_an_incident_widens_its_interval_upwards_most():
    chance = np.full(1000, 0.1)
    _, low, high = affected_interval(chance, 1.0)
    assert 0 < low < 30
    assert 350 < high < 1000


@pytest.mark.parametrize(("real", "nobody"), [(1.0, False), (0.99, False), (0.97, True)])
def test_where_there_may_be_no_fault_the_interval_holds_nobody(real, nobody):
    sure, doubted = (affected_interval(np.full(100, 0.5), 0.2, real=r) for r in (1.0, real))
    assert (doubted[1] == 0) is nobody
    assert doubted[1] <= sure[1]
    assert doubted[2] == sure[2]


@pytest.mark.parametrize("chance", [0.0, 1e-9, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("end_sd", [0.0, 1e6])
def test_who_is_sure_either_way_leaves_a_finite_interval(chance, end_sd):
    total, low, high = affected_interval(np.full(10, chance), 1.0, end_sd)
    assert 0.0 <= low <= total <= high <= 10.0
