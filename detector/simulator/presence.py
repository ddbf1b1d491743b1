"""Who was behind which cell in each hour, what they tried, what failed, and who suffered from which fault."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.window import DAY_S, HOUR_S
from detector.simulator.counters import MOVED, DayCounters
from detector.simulator.scenario import PERIODS_PER_DAY
from detector.simulator.subscribers import HOME, LEISURE, TRANSIT, WORK, People
from detector.simulator.world import World

HOURS = 24
"""Hours of a day. Definition."""
WEIGHTS = np.array([1.0, 0.85, 0.9, 0.25, 0.9, 0.16])
"""How many attempts of each process one connection attempt stands for."""
BASE_FAILURE_SHARE = 0.018
"""Share of a person's attempts that fails without any fault. Chosen: within the usual targets of operators."""
AWAKE = np.array([2, 1, 1, 1, 2, 5, 20, 50, 70, 80, 85, 90, 95, 90, 85, 85, 90, 100, 100, 100, 95, 75, 40, 12]) / 100
"""By local hour: how much of the busy hour's attempts a person makes."""
RECONNECTS = 0.35
"""Chance of an own failure while one is displaced to a neighbour: once, in the hour of the outage. Chosen: a third is in use
then."""
ERRANDS = 2
"""Outings of a day to no usual place, each with the chance below. With them people are where their hour of the week
expects them about seven times in ten, as in three months of call records of 50,000 people (C. Song et al., Science 327,
2010)."""
ERRAND_CHANCE = 0.45
"""Chance of each of `ERRANDS`. Chosen: see there."""
ERRAND_HOURS = (1, 5)
"""Hours that an outing lasts, from and to. Chosen: an errand or an evening."""


@dataclass(frozen=True, eq=False)
class Suffering:
    """Rows of (fault, person, hour): own failures due to the fault and seconds without or with poor service."""

    fault: NDArray[np.int64]
    person: NDArray[np.int64]
    hour: NDArray[np.int64]
    failures: NDArray[np.int64]
    degraded_s: NDArray[np.float64]

    def before(self, now: int) -> "Suffering":
        """Rows of the hours that ended by `now` (s)."""
        over = self.hour + HOUR_S <= now
        return Suffering(self.fault[over], self.person[over], self.hour[over], self.failures[over], self.degraded_s[over])


@dataclass(frozen=True, eq=False, kw_only=True)
class DayPresence:
    """Rows of attachments, ordered by hour, person, cell; `hour` is its start (s)."""

    person: NDArray[np.int64]
    cell: NDArray[np.int64]
    hour: NDArray[np.int64]
    seconds: NDArray[np.int64]
    attempts: NDArray[np.int64]
    failures: NDArray[np.int64]
    suffering: Suffering


@dataclass(frozen=True, eq=False)
class Stay:
    """(hour of day, person, cell, seconds) rows while they are being worked on. lost: seconds without any service there.
    origin: the cell that the person was displaced from, -1 if none."""

    hour: NDArray[np.int64]
    person: NDArray[np.int64]
    cell: NDArray[np.int64]
    seconds: NDArray[np.int64]
    lost: NDArray[np.int64]
    origin: NDArray[np.int64]


def day_presence(world: World, people: People, number: int, counters: DayCounters) -> DayPresence:
    """Presence of day `number`; seconds of an attached person sum to 3600 an hour, less what an outage took."""
    rng = world.scenario.rng("presence", number)
    stay = _displaced(rng, world, number, counters, _routine(rng, world, people, number))
    first = number * PERIODS_PER_DAY
    hour_of_day = world.scenario.local_hour[first : first + PERIODS_PER_DAY : 4].astype(int)
    pace = people.attempts[stay.person] * AWAKE[hour_of_day[stay.hour]] / HOUR_S
    attempts = rng.poisson(pace * stay.seconds)
    tried, failed = _hourly(counters.attempts, sum), _hourly(counters.failures, sum)
    chance = np.clip((failed + BASE_FAILURE_SHARE * 10) / (tried + 10), 0, 0.95)[stay.hour, stay.cell]
    failures = rng.binomial(attempts, chance)
    shocks = (_moved_alive(world, number, stay) & (rng.random(len(stay.cell)) < RECONNECTS)).astype(np.int64)
    lost_attempts = rng.poisson(pace * stay.lost)
    suffering = _suffering(rng, world, people, number, counters, stay=stay, own=(failures, shocks, lost_attempts))
    return _rows(world, number, stay, attempts + shocks, failures + shocks, suffering)


def _hourly(values: NDArray[np.float64] | NDArray[np.float32] | NDArray[np.bool_], how: object) -> NDArray[np.float64]:
    """[96, C] -> [24, C], by sum or (anything else) by mean."""
    quarters = values.reshape(HOURS, PERIODS_PER_DAY // HOURS, -1).astype(np.float64)
    return np.asarray(quarters.sum(axis=1) if how is sum else quarters.mean(axis=1))


def _routine(rng: np.random.Generator, world: World, people: People, number: int) -> Stay:
    """Where people would be if every cell worked: at home, at work, on the way, out in the evening and at the weekend."""
    first = number * PERIODS_PER_DAY
    hour = world.scenario.local_hour[first : first + PERIODS_PER_DAY : 4, None].astype(int)
    weekend = world.scenario.weekend[first : first + PERIODS_PER_DAY : 4, None]
    out_tonight, out_today = rng.random((2, len(people)))
    place = np.full((HOURS, len(people)), HOME)
    place[(out_tonight < 0.25) & (hour >= 18) & (hour < 22) & ~weekend] = LEISURE
    place[(out_today < 0.4) & (hour >= 11) & (hour < 19) & weekend] = LEISURE
    place[people.works & ~weekend & (hour >= people.leaves) & (hour < people.returns)] = WORK
    errand_cells = _errands(rng, people, hour)
    before = np.concatenate([place[:1], place[:-1]])
    who = np.broadcast_to(np.arange(len(people)), place.shape)
    travels = place != before
    cells = np.stack([people.spots[who, place, 0], people.spots[who, place, 1], people.spots[who, before, 0]], axis=2)
    cells[errand_cells >= 0, :2] = errand_cells[errand_cells >= 0, None]
    cells[..., 1] = np.where(travels, people.spots[who, TRANSIT, 0], cells[..., 1])
    stray = np.where(rng.random(place.shape) < 0.35, rng.integers(200, 1500, place.shape), 0)
    seconds = np.stack([3600 - stray, stray, np.zeros_like(stray)], axis=2)
    seconds[travels] = (1200, 1200, 1200)
    seconds[rng.random(place.shape) > 0.97] = 0
    at, person, slot = np.nonzero(seconds)
    empty = np.zeros(len(at), np.int64)
    return Stay(at, person, cells[at, person, slot], seconds[at, person, slot], empty, empty - 1)


def _errands(rng: np.random.Generator, people: People, hour: NDArray[np.int64]) -> NDArray[np.int64]:
    """[hour, person]: the cell of an outing, -1 for none: where someone with such a phone spends their leisure."""
    cells = np.full((HOURS, len(people)), -1)
    for _ in range(ERRANDS):
        goes, begin = rng.random(len(people)) < ERRAND_CHANCE, rng.integers(7, 21, len(people))
        end, like = begin + rng.integers(*ERRAND_HOURS, len(people), endpoint=True), rng.random(len(people))
        target = np.empty(len(people), np.int64)
        for modern in (False, True):
            own = np.flatnonzero(people.modern == modern)
            target[own] = people.spots[own[(like[own] * len(own)).astype(int)], LEISURE, 0]
        cells = np.where(goes & (hour >= begin) & (hour < end), target, cells)
    return cells


def _displaced(rng: np.random.Generator, world: World, number: int, counters: DayCounters, stay: Stay) -> Stay:
    """Cells asleep hand everybody over; of those behind cells out of service most find a neighbour, the rest has no
    service."""
    first = number * PERIODS_PER_DAY
    asleep = _hourly(world.load.asleep[first : first + PERIODS_PER_DAY], "mean")
    gone = np.maximum(_hourly(counters.down, "mean"), asleep)
    hit = np.flatnonzero(gone[stay.hour, stay.cell] > 0)
    hour, cell = stay.hour[hit], stay.cell[hit]
    options = world.network.neighbours[cell]
    alive = (options >= 0) & (gone[hour[:, None], options] < 0.1)
    order = _spot_draw(stay.person[hit, None], options) - 2.0 * alive
    refuge = options[np.arange(len(hit)), order.argmin(axis=1)]
    dead = gone[hour, cell] > asleep[hour, cell]
    finds = alive.any(axis=1) & (~dead | (_spot_draw(stay.person[hit], cell) < MOVED))
    away = np.round(gone[hour, cell] * stay.seconds[hit]).astype(np.int64)
    seconds, lost = stay.seconds.copy(), stay.lost.copy()
    seconds[hit] -= away
    lost[hit] = np.where(finds, 0, away)
    go, nothing = hit[finds], np.zeros(int(finds.sum()), np.int64)
    return Stay(
        np.concatenate([stay.hour, stay.hour[go]]),
        np.concatenate([stay.person, stay.person[go]]),
        np.concatenate([stay.cell, refuge[finds]]),
        np.concatenate([seconds, away[finds]]),
        np.concatenate([lost, nothing]),
        np.concatenate([stay.origin, np.where(dead, cell, -1)[finds]]),
    )


def _spot_draw(person: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """A number in [0, 1) of this person's place behind this cell: where a neighbour reaches in one hour it does in the
    next (Fibonacci hashing)."""
    mixed = (person.astype(np.uint64) * np.uint64(2654435761) + cell.astype(np.uint64) + np.uint64(1)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    return (
        np.asarray((mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(40), np.float64) / 2**24
    )


def _moved_alive(world: World, number: int, stay: Stay) -> NDArray[np.bool_]:
    """Rows of people who were behind their cell when it died; who comes later finds the neighbour at once."""
    begin = world.scenario.start + number * DAY_S
    dies = np.zeros((HOURS, len(world.network.cells) + 1), bool)
    for fault in world.faults:
        if begin <= fault.start < begin + DAY_S:
            dies[(fault.start - begin) // HOUR_S, list(fault.cells)] = True
    return np.asarray((stay.origin >= 0) & dies[stay.hour, stay.origin])


def _suffering(
    rng: np.random.Generator,
    world: World,
    people: People,
    number: int,
    counters: DayCounters,
    stay: Stay,
    own: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> Suffering:
    """Attribution: of a person's failures behind a faulty cell, the share by which the fault raised the cell's failures."""
    failures, shocks, lost_attempts = own
    begin = world.scenario.start + number * DAY_S
    first = number * PERIODS_PER_DAY
    excess = np.tensordot(WEIGHTS, world.effects.extra[:, first : first + PERIODS_PER_DAY].astype(np.float64), axes=1)
    raised = _hourly(excess, "mean")
    blame = (raised / (raised + BASE_FAILURE_SHARE))[stay.hour, stay.cell]
    blamed = rng.binomial(failures, blame)
    awake = AWAKE[world.scenario.local_hour[first : first + PERIODS_PER_DAY : 4].astype(int)][stay.hour]
    slow = _hourly(counters.slow, "mean")[stay.hour, stay.cell] * stay.seconds * people.active[stay.person] * awake
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for index, fault in enumerate(world.faults):
        if fault.start >= begin + DAY_S or fault.end <= begin:
            continue
        touched = np.zeros(len(world.network.cells) + 1, bool)
        touched[list(fault.cells)] = True
        during = (begin + stay.hour * HOUR_S < fault.end) & (begin + (stay.hour + 1) * HOUR_S > fault.start)
        here, fled = during & touched[stay.cell], during & touched[stay.origin] & (stay.origin >= 0)
        count = here * (blamed * fault.kind.fails + lost_attempts) + fled * shocks
        degraded = here * (stay.lost + slow * fault.kind.slows)
        rows = np.flatnonzero((count > 0) | (degraded > 0))
        parts.append(
            (np.full(len(rows), index), stay.person[rows], begin + stay.hour[rows] * HOUR_S, count[rows], degraded[rows])
        )
    if not parts:
        none = np.empty(0, np.int64)
        return Suffering(none, none, none, none, none.astype(np.float64))
    fault_, person, hour, count_, degraded_ = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Suffering(fault_, person, hour, count_.astype(np.int64), degraded_.astype(np.float64))


def _rows(
    world: World, number: int, stay: Stay, attempts: NDArray[np.int64], failures: NDArray[np.int64], suffering: Suffering
) -> DayPresence:
    """One row per hour, person and cell."""
    cells = len(world.network.cells)
    people = int(stay.person.max(initial=0)) + 1
    key = (stay.hour * people + stay.person) * cells + stay.cell
    unique, inverse = np.unique(key, return_inverse=True)
    sums = [np.bincount(inverse, v, len(unique)).astype(np.int64) for v in (stay.seconds, attempts, failures)]
    keep = sums[0] > 0
    unique = unique[keep]
    hour, rest = np.divmod(unique, people * cells)
    begin = world.scenario.start + number * DAY_S
    return DayPresence(
        person=rest // cells,
        cell=rest % cells,
        hour=begin + hour * HOUR_S,
        seconds=sums[0][keep],
        attempts=sums[1][keep],
        failures=sums[2][keep],
        suffering=suffering,
    )
