"""A cell that gets worse over days, so slowly that no single period shows it."""

import numpy as np

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network


class Drift(FaultKind):
    """Grows in a straight line to 4 to 12 % failures, or to half of the throughput."""

    name = "drift"
    hours = (48, 96)
    slows = True
    topic = "slow"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        growth = span.inside * np.linspace(0.0, 1.0, len(span.inside))
        worst = min(max(fault.severity, 0.04), 0.12)
        if fault.start % 3 == 0:
            effects.speed[span.periods, list(fault.cells)] *= (1 - 0.55 * growth)[:, None]
        else:
            effects.add(("drop", "rrc")[fault.start % 3 - 1], span.periods, list(fault.cells), worst * growth)
