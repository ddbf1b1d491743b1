"""What the counters and the people do: load by hour, failures by chance and by fault, users who move, and complaints."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.simulator.chronic import CHRONIC_KINDS
from detector.simulator.complaints import Complaints
from detector.simulator.counters import DayCounters
from detector.simulator.effects import PROCESSES, build_effects, overlap
from detector.simulator.fault import Fault
from detector.simulator.fault_plan import plan_faults
from detector.simulator.faults import FAULT_KINDS
from detector.simulator.file_defects import draw_file_defects
from detector.simulator.presence import day_presence
from detector.simulator.scenario import Scenario, autoregressive
from detector.simulator.subscribers import build_people
from detector.simulator.topology import build_network
from detector.simulator.world import World, build_world

MONDAY = 1_772_409_600
NINE = MONDAY + 9 * 3600
QUIET = Scenario(cells=60, days=1, seed=3, start=MONDAY, fault_free=True, subscribers_per_cell=30)


@pytest.fixture(scope="module")
def calm() -> World:
    return build_world(QUIET)


def with_fault(world: World, kind: str, cells: tuple[int, ...], **more: Any) -> World:
    """The same day with one fault from 9:05 to 13:00 UTC."""
    fault = Fault(
        fault_id="f1",
        kind=FAULT_KINDS[kind],
        scope_kind="cell",
        scope_id="",
        cells=cells,
        start=NINE + 300,
        end=NINE + 4 * 3600,
        severity=0.25,
    )
    fault = replace(fault, **more)
    return replace(world, faults=(fault,), effects=build_effects(world.scenario, world.network, (fault,)))


def coverage_cell(world: World, nr: bool = False) -> int:
    return int(np.flatnonzero((world.network.nr == nr) & ~world.network.capacity)[0])


def share(day: DayCounters, world: World, cell: int, att: str, succ: str, periods: slice) -> float:
    column = int((~world.network.nr[:cell]).sum())
    attempts = day.lte[att][periods, column].sum()
    return float(1 - day.lte[succ][periods, column].sum() / attempts)


HOURS = slice(37, 52)


@pytest.mark.parametrize(
    ("kind", "att", "succ"),
    [
        ("access", "RRC.ConnEstabAtt.sum", "RRC.ConnEstabSucc.sum"),
        ("glitch", "RRC.ConnEstabAtt.sum", "RRC.ConnEstabSucc.sum"),
        ("software", "ERAB.EstabInitAttNbr.sum", "ERAB.EstabInitSuccNbr.sum"),
        ("handover", "HO.InterEnbOutAtt.sum", "HO.InterEnbOutSucc.sum"),
    ],
)
def test_a_fault_of_this_kind_raises_this_failure_share(calm: World, kind: str, att: str, succ: str) -> None:
    cell = coverage_cell(calm)
    faulty = with_fault(calm, kind, (cell,))
    before, during = (share(w.day(0), w, cell, att, succ, HOURS) for w in (calm, faulty))
    assert during > before + 0.08


def test_drops_and_slow_cells_show_in_their_own_counters(calm: World) -> None:
    cell = coverage_cell(calm)
    dropping, slow = (with_fault(calm, kind, (cell,)).day(0).lte for kind in ("drop", "throughput"))
    assert dropping["ERAB.RelActNbr.sum"][HOURS, 0].sum() > 5 * calm.day(0).lte["ERAB.RelActNbr.sum"][HOURS, 0].sum()
    calm_sum, now = (
        t["DRB.IPVolDl.sum"][HOURS, 0].sum() / t["DRB.IPTimeDl.sum"][HOURS, 0].sum() for t in (calm.day(0).lte, slow)
    )
    assert now < 0.4 * calm_sum


def test_a_core_fault_fails_at_the_function_and_at_the_cells_that_it_serves(calm: World) -> None:
    number = next(i for i, f in enumerate(calm.network.functions) if f.nf_id == "mme-1")
    served = tuple(np.flatnonzero(calm.network.served_by(number)).tolist())
    day = with_fault(calm, "core", served, scope_kind="nf", nf=number).day(0)
    mme = day.core["MME"]
    assert mme["MM.SuccEpsAttach"][HOURS, 0].sum() < 0.85 * mme["MM.AttEpsAttach"][HOURS, 0].sum()
    assert share(day, calm, served[0], "S1SIG.ConnEstabAtt", "S1SIG.ConnEstabSucc", HOURS) > 0.12


@pytest.mark.parametrize("hidden", [False, True])
def test_an_outage_reports_itself_or_looks_like_missing_data(calm: World, hidden: bool) -> None:
    cell = coverage_cell(calm)
    day = with_fault(calm, "outage", (cell,), hidden=hidden).day(0)
    assert day.lte["RRC.ConnEstabAtt.sum"][HOURS, 0].sum() == 0
    assert bool(day.present[HOURS, cell].any()) is not hidden
    assert (day.lte["RRU.CellUnavailableTime.sum"][36:53, 0].sum() > 0) is not hidden
    if not hidden:
        assert day.lte["RRU.CellUnavailableTime.sum"][36, 0] == 600, "it began five minutes into the period"


def test_a_sleeping_cell_keeps_its_rows_raises_no_alarm_and_its_neighbours_carry_more(calm: World) -> None:
    cell = coverage_cell(calm)
    asleep = with_fault(calm, "sleeping", (cell,))
    day, calm_day = asleep.day(0), calm.day(0)
    assert day.present[HOURS, cell].all()
    assert day.lte["RRU.CellUnavailableTime.sum"].sum() == 0
    assert day.attempts[HOURS, cell].sum() < 0.05 * calm_day.attempts[HOURS, cell].sum()
    around = calm.network.neighbours[cell]
    around = around[around >= 0]
    assert day.attempts[HOURS][:, around].sum() > 1.03 * calm_day.attempts[HOURS][:, around].sum()


def test_people_leave_a_dead_mast_and_those_without_any_cover_suffer(calm: World) -> None:
    site = tuple(np.flatnonzero(calm.network.site == 0).tolist())
    dark = with_fault(calm, "outage", site)
    people = build_people(calm.scenario, calm.network)
    before, after = (day_presence(w, people, 0, w.day(0)) for w in (calm, dark))
    ten = MONDAY + 10 * 3600

    def seconds(presence: object, here: bool) -> int:
        p = before if presence is before else after
        chosen = (p.hour == ten) & (np.isin(p.cell, site) == here)
        return int(p.seconds[chosen].sum())

    assert seconds(before, True) > 0
    assert seconds(after, True) == 0
    assert seconds(before, False) < seconds(after, False) < seconds(before, False) + seconds(before, True)
    assert after.suffering.degraded_s.sum() > 0
    assert set(after.suffering.fault.tolist()) == {0}
    assert before.suffering.fault.size == 0


def test_own_failures_follow_the_cell_and_complaints_follow_own_failures(calm: World) -> None:
    site = tuple(np.flatnonzero(calm.network.site == 0).tolist())
    bad = with_fault(calm, "access", site, severity=0.6)
    people = build_people(calm.scenario, calm.network)
    presence = day_presence(bad, people, 0, bad.day(0))
    during = (presence.hour >= NINE) & (presence.hour < NINE + 4 * 3600)
    behind = np.isin(presence.cell, site)
    own, others = (presence.failures[during & b].sum() / presence.attempts[during & b].sum() for b in (behind, ~behind))
    assert own > 0.4 > 0.05 > others
    calls = [c for c in Complaints(bad, people).day(0, presence) if c.cause == 0]
    sufferers = set(presence.suffering.person.tolist())
    assert len(calls) > 3
    assert all(c.person in sufferers or c.person == -1 for c in calls)
    assert all(NINE + 300 + 1200 <= c.at < NINE + 6 * 3600 for c in calls)


def test_presence_of_an_attached_person_sums_to_the_hour_when_nothing_is_broken(calm: World) -> None:
    people = build_people(calm.scenario, calm.network)
    presence = day_presence(calm, people, 0, calm.day(0))
    hours = (presence.hour - MONDAY) // 3600
    sums = np.bincount(hours * len(people) + presence.person, presence.seconds)
    assert set(np.unique(sums).tolist()) <= {0.0, 3600.0}
    assert (sums > 0).mean() > 0.95


def test_every_kind_of_fault_happens_in_a_run_that_is_large_enough() -> None:
    scenario = Scenario(cells=200, days=21, seed=2, start=MONDAY)
    faults = plan_faults(scenario, build_network(scenario))
    assert {f.kind.name for f in faults} == set(FAULT_KINDS)
    assert any(f.hidden for f in faults)
    assert any(f.works and f.end > f.promised_end for f in faults)
    assert sum(f.start % 900 != 0 for f in faults) > 0.8 * len(faults)
    assert not any(f.customer_affecting for f in faults if f.kind.name == "glitch" or f.works)


def test_load_has_days_nights_and_capacity_cells_that_sleep_with_their_rows_there(calm: World) -> None:
    day, local = calm.day(0), calm.scenario.local_hour
    noon, night = (local >= 11) & (local < 14), (local >= 2) & (local < 4)
    capacity = calm.network.capacity
    assert day.attempts[noon].mean() > 5 * day.attempts[night].mean()
    assert day.attempts[night][:, capacity].sum() < 1e-3
    assert day.present[night][:, capacity].all()


def test_failures_are_wider_than_the_binomial(calm: World) -> None:
    day = calm.day(0)
    n, p = day.lte["RRC.ConnEstabAtt.sum"], 0.006
    failed = n - day.lte["RRC.ConnEstabSucc.sum"]
    busy = n > 60
    p = failed[busy].sum() / n[busy].sum()
    assert 0.002 < p < 0.02
    assert ((failed - n * p)[busy] ** 2).mean() > 1.3 * (n * p * (1 - p))[busy].mean()


def test_files_suffer_where_the_network_does_not(calm: World) -> None:
    counters = calm.day(0)
    days = [draw_file_defects(calm.scenario, calm.network, number, counters) for number in range(150)]
    assert counters.present.all(), "the network itself lost nothing"
    assert 0 < sum(int((~d.arrives).sum()) for d in days) < 0.01 * 150 * counters.present.size
    assert any(d.suspect.any() for d in days)
    assert any(d.resets for d in days)
    late = [block for d in days for block in d.late]
    assert {b.twice for b in late} == {False, True}
    assert all(1800 <= b.delay_s <= 10_800 for b in late)


def test_local_time_follows_daylight_saving() -> None:
    sunday = Scenario(cells=12, days=2, start=1_774_656_000)  # 2026-03-28T00:00Z; clocks go forward on the 29th
    assert (sunday.local_hour[0], sunday.local_hour[96 + 4]) == (1.0, 3.0)


@given(st.integers(0, 86_400), st.integers(1, 40_000))
def test_the_shares_of_periods_add_up_to_the_fault(offset: int, length: int) -> None:
    scenario = Scenario(cells=12, days=2, start=MONDAY)
    span = overlap(scenario, MONDAY + offset, MONDAY + offset + length)
    periods, inside = span.periods, span.inside
    assert inside.sum() * 900 == pytest.approx(length)
    assert ((inside > 0) & (inside <= 1)).all()
    assert periods.stop - periods.start == len(inside)


def test_noise_keeps_its_deviation_from_the_first_period_on() -> None:
    noise = autoregressive(np.random.default_rng(1), (400, 2000), 3.0, 0.2)
    assert noise[0].std() == pytest.approx(0.2, rel=0.1)
    assert noise[-1].std() == pytest.approx(0.2, rel=0.1)


def test_chronic_cells_are_bad_all_the_time_and_are_no_faults(calm: World) -> None:
    world = build_world(replace(QUIET, chronic_cells=len(CHRONIC_KINDS), days=7))
    kinds = {one.kind: one.cell for one in world.chronic}
    assert kinds.keys() == CHRONIC_KINDS.keys()
    assert world.faults == calm.faults == ()
    drop, handover = (world.effects.extra[PROCESSES.index(name)] for name in ("drop", "handover"))
    assert (drop[:, kinds["drops"]] > 0.006).all()
    assert (handover[:, kinds["handover"]] > 0.01).all()
    assert (world.effects.speed[:, kinds["slow"]] < 0.61).all()
    assert 0 < world.effects.down[:, kinds["unreliable"]].mean() < 0.06
    busy = world.effects.extra[PROCESSES.index("rrc"), :, kinds["busy_access"]] > 0
    assert world.load.mean[busy, kinds["busy_access"]].min() > world.load.mean[~busy, kinds["busy_access"]].max()
    untouched = np.setdiff1d(np.arange(60), list(kinds.values()))
    assert not world.effects.extra[:, :, untouched].any()


def test_cells_grow_where_growth_is_wanted_and_nowhere_else(calm: World) -> None:
    grown = build_world(replace(QUIET, weekly_growth=0.02, days=14))
    same = build_world(replace(QUIET, days=14))
    times = (grown.load.mean[-96:].sum(axis=0) / same.load.mean[-96:].sum(axis=0)) ** (1 / (13.5 / 7))
    assert 0.015 < np.median(times) - 1 < 0.03
    assert 1.07 < times.max() < 1.09
    np.testing.assert_allclose(grown.load.mean[0], same.load.mean[0])
