"""What the operator's calendar explains: crowds at events, empty offices on holidays."""

from detector.degradations.tick_context import TickContext
from detector.domain.cell import base_object
from detector.domain.kpi import Kpi


def on(context: TickContext, object_id: str, kind: str) -> bool:
    """The calendar has a `holiday` or an `event` (a match, a concert) here in this period or near it."""
    return base_object(object_id) in context.declared(kind)


def far_beyond(context: TickContext, i: int, kpi: Kpi) -> bool:
    """A declared event widens the expectation: a crowd fails, drops and crawls more than any usual day explains, and
    everybody who declared it knows. Only what goes far beyond is news."""
    col = context.evidence.kpi_index[kpi.id]
    observed, expected = float(context.evidence.observed[i, col]), float(context.evidence.expected[i, col])
    return kpi.loss(observed, expected) >= kpi.traits.beyond_event
