"""Connections that are refused: RRC establishment fails."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network


class Access(FaultKind):
    name = "access"
    weight = 2.0
    scopes = ("cell", "cell", "site")
    topic = "refused"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        effects.add("rrc", span.periods, list(fault.cells), span.inside * fault.severity)
