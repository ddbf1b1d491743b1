"""A bad release: every cell that runs it sets up fewer bearers and drops more."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import AlarmPattern, Fault, FaultKind
from detector.simulator.topology import Network


class Software(FaultKind):
    name = "software"
    weight = 0.5
    scopes = ("software",)
    hours = (1.5, 5)
    network_wide = True
    alarm = AlarmPattern(0.1)
    topic = "slow"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        cells, share = list(fault.cells), span.inside * fault.severity
        effects.add("bearer", span.periods, cells, 0.5 * share)
        effects.add("drop", span.periods, cells, 0.3 * share)
