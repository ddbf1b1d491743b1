"""A cell that was always bad stands out from its peers, by the KPI that is bad; a fault, a full cell, a good one do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.chronic.days import SILENCE, CellDay, cell_day
from detector.chronic.detectors import DETECTORS, ranked
from detector.chronic.peers import LEAST_PEERS, band_groups, compare, land_uses, technologies
from detector.chronic.profile import ASPECTS, profiles_of
from detector.domain.cell import Cell, Topology
from detector.domain.frame import KpiFrame
from detector.domain.interaction import Interaction
from detector.domain.kpi import Kpi
from detector.domain.local_time import HOURS
from detector.domain.window import DAY_S, Window
from detector.reports import Past, report_kind

MONDAY = 1_772_409_600
DAYS, CELLS, PERIODS = 14, 60, 96
BAD = 7
Floats = NDArray[np.float64]


def kpi(id_: str, kind: str, direction: str, family: str, unit: str = "%") -> Kpi:
    return Kpi(
        id=id_,
        title=id_,
        unit=unit,
        kind=kind,
        direction=direction,
        family=family,
        technology="LTE",
        clause="",
        numerator="n",
        denominator="d",
    )


KPIS = (
    kpi("access", "ratio", "up", "accessibility"),
    kpi("drop", "ratio", "down", "retainability"),
    kpi("speed", "mean", "up", "integrity", "Mbit/s"),
    kpi("prb", "gauge", "none", "utilisation"),
    kpi("attempts", "volume", "up", "volume", "attempts"),
)
NETWORK = tuple(Cell(cell_id=f"c{n:02d}", technology="LTE", band="B20", site_id=f"s{n // 3}") for n in range(CELLS))
World = dict[str, Floats]
"""failing, dropping, speed, load, attempts: [period, cell]."""


def healthy(day: int) -> World:
    rng = np.random.default_rng([3, day])
    hour = np.arange(PERIODS)[:, None] / 4
    load = np.clip(30 + 25 * np.sin((hour - 9) / 24 * 2 * np.pi) + rng.normal(0, 3, (PERIODS, CELLS)), 2, 100)
    own = np.random.default_rng(4).lognormal(0, 0.2, (3, CELLS))
    return {
        "failing": np.broadcast_to(0.01 * own[0], load.shape).copy(),
        "dropping": np.broadcast_to(0.01 * own[1], load.shape).copy(),
        "speed": 20 * own[2] * (1 - load / 150) * rng.lognormal(0, 0.05, load.shape),
        "load": load,
        "attempts": 6 * load,
    }


def frame_of(world: World, day: int) -> KpiFrame:
    rng = np.random.default_rng([5, day])
    attempts = np.asarray(rng.poisson(world["attempts"]), float)
    failed, dropped = (rng.binomial(attempts.astype(int), world[name]).astype(float) for name in ("failing", "dropping"))
    speed = np.where(attempts > 0, world["speed"] * attempts, np.nan)
    ones = np.ones_like(attempts)
    return KpiFrame(
        starts=MONDAY + day * DAY_S + 900 * np.arange(PERIODS),
        duration_s=900,
        objects=tuple(cell.cell_id for cell in NETWORK),
        kpis=KPIS,
        numerator=np.stack([attempts - failed, dropped, speed, world["load"], attempts], axis=2),
        denominator=np.stack([attempts, attempts, attempts, ones, ones], axis=2),
        suspect=np.zeros(attempts.shape, bool),
    )


def days_with(change: Callable[[World, int], None] = lambda world, day: None, days: int = DAYS) -> tuple[CellDay, ...]:
    found = []
    for day in range(days):
        world = healthy(day)
        change(world, day)
        found.append(cell_day(frame_of(world, day), band_groups(NETWORK), "UTC"))
    return tuple(found)


def failing_more(world: World, day: int) -> None:
    world["failing"][:, BAD] *= 4


def dropping_more(world: World, day: int) -> None:
    world["dropping"][:, BAD] *= 4


def slow_at_normal_load(world: World, day: int) -> None:
    world["speed"][:, BAD] *= 0.4


def failing_in_busy_hours(world: World, day: int) -> None:
    busy = world["load"][:, BAD] > 50
    world["failing"][busy, BAD] *= 5


def often_silent(world: World, day: int) -> None:
    begin = 30 + 7 * (day % 5)
    world["attempts"][begin : begin + 2, BAD] = 0


def bursts_of_failures(world: World, day: int) -> None:
    world["failing"][8 * (day % 7) + 36 : 8 * (day % 7) + 42, BAD] = 0.15


WAYS: dict[str, tuple[Callable[[World, int], None], str, tuple[str, ...]]] = {
    "fails to connect": (failing_more, "access", ("level", "at its load", "busy hours")),
    "drops": (dropping_more, "drop", ("level", "at its load", "busy hours")),
    "is slow though not full": (slow_at_normal_load, "speed", ("level", "at its load", "busy hours")),
    "fails in busy hours": (failing_in_busy_hours, "access", ("busy hours",)),
    "loses all traffic again and again": (often_silent, SILENCE.id, ("level", "at its load")),
    "fails in bursts": (bursts_of_failures, "access", ("level", "at its load", "variability")),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_cell_that_is_bad_every_day_comes_first_and_its_kpi_is_named(way: str) -> None:
    change, named, aspects = WAYS[way]
    profiles = profiles_of(days_with(change), NETWORK)
    ranking = ranked(profiles, technologies(NETWORK))
    assert ranking.order[0] == BAD
    worst = int(ranking.shares[BAD].argmax())
    assert profiles.kpis[worst].id == named
    assert ASPECTS[int(profiles.distances[BAD, worst].argmax())] in aspects


def one_bad_day(world: World, day: int) -> None:
    if day == 5:
        world["failing"][:, BAD] = 0.5


def better_than_all(world: World, day: int) -> None:
    for name in ("failing", "dropping"):
        world[name][:, BAD] /= 20
    world["speed"][:, BAD] *= 3


def full_and_slow_as_all_are_at_that_load(world: World, day: int) -> None:
    for cell in (BAD, *range(20, 32)):
        fuller = np.minimum(world["load"][:, cell] + 30, 100)
        world["speed"][:, cell] *= (1 - fuller / 150) / (1 - world["load"][:, cell] / 150)
        world["load"][:, cell] = fuller


@pytest.mark.parametrize("change", [one_bad_day, better_than_all])
def test_a_fault_of_a_day_and_a_good_cell_are_as_far_from_peers_as_before(change: Callable[[World, int], None]) -> None:
    distances = [profiles_of(days_with(which), NETWORK).by_kpi[BAD].max() for which in (lambda *_: None, change)]
    assert distances[1] < distances[0] + 1.5


def test_a_full_cell_is_slow_but_not_slow_for_its_load() -> None:
    profiles = profiles_of(days_with(full_and_slow_as_all_are_at_that_load), NETWORK)
    k = [kpi.id for kpi in profiles.kpis].index("speed")
    level, at_load = profiles.distances[BAD, k, :2]
    assert at_load < 0.5 * level


def test_a_cell_without_a_failure_is_worse_in_nothing_and_peers_are_shown_as_they_are() -> None:
    def others_fail(world: World, day: int) -> None:
        world["failing"][:] = 0.0
        world["failing"][:, 20] = 0.2

    profiles = profiles_of(days_with(others_fail), NETWORK)
    k = [kpi.id for kpi in profiles.kpis].index("access")
    assert profiles.by_kpi[np.arange(CELLS) != 20, k].max() < 0.1
    assert profiles.by_kpi[20, k] > 3
    assert profiles.peer_values[BAD, k] == 0.0


def test_a_few_days_are_no_profile() -> None:
    profiles = profiles_of(days_with(failing_more, days=4), NETWORK)
    assert not profiles.peers.any()
    assert not len(ranked(profiles, technologies(NETWORK)).order)


def past(change: Callable[[World, int], None], people: int, **more: Any) -> Past:
    homes = {f"sub_{n}": NETWORK[BAD].cell_id for n in range(people)}
    homes |= {f"other_{n}": NETWORK[1].cell_id for n in range(100)}
    said = [f"sub_{n}" for n in range(people // 2)] + [f"other_{n}" for n in range(10)]
    contacts = tuple(
        Interaction(interaction_id=who, at=MONDAY, kind="contact", channel="call", subscriber=who, category="network")
        for who in said
    )
    return Past(
        window=Window(MONDAY, MONDAY + DAYS * DAY_S),
        topology=Topology({cell.cell_id: cell for cell in NETWORK}),
        cell_days=days_with(change),
        homes=homes,
        interactions=contacts,
        **more,
    )


def test_the_report_has_who_lives_with_the_cell_and_how_much_more_they_complain() -> None:
    row = report_kind("chronic").make(past(dropping_more, people=40)).records()[0]
    assert (row["rank"], row["cell"], row["site"], row["band"]) == (1, "c07", "s2", "LTE B20")
    assert (row["people"], row["complained"], row["times"]) == (40, 20, 5.0)
    assert str(row["kpis"]).startswith("drop ")
    assert str(row["why"]).startswith("drop: ")


def test_of_a_few_people_nothing_is_reported() -> None:
    row = report_kind("chronic").make(past(dropping_more, people=4)).records()[0]
    assert (row["people"], row["complained"], row["times"], row["left"]) == (None, None, None, None)


def test_without_enough_history_the_report_says_so() -> None:
    made = report_kind("chronic").make(Past(window=Window(MONDAY, MONDAY + DAY_S), cell_days=days_with(days=2)))
    assert made.rows == ()
    assert made.notes[0] == "Not enough history: 2 whole days, and a profile needs 5."


def test_the_order_of_days_and_a_second_run_change_nothing() -> None:
    days = days_with(dropping_more)
    one, two = (ranked(profiles_of(own, NETWORK), technologies(NETWORK)) for own in (days, days[::-1]))
    np.testing.assert_array_equal(one.score, two.score)


@given(shift=st.floats(-5, 5), seed=st.integers(0, 1000))
def test_only_the_distance_from_peers_counts(shift: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=3 * LEAST_PEERS)
    groups = [np.zeros(len(values), np.intp)]
    one, two = (compare(values + by, np.full(len(values), 0.1), groups).distance for by in (0.0, shift))
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert (one >= 0).all()


def test_a_group_that_is_too_small_is_compared_with_the_next_wider_one() -> None:
    values = np.concatenate([np.zeros(LEAST_PEERS - 1), np.ones(40)])
    narrow = (values > 0).astype(np.intp)
    against = compare(values, np.zeros(len(values)), [narrow, np.zeros(len(values), np.intp)])
    assert (against.peers[0], against.peers[-1]) == (len(values), 40)


def test_land_use_follows_from_the_hours_of_the_load() -> None:
    hours = np.arange(2 * HOURS)
    kinds = [np.exp(-(((hours % HOURS) - peak) ** 2) / 8.0) for peak in (3, 9, 15, 21)]
    shape = np.repeat(kinds, 20, axis=0)
    use = land_uses(shape / shape.sum(axis=1, keepdims=True))
    assert [len(set(use[20 * n : 20 * n + 20].tolist())) for n in range(4)] == [1, 1, 1, 1]
    assert len(set(use.tolist())) == 4


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_the_odd_profile_first(name: str) -> None:
    rows = np.maximum(np.random.default_rng(1).normal(size=(80, 6)) - 1, 0.0)
    rows[11, 2:5] = 9.0
    assert DETECTORS[name](rows, rows).argmax() == 11
    assert DETECTORS[name](rows[:60], rows).argmax() == 11
