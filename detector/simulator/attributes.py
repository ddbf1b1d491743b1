"""What is known of simulated subscribers beside where they are: drawn once for the files and for what they say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulator.scenario import Scenario

LANGUAGES, LANGUAGE_SHARES = ("de", "en", "tr", "uk"), (0.72, 0.14, 0.09, 0.05)
CHANNELS, CHANNEL_SHARES = ("sms", "push", "email", "call"), (0.5, 0.25, 0.15, 0.1)


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
