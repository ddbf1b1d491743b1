"""Why a degradation was raised that matches no fault, as far as its maker can say."""

from benchmarks.foreign.prepared import Event, Prepared
from detector.backtest.matching import Matches, cells_of
from detector.backtest.truth import Fault
from detector.domain.cell import base_object
from detector.domain.degradation import Degradation
from detector.domain.local_time import hour_of_week
from detector.domain.window import HOUR_S, Window

ORDER = ("gap", "suspect", "burst", "works", "holiday", "match", "storm")
"""Of several events near a degradation the first one names the reason."""
AFTER_S = 6 * HOUR_S
"""How long after a fault it may still explain something."""
JOB_HOURS = {"night tariff": (0, 6), "nightly job": (3,), "sleep": (0, 5)}
"""Local hours in which a cell's recurring job begins or ends."""


def reason(one: Prepared, matches: Matches, degradation: Degradation) -> str:
    """A class: the event near it; a fault of a neighbour or one that has ended; a recurring step or shift; else none."""
    own = {e.kind for e in _events(one, matches, degradation)}
    faults = _faults(matches, degradation)
    for kind in ORDER:
        if kind in own:
            return kind
    step, name = _step(one, degradation), base_object(degradation.object_id)
    if name not in one.cells and step:
        return f"wide {step}"
    if faults:
        return faults[0][0]
    if name not in one.cells:
        return "wide"
    return step or ("chronic" if one.cells[name]["chronic"] else "unexplained")


def nearby(one: Prepared, matches: Matches, degradation: Degradation) -> str:
    """Everything that may have to do with it, in words."""
    parts = [
        f"{e.kind} {e.process} {e.size:.0f} at {e.scope[1]}".replace("  ", " ") for e in _events(one, matches, degradation)
    ]
    parts += [f"{name}: {f.fault_id} {f.kind} of {f.scopes[0][0]}" for name, f in _faults(matches, degradation)]
    cell = one.cells.get(base_object(degradation.object_id))
    if cell is not None:
        parts.append(f"{cell['shape']}, job {cell['job']}, {cell['attempts']} attempts, chronic {cell['chronic'] or 'no'}")
    return "; ".join(parts)


def _window(one: Prepared, degradation: Degradation) -> Window:
    slack = max(one.scenario.period_s, 900)
    return Window(degradation.started_at - slack, degradation.detected_at)


def _cells(matches: Matches, degradation: Degradation) -> frozenset[str]:
    return cells_of(matches.results.topology, degradation.object_id)


def _events(one: Prepared, matches: Matches, degradation: Degradation) -> list[Event]:
    """Those of the object's cells in the time that was judged; of a wide object bursts do not count."""
    topology, window = matches.results.topology, _window(one, degradation)
    own, wide = _cells(matches, degradation), base_object(degradation.object_id) not in topology.cells
    found = []
    for event in one.events:
        if not event.window.overlaps(window) or (wide and event.kind in {"burst", "gap"}):
            continue
        if event.scope[1] == "*" or cells_of(topology, event.scope[1]) & own:
            found.append(event)
    return found


def _faults(matches: Matches, degradation: Degradation) -> list[tuple[str, Fault]]:
    """("after" or "beside", fault): of the same cells and over, or of a neighbour or of what serves them."""
    topology, own = matches.results.topology, _cells(matches, degradation)
    near = own.union(*(topology.neighbours.get(c, ()) for c in own)) if len(own) < 10 else own
    found = []
    for fault in matches.truth.faults or ():
        scope = frozenset().union(*(cells_of(topology, o) for o, _ in fault.scopes))
        if fault.window.start > degradation.detected_at or fault.window.end < degradation.started_at - AFTER_S:
            continue
        if scope & own:
            found.append(("after" if fault.window.end < degradation.detected_at else "same cells", fault))
        elif scope & near:
            found.append(("beside", fault))
    return found


def _step(one: Prepared, degradation: Degradation) -> str:
    """Which edge of the day the onset lies on, if any."""
    cell = one.cells.get(base_object(degradation.object_id))
    at = degradation.started_at
    hour = hour_of_week(at, one.scenario.timezone) % 24
    if cell is not None and hour in JOB_HOURS.get(cell["job"], ()):
        return cell["job"]
    if hour == 0:
        return "midnight"
    return "shift" if cell is not None and cell["shape"] in {"office", "factory"} else ""
