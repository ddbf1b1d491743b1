"""A site, a hub or a cell without power or transport."""

import numpy as np

from detector.simulator.effects import Effects, Span
from detector.simulator.fault import AlarmPattern, Fault, FaultKind
from detector.simulator.topology import Network


class Outage(FaultKind):
    """No users and no service; the cells report themselves unavailable, or their rows do not arrive (`hidden`)."""

    name = "outage"
    weight = 2.0
    scopes = ("cell", "site", "site", "hub")
    hours = (1, 6)
    can_hide = True
    alarm = AlarmPattern(0.55, "critical", "Service unavailable")
    fails = False
    topic = "dead"

    def apply(self, effects: Effects, fault: Fault, span: Span, network: Network) -> None:
        cells, inside = list(fault.cells), span.inside[:, None]
        effects.down[span.periods, cells] = np.maximum(effects.down[span.periods, cells], inside)
        if fault.hidden:
            over = (fault.start < span.ends) & (span.ends <= fault.end)
            effects.missing[span.periods, cells] |= over[:, None]
        else:
            effects.unavailable[span.periods, cells] = np.maximum(effects.unavailable[span.periods, cells], inside)
