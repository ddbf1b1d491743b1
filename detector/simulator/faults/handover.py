"""Handovers out of a cell that fail."""

import numpy as np

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network


class Handover(FaultKind):
    name = "handover"
    topic = "cut"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        share = span.inside * fault.severity
        effects.add("handover", span.periods, list(fault.cells), np.minimum(1.5 * share, 0.5))
