"""How often things fail by themselves: a rate per cell and process that wanders, storms, and rises with congestion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from detector.domain.window import DAY_S
from detector.simulator.effects import PROCESSES
from detector.simulator.scenario import PERIOD_S, Scenario, autoregressive
from detector.simulator.topology import Network

BASE = np.array([0.005, 0.003, 0.004, 0.004, 0.0035, 0.009])
"""Median share that fails, in the order of PROCESSES."""
STORM = np.array([0.6, 0.1, 0.3, 0.2, 0.7, 0.6])
"""How far a full storm moves each process, on the logit scale."""


@dataclass(frozen=True, eq=False)
class Quality:
    """logit[k, p, c] without load or faults; spread[k, c]: overdispersion rho of the beta-binomial; speed[p, c]: factor
    on throughput; best_speed[c] in Mbit/s on an empty cell."""

    logit: NDArray[np.float32]
    spread: NDArray[np.float64]
    speed: NDArray[np.float32]
    best_speed: NDArray[np.float64]

    def failing(self, periods: slice, utilisation: NDArray[np.float32], extra: NDArray[np.float32]) -> NDArray[np.float64]:
        """[k, p, c] probability that an attempt fails: wander, congestion above 80 % of capacity, and faults on top."""
        congestion = 1.5 * np.maximum(utilisation - 0.8, 0.0) / 0.3
        own = expit(self.logit[:, periods] + np.minimum(congestion, 2.5))
        return np.asarray(1 - (1 - own) * (1 - extra[:, periods]), np.float64)


def build_quality(scenario: Scenario, network: Network) -> Quality:
    rng = scenario.rng("quality")
    cells, shape = len(network.cells), (len(scenario.starts), len(network.cells))
    rate = BASE[:, None] * rng.lognormal(0.0, 0.4, (len(PROCESSES), cells))
    weather = _weather(scenario, network)
    together = autoregressive(scenario.rng("quality", "cell"), shape, 3.0, 0.13)
    logit = np.empty((len(PROCESSES), *shape), np.float32)
    for k, process in enumerate(PROCESSES):
        logit[k] = np.log(rate[k] / (1 - rate[k])) + together + STORM[k] * weather
        logit[k] += autoregressive(scenario.rng("quality", process), shape, 2.5, 0.13)
    speed = np.exp(autoregressive(scenario.rng("quality", "speed"), shape, 1.5, 0.05) - 0.15 * weather).astype(np.float32)
    best = np.where(network.nr, 140.0, np.where(network.capacity, 45.0, 28.0)) * rng.lognormal(0.0, 0.2, cells)
    return Quality(logit, rng.uniform(0.002, 0.008, rate.shape), speed, best)


def _weather(scenario: Scenario, network: Network) -> NDArray[np.float32]:
    """[P, C] 0 to 1: about one storm a fortnight in each region, 3 to 8 hours. It is no fault."""
    rng = scenario.rng("weather")
    field = np.zeros((len(scenario.starts), len(network.cells)), np.float32)
    for _ in range(max(1, round(scenario.days / 14 * (1 + int(network.region.max()))))):
        region, begin = int(rng.integers(network.region.max() + 1)), rng.uniform(scenario.start, scenario.end)
        length, depth = rng.uniform(3, 8) * 3600, rng.uniform(0.5, 1.0)
        ramp = np.interp(scenario.starts + PERIOD_S / 2, begin + length * np.array([0, 0.2, 0.7, 1]), [0, depth, depth, 0])
        if scenario.days * DAY_S > length:
            field += (ramp[:, None] * (network.region == region)).astype(np.float32)
    return np.minimum(field, np.float32(1.0))
