"""Why an incident is called false, and why a fault was missed, in one sentence each."""

from detector.backtest.matching import FOUND_AFTER_END_S, Matches, counts, touches
from detector.backtest.truth import Fault
from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.labels.times import duration


def why_false(matches: Matches, incident: Incident) -> str:
    """What speaks against this incident, or what might excuse it."""
    if incident.suppressed_reason == "maintenance":
        return "Declared works; nobody was told."
    if incident.suppressed_reason:
        return f"Suppressed ({incident.suppressed_reason}); nobody was told."
    own = [d for d in matches.results.degradations if d.degradation_id in set(incident.degradation_ids)]
    near = [(_gap(d, f), f) for d in own for f in matches.truth.faults or () if _touches(matches, d, f)]
    if not near:
        return "No fault is known on its cells or behind them at any time."
    gap, fault = min(near, key=lambda pair: abs(pair[0]))
    when = f"ended {duration(gap)} before" if gap > 0 else f"began {duration(-gap)} after"
    return f"The nearest fault there, {fault.fault_id} ({fault.kind}), {when} it was detected."


def why_missed(matches: Matches, fault: Fault) -> str:
    """What came nearest to finding it."""
    near = [(d, _gap(d, fault)) for d in matches.results.degradations if _touches(matches, d, fault)]
    inside = [
        d for d, gap in near if -fault.window.seconds <= gap <= FOUND_AFTER_END_S and d.detected_at >= fault.window.start
    ]
    if any(not counts(d) for d in inside):
        return "Its data were missing, and nothing confirmed that service was, too."
    if late := [gap for _, gap in near if 0 < gap <= 86400]:
        return f"Something was raised there, but only {duration(min(late))} after it ended."
    if any(d.started_at < fault.window.start and d.cleared_at is None for d, _ in near):
        return "A degradation was open there since before it began, so none was raised anew."
    if fault.window.seconds < 1800:
        lasted = duration(fault.window.seconds)
        return f"It lasted only {lasted}, and nothing on its objects left the expected band surely enough."
    return "Nothing on its objects left the expected band surely enough."


def _touches(matches: Matches, degradation: Degradation, fault: Fault) -> bool:
    return any(touches(matches.results.topology, degradation.object_id, o) for o, _ in fault.scopes)


def _gap(degradation: Degradation, fault: Fault) -> int:
    """Seconds from the fault's end to the detection; negative: from the detection to its start, if that is still to come."""
    if degradation.detected_at < fault.window.start:
        return degradation.detected_at - fault.window.start
    return max(degradation.detected_at - fault.window.end, 0)
