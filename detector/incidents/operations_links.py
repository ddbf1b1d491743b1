"""Links of an incident to the operations centre: works that explain it, its alarm, its ticket."""

from collections.abc import Collection, Iterable

from detector.domain.cell import Topology
from detector.domain.incident import Incident
from detector.domain.operations import Alarm, Maintenance, Operations, Ticket
from detector.domain.window import Window
from detector.incidents.correlation_context import Root

NEAR_S = 1_800
"""An alarm or a ticket within half an hour of the start is about this incident. Chosen: two periods of a quarter of an
hour."""


def mentioned_places(topology: Topology, root: Root, cells: Iterable[str]) -> frozenset[str]:
    """Ids that an alarm or ticket about this incident may name: its root, its cells, their sites and nodes."""
    known = [topology.cells[c] for c in cells if c in topology.cells] if root[0] in ("cell", "site", "node", "edge") else []
    return frozenset({root[1], *(i for c in known for i in (c.cell_id, c.site_id, c.node_id))} - {""})


def alarm_of(operations: Operations, where: Collection[str], started_at: int, now: int) -> Alarm | None:
    """The alarm raised nearest to the start, within half an hour of it."""
    near = [a for a in operations.alarms if a.object_id in where and abs(a.raised_at - started_at) <= NEAR_S]
    return min(
        (a for a in near if a.raised_at <= now), key=lambda a: (abs(a.raised_at - started_at), a.alarm_id), default=None
    )


def ticket_of(operations: Operations, where: Collection[str], started_at: int, now: int) -> Ticket | None:
    """The first ticket of these places opened since half an hour before the start and not closed before it."""
    fit = [
        t
        for t in operations.tickets
        if t.object_id in where
        and started_at - NEAR_S <= t.opened_at <= now
        and (t.closed_at is None or t.closed_at > started_at)
    ]
    return min(fit, key=lambda t: (t.opened_at, t.ticket_id), default=None)


def under_works(incident: Incident, period: Window, topology: Topology, operations: Operations) -> bool:
    """Declared works that hold in this period cover the root, or every cell of the incident, together."""
    if any(_names_root(work, incident) for work in operations.held(period)):
        return True
    return bool(incident.cells) and operations.under_works(period, topology).issuperset(incident.cells)


def overrun(incident: Incident, period: Window, topology: Topology, operations: Operations) -> int | None:
    """When the works (the last of several) should have ended that excused this incident and are over by now; None: none."""
    ends = [
        w.end
        for m in operations.maintenance
        if (w := m.effective) is not None
        and incident.started_at < w.end <= period.start
        and (_names_root(m, incident) or not topology.cells_of(m.scope_kind, m.scope_id).isdisjoint(incident.cells))
    ]
    return max(ends, default=None)


def _names_root(work: Maintenance, incident: Incident) -> bool:
    return work.scope_kind == "network" or (work.scope_kind, work.scope_id) == (incident.root_kind, incident.root_id)
