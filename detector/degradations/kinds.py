"""What kind of degradation a family's bad evidence is, and what confirms it."""

import numpy as np

from detector.degradations.attribution import carries_for_lost_cell, cells_gone
from detector.degradations.tick_context import TickContext
from detector.domain.cell import base_object
from detector.domain.degradation import Confirmation
from detector.domain.degradation_kind import (
    CONGESTION,
    CORE,
    DEGRADATION_KINDS,
    DRIFT,
    INTEGRITY,
    NO_DATA,
    OUTAGE,
    SLEEPING,
    DegradationKind,
)
from detector.domain.kpi import Kpi, family_of
from detector.domain.window import HOUR_S

NEIGHBOURS_CARRY_MORE, CLEARLY_MORE = 1.15, 1.5
"""Neighbours' traffic over this multiple of its expectation: displaced users. A tenth of healthy neighbourhoods
are over the first at any moment, one in some hundreds over the second."""
LONG_SILENCE, CLEARLY_LONG = 4, 1.3
"""Missing periods from which so much will do: lost rows come back sooner, and one healthy neighbourhood in a hundred is
over it."""
DRIFT_S = 6 * HOUR_S
"""What only a horizon this long shows is drift. Chosen: a quarter of a day; shorter changes are steps to a customer."""
IDLE_STATES = {"energy_saving": ("volume", "availability", "data"), "planned": ("*",), "retired": ("*",)}
"""Cell state -> families that are no evidence for a cell in it."""
EVENT_LOAD = 1.5
"""Load or traffic over this multiple of its expectation is a declared event's. Chosen: no ordinary day reaches it."""
CONFIRMERS = ("neighbours", "core", "alarm", "ticket", "people")
"""What can confirm that users of an object without data are without service."""


def kind_of(context: TickContext, i: int, family: str, kpi: Kpi, *, periods: int) -> DegradationKind | None:
    """The kind of what object `i` shows in this family; None if it is no degradation after all."""
    object_id = context.evidence.objects[i]
    if idle(context, object_id, family):
        return None
    if family == "core" or base_object(object_id) in context.topology.functions:
        return None if family == "volume" and cells_gone(context, i, kpi) else CORE
    if family == "availability":
        return OUTAGE
    if family == "volume":
        return volume_kind(context, i) if kpi.direction == "up" else CONGESTION
    if family == "utilisation":
        return CONGESTION
    if on(context, object_id, "event"):
        if not far_beyond(context, i, kpi):
            return None
        if context.load(i) >= EVENT_LOAD:
            return CONGESTION
    quality = family_of(family).quality
    if quality and context.saturated(i):
        return CONGESTION if far_beyond(context, i, kpi) else None
    if quality and carries_for_lost_cell(context, i):
        return CONGESTION
    slow = periods * context.evidence.tick.duration_s >= DRIFT_S
    return DRIFT if slow else DEGRADATION_KINDS.get(family, INTEGRITY)


def volume_kind(context: TickContext, i: int) -> DegradationKind | None:
    """Traffic below its expectation: an outage, a sleeping cell, or only people who are somewhere else (None): on a
    declared holiday offices stand empty, so that a cell asleep needs neighbours that carry more, or a whole site that
    carried traffic until it fell silent."""
    object_id = context.evidence.objects[i]
    if not context.collapsed[i]:
        return None
    if context.availability_bad[i] or context.alarmed(object_id, context.evidence.tick.start):
        return OUTAGE
    borne_out = context.fell_silent[i] or neighbours_carry_more(context, i)
    if context.all_quiet or (on(context, object_id, "holiday") and not borne_out):
        return None
    return OUTAGE if surroundings_collapsed(context, i) else SLEEPING


def surroundings_collapsed(context: TickContext, i: int) -> bool:
    """All other cells of the site, or half of the neighbours, carry nothing either: something behind them failed."""
    name = base_object(context.evidence.objects[i])
    cell = context.cell(name)
    site = context.topology.groups.get(("site", cell.site_id), frozenset()) if cell and cell.site_id else frozenset[str]()
    shares = (
        _collapsed_share(context, site - {name}),
        _collapsed_share(context, context.topology.neighbours.get(name, site) - {name}),
    )
    return shares[0] == 1.0 or shares[1] >= 0.5


def _collapsed_share(context: TickContext, cells: frozenset[str]) -> float:
    rows = [r for r in (context.evidence.object_index.get(c) for c in cells) if r is not None and context.volume_known[r]]
    return float(np.mean(context.collapsed[rows])) if rows else 0.0


def no_data_kind(context: TickContext, i: int, since: int) -> tuple[DegradationKind, tuple[Confirmation, ...]]:
    """(kind, confirmed by) of an object that has sent nothing since `since`: an outage only if it is confirmed. Of one
    among many that fell silent together the others must bear it out, unless an alarm or a ticket names it."""
    said: set[Confirmation] = set(confirmations(context, i, since))
    if context.missing_objects.alarmed(i):
        said.add("alarm")
    if group := context.missing_objects.stopped_with.get(i):
        said -= {"core", *(() if context.missing_objects.neighbours_say(group) else ("neighbours",))}
    if context.missing_objects.core_says(i):
        said.add("core")
    if context.missing_objects.ticketed(i):
        said.add("ticket")
    if context.evidence.objects[i] in context.left_by_people:
        said.add("people")
    confirmed = tuple(name for name in CONFIRMERS if name in said)
    return (OUTAGE if confirmed else NO_DATA), confirmed


def confirmations(context: TickContext, i: int, since: int) -> tuple[Confirmation, ...]:
    """What confirms that this object's users are without service: neighbours, core, alarm."""
    object_id = context.evidence.objects[i]
    slack = context.evidence.tick.duration_s
    core = any(
        abs(onset - since) <= slack and base_object(object_id) in context.topology.cells_behind(nf) - {nf}
        for nf, onset in context.core_onsets
    )
    long = context.evidence.tick.end - since >= LONG_SILENCE * slack
    least = NEIGHBOURS_CARRY_MORE if not context.evidence.missing[i] else CLEARLY_LONG if long else CLEARLY_MORE
    said: dict[Confirmation, bool] = {
        "neighbours": neighbours_carry_more(context, i, least)
        and not (context.evidence.missing[i] and carries_for_another(context, i)),
        "core": core,
        "alarm": context.alarmed(object_id, since),
    }
    return tuple(name for name, yes in said.items() if yes)


def neighbours_carry_more(context: TickContext, i: int, least: float = NEIGHBOURS_CARRY_MORE) -> bool:
    """The neighbours of object `i` carry at least so many times what they should."""
    return bool(context.evidence.neighbour_load[i] >= least)


def carries_for_another(context: TickContext, i: int) -> bool:
    """The neighbours of object `i` are also those of another cell that is known to be out of service: it is its users
    whom they carry, and they confirm nothing of `i`."""
    name = base_object(context.evidence.objects[i])
    cell = context.topology.cells.get(name)
    site = context.topology.groups.get(("site", cell.site_id), frozenset()) if cell and cell.site_id else frozenset[str]()
    other_lost = context.known_lost - site - {name}
    beside = context.topology.neighbours.get(name, frozenset())
    return any(context.topology.neighbours.get(other, frozenset()) & other_lost for other in beside)


def idle(context: TickContext, object_id: str, family: str) -> bool:
    """The cell is in a state in which this family means nothing, or was in this period: it may have woken since."""
    cell = context.cell(object_id)
    silent = IDLE_STATES.get(cell.state, ()) if cell else ()
    slept = cell is not None and any(window.overlaps(context.evidence.tick.window) for window in cell.idle)
    return family in silent or "*" in silent or (slept and family in IDLE_STATES["energy_saving"])


def on(context: TickContext, object_id: str, kind: str) -> bool:
    """The calendar has a `holiday` or an `event` (a match, a concert) here in this period or near it."""
    return base_object(object_id) in context.declared(kind)


def far_beyond(context: TickContext, i: int, kpi: Kpi) -> bool:
    """A declared event widens the expectation: a crowded cell fails, drops and slows more than any ordinary day explains,
    and that is known already. Only what goes far beyond is raised."""
    col = context.evidence.kpi_index[kpi.id]
    observed, expected = float(context.evidence.observed[i, col]), float(context.evidence.expected[i, col])
    return kpi.loss(observed, expected) >= kpi.traits.beyond_event
