"""More contacts from one place than it ever has, while nothing is known to be wrong there: a scan against its usual rate."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from detector.domain.cell import Topology
from detector.domain.contact_burst import Burst
from detector.domain.interaction import Interaction
from detector.domain.ports import Reference
from detector.domain.window import DAY_S, HOUR_S, Window, utc

SPANS_S = (HOUR_S, 3 * HOUR_S)
"""Windows that end now: customers call within the hour, and those who wait within three."""
PLACES = ("site", "tac", "region")
LEAST_DAYS = 3
"""Fewest days of contacts from which a usual rate is estimated. Chosen: one day may be a holiday, of two none is usual."""
_SLOTS = 48
"""Hours of the day, on weekdays and at weekends. Definition."""
_PRIOR = 2.0
"""The network's rate counts as much as so many contacts from the place itself. Chosen: two, so that a place's own rate soon
decides."""
_OVERLAPS = 3.0
"""Windows that end every quarter of an hour are worth so many separate ones. Chosen: as counted on faultless simulated
contacts."""


def from_a_place(one: Interaction) -> bool:
    """About the network, or about nothing that is known, and from a known cell."""
    return one.about_network and bool(one.cell_id)


@dataclass(frozen=True)
class ContactBaseline:
    """What is usual: `profile` of the hours (_SLOTS, mean 1), contacts by cell in `hours` of history."""

    hours: float
    profile: tuple[float, ...]
    by_cell: Mapping[str, int]

    @classmethod
    def of(cls, interactions: Iterable[Interaction], history: Window, timezone: str) -> "ContactBaseline":
        placed = [one for one in interactions if from_a_place(one)]
        zone = ZoneInfo(timezone)
        slots = Counter(_slot(one.at, zone) for one in placed)
        weights = np.array([5.0] * 24 + [2.0] * 24) / 7  # how often an hour of each kind comes
        rate = np.array([slots[slot] + weights[slot] for slot in range(_SLOTS)]) / weights
        profile = rate / float(rate @ weights / weights.sum())
        return cls(history.seconds / HOUR_S, tuple(profile.round(4).tolist()), dict(Counter(one.cell_id for one in placed)))

    def expected(self, cells: Collection[str], all_cells: int, window: Window, timezone: str) -> tuple[float, float]:
        """(contacts expected from these cells in the window, how many contacts that expectation rests on)."""
        own = sum(self.by_cell.get(cell, 0) for cell in cells)
        network = max(sum(self.by_cell.values()), 0.5) / (max(all_cells, 1) * self.hours) * len(cells)
        rests_on = _PRIOR + own
        rate = rests_on / (_PRIOR / network + self.hours)
        zone = ZoneInfo(timezone)
        steps = range(window.start, window.end, 900)
        return rate * sum(self.profile[_slot(at, zone)] for at in steps) / 4, rests_on


def _slot(at: int, zone: ZoneInfo) -> int:
    local = utc(at).astimezone(zone)
    return local.hour + 24 * (local.weekday() >= 5)


def bursts(
    interactions: Sequence[Interaction],
    baseline: ContactBaseline,
    reference: Reference,
    explained: Collection[str],
    *,
    now: int,
    budget: float,
    floor: int,
) -> list[Burst]:
    """The unlikeliest first, each cell in one of them. interactions: the last hours'; explained: cells with a known trouble.

    `budget`: false bursts a week over the whole network; at least `floor` people are behind each. The count of a place is
    held against a gamma-Poisson law whose rate is the place's own, shrunk to the network's, by the hour. Of a place and a
    larger one around it the smaller is reported, unless the larger has more than its places explain (see `_outermost`).
    """
    if baseline.hours < LEAST_DAYS * 24:
        return []
    open_ = [one for one in interactions if from_a_place(one) and one.cell_id not in explained]
    topology, timezone = reference.topology, reference.operator.timezone
    places = sum(kind in PLACES for kind, _ in topology.groups)
    windows = _OVERLAPS * sum(7 * DAY_S / span for span in SPANS_S)
    scan = _Scan(
        interactions=open_,
        baseline=baseline,
        topology=topology,
        now=now,
        timezone=timezone,
        floor=floor,
        chance=budget / (max(places, 1) * windows),
    )
    found = sorted(scan.candidates(), key=lambda one: (one.chance, one.place))
    reported: list[Burst] = []
    taken: set[str] = set()
    for one in _outermost(found, scan):
        cells = scan.cells(one)
        if taken.isdisjoint(cells):
            reported.append(one)
            taken |= cells
    return reported


def _outermost(found: Sequence[Burst], scan: "_Scan") -> list[Burst]:
    """Of bursts in places around one another those that explain the contacts, the unlikeliest first.

    A place is reported rather than the area around it; the area does if what is left of it without its places is a burst
    still, or if at least two of its places are, and they are half of it.
    """
    kept: list[Burst] = []
    for kind in PLACES:
        for one in (o for o in found if o.place_kind == kind and not any(_one_place(o, k) for k in kept)):
            cells = scan.cells(one)
            inner = [k for k in kept if k.place_kind != kind and not cells.isdisjoint(scan.cells(k))]
            covered = {cell for k in inner for cell in scan.cells(k)} & cells
            if inner and not (len(inner) > 1 and 2 * len(covered) >= len(cells)) and not scan.bursts(one, cells - covered):
                continue
            kept = [k for k in kept if k not in inner] + [one]
    return sorted(kept, key=lambda one: (one.chance, one.place))


def _one_place(one: Burst, other: Burst) -> bool:
    return (one.place_kind, one.place_id) == (other.place_kind, other.place_id)


def is_news(
    one: Burst, reported: Iterable[tuple[str, str]], interactions: Iterable[Interaction], topology: Topology
) -> bool:
    """Whether most of this burst's contacts are from outside the places (kind, id) that were reported already."""
    cells = topology.groups[one.place_kind, one.place_id]
    known = {cell for place in reported for cell in topology.groups.get(place, ())}
    own = [h for h in interactions if from_a_place(h) and one.since <= h.at < one.until and h.cell_id in cells]
    return 2 * sum(h.cell_id not in known for h in own) > len(own)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scan:
    """`chance`: the threshold, for one place and window."""

    interactions: Sequence[Interaction]
    baseline: ContactBaseline
    topology: Topology
    now: int
    timezone: str
    floor: int
    chance: float

    def cells(self, one: Burst) -> frozenset[str]:
        return frozenset(self.topology.groups[one.place_kind, one.place_id])

    def candidates(self) -> Iterator[Burst]:
        """Bursts by the threshold, of every place and window by itself."""
        for span in SPANS_S:
            window = Window(self.now - span, self.now)
            recent = [one for one in self.interactions if window.start <= one.at < window.end]
            for kind, name in {place for one in recent for place in _places(self.topology, one.cell_id)}:
                burst = self._burst(kind, name, self.topology.groups[kind, name], recent, window)
                if burst is not None:
                    yield burst

    def bursts(self, one: Burst, cells: Collection[str]) -> bool:
        """Whether these cells of that place are a burst by themselves, in one of the windows."""
        for span in SPANS_S:
            window = Window(self.now - span, self.now)
            recent = [h for h in self.interactions if window.start <= h.at < window.end]
            if cells and self._burst(one.place_kind, one.place_id, cells, recent, window) is not None:
                return True
        return False

    def _burst(
        self, kind: str, name: str, cells: Collection[str], recent: Iterable[Interaction], window: Window
    ) -> Burst | None:
        from scipy.stats import nbinom

        own = [one for one in recent if one.cell_id in cells]
        people = len({one.subscriber for one in own if one.subscriber}) + sum(not one.subscriber for one in own)
        if people < self.floor:
            return None
        mean, rests_on = self.baseline.expected(cells, len(self.topology.cells), window, self.timezone)
        chance = float(nbinom.sf(len(own) - 1, rests_on, rests_on / (rests_on + mean)))
        if chance > self.chance:
            return None
        return Burst(
            place_kind=kind,
            place_id=name,
            since=min(one.at for one in own),
            until=self.now,
            contacts=len(own),
            people=people,
            expected=round(mean, 2),
            chance=chance,
        )


def _places(topology: Topology, cell_id: str) -> Iterator[tuple[str, str]]:
    cell = topology.cells.get(cell_id)
    if cell is not None:
        named = zip(PLACES, (cell.site_id, cell.tac, cell.region), strict=True)
        yield from ((kind, name) for kind, name in named if name)
