"""Who is behind objects that send nothing, by the attachments that have arrived: what a decision over a tick begins with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detector import impact
from detector.domain.cell import base_object
from detector.domain.degradation import Degradation
from detector.domain.degradation_kind import MISSING_DATA
from detector.domain.exposure import LocationData
from detector.domain.finding import Findings
from detector.domain.people_seen import LEAST_MISSING_S, PeopleSeen, SilentObjects
from detector.domain.policy import ImpactPolicy
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, Tick, Window, utc
from detector.store import Store
from jobs import models

_LONGEST_S = DAY_S
"""Silence for longer is judged no more. Chosen: an outage of a day is known by then."""
HOURS_BEFORE = impact.HOURS_BEFORE


@dataclass(frozen=True)
class SilentPeople:
    """Reads attachments only where something was silent for half of a whole hour."""

    store: Store
    reference: Reference
    impact_policy: ImpactPolicy
    now: int

    def seen(self, tick: Tick, missing: Mapping[str, int], degradations: Sequence[Degradation]) -> tuple[PeopleSeen, ...]:
        """As known before the decision over `tick`, by the objects `missing` (object -> periods in a row) and the episodes
        of missing data that are open."""
        silent = silent_objects(tick, missing, degradations, self.reference, self.now)
        profile = models.load_mobility_profile(self.store) if silent else None
        if profile is None:
            return ()
        first = min(one.since for one in silent) // HOUR_S * HOUR_S - HOURS_BEFORE * HOUR_S
        locations = LocationData(profile, self.store.presence.read_whole(Window(first, self.now)))
        return impact.people_seen(silent, locations, self.reference, self.impact_policy, now=self.now)


def silent_objects(
    tick: Tick, missing: Mapping[str, int], degradations: Sequence[Degradation], reference: Reference, now: int
) -> list[SilentObjects]:
    """By site and time, those silent long enough for a whole hour of attachments to show their people."""
    spans: dict[str, tuple[int, int]] = {
        d.object_id: (d.started_at, d.updated_at - d.quiet_periods * d.duration_s)
        for d in degradations
        if d.family == MISSING_DATA and d.open
    }
    spans |= {name: (tick.start - periods * tick.duration_s, tick.start) for name, periods in missing.items()}
    newest = now // HOUR_S * HOUR_S
    cells, groups = reference.topology.cells, defaultdict[tuple[str, int, int], set[str]](set)
    for name, (since, until) in spans.items():
        cell = cells.get(base_object(name))
        shown_s = min(until, newest) - since
        if cell is not None and shown_s >= LEAST_MISSING_S and until - since <= _LONGEST_S:
            groups[cell.site_id or cell.cell_id, since, until].add(cell.cell_id)
    return [SilentObjects(frozenset(names), since, until) for (_, since, until), names in sorted(groups.items())]


def gaps_found(degradations: Sequence[Degradation], known: Sequence[Degradation], reference: Reference) -> Findings:
    """A finding for each site whose missing data turn out to be a reporting gap."""
    before = {d.degradation_id for d in known if d.reporting_gap}
    findings, cells = Findings(), reference.topology.cells
    for d in degradations:
        if d.reporting_gap and d.degradation_id not in before:
            cell = cells.get(d.base_object)
            place = (cell.site_id if cell else "") or d.base_object
            since = f"no data from {d.object_id} since {utc(d.started_at):%Y-%m-%d %H:%MZ}"
            findings.add("reporting_gap", place, f"{since}, its people are there as usual: no degradation")
    return findings
