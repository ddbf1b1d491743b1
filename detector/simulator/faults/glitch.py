"""Minutes in which one cell refuses connections: over before it matters to anybody, and no fault to be found."""

import numpy as np

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.scenario import PERIOD_S
from detector.simulator.topology import Network


class Glitch(FaultKind):
    """Lies within one period, so that exactly one row shows it."""

    name = "glitch"
    weight = 1.5
    hours = (0.05, 0.2)
    customer_affecting = False

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        share = span.inside * fault.severity
        effects.add("rrc", span.periods, list(fault.cells), np.minimum(2.0 * share, 0.6))

    def start(self, start: int, length_s: int, rng: np.random.Generator) -> int:
        fits = length_s < PERIOD_S - 60
        later = int(rng.integers(30, PERIOD_S - length_s - 10)) if fits else 0
        return start - (start % PERIOD_S - later)
