"""What of the past is excluded from learning: works, calendar, states, earlier lives, degradations and incidents."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import base_object
from detector.domain.degradation import Degradation
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.operations import Maintenance
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S
from detector.scoring.time_of_week import time_of_week

OVERRUN_S = DAY_S
"""Works still called active count for so long after their planned end. Chosen: after a day the row was left open by
mistake."""
REACH_S = DAY_S
"""Cells of an incident that raise nothing themselves are excluded for so long. Chosen: by then they would have."""
REGULAR_AFTER_DAYS = 3
"""A cell raised as asleep at one hour on so many days sleeps regularly. Chosen: as many as make a moved level the new
normal."""
SHORT_S = 12 * HOUR_S
"""A cell that sleeps longer than this at a time does not sleep regularly. Chosen: a night."""
ObjectPeriod = tuple[Collection[str], int, int]
"""These objects, from, to (s)."""


def excluded_ticks(
    history: KpiFrame,
    degraded: Iterable[Degradation],
    reference: Reference,
    *,
    incidents: Iterable[Incident] = (),
    adopted: Mapping[tuple[str, str], int] | None = None,
) -> NDArray[np.bool_]:
    """[period, object]: degraded, touched by an incident, under works, on a holiday or near an event, out of ordinary
    service, or of an earlier life of the id.

    `adopted`: (object, family) -> since when (s) its level has moved for good: from then on, being off it excludes nothing.
    """
    degraded, until = list(degraded), int(history.starts[-1]) + history.duration_s
    excluded = touched_by(history, _degraded(degraded, until, adopted or {}))
    excluded &= ~_sleeps_regularly(history, degraded, reference)
    return np.asarray(excluded | touched_by(history, _touched(incidents, until)) | planned_exclusions(history, reference))


def planned_exclusions(history: KpiFrame, reference: Reference) -> NDArray[np.bool_]:
    """[period, object]: what did not have to be detected: works, calendar, states and earlier lives."""
    until = int(history.starts[-1]) + history.duration_s
    return touched_by(history, [*_works(reference, until), *_calendar(reference), *_lives(reference)])


def touched_by(history: KpiFrame, object_periods: Iterable[ObjectPeriod]) -> NDArray[np.bool_]:
    """[period, object]: periods that any of these touches; what touches an object touches all its dimensions."""
    found = np.zeros(history.suspect.shape, dtype=bool)
    ends = history.starts + history.duration_s
    columns: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(history.objects):
        columns[base_object(name)].append(place)
    for names, begin, end in object_periods:
        own = [place for name in names for place in columns.get(base_object(name), ())]
        first, last = np.searchsorted(ends, begin, "right"), np.searchsorted(history.starts, end, "left")
        found[first:last, own] = True
    return found


def _degraded(degraded: Sequence[Degradation], until: int, adopted: Mapping[tuple[str, str], int]) -> Iterator[ObjectPeriod]:
    for d in degraded:
        end = d.cleared_at or until
        yield {d.object_id}, d.started_at, min(end, adopted.get((d.object_id, d.family), end))


def _touched(incidents: Iterable[Incident], until: int) -> Iterator[ObjectPeriod]:
    for incident in incidents:
        if incident.root_kind != "cell" and incident.state != "merged":
            end = incident.over_at or until
            yield incident.cells, incident.started_at, min(end, incident.started_at + REACH_S)


def _works(reference: Reference, until: int) -> Iterator[ObjectPeriod]:
    for works in reference.operations.maintenance:
        if held := works.effective:
            within = reference.topology.within(works.scope_kind, works.scope_id)
            yield within, held.start, max(held.end, _overrun(works, until))


def _overrun(works: Maintenance, until: int) -> int:
    """Until when they may go on, if no end is recorded."""
    going_on = works.status == "active" and works.actual_end is None
    return min(until, works.window.end + OVERRUN_S) if going_on else 0


def _calendar(reference: Reference) -> Iterator[ObjectPeriod]:
    """Traffic of an event begins before it and ends after it; a holiday is as in the calendar."""
    for event in reference.operations.calendar:
        felt = event.around if event.kind == "event" else event.window
        yield reference.topology.within(event.scope_kind, event.scope_id), felt.start, felt.end


def _lives(reference: Reference) -> Iterator[ObjectPeriod]:
    for cell in reference.topology.cells.values():
        if cell.valid_from is not None:
            yield {cell.cell_id}, 0, cell.valid_from
        for idle in cell.idle:
            yield {cell.cell_id}, idle.start, idle.end


def _sleeps_regularly(history: KpiFrame, degraded: Iterable[Degradation], reference: Reference) -> NDArray[np.bool_]:
    """[period, object]: raised as asleep at a local hour at which it was raised on so many days, and no alarm reported
    more: after all it sleeps, and may. Nothing else was wrong then."""
    object_periods = [(_sleeps(d), ([d.object_id], d.started_at, d.cleared_at or d.updated_at)) for d in degraded]
    asleep = touched_by(
        history,
        [
            object_period
            for sleeps, object_period in object_periods
            if sleeps and object_period[2] - object_period[1] <= SHORT_S
        ],
    )
    if not asleep.any():
        return asleep
    other = touched_by(history, [object_period for sleeps, object_period in object_periods if not sleeps])
    when = time_of_week(history.starts, history.duration_s, reference.operator.timezone)
    hour = when.hour % 24
    days = np.zeros((24, len(history.objects)))
    for day in np.unique(when.day[asleep.any(axis=1)]):
        rows = when.day == day
        here = np.zeros(days.shape, bool)
        np.logical_or.at(here, hour[rows], asleep[rows])
        days += here
    return np.asarray(asleep & ~other & (days >= REGULAR_AFTER_DAYS)[hour])


def _sleeps(d: Degradation) -> bool:
    return d.traits.resembles_sleep and "alarm" not in d.confirmed_by
