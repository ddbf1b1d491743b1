"""What kind of operator a seed stands for."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Period = Literal[300, 900, 3600, 86_400]
MONDAY = 1_772_409_600
"""2026-03-02T00:00Z, the Monday on which most operators begin. Chosen: no clock change within its first three weeks."""
SPRING = 1_773_014_400
"""2026-03-09T00:00Z: the replay of an operator that begins then crosses the clock change of Europe. Definition (IANA)."""
ZONES = ("Europe/Paris", "America/Chicago", "Asia/Kolkata", "UTC", "Europe/Athens", "America/Sao_Paulo")
FAMILY_SIZE = 16
"""Seeds are counted from 1 in each hundred; the place within this many decides the measuring period. Chosen: see `drawn`."""
DAY_S = 86_400
"""Seconds of a day. Definition."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`fault_rate`: faults per 1,000 cells and week in the replay. `flaky`: share of cells with short stops of their own all
    the time. `people`: subscribers a cell."""

    seed: int
    sites: int
    timezone: str
    start: int = MONDAY
    history_days: int = 21
    replay_days: int = 6
    period_s: Period = 900
    fault_rate: float = 240.0
    flaky: float = 0.0
    people: int = 25
    parquet: bool = True

    @property
    def name(self) -> str:
        return f"foreign-{self.seed}" + ("" if self.fault_rate else "-quiet")

    @property
    def longer(self) -> float:
        """How many times longer faults are than where counters come by the quarter-hour: in the sum of a day two hours
        hardly show, so that nobody could be asked to find them."""
        return {3600: 2.0, 86_400: 14.0}.get(self.period_s, 1.0)

    @property
    def days(self) -> int:
        return self.history_days + self.replay_days

    @property
    def replay_from(self) -> int:
        """s"""
        return self.start + self.history_days * DAY_S

    @property
    def end(self) -> int:
        """s"""
        return self.start + self.days * DAY_S

    @property
    def step_s(self) -> int:
        """Length of a step of the world, which counters of a longer period are added up from."""
        return min(self.period_s, 900)

    def rng(self, topic: str) -> np.random.Generator:
        """A stream of random numbers of its own for each topic, so that one topic's change leaves the others."""
        return np.random.default_rng([self.seed, *topic.encode()])


def drawn(seed: int, *, quiet: bool = False) -> Scenario:
    """The operator of a seed: of 16 in a row the first ten count by the quarter-hour, two by 5 minutes, three by the hour,
    and one by the day. `quiet`: nothing ever fails in it."""
    rng = np.random.default_rng([seed, 0])
    place = (seed - 1) % 100 % FAMILY_SIZE
    scenario = Scenario(
        seed=seed,
        sites=int(rng.integers(13, 25)),
        timezone=ZONES[seed % len(ZONES)],
        start=SPRING if place % 5 == 4 else MONDAY,
        parquet=place % 4 != 1,
        fault_rate=0.0 if quiet else 240.0,
    )
    if place in (10, 11):
        return replace(scenario, period_s=300, sites=13)
    if place in (12, 13, 14):
        flaky = (0.0, 0.2, 0.4)[place - 12]
        return replace(scenario, period_s=3600, history_days=35, flaky=0.0 if quiet else flaky)
    if place == 15:
        return replace(scenario, period_s=86_400, history_days=63, replay_days=14, sites=13, people=8)
    return scenario
