"""The life cycle of an incident: opened, grown, merged, suppressed, linked, resolved, withdrawn."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation, degradation_id, leading, worst
from detector.domain.degradation_kind import gravest_kind
from detector.domain.incident import MAINTENANCE, Incident, incident_id
from detector.domain.window import Window
from detector.incidents.confidence import confidence
from detector.incidents.correlation_context import CorrelationContext, Root
from detector.incidents.departure import deciding
from detector.incidents.operations_links import alarm_of, mentioned_places, overrun, ticket_of, under_works
from detector.incidents.reason import reason
from detector.incidents.roots import Cause, root_candidates
from detector.incidents.times import estimated_end, estimated_start, is_ongoing

OVERRUN = "; declared works overrun"


def open_incident(cause: Cause, context: CorrelationContext, departed: Collection[str] = ()) -> Incident:
    """A new incident, named after its first degradation; after this tick, too, if that is among those that have `departed`
    from an incident, which may bear its name."""
    own = by_start([context.degradations[i] for i in cause.degradation_ids])
    lead = leading(own)
    incident = Incident(
        incident_id=incident_id(_name_giver(own[0], context.tick.start if own[0].degradation_id in departed else None)),
        root_kind=cause.root_kind,
        root_id=cause.root_id,
        kind=gravest_kind(d.kind for d in own),
        started_at=estimated_start(own),
        opened_at=context.now,
        severity=worst([d.severity for d in own]),
        degradation_ids=tuple(d.degradation_id for d in own),
        cells=touched_cells(cause.root, own, context.topology),
        reason="",
        joined_by_onset=cause.joined_by_onset,
        updated_at=context.now,
    )
    if under_works(
        incident, Window(incident.started_at, incident.started_at + lead.duration_s), context.topology, context.operations
    ):
        incident = replace(incident, suppression=MAINTENANCE)
    return incident


def _name_giver(first: Degradation, left_at: int | None) -> str:
    return first.degradation_id if left_at is None else degradation_id(first.object_id, first.degradation_id, left_at)


def add_cause(incident: Incident, cause: Cause, context: CorrelationContext) -> Incident:
    """The incident with what the cause adds: degradations, cells, a wider root; the id stays."""
    own = by_start([context.degradations[i] for i in cause.degradation_ids])
    root = wider_root((incident.root_kind, incident.root_id), cause.root, context.topology)
    new = tuple(d.degradation_id for d in own if d.degradation_id not in incident.degradation_ids)
    return replace(
        incident,
        root_kind=root[0],
        root_id=root[1],
        degradation_ids=incident.degradation_ids + new,
        cells=tuple(sorted({*incident.cells, *touched_cells(root, own, context.topology)})),
        joined_by_onset=incident.joined_by_onset or cause.joined_by_onset,
    )


def merge_incidents(older: Incident, younger: Incident, context: CorrelationContext) -> tuple[Incident, Incident]:
    """The older incident with all of the younger, and the younger as merged into it."""
    new = tuple(i for i in younger.degradation_ids if i not in older.degradation_ids)
    kept = replace(
        older,
        degradation_ids=older.degradation_ids + new,
        cells=tuple(sorted({*older.cells, *younger.cells})),
        severity=worst([older.severity, younger.severity]),
        kind=gravest_kind((older.kind, younger.kind)),
    )
    return kept, merged(younger, older.incident_id, context.now)


def merged(incident: Incident, into: str, now: int) -> Incident:
    """The incident as part of the incident `into`, as of the clock `now` (s)."""
    return replace(
        incident, state="merged", merged_into=into, suppression=None, updated_at=now, version=incident.version + 1
    )


def advance(incident: Incident, before: Incident | None, context: CorrelationContext) -> Incident:
    """The incident after this tick: severity and kind as they are now, links, suppression, resolution; a new version if one
    of the `notified_fields` changed. `before`: as it was before the tick, None for a new one.

    `updated_at` is the clock when it last changed or had an open degradation: what resolution counts from.
    """
    own = context.current(incident)
    if own:
        incident = replace(
            incident,
            severity=worst([incident.severity, *(d.severity for d in own)]),
            kind=gravest_kind([incident.kind, *(d.kind for d in own)]),
        )
    incident = link_operations(lift_suppression(incident, context), context)
    incident = replace(incident, no_data_since=unmeasured_since(own))
    members = context.known(incident)
    if members:
        incident = replace(incident, started_at=estimated_start(members, incident.opened_at))
    dated = deciding(incident, members, context.topology.functions)
    if is_ongoing(dated):
        incident = replace(incident, updated_at=context.now)
    elif quiet_long_enough(incident, context):
        over = estimated_end(dated) or max(incident.updated_at, incident.started_at)
        incident = replace(
            incident,
            state="resolved",
            resolved_at=context.now,
            updated_at=context.now,
            ended_at=max(min(over, context.now), incident.started_at),
        )
    if before is None:
        return described(incident, context)
    if notified_fields(incident) == notified_fields(before):
        return with_reason(incident, context)
    return described(replace(incident, version=before.version + 1, updated_at=context.now), context)


def unmeasured_since(own: Sequence[Degradation]) -> int | None:
    """When (s) the last of the open degradations stopped being measured; None if one still is, or none is open."""
    since = [d.no_data_since for d in own if d.open]
    return max((at for at in since if at is not None), default=None) if None not in since else None


def quiet_long_enough(incident: Incident, context: CorrelationContext) -> bool:
    """So many periods without an open degradation. The first such tick is one by itself, whatever the clock shows; more
    are counted by the clock to the nearest period, for ticks may come early and late."""
    periods = context.incident_policy.resolve_after_periods
    return periods <= 1 or context.now - incident.updated_at >= (periods - 0.5) * context.tick.duration_s


def notified_fields(incident: Incident) -> tuple[object, ...]:
    """Fields whose change a receiver is notified of."""
    return (
        incident.root_kind,
        incident.root_id,
        incident.kind,
        incident.severity,
        incident.cells,
        incident.state,
        incident.suppression,
        incident.merged_into,
        incident.expected_clear_at,
    )


def described(incident: Incident, context: CorrelationContext) -> Incident:
    """The incident with its sentence, its confidence and the candidates for its root as of now."""
    incident, own = with_reason(incident, context), context.current(incident)
    if not own or incident.state != "open":
        return incident
    others = root_candidates((incident.root_kind, incident.root_id), [d for d in own if d.open], context)
    return replace(incident, root_candidates=others or incident.root_candidates)


def with_reason(incident: Incident, context: CorrelationContext) -> Incident:
    """The incident with its sentence and confidence as of now, and joined by onset only if its root still is a cell and
    more than that cell is bad. It keeps its sentence where no degradation of it changed, and once it is part of another."""
    incident = replace(incident, confidence=max(incident.confidence, confidence_of(incident, context)))
    if not context.current(incident) or incident.state == "merged":
        return incident
    root: Root = (incident.root_kind, incident.root_id)
    members = len(context.topology.cells_of(*root))
    own = context.known(incident)
    several = len({d.base_object for d in own}) > 1
    joined_by_onset = incident.joined_by_onset and incident.root_kind == "cell" and several
    over = incident.state == "resolved"
    text = reason(
        own, root, members=members, joined_by_onset=joined_by_onset, kpis=context.kpis, kind=incident.kind, over=over
    )
    text += "" if incident.works_until is None else OVERRUN
    return replace(incident, reason=text, joined_by_onset=joined_by_onset)


def confidence_of(incident: Incident, context: CorrelationContext) -> float:
    own = context.current(incident)
    said = {name for d in own for name in d.confirmed_by}
    links = {name for name, id_ in (("alarm", incident.alarm_id), ("ticket", incident.ticket_id)) if id_}
    return confidence(own, len(said | links)) if own else incident.confidence


def lift_suppression(incident: Incident, context: CorrelationContext) -> Incident:
    """The incident without its suppression, if it is still bad after the works, or beyond what they cover. One that waits
    for its quiet periods after the works has not overrun."""
    if incident.suppression != MAINTENANCE:
        return incident
    held = under_works(incident, context.tick.window, context.topology, context.operations)
    if held or not any(d.open and not d.quiet_periods for d in context.current(incident)):
        return incident
    until = overrun(incident, context.tick.window, context.topology, context.operations)
    return replace(incident, suppression=None, works_until=until)


def link_operations(incident: Incident, context: CorrelationContext) -> Incident:
    """The incident with its alarm and its ticket; the first ones found stay, a ticket's promise is read anew."""
    where = mentioned_places(context.topology, (incident.root_kind, incident.root_id), incident.cells)
    if not incident.alarm_id and (alarm := alarm_of(context.operations, where, incident.started_at, context.now)):
        incident = replace(incident, alarm_id=alarm.alarm_id)
    if not incident.ticket_id and (found := ticket_of(context.operations, where, incident.started_at, context.now)):
        incident = replace(incident, ticket_id=found.ticket_id)
    ticket = next((t for t in context.operations.tickets if t.ticket_id == incident.ticket_id), None)
    if ticket is None or ticket.eta is None:
        return incident
    return replace(incident, expected_clear_at=ticket.eta, expected_clear_source="ticket")


def wider_root(now: Root, cause: Root, topology: Topology) -> Root:
    """The root after growth: never narrower, and a core function stays the root."""
    if now[0] == "nf" or cause[0] == "cell":
        return now
    return cause if cause[0] == "nf" or len(topology.cells_of(*cause)) > len(topology.cells_of(*now)) else now


def touched_cells(root: Root, own: Sequence[Degradation], topology: Topology) -> tuple[str, ...]:
    """Cells whose users feel it: the bad ones, and all behind a core function."""
    behind = topology.cells_of(*root) if root[0] == "nf" else frozenset[str]()
    return tuple(sorted(behind | {d.base_object for d in own if d.base_object not in topology.functions}))


def by_start(own: Sequence[Degradation]) -> list[Degradation]:
    return sorted(own, key=lambda d: (d.started_at, d.detected_at, d.degradation_id))


def withdraw(incident: Incident, now: int) -> Incident:
    """The incident as resolved, and its sentence as that of a false alarm: corrected data bear out none of it."""
    return replace(
        incident,
        state="resolved",
        resolved_at=incident.resolved_at or now,
        withdrawn_at=now,
        updated_at=now,
        ended_at=incident.started_at,
        version=incident.version + 1,
        reason=f"false alarm, as data that came late show; it had said: {incident.reason}",
    )
