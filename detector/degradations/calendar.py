"""What the operator's calendar explains: crowds at events, empty offices on holidays."""

from detector.degradations.scene import Scene
from detector.degradations.severity import effect, relative_loss
from detector.domain.cell import Topology, base_object
from detector.domain.kpi import Kpi
from detector.domain.operations import AFTERMATH_S, GATHERING_S, CalendarEvent, Operations
from detector.domain.window import Window

FAR_BEYOND = {"ratio": 0.5, "rate": 0.995}
"""How much worse than usual quality has to be to be more than the crowd: points of a ratio, of others relative loss."""
FAR_BEYOND_ELSE = 0.9


def on(scene: Scene, object_id: str, kind: str) -> bool:
    """The calendar has a `holiday` or an `event` (a match, a concert) here in this period or near it."""
    return declared(scene.operations, scene.topology, object_id, scene.evidence.tick.window, kind)


def declared(operations: Operations, topology: Topology, object_id: str, period: Window, kind: str = "event") -> bool:
    """The same of any period."""
    window = Window(period.start - AFTERMATH_S, period.end + GATHERING_S)
    return any(
        event.kind == kind and event.window.overlaps(window) and in_scope(topology, event, base_object(object_id))
        for event in operations.calendar
    )


def far_beyond(scene: Scene, i: int, kpi: Kpi) -> bool:
    """A declared event widens the expectation: a crowd fails, drops and crawls more than any usual day explains, and
    everybody who declared it knows. Only what goes far beyond is news."""
    col = scene.evidence.kpi_index[kpi.id]
    observed, expected = float(scene.evidence.observed[i, col]), float(scene.evidence.expected[i, col])
    loss = effect(kpi, observed, expected) if kpi.kind == "ratio" else relative_loss(kpi, observed, expected)
    return loss >= FAR_BEYOND.get(kpi.kind, FAR_BEYOND_ELSE)


def in_scope(topology: Topology, event: CalendarEvent, cell_id: str) -> bool:
    return event.scope_kind == "network" or cell_id in topology.cells_of(event.scope_kind, event.scope_id)
