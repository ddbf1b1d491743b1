"""What is over of an incident, and which of its members go on without it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from detector.domain.degradation import Degradation
from detector.domain.incident import Incident
from detector.incidents.correlation_context import CorrelationContext
from detector.incidents.times import estimated_end, is_ongoing


def deciding(incident: Incident, members: Sequence[Degradation], functions: Collection[str]) -> list[Degradation]:
    """The members that decide whether the incident goes on: of one whose root is a core function, the functions, and what
    went out of service with them and is not measured any more; of any other, and where no function is known of, all."""
    core = [d for d in members if d.base_object in functions] if incident.root_kind == "nf" else []
    unknown = [d for d in members if d.open and d.traits.out_of_service and d.no_data_since is not None]
    return [*core, *unknown] if core else list(members)


def over_at(incident: Incident, context: CorrelationContext) -> int | None:
    """When the trouble of the incident's root ended (s), by what its members show in this tick; None while it goes on."""
    members = deciding(incident, context.known(incident), context.topology.functions)
    return None if not members or is_ongoing(members) else estimated_end(members)


def goes_on(d: Degradation, end: int) -> bool:
    """It is bad now, and by what lies after `end` (s) alone: no echo of what ended then."""
    newest = d.reading
    return d.open and d.no_data_since is None and not d.quiet_periods and newest.end - newest.periods * d.duration_s >= end


def leaves(incident: Incident, d: Degradation, end: int, functions: Collection[str]) -> bool:
    """The member goes on after the incident's trouble ended at `end` (s): of a core function's incident every cell that is
    bad by what came after, or out of service still; of another, what began no earlier than that."""
    if d.no_data_since is not None:
        return False
    if incident.root_kind == "nf":
        return d.base_object not in functions and d.open and (d.traits.out_of_service or goes_on(d, end))
    return d.started_at >= end and goes_on(d, end)


def without_departed(incident: Incident, context: CorrelationContext) -> Incident:
    """The incident without the members that go on though its trouble is over; with all of them while it lasts."""
    end = over_at(incident, context)
    if end is None:
        return incident
    gone = {d.degradation_id for d in context.current(incident) if leaves(incident, d, end, context.topology.functions)}
    if not gone or gone.issuperset(incident.degradation_ids):
        return incident
    return replace(incident, degradation_ids=tuple(d for d in incident.degradation_ids if d not in gone))


def departed(before: Iterable[Incident], after: Iterable[Incident]) -> frozenset[str]:
    """Degradations that have left their incidents."""
    kept = {d for incident in after for d in incident.degradation_ids}
    return frozenset(d for incident in before for d in incident.degradation_ids if d not in kept)
