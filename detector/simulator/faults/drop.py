"""Calls that are cut: bearers are released abnormally."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network


class Drop(FaultKind):
    name = "drop"
    scopes = ("cell", "site")
    topic = "cut"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        share = span.inside * fault.severity
        effects.add("drop", span.periods, list(fault.cells), 0.6 * share)
