"""A core function that fails requests, and with it the cells that it serves."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import AlarmPattern, Fault, FaultKind
from detector.simulator.topology import Network


class Core(FaultKind):
    """An SMF fails sessions, an AMF or MME fails contexts."""

    name = "core"
    weight = 0.5
    scopes = ("nf",)
    hours = (1, 4)
    network_wide = True
    alarm = AlarmPattern(0.3, "critical")
    topic = "refused"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        share = span.inside * fault.severity
        effects.function[span.periods, fault.nf] = 1 - (1 - effects.function[span.periods, fault.nf]) * (1 - share)
        process = "session" if network.functions[fault.nf].kind == "SMF" else "context"
        effects.add(process, span.periods, list(fault.cells), 0.8 * share)
