"""One tick at a time: what is seen, what is left alone, what is not known."""

from dataclasses import replace

import numpy as np
import pytest

from detector.domain.cell import Cell, NetworkFunction, Topology
from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.scoring import band, fit, score
from tests.unit.scoring.faultless_network import DROP, KPIS, SETUP, SPEED, TRAFFIC, Network, kpi

POLICY = DetectionPolicy()
SURE = 6.7


def part(frame, first, last):
    cut = slice(first, last)
    return KpiFrame(
        starts=frame.starts[cut].copy(),
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[cut].copy(),
        denominator=frame.denominator[cut].copy(),
        suspect=frame.suspect[cut].copy(),
    )


class Story:
    """Two weeks learned, the day after at hand; noon is period 48."""

    def __init__(self, **network):
        self.frame = Network(**({"cells": 30, "days": 15, "seed": 11} | network)).frame()
        self.day = 86400 // self.frame.duration_s
        self.learned = part(self.frame, 0, 14 * self.day)
        self.base = self.fit(self.learned)
        self.today = part(self.frame, 14 * self.day, 15 * self.day)

    def fit(self, frame):
        return fit(frame, timezone="UTC", excluded=np.zeros(frame.suspect.shape, bool), peers=None, detection_policy=POLICY)

    def at(self, period, today=None, topology=None, expected=None):
        recent = part(self.today if today is None else today, max(0, period - 3), period + 1)
        return score(recent, self.base, Reference(topology=topology or Topology()), expected or self.frame.objects, POLICY)

    def failing(self, cells, extra, since, kpi=SETUP):
        """Today, with so many extra failures per attempt in these cells."""
        num, k, rng = self.today.numerator.copy(), self.frame.kpi_index[kpi.id], np.random.default_rng(1)
        num[since:, cells, k] -= rng.binomial(num[since:, cells, k].astype(int), extra)
        return replace(self.today, numerator=num)

    def dark(self, cells, since):
        num = self.today.numerator.copy()
        num[since:, cells] = 0
        return replace(self.today, numerator=num)


@pytest.fixture(scope="module")
def story():
    return Story()


def test_quiet_days_give_no_strong_evidence(story):
    everything = np.stack([story.at(p).neg_log10_p for p in range(3, 96, 2)])
    tests = np.isfinite(everything).sum()
    assert tests > 5000
    assert np.nanmax(everything) < SURE
    assert (everything > 3).sum() < 3 * tests * 1e-3


@pytest.mark.parametrize(("extra", "periods", "share"), [(0.15, 2, 0.8), (0.05, 5, 0.4)])
def test_extra_failures_are_found_in_time(story, extra, periods, share):
    sick = [1, 8, 15, 22, 29]
    today = story.failing(sick, extra, 56)
    found = [story.at(p, today).neg_log10_p[sick, 0] > SURE for p in range(56, 56 + periods)]
    assert np.any(found, axis=0).mean() >= share
    evidence = story.at(60, today)
    assert evidence.matters[sick, 0].all()
    assert evidence.observed[sick, 0] == pytest.approx(evidence.expected[sick, 0] - extra, abs=0.06)
    healthy = np.setdiff1d(np.arange(30), sick)
    assert np.nanmax(evidence.neg_log10_p[healthy]) < SURE


def test_faults_that_nobody_marked_in_the_history_do_not_blunt_the_tails(story):
    num = story.learned.numerator.copy()
    rng = np.random.default_rng(2)
    for cell, period in [(3, 150), (12, 600), (25, 1000)]:
        fault = (slice(period, period + 24), cell, 0)
        num[fault] -= rng.binomial(num[fault].astype(int), 0.2)
    blunted = story.fit(replace(story.learned, numerator=num))
    assert blunted.tail_calibration[:, 0] == pytest.approx(story.base.tail_calibration[:, 0], rel=0.15)
    assert (
        blunted.tail_calibration[:-1, 0, 1].min() > 0.7
    )  # a fading day remembers a fault of hours, which is why it is last


def test_mild_failures_speak_through_the_pooled_horizon(story):
    evidence = story.at(60, story.failing([5], 0.06, 56))
    assert evidence.periods[5, 0] in (2, 3, 6)
    assert evidence.denominator[5, 0] > 2 * story.today.denominator[60, 5, 0] * 0.7
    assert evidence.neg_log10_p[5, 0] > evidence.recent[5, 0] - 0.31


def test_too_few_attempts_are_not_judged(story):
    den = story.today.denominator.copy()
    den[:, 4, 0] = 2
    evidence = story.at(50, replace(story.today, denominator=den, numerator=np.minimum(story.today.numerator, den + 1e9)))
    assert np.isnan(evidence.neg_log10_p[4, 0])
    assert not evidence.matters[4, 0]


def test_a_dead_cell_is_a_collapse_and_its_ratios_say_nothing(story):
    den = story.today.denominator.copy()
    den[50:, 7, :2] = 0
    dead = replace(story.dark([7], 50), denominator=den)
    evidence = story.at(50, dead)
    volume = story.frame.kpi_index[TRAFFIC.id]
    assert evidence.neg_log10_p[7, volume] > SURE
    assert evidence.matters[7, volume]
    assert np.isnan(evidence.neg_log10_p[7, 0])
    assert evidence.excess[7, volume] == pytest.approx(evidence.expected[7, volume])
    assert np.nanmax(np.delete(evidence.neg_log10_p[:, volume], 7)) < SURE


def test_a_cell_that_sleeps_every_night_is_no_fault_but_its_day_is_guarded():
    story = Story(cells=25, seed=4)
    volume = story.frame.kpi_index[TRAFFIC.id]
    night = np.arange(15 * 96) % 96 < 20
    num = story.frame.numerator.copy()
    num[night, :3, volume] = 0
    story.frame = replace(story.frame, numerator=num)
    story.base = story.fit(part(story.frame, 0, 14 * 96))
    story.today = part(story.frame, 14 * 96, 15 * 96)
    asleep = [story.at(p).neg_log10_p[:3, volume] for p in range(3, 26)]
    assert np.nanmax(np.nan_to_num(asleep)) < 3
    assert (story.at(60, story.dark([0, 1, 2], 60)).neg_log10_p[:3, volume] > 5).all()


def test_a_common_move_is_nobodys_own_degradation_but_a_core_function_keeps_its_evidence():
    core = kpi("amf_reg_sr", "ratio", "up", technology="core", family="core")
    kpis = (SETUP, core)
    cells = Network(cells=40, days=15, seed=6).frame((SETUP, DROP))
    num, den = cells.numerator.copy(), cells.denominator.copy()
    num[:, :, 1], den[:, :, 1] = np.nan, np.nan
    den[:, 0], num[:, 0] = np.array([np.nan, 400.0]), np.array([np.nan, 397.0])
    storm = 14 * 96 + 48
    rng = np.random.default_rng(0)
    num[storm:, 1:, 0] -= rng.binomial(num[storm:, 1:, 0].astype(int), 0.012)
    num[storm:, 0, 1] = 300
    frame = KpiFrame(
        starts=cells.starts,
        duration_s=900,
        objects=("amf1", *cells.objects[1:]),
        kpis=kpis,
        numerator=num,
        denominator=den,
        suspect=cells.suspect,
    )
    topology = Topology(
        {n: Cell(cell_id=n, technology="LTE") for n in frame.objects[1:]}, {"amf1": NetworkFunction("amf1", "AMF")}
    )
    past = part(frame, 0, 14 * 96)
    base = fit(past, timezone="UTC", excluded=np.zeros(past.suspect.shape, bool), peers=None, detection_policy=POLICY)
    evidence = score(part(frame, storm, storm + 3), base, Reference(topology=topology), frame.objects, POLICY)
    assert np.nanmax(evidence.neg_log10_p[1:, 0]) < SURE
    assert np.median(evidence.expected[1:, 0]) < 0.986
    assert evidence.neg_log10_p[0, 1] > SURE
    assert np.isnan(evidence.neg_log10_p[0, 0])


def test_better_than_usual_and_mere_context_give_no_evidence(story):
    num = story.today.numerator.copy()
    num[:, :, 0] = story.today.denominator[:, :, 0]
    num[:, 3, story.frame.kpi_index[TRAFFIC.id]] *= 2
    evidence = story.at(50, replace(story.today, numerator=num))
    assert np.nanmax(evidence.neg_log10_p[:, 0]) < 0.5
    assert evidence.neg_log10_p[3, story.frame.kpi_index[TRAFFIC.id]] < 0.5
    context = story.frame.kpi_index["prb_dl"]
    assert np.isnan(evidence.neg_log10_p[:, context]).all()
    assert np.isfinite(evidence.expected[:, context]).all()


def test_slow_cells_are_seen_given_their_load(story):
    k = story.frame.kpi_index[SPEED.id]
    num = story.today.numerator.copy()
    num[48:, 9, k] *= 0.35
    evidence = story.at(50, replace(story.today, numerator=num))
    assert evidence.neg_log10_p[9, k] > SURE
    assert evidence.matters[9, k]
    assert evidence.excess[9, k] > 0


def test_missing_is_apart_and_suspect_volumes_and_means_prove_nothing(story):
    num, suspect = story.today.numerator.copy(), story.today.suspect.copy()
    num[50, 3] = np.nan
    num[50, 4], suspect[50, 4] = 0, True
    evidence = story.at(50, replace(story.today, numerator=num, suspect=suspect), expected=(*story.frame.objects, "gone"))
    assert [n for n, m in zip(evidence.objects, evidence.missing, strict=True) if m] == ["c003", "gone"]
    assert evidence.testable_share == pytest.approx(29 / 31)
    assert np.isnan(evidence.neg_log10_p[3]).all()
    untested = [story.frame.kpi_index[kpi.id] for kpi in (TRAFFIC, SPEED)]
    assert np.isnan(evidence.neg_log10_p[4, untested]).all()
    assert np.isfinite(evidence.neg_log10_p[5, untested]).all()


def test_neighbours_of_a_dead_cell_carry_more(story):
    k = story.frame.kpi_index[TRAFFIC.id]
    topology = Topology(neighbours={"c007": frozenset({"c006", "c008"})})
    today = story.dark([7], 50)
    num = today.numerator.copy()
    num[50:, [6, 8], k] *= 1.8
    evidence = story.at(50, replace(today, numerator=num), topology=topology)
    assert evidence.neighbour_load[7] > 1.3
    assert np.isnan(evidence.neighbour_load[6])


def test_hourly_counters_are_pooled_over_what_is_longer_than_an_hour():
    story = Story(period_s=3600, cells=20, attempts=400.0)
    today = story.failing([2], 0.1, 12)
    evidence = story.at(12, today)
    assert set(np.unique(evidence.periods)) <= {1, 3, 18}
    assert evidence.periods[2, 0] == 1
    assert evidence.neg_log10_p[2, 0] > SURE


def test_strangers_and_other_durations(story):
    renamed = replace(story.today, objects=("new", *story.frame.objects[1:]))
    evidence = story.at(50, renamed)
    assert "new" in evidence.objects
    assert evidence.neg_log10_p[evidence.object_index["new"], 0] < SURE
    with pytest.raises(ValueError, match="3600"):
        score(replace(story.today, duration_s=3600), story.base, Reference(), (), POLICY)


@pytest.mark.parametrize("name", [k.id for k in KPIS])
def test_most_of_a_quiet_day_lies_in_its_band(story, name):
    inside = []
    for cell in story.frame.objects[::3]:
        drawn = band(story.today, story.base, cell, name, "UTC")
        assert (drawn.low <= drawn.expected + 1e-9).all()
        assert (drawn.expected <= drawn.high + 1e-9).all()
        inside.append((drawn.observed >= drawn.low - 1e-9) & (drawn.observed <= drawn.high + 1e-9))
    if name != "prb_dl":  # mere context has no scatter learned
        assert np.mean(inside) > 0.95
    with pytest.raises(KeyError):
        band(story.today, story.base, "nobody", name, "UTC")
