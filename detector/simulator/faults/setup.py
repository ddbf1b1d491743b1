"""Calls and sessions that are not set up: the context, the bearer or the session fails."""

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import Fault, FaultKind
from detector.simulator.topology import Network

STEPS = ("context", "bearer", "session")
"""Which of them fails follows from the fault's start."""


class Setup(FaultKind):
    name = "setup"
    scopes = ("cell", "site")
    topic = "refused"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        step = STEPS[fault.start % len(STEPS)]
        effects.add(step, span.periods, list(fault.cells), span.inside * fault.severity)
