"""Subscribers: where they live and work, what they use, to whom they belong and what they allowed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.scenario import Scenario
from detector.simulator.topology import Network

HOME, WORK, LEISURE, TRANSIT = range(4)
ATTRACTION = np.array([[0.4, 1.0, 0.3, 0.7], [1.0, 0.25, 0.4, 0.2], [0.8, 0.5, 1.0, 0.5], [0.4, 0.4, 1.0, 0.3]])
"""[place, land use] weight of a site."""
KINDS = ("consumer", "family", "enterprise", "government")
SIZES = {"consumer": (1, 2), "family": (2, 6), "enterprise": (4, 40), "government": (6, 30)}
SHARES = (0.62, 0.33, 0.04, 0.01)

LANGUAGES, LANGUAGE_SHARES = ("de", "en", "tr", "uk"), (0.72, 0.14, 0.09, 0.05)
CHANNELS, CHANNEL_SHARES = ("sms", "push", "email", "call"), (0.5, 0.25, 0.15, 0.1)


@dataclass(frozen=True)
class Household:
    """One account: its kind and the subscribers (indices) first to last."""

    kind: str
    first: int
    last: int


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """Arrays over the N subscribers. spots: [N, 4 places, 2] cells, the usual one and the second best; leaves, returns:
    local hours of the way to work and back; attempts: own attempts in a busy hour; active: share of the time in which data
    flows; temper: factor on the readiness to complain."""

    ids: NDArray[np.object_]
    households: tuple[Household, ...]
    account: NDArray[np.int64]
    minor: NDArray[np.bool_]
    works: NDArray[np.bool_]
    spots: NDArray[np.int64]
    leaves: NDArray[np.int64]
    returns: NDArray[np.int64]
    attempts: NDArray[np.float64]
    active: NDArray[np.float64]
    temper: NDArray[np.float64]
    modern: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def build_people(scenario: Scenario, network: Network) -> People:
    rng = scenario.rng("people")
    count = scenario.cells * scenario.subscribers_per_cell
    households = _households(rng, count)
    account = np.repeat(np.arange(len(households)), [h.last - h.first for h in households])
    minor = np.zeros(count, bool)
    for home in households:
        if home.kind == "family":
            minor[home.first + 2 : home.last] = rng.random(max(home.last - home.first - 2, 0)) < 0.7
    modern = rng.random(count) < 0.55
    return People(
        ids=np.array([f"u{i + 1:07d}" for i in range(count)], dtype=object),
        households=households,
        account=account,
        minor=minor,
        works=minor | (rng.random(count) < 0.65),
        spots=_spots(rng, network, households, account, modern),
        leaves=rng.integers(6, 9, count),
        returns=rng.integers(15, 19, count),
        attempts=rng.lognormal(np.log(4.0), 0.5, count),
        active=rng.beta(2.0, 9.0, count),
        temper=rng.lognormal(-0.15, 0.55, count),
        modern=modern,
    )


def _households(rng: np.random.Generator, count: int) -> tuple[Household, ...]:
    homes: list[Household] = []
    first = 0
    while first < count:
        kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
        last = min(first + int(rng.integers(*SIZES[kind])), count)
        homes.append(Household(kind, first, last))
        first = last
    return tuple(homes)


def _spots(
    rng: np.random.Generator,
    network: Network,
    households: tuple[Household, ...],
    account: NDArray[np.int64],
    modern: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Families share a home site, firms a place of work; a second cell is a neighbour of the first."""
    count, land = len(account), np.array([s.land_use for s in network.sites])
    size = np.bincount(network.site, minlength=len(network.sites))
    firm = np.array([h.kind in ("enterprise", "government") for h in households])[account]
    spots = np.empty((count, 4, 2), np.int64)
    for place in range(4):
        weight = ATTRACTION[place, land] * size
        own = rng.choice(len(land), count, p=weight / weight.sum())
        shared = rng.choice(len(land), len(households), p=weight / weight.sum())[account]
        sites = np.where((place == HOME) & ~firm | (place == WORK) & firm, shared, own)
        spots[:, place, 0] = _cells_at(rng, network, sites, modern)
        second = network.neighbours[spots[:, place, 0], rng.integers(0, 3, count)]
        spots[:, place, 1] = np.where(second >= 0, second, spots[:, place, 0])
    return spots


def _cells_at(
    rng: np.random.Generator, network: Network, sites: NDArray[np.int64], modern: NDArray[np.bool_]
) -> NDArray[np.int64]:
    chosen = np.empty(len(sites), np.int64)
    for site in range(len(network.sites)):
        here = network.site == site
        for new in (False, True):
            who = np.flatnonzero((sites == site) & (modern == new))
            chosen[who] = rng.choice(np.flatnonzero(here if new else here & ~network.nr), len(who))
    return chosen


@dataclass(frozen=True, eq=False)
class Attributes:
    """[subscriber] each; draws: [6, subscriber] uniform ones for flags."""

    draws: NDArray[np.float64]
    language: NDArray[np.str_]
    channel: NDArray[np.str_]
    worth: NDArray[np.float64]
    nps: NDArray[np.int64]


def draw_attributes(scenario: Scenario, count: int) -> Attributes:
    rng = scenario.rng("people", "attributes")
    draws = rng.random((6, count))
    language, channel = rng.choice(LANGUAGES, count, p=LANGUAGE_SHARES), rng.choice(CHANNELS, count, p=CHANNEL_SHARES)
    return Attributes(draws, language, channel, np.round(rng.lognormal(6.5, 0.6, count), 2), rng.integers(0, 11, count))
