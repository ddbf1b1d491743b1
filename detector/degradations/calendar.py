"""What the operator's calendar explains: crowds at events, empty offices on holidays."""

from detector.degradations.scene import Scene
from detector.degradations.severity import effect, relative_loss
from detector.domain.cell import base_object
from detector.domain.kpi import Kpi

FAR_BEYOND = {"ratio": 0.5, "rate": 0.995}
"""How much worse than usual quality has to be to be more than the crowd: points of a ratio, of others relative loss."""
FAR_BEYOND_ELSE = 0.9


def on(scene: Scene, object_id: str, kind: str) -> bool:
    """The calendar has a `holiday` or an `event` (a match, a concert) here in this period or near it."""
    return base_object(object_id) in scene.declared(kind)


def far_beyond(scene: Scene, i: int, kpi: Kpi) -> bool:
    """A declared event widens the expectation: a crowd fails, drops and crawls more than any usual day explains, and
    everybody who declared it knows. Only what goes far beyond is news."""
    col = scene.evidence.kpi_index[kpi.id]
    observed, expected = float(scene.evidence.observed[i, col]), float(scene.evidence.expected[i, col])
    loss = effect(kpi, observed, expected) if kpi.kind == "ratio" else relative_loss(kpi, observed, expected)
    return loss >= FAR_BEYOND.get(kpi.kind, FAR_BEYOND_ELSE)
