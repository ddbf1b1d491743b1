"""A core function is judged against the load of the cells that it serves, and its own fault excuses nothing."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.scoring import fit, score
from detector.scoring.fitting import Places
from detector.scoring.recent import cells_served
from detector.scoring.served_load import ServedLoad
from tests.unit.scoring.faultless_network import TRAFFIC, Network, kpi
from tests.unit.scoring.test_evidence import part

POLICY = DetectionPolicy()
SUBSCRIBERS = kpi("amf_subs", "gauge", "up", family="volume", technology="core", floor=0.2)
REGISTRATION = kpi("amf_reg_sr", "ratio", "up", family="core", technology="core")
ATTEMPTS = replace(TRAFFIC, unit="attempts")
KPIS = (ATTEMPTS, SUBSCRIBERS, REGISTRATION)
SURE, NOON = 6.0, 14 * 96 + 48


class Core:
    """Thirty cells, of which amf1 serves the first half and amf2 the others; subscribers follow the attempts."""

    def __init__(self, elasticity=0.7, seed=5):
        cells = Network(cells=30, days=15, seed=seed).frame((TRAFFIC,))
        load, rng = cells.numerator[:, :, 0], np.random.default_rng(seed)
        halves = np.stack([load[:, :15].sum(axis=1), load[:, 15:].sum(axis=1)], axis=1)
        people = 5000 * (halves / halves.mean(axis=0)) ** elasticity * rng.lognormal(0, 0.02, halves.shape)
        tries = rng.poisson(2.0 * halves).astype(float)
        num, den = (np.full((len(load), 32, 3), np.nan) for _ in range(2))
        num[:, :30, 0], den[:, :30, 0] = load, 1.0
        num[:, 30:, 1], den[:, 30:, 1] = np.round(people), 1.0
        num[:, 30:, 2], den[:, 30:, 2] = tries - rng.binomial(tries.astype(int), 0.01), tries
        self.frame = KpiFrame(
            starts=cells.starts,
            duration_s=900,
            objects=(*cells.objects, "amf1", "amf2"),
            kpis=KPIS,
            numerator=num,
            denominator=den,
            suspect=np.zeros((len(load), 32), bool),
        )
        known = {n: Cell(cell_id=n, technology="LTE", tac=f"t{i // 15}") for i, n in enumerate(cells.objects)}
        self.topology = Topology(known, {f"amf{n + 1}": NetworkFunction(f"amf{n + 1}", "AMF", (f"t{n}",)) for n in (0, 1)})
        past = part(self.frame, 0, 14 * 96)
        none, places = np.zeros(past.suspect.shape, bool), Places(served=cells_served(self.topology))
        self.base = fit(past, timezone="UTC", excluded=none, peers=None, places=places, detection_policy=POLICY)

    def evidence(self, *, cells=1.0, people=1.0, since=NOON, at=NOON + 2, fails=0.0):
        """At `at`, with the attempts of the cells, and the subscribers of amf1, so many times what they would be."""
        num = self.frame.numerator.copy()
        span = slice(since, None)
        hours = np.arange(len(num[span]))
        for of, objects, k in ((cells, slice(0, 15), 0), (people, 30, 1)):
            times = np.array([of(h) for h in hours.tolist()]) if callable(of) else np.full(len(hours), of)
            num[span, objects, k] = np.round((num[span, objects, k].T * times).T)
        num[span, 30, 2] = np.round(num[span, 30, 2] * (1 - fails))
        seen = part(replace(self.frame, numerator=num), at - 12, at + 1)
        return score(seen, self.base, Reference(topology=self.topology), self.frame.objects, POLICY)


def raised(found, kpi_=SUBSCRIBERS, name="amf1"):
    at = found.object_index[name], found.kpi_index[kpi_.id]
    return bool(found.neg_log10_p[at] > SURE and found.matters[at])


@pytest.fixture(scope="module")
def core():
    return Core()


def slowly(least, periods):
    return lambda hour: max(least, 1 - (1 - least) * (hour + 1) / periods)


def test_the_elasticity_is_learned_per_function_and_kpi(core):
    rows = [core.frame.object_index[name] for name in ("amf1", "amf2")]
    assert core.base.slope[rows, 1] == pytest.approx([0.7, 0.7], abs=0.1)
    assert not core.base.slope[rows, 2].any(), "ratios are excused by no load"


def test_what_empties_cells_and_core_alike_is_no_fault_of_the_core(core):
    empty = slowly(0.4, 12)
    found = core.evidence(cells=empty, people=lambda h: empty(h) ** 0.7, at=NOON + 16)
    assert not raised(found)
    assert not raised(found, name="amf2")
    blind = core.base.slope.copy()
    blind[:, 1] = 0
    other = object.__new__(Core)
    other.__dict__ |= core.__dict__ | {"base": replace(core.base, slope=blind)}
    assert raised(other.evidence(cells=empty, people=lambda h: empty(h) ** 0.7, at=NOON + 16))


@pytest.mark.parametrize("cells", [1.0, 1.5, 0.4], ids=["as ever", "users try again", "emptied at once"])
def test_a_function_that_loses_its_subscribers_at_once_is_raised_whatever_its_cells_do(core, cells):
    assert raised(core.evidence(cells=cells, people=0.3))


def test_a_function_that_lost_them_slowly_while_its_cells_are_busy_is_raised(core):
    assert raised(core.evidence(people=slowly(0.4, 12), at=NOON + 16))


def test_failures_are_not_excused_by_a_load_that_falls(core):
    empty = slowly(0.5, 12)
    assert raised(core.evidence(cells=empty, people=empty, at=NOON + 16, fails=0.2), REGISTRATION)


@pytest.mark.parametrize(("fails", "at_once"), [(0.03, True), (0.005, False)])
def test_a_mild_but_overwhelming_failure_of_a_function_is_raised_in_its_first_period(core, fails, at_once):
    assert raised(core.evidence(fails=fails, at=NOON), REGISTRATION) == at_once


def test_a_quiet_day_raises_no_function(core):
    days = (core.evidence(at=NOON + p) for p in range(-40, 40, 8))
    assert not any(raised(day, k, n) for day in days for k in (SUBSCRIBERS, REGISTRATION) for n in ("amf1", "amf2"))


def test_a_fall_at_once_is_held_until_the_load_is_back():
    log = np.log([[1.0], [0.5], [0.4], [0.9], [0.7]])
    held = ServedLoad(np.array([0]), log).excusing.log
    assert np.exp(held[:, 0]) == pytest.approx([1.0, 1.0, 0.8, 1.0, 0.777], abs=0.01)


def test_without_topology_or_in_an_earlier_baseline_nothing_follows(core):
    assert ServedLoad.of(core.frame, core.base, None, {}, ~core.frame.suspect).log.shape == (15 * 96, 0)
    earlier = replace(core.base, load=np.full(3, -1))
    load = ServedLoad(np.array([30]), np.zeros((4, 1)))
    assert (load.effect(earlier, 1, np.arange(32)) == 1).all()
