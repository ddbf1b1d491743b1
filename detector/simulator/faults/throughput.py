"""Data that crawls: throughput falls to a fifth or less, and nothing fails."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import AlarmPattern, Fault, FaultKind
from detector.simulator.topology import Network


class Throughput(FaultKind):
    name = "throughput"
    weight = 2.0
    scopes = ("cell", "site", "hub")
    alarm = AlarmPattern(0.1)
    fails = False
    slows = True
    topic = "slow"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        lost = span.inside * min(0.8, 0.4 + 1.5 * fault.severity)
        effects.speed[span.periods, list(fault.cells)] *= (1 - lost)[:, None]
