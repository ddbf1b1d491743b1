"""Who calls, when and about what: a hazard that follows own failures, and calls that have other causes."""

from dataclasses import dataclass

import numpy as np

from detector.domain.window import HOUR_S
from detector.simulator.complaint_texts import NETWORK_TOPICS, complaint_text
from detector.simulator.presence import AWAKE, DayPresence, Suffering
from detector.simulator.scenario import PERIOD_S
from detector.simulator.subscribers import People, draw_attributes
from detector.simulator.world import World

PER_FAILURE = 0.02
"""Chance of a complaint for one failure. Chosen: one in fifty, so that foresight can be measured."""
PER_DEGRADED_MINUTE = 0.0018
"""Chance of a complaint for one degraded minute. Chosen: a tenth of those affected for an hour."""
BACKGROUND = {"billing": 0.0035, "device": 0.0015, "other": 0.003, "network": 0.002}
"""Contacts per subscriber and day that no fault causes."""
CHANNELS = ("call", "chat", "app", "store", "email", "social")
CHANNEL_SHARES = (0.5, 0.2, 0.15, 0.05, 0.05, 0.05)
DELAY_MEDIAN_S = 2100
"""Median time from trouble to complaint, in s. Chosen: 35 minutes; people try again first."""
PERIODS_PER_HOUR = HOUR_S // PERIOD_S


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One touchpoint; person -1: a social post without sender. cell -1: no place given. `cause`: index of the fault."""

    at: int
    person: int
    channel: str
    category: str
    text: str
    cell: int
    escalated: bool
    reopened: bool
    cause: int = -1


class Complaints:
    """Takes the days in order and keeps who has complained of which fault already."""

    def __init__(self, world: World, people: People) -> None:
        self._world, self._people = world, people
        self._language = draw_attributes(world.scenario, len(people)).language
        self._complained: set[tuple[int, int]] = set()

    def day(self, number: int, presence: DayPresence) -> list[ContactRow]:
        """Contacts that arise from this day, ordered by time; some are made on the next."""
        rng = self._world.scenario.rng("complaints", number)
        rows = self._of_faults(rng, presence.suffering) + self._of_other_causes(rng, presence)
        return sorted(rows, key=lambda r: (r.at, r.person))

    def _of_faults(self, rng: np.random.Generator, suffering: Suffering) -> list[ContactRow]:
        """Chance to call within the hour 1 - exp(-hazard); the call comes 20 to 90 minutes after they met it."""
        hazard = PER_FAILURE * np.minimum(suffering.failures, 8) + PER_DEGRADED_MINUTE * suffering.degraded_s / 60
        hours = (suffering.hour - self._world.scenario.start) // HOUR_S * PERIODS_PER_HOUR
        hazard *= AWAKE[self._world.scenario.local_hour[hours].astype(int)]
        calls = rng.random(len(hazard)) < 1 - np.exp(-hazard * self._people.temper[suffering.person])
        rows = []
        for i in np.flatnonzero(calls).tolist():
            index, person = int(suffering.fault[i]), int(suffering.person[i])
            fault = self._world.faults[index]
            met = max(int(suffering.hour[i]), fault.start)
            met += int(rng.uniform(0, 0.5) * (min(int(suffering.hour[i]) + HOUR_S, fault.end) - met))
            at = met + int(np.clip(rng.lognormal(np.log(DELAY_MEDIAN_S), 0.5), 1200, 5400))
            if (index, person) in self._complained or at >= fault.end + 7200 or at >= self._world.scenario.end:
                continue
            self._complained.add((index, person))
            spots = self._people.spots[person, :, 0]
            near = [int(c) for c in spots if int(c) in set(fault.cells)]
            rows.append(self._contact(rng, at, person, "network", near[0] if near else int(spots[0]), index))
        return rows

    def _of_other_causes(self, rng: np.random.Generator, presence: DayPresence) -> list[ContactRow]:
        awake = np.flatnonzero(presence.attempts > 0)
        rows = []
        for category, rate in BACKGROUND.items():
            for _ in range(rng.poisson(rate * len(self._people))):
                if not awake.size:
                    continue
                row = int(awake[rng.integers(len(awake))])
                at = int(presence.hour[row]) + int(rng.integers(3600))
                rows.append(self._contact(rng, at, int(presence.person[row]), category, int(presence.cell[row]), -1))
        return rows

    def _contact(self, rng: np.random.Generator, at: int, person: int, category: str, cell: int, cause: int) -> ContactRow:
        channel = CHANNELS[int(rng.choice(len(CHANNELS), p=CHANNEL_SHARES))]
        placed, unnamed, escalated, reopened, text = rng.random(5)
        unknown = channel == "social" and unnamed < 0.6
        words = complaint_text(str(self._language[person]), self._topic(category, cause, text), text * 97 % 1)
        return ContactRow(
            at=at,
            person=-1 if unknown else person,
            channel=channel,
            category=category,
            text=words,
            cell=cell if category == "network" and (unknown or placed < 0.4) else -1,
            escalated=bool(escalated < 0.05),
            reopened=bool(reopened < 0.04),
            cause=cause,
        )

    def _topic(self, category: str, cause: int, draw: float) -> str:
        if category != "network":
            return category
        return self._world.faults[cause].kind.topic if cause >= 0 else NETWORK_TOPICS[int(draw * 4)]
