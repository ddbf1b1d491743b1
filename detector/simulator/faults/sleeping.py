"""A cell that radiates and serves almost nobody: its counters fall silent, and nothing reports it."""

import numpy as np

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network

UNSERVED = 0.985
"""Share of its users that finds no service. Chosen: a few attempts still get through a sleeping cell."""


class Sleeping(FaultKind):
    name = "sleeping"
    weight = 2.0
    fails = False
    topic = "dead"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        cells = list(fault.cells)
        gone = UNSERVED * span.inside[:, None]
        effects.down[span.periods, cells] = np.maximum(effects.down[span.periods, cells], gone)
