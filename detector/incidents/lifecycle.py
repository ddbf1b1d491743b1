"""One incident through one tick: opened, grown, merged, suppressed, linked, resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from detector.domain.cell import Topology
from detector.domain.degradation import Degradation, leading, worst
from detector.domain.degradation_kind import gravest_kind
from detector.domain.incident import Incident, incident_id
from detector.domain.kpi import Kpi
from detector.domain.operations import Operations
from detector.domain.policy import IncidentPolicy
from detector.domain.window import Tick, Window
from detector.incidents.confidence import confidence
from detector.incidents.operations import alarm_of, overrun, places, ticket_of, under_works
from detector.incidents.reason import reason
from detector.incidents.rivals import rivals
from detector.incidents.roots import Cause
from detector.incidents.search import Root, Search
from detector.incidents.times import began, ended, goes_on

MAINTENANCE = "maintenance"
OVERRUN = "; declared works overrun"


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """What an incident's next state depends on beyond the incident: this tick and the world around it."""

    degradations: Mapping[str, Degradation]
    topology: Topology
    operations: Operations
    now: int
    tick: Tick
    policy: IncidentPolicy
    kpis: Mapping[str, Kpi]
    search: Search
    past: Mapping[str, Degradation] = field(default_factory=dict)
    """Members of the open incidents that were over before this tick: what the sentence still speaks of."""

    def of(self, incident: Incident) -> list[Degradation]:
        """Those of its degradations that this tick speaks of."""
        return [self.degradations[i] for i in incident.degradation_ids if i in self.degradations]

    def members(self, incident: Incident) -> list[Degradation]:
        """All of its degradations that are known, and not withdrawn."""
        known = (self.degradations.get(i) or self.past.get(i) for i in incident.degradation_ids)
        return [d for d in known if d is not None and d.withdrawn_at is None]


def opened(cause: Cause, moment: Moment) -> Incident:
    """A new incident, named after its first degradation."""
    own = in_order([moment.degradations[i] for i in cause.degradation_ids])
    lead = leading(own)
    incident = Incident(
        incident_id=incident_id(own[0].degradation_id),
        root_kind=cause.root_kind,
        root_id=cause.root_id,
        kind=gravest(own),
        started_at=began(own),
        opened_at=moment.now,
        severity=worst([d.severity for d in own]),
        degradation_ids=tuple(d.degradation_id for d in own),
        cells=touched(cause.root, own, moment.topology),
        reason="",
        updated_at=moment.now,
    )
    if under_works(
        incident, Window(incident.started_at, incident.started_at + lead.duration_s), moment.topology, moment.operations
    ):
        incident = replace(incident, suppressed_reason=MAINTENANCE)
    return incident


def grown(incident: Incident, cause: Cause, moment: Moment) -> Incident:
    """The incident with what the cause adds: degradations, cells, a wider root; the id stays."""
    own = in_order([moment.degradations[i] for i in cause.degradation_ids])
    root = wider((incident.root_kind, incident.root_id), cause.root, moment.topology)
    new = tuple(d.degradation_id for d in own if d.degradation_id not in incident.degradation_ids)
    return replace(
        incident,
        root_kind=root[0],
        root_id=root[1],
        degradation_ids=incident.degradation_ids + new,
        cells=tuple(sorted({*incident.cells, *touched(root, own, moment.topology)})),
    )


def absorbed(older: Incident, younger: Incident, moment: Moment) -> tuple[Incident, Incident]:
    """The older incident with all of the younger, and the younger as merged into it."""
    new = tuple(i for i in younger.degradation_ids if i not in older.degradation_ids)
    kept = replace(
        older,
        degradation_ids=older.degradation_ids + new,
        cells=tuple(sorted({*older.cells, *younger.cells})),
        severity=worst([older.severity, younger.severity]),
        kind=gravest_kind((older.kind, younger.kind)),
    )
    gone = replace(
        younger,
        state="merged",
        suppressed_reason=f"merged:{older.incident_id}",
        updated_at=moment.now,
        version=younger.version + 1,
    )
    return kept, gone


def advanced(incident: Incident, before: Incident | None, moment: Moment, *, together: bool = False) -> Incident:
    """After this tick: severity and kind as they are now, links, suppression, resolution; a new version if told anew.

    `updated_at` is the clock when it last changed or had an open degradation: what resolution counts from.
    """
    own = moment.of(incident)
    if own:
        incident = replace(
            incident,
            severity=worst([incident.severity, *(d.severity for d in own)]),
            kind=gravest_kind((incident.kind, gravest(own))),
        )
    incident = linked(unsuppressed(incident, moment), moment)
    incident = replace(incident, no_data_since=unmeasured_since(own))
    members = moment.members(incident)
    if members:
        incident = replace(incident, started_at=began(members, incident.opened_at))
    if goes_on(members):
        incident = replace(incident, updated_at=moment.now)
    elif quiet_long_enough(incident, moment):
        over = ended(members) or max(incident.updated_at, incident.started_at)
        incident = replace(
            incident,
            state="resolved",
            resolved_at=moment.now,
            updated_at=moment.now,
            ended_at=max(min(over, moment.now), incident.started_at),
        )
    if before is None:
        return told(incident, moment, together=together)
    if worth_telling(incident) == worth_telling(before):
        return worded(incident, moment, together=together)
    return told(replace(incident, version=before.version + 1, updated_at=moment.now), moment, together=together)


def unmeasured_since(own: Sequence[Degradation]) -> int | None:
    """When (s) the last of the open degradations stopped being measured; None if one still is, or none is open."""
    since = [d.no_data_since for d in own if d.open]
    return max((at for at in since if at is not None), default=None) if None not in since else None


def quiet_long_enough(incident: Incident, moment: Moment) -> bool:
    """So many periods without an open degradation. The first such tick is one by itself, whatever the clock says; more
    are counted by the clock to the nearest period, for ticks may come early and late."""
    periods = moment.policy.resolve_after_periods
    return periods <= 1 or moment.now - incident.updated_at >= (periods - 0.5) * moment.tick.duration_s


def worth_telling(incident: Incident) -> tuple[object, ...]:
    """What a receiver wants to hear of when it changes."""
    return (
        incident.root_kind,
        incident.root_id,
        incident.kind,
        incident.severity,
        incident.cells,
        incident.state,
        incident.suppressed_reason,
        incident.expected_clear_at,
    )


def told(incident: Incident, moment: Moment, *, together: bool) -> Incident:
    """With its sentence, its confidence and the candidates for its root as of now."""
    incident, own = worded(incident, moment, together=together), moment.of(incident)
    if not own or incident.state != "open":
        return incident
    others = rivals((incident.root_kind, incident.root_id), [d for d in own if d.open], moment.search)
    return replace(incident, rivals=others or incident.rivals)


def worded(incident: Incident, moment: Moment, *, together: bool) -> Incident:
    """With the sentence and the confidence as of now. Where no degradation of it changed, and once it is part of another,
    it keeps the sentence that described it."""
    incident = replace(incident, confidence=max(incident.confidence, sureness(incident, moment)))
    if not moment.of(incident) or incident.state == "merged":
        return incident
    root: Root = (incident.root_kind, incident.root_id)
    members = len(moment.topology.cells_of(*root))
    together = together or (incident.root_kind == "cell" and "began together" in incident.reason)
    own = moment.members(incident)
    over = incident.state == "resolved"
    text = reason(own, root, members=members, together=together, kpis=moment.kpis, kind=incident.kind, over=over)
    return replace(incident, reason=text + ("" if incident.works_until is None else OVERRUN))


def sureness(incident: Incident, moment: Moment) -> float:
    own = moment.of(incident)
    said = {name for d in own for name in d.confirmed_by.split(",") if name}
    links = {name for name, id_ in (("alarm", incident.alarm_id), ("ticket", incident.ticket_id)) if id_}
    return confidence(own, len(said | links)) if own else incident.confidence


def unsuppressed(incident: Incident, moment: Moment) -> Incident:
    """Works that are over, or that do not cover what the incident has grown to, excuse it no longer, if it is still bad:
    one that waits for its quiet periods after the works has not overrun."""
    if incident.suppressed_reason != MAINTENANCE:
        return incident
    held = under_works(incident, moment.tick.window, moment.topology, moment.operations)
    if held or not any(d.open and not d.quiet_periods for d in moment.of(incident)):
        return incident
    until = overrun(incident, moment.tick.window, moment.topology, moment.operations)
    return replace(incident, suppressed_reason="", works_until=until)


def linked(incident: Incident, moment: Moment) -> Incident:
    """With the alarm and the ticket that speak of it; the first ones found stay, a ticket's promise is read anew."""
    where = places(moment.topology, (incident.root_kind, incident.root_id), incident.cells)
    if not incident.alarm_id and (alarm := alarm_of(moment.operations, where, incident.started_at, moment.now)):
        incident = replace(incident, alarm_id=alarm.alarm_id)
    if not incident.ticket_id and (found := ticket_of(moment.operations, where, incident.started_at, moment.now)):
        incident = replace(incident, ticket_id=found.ticket_id)
    ticket = next((t for t in moment.operations.tickets if t.ticket_id == incident.ticket_id), None)
    if ticket is None or ticket.eta is None:
        return incident
    return replace(incident, expected_clear_at=ticket.eta, expected_clear_source="ticket")


def wider(now: Root, cause: Root, topology: Topology) -> Root:
    """The root after growth: never narrower, and a core function stays to blame."""
    if now[0] == "nf" or cause[0] == "cell":
        return now
    return cause if cause[0] == "nf" or len(topology.cells_of(*cause)) > len(topology.cells_of(*now)) else now


def touched(root: Root, own: Sequence[Degradation], topology: Topology) -> tuple[str, ...]:
    """Cells whose users feel it: the bad ones, and all behind a core function."""
    behind = topology.cells_of(*root) if root[0] == "nf" else frozenset[str]()
    return tuple(sorted(behind | {d.base_object for d in own if d.base_object not in topology.functions}))


def gravest(own: Sequence[Degradation]) -> str:
    return gravest_kind(d.kind for d in own)


def in_order(own: Sequence[Degradation]) -> list[Degradation]:
    return sorted(own, key=lambda d: (d.started_at, d.detected_at, d.degradation_id))


def withdrawn(incident: Incident, now: int) -> Incident:
    """Corrected data bear out none of it: over, and a false alarm in so many words."""
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
