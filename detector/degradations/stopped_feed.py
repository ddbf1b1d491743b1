"""Objects whose data stopped: many are missing since the same period, and nothing else shows a loss of service."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.evidence import Evidence
from detector.domain.operations import Alarm, Operations

SLACK_S = 1_800
"""An alarm or a ticket belongs to what began within half an hour of it. Chosen: two periods of a quarter of an hour."""
IDLE_ALARMS = ("warning", "cleared", "indeterminate")
"""X.733 severities that confirm nothing: an open cabinet is no outage."""
STOPPED_FEED_CELLS = 5
"""Fewest objects of several sites, missing since the same period, that suggest a stopped feed. Chosen: faults of five cells
of several sites at once have an edge or an alarm."""
LARGE_SHARE = 0.3
"""Over this share of the network missing, the cells beside are no evidence. Chosen: they are few, and their load moves."""
CARRY_MORE = 1.15
"""Median load of the neighbours that report, over all missing objects, from which their users count as displaced. Chosen:
half of what one lost neighbour adds."""
CORE_LEAST = 0.2
"""Share of a core function's usual traffic that must be missing before the function is evidence. Chosen: less is within its
ordinary scatter."""
CORE_KEEPS = 0.5
"""A core function that misses at least this part of the missing share confirms the loss; one that misses less still serves
those users. Chosen: half."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MissingObjects:
    """The objects that sent nothing in this tick. `periods`: object -> missing periods in a row, this tick included;
    `expected_traffic`: [object], NaN = not known; `core`: core function -> observed / expected traffic; `lost`: cells that
    report by their own rows, or whose works state, that they carry nothing; `left_by_people`: objects
    whose people are gone."""

    evidence: Evidence
    topology: Topology
    operations: Operations
    periods: Mapping[str, int]
    expected_traffic: NDArray[np.float64]
    core: Mapping[str, float]
    lost: frozenset[str]
    now: int
    left_by_people: frozenset[str] = frozenset()

    @cached_property
    def stopped(self) -> NDArray[np.bool_]:
        """[object]: missing because its data stopped, by all evidence."""
        found = np.zeros(len(self.evidence.objects), bool)
        for group in self.groups:
            if not self.confirmed(group):
                found[[i for i in group if not self.named(i)]] = True
        return found

    @cached_property
    def stopped_with(self) -> Mapping[int, tuple[int, ...]]:
        """Missing object -> all that fell silent with it, where those are too many for a fault of one site."""
        return {i: group for group in self.groups for i in group}

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        return tuple(group for group in self._by_onset() if self._many(group))

    def _by_onset(self) -> Iterator[tuple[int, ...]]:
        """Missing objects that fell silent in the same period or in neighbouring ones: files of one feed do not all come in
        time on its last occasion."""
        missing = np.flatnonzero(self.evidence.missing).tolist()
        lengths = {i: self.periods.get(self.evidence.objects[i], 1) for i in missing}
        group: list[int] = []
        for i in sorted(missing, key=lambda i: (lengths[i], i)):
            if group and lengths[i] - lengths[group[-1]] > 1:
                yield tuple(group)
                group = []
            group.append(i)
        if group:
            yield tuple(group)

    def _many(self, group: Sequence[int]) -> bool:
        """Many objects of several sites, or all that there are."""
        names = {base_object(self.evidence.objects[i]) for i in group}
        if names >= {base_object(name) for name in self.evidence.objects}:
            return True
        cells = self.topology.cells
        sites = {(cells[name].site_id if name in cells else "") or name for name in names}
        return len(names) >= STOPPED_FEED_CELLS and len(sites) > 1

    def since(self, i: int) -> int:
        """Start (s) of the first period that is missing."""
        tick = self.evidence.tick
        return tick.end - self.periods.get(self.evidence.objects[i], 1) * tick.duration_s

    def confirmed(self, group: Sequence[int]) -> bool:
        """Whether other evidence confirms that these are out of service: neighbours, the core, or alarms and tickets about a
        third of them."""
        named = sum(self.named(i) for i in group)
        return 3 * named >= len(group) or self.neighbours_say(group) or any(self.core_says(i) for i in group)

    def neighbours_say(self, group: Sequence[int]) -> bool:
        """The cells beside them that do report carry more, by their median."""
        share = len(group) / max(len(self.evidence.objects), 1)
        load = self.evidence.neighbour_load[list(group)]
        load = load[np.isfinite(load)]
        return bool(share <= LARGE_SHARE and load.size and np.median(load) >= CARRY_MORE)

    def core_says(self, i: int) -> bool:
        """A core function that reports misses the traffic that should come from the silent cells behind it."""
        name = base_object(self.evidence.objects[i])
        return any(name in cells for cells in self._missed_by_core)

    @cached_property
    def _missed_by_core(self) -> tuple[frozenset[str], ...]:
        """For each function that misses their traffic, the silent cells behind it."""
        silent = {base_object(self.evidence.objects[i]) for i in np.flatnonzero(self.evidence.missing)}
        found = []
        for function, carried in self.core.items():
            behind = self.topology.cells_behind(function) - {function}
            share = self._share(silent & behind, behind)
            # what the lost ones explain is no evidence of another
            left = 1 - self._share((self.lost - silent) & behind, behind)
            if share >= CORE_LEAST and carried <= left - CORE_KEEPS * share:
                found.append(frozenset(silent & behind))
        return tuple(found)

    def _share(self, part: AbstractSet[str], whole: frozenset[str]) -> float:
        """Of the usual traffic of the whole; a cell of which no traffic is known counts as an ordinary one."""
        place = self.evidence.object_index
        expected_traffic = {name: float(self.expected_traffic[place[name]]) for name in whole if name in place}
        known = [value for value in expected_traffic.values() if np.isfinite(value) and value > 0]
        ordinary = float(np.median(known)) if known else 1.0
        weight = {name: value if np.isfinite(value) else ordinary for name, value in expected_traffic.items()}
        return sum(weight.get(name, 0.0) for name in part) / max(sum(weight.values()), 1e-9)

    def named(self, i: int) -> bool:
        """An alarm or a ticket names the object or what it hangs on, or its people are gone."""
        return self.alarmed(i) or self.ticketed(i) or self.evidence.objects[i] in self.left_by_people

    def alarmed(self, i: int) -> bool:
        """Whether an open alarm was raised about when the data stopped or later."""
        return self._about(i, self._alarms)

    def ticketed(self, i: int) -> bool:
        """The operations centre has a ticket of about that time or later."""
        return self._about(i, self._tickets)

    def _about(self, i: int, known: Mapping[str, int]) -> bool:
        """`known`: object -> the latest moment (s) at which something was raised about it."""
        since = self.since(i) - SLACK_S
        return any(known[place] >= since for place in self._places(self.evidence.objects[i]) if place in known)

    def _places(self, object_id: str) -> set[str]:
        name = base_object(object_id)
        cell = self.topology.cells.get(name)
        places = {name} | ({cell.site_id, cell.node_id, cell.tac, cell.region} - {""} if cell else set())
        return places | {group_id for group_id, cells in self._edges.items() if name in cells}

    @cached_property
    def _edges(self) -> Mapping[str, frozenset[str]]:
        """Shared edges that an alarm or a ticket names -> the cells behind them."""
        spoken_of = self._alarms.keys() | self._tickets.keys()
        groups = self.topology.groups
        return {name: groups["edge", name] for name in spoken_of if ("edge", name) in groups}

    @cached_property
    def _alarms(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for alarm in self.operations.alarms:
            if stands(alarm, self.evidence.tick.start, self.now):
                found[alarm.object_id] = max(alarm.raised_at, found.get(alarm.object_id, alarm.raised_at))
        return found

    @cached_property
    def _tickets(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for ticket in self.operations.tickets:
            open_ = ticket.closed_at is None or ticket.closed_at > self.evidence.tick.start
            if ticket.opened_at <= self.now and open_ and ticket.object_id:
                found[ticket.object_id] = max(ticket.opened_at, found.get(ticket.object_id, ticket.opened_at))
        return found


def stands(alarm: Alarm, start: int, now: int) -> bool:
    """The alarm is known by `now`, holds in the period that begins at `start` (s), and is one that confirms something."""
    holds = alarm.cleared_at is None or alarm.cleared_at > start
    return alarm.raised_at <= now and holds and alarm.severity.lower() not in IDLE_ALARMS
