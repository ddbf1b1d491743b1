"""One tick as a whole: what each episode's kind and fate depend on beyond its own series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.degradations.group_pooling import new_releases, pooled, sites
from detector.degradations.stopped_feed import SLACK_S, MissingObjects, stands
from detector.domain.cell import Cell, Topology, base_object
from detector.domain.degradation import Degradation
from detector.domain.evidence import HEALTHY_BELOW, Evidence
from detector.domain.kpi import COLLAPSED_SHARE, SATURATED
from detector.domain.operations import Alarm, Operations
from detector.domain.people_seen import PeopleSeen
from detector.domain.policy import DetectionPolicy

JOINT_MARGIN = 0.5
"""-log10 p by which a site as a whole has to exceed the threshold of a cell. Chosen: it is tested besides its cells, so its
tests add to theirs."""
FEWEST_TO_COMPARE = 3
"""Cells from which "everywhere" is judged. Chosen: two cells have no majority."""
LEAST_LEFT = 0.15
"""Share of the cells that have to carry something for the others to be at fault. Chosen: as for `scoring.common_mode`."""
BUSY_ENOUGH = 0.7
"""Share of its expected traffic from which a cell is as busy as ever. Chosen: an ordinary hour is seldom under it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TickContext:
    """Evidence with its surroundings. `threshold` is the tick's -log10 p; `open_` the episodes before it; `missing_periods`:
    object -> periods missing in a row, this tick included; `people`: object -> whether people were seen behind it while it
    was missing."""

    evidence: Evidence
    open_: Sequence[Degradation]
    topology: Topology
    operations: Operations
    detection_policy: DetectionPolicy
    now: int
    threshold: float
    missing_periods: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, PeopleSeen] = field(default_factory=dict)

    @property
    def keeping_threshold(self) -> float:
        """Half of the threshold keeps open what is open: a single threshold would flap."""
        return max(self.threshold / 2, HEALTHY_BELOW)

    @cached_property
    def sure(self) -> NDArray[np.bool_]:
        """[object, KPI]: beyond chance by itself, with its site or its release, and large enough: what may be raised."""
        evidence = self.evidence
        with np.errstate(invalid="ignore"):
            found = (evidence.neg_log10_p >= self.threshold) & self._enough(evidence.excess)
        for groups in (
            sites(evidence.objects, self.topology),
            new_releases(evidence.objects, self.topology, evidence.tick.end),
        ):
            joint = pooled(evidence.neg_log10_p, groups)
            excess = groups.shared(np.where(joint > 0, evidence.excess, 0.0))
            found |= (joint >= self.threshold + JOINT_MARGIN) & self._enough(excess)
        volumes = np.array([kpi.traits.traffic for kpi in evidence.kpis], bool)
        silent = self.fell_silent[:, None] & volumes
        return np.asarray((found | silent) & evidence.matters & ~evidence.missing[:, None])

    @cached_property
    def fell_silent(self) -> NDArray[np.bool_]:
        """[object]: its whole site carries nothing, which neither its usual idle hours nor the day explain."""
        return np.asarray(self.evidence.site_silence >= self.threshold + JOINT_MARGIN)

    def _enough(self, excess: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Failures worth raising; of other kinds than counts of failures there is no least number."""
        counted = np.array([kpi.traits.counts_failures for kpi in self.evidence.kpis], bool)
        return np.asarray(~counted | (np.nan_to_num(excess) >= self.detection_policy.min_excess))

    @cached_property
    def families(self) -> Mapping[str, NDArray[np.intp]]:
        """Family -> columns of its KPIs."""
        names = np.array([kpi.family for kpi in self.evidence.kpis], dtype=object)
        return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names)}

    def columns(self, family: str) -> NDArray[np.intp]:
        return self.families.get(family, np.empty(0, np.intp))

    @cached_property
    def volume_known(self) -> NDArray[np.bool_]:
        """[object]: a volume was observed where one was expected."""
        return np.asarray(np.isfinite(self._ratio("volume")).any(axis=1))

    @cached_property
    def collapsed(self) -> NDArray[np.bool_]:
        """[object]: each volume that it should carry is under the collapsed share of its expectation."""
        over = self._ratio("volume") > COLLAPSED_SHARE
        return np.asarray(self.volume_known & ~over.any(axis=1))

    @cached_property
    def all_quiet(self) -> bool:
        """Half of the network or more carries nothing, and the rest little: no cell sleeps, the measurement or the calendar
        does. Where the rest carries what it should, people are at home and the half is at fault."""
        known, gone = int(self.volume_known.sum()), int(self.collapsed.sum())
        if known < FEWEST_TO_COMPARE or gone * 2 < known:
            return False
        left = self.most_carried[self.volume_known & ~self.collapsed]
        return not (len(left) >= max(FEWEST_TO_COMPARE, known * LEAST_LEFT) and float(np.median(left)) >= BUSY_ENOUGH)

    @cached_property
    def availability_bad(self) -> NDArray[np.bool_]:
        """[object]: its availability is down by the lower threshold, and it matters."""
        cols = self.columns("availability")
        strong = np.nan_to_num(self.evidence.neg_log10_p[:, cols], nan=0.0) >= self.keeping_threshold
        return np.asarray((strong & self.evidence.matters[:, cols]).any(axis=1))

    @cached_property
    def out_of_service(self) -> frozenset[str]:
        """Cells that send nothing for another reason than that their data stopped, report that they are down, or are under
        works now."""
        silent = self.evidence.missing & ~self.missing_objects.stopped
        return self.known_lost | {base_object(self.evidence.objects[r]) for r in np.flatnonzero(silent)}

    @cached_property
    def missing_objects(self) -> MissingObjects:
        """What is known of the objects that sent nothing."""
        functions = [(i, name) for i, name in enumerate(self.evidence.objects) if name in self.topology.functions]
        carried = {name: float(self.most_carried[i]) for i, name in functions if np.isfinite(self.most_carried[i])}
        gone = set() if self.all_quiet else {base_object(self.evidence.objects[r]) for r in np.flatnonzero(self.collapsed)}
        return MissingObjects(
            evidence=self.evidence,
            topology=self.topology,
            operations=self.operations,
            periods=self.missing_periods,
            expected_traffic=self.expected_traffic,
            core=carried,
            lost=self.known_lost | gone,
            left_by_people=self.left_by_people,
            now=self.now,
        )

    @cached_property
    def left_by_people(self) -> frozenset[str]:
        """Objects whose people are gone since they sent nothing."""
        return frozenset(name for name, seen in self.people.items() if not seen.present)

    def served(self, object_id: str) -> bool:
        """It sends nothing, and its people are behind it as usual: its data are missing, not its service."""
        seen = self.people.get(object_id)
        return seen is not None and seen.present and bool(self.evidence.missing[self.evidence.object_index[object_id]])

    @cached_property
    def known_lost(self) -> frozenset[str]:
        """Cells known to be without service by more than missing rows: their own rows show it, or works were declared."""
        down = {base_object(self.evidence.objects[r]) for r in np.flatnonzero(self.availability_bad)}
        return self.operations.under_works(self.evidence.tick.window, self.topology) | down

    @cached_property
    def lost(self) -> frozenset[str]:
        """Cells whose users are displaced: those, and others that carry nothing though the network is not idle."""
        gone = set() if self.all_quiet else {base_object(self.evidence.objects[r]) for r in np.flatnonzero(self.collapsed)}
        known = {d.base_object for d in self.open_ if d.open and d.traits.out_of_service}
        return (self.out_of_service | gone | known) & self.topology.cells.keys()

    @cached_property
    def busy(self) -> NDArray[np.bool_]:
        """[object]: it expects at least the median of the network's traffic."""
        known = self.expected_traffic[np.isfinite(self.expected_traffic)]
        return (
            np.asarray(self.expected_traffic >= np.median(known))
            if known.size
            else np.zeros(len(self.expected_traffic), bool)
        )

    @cached_property
    def expected_traffic(self) -> NDArray[np.float64]:
        """[object]: expected traffic by the volume of most weight; NaN = not known."""
        cols = self.columns("volume")
        if not cols.size:
            return np.full(len(self.evidence.objects), np.nan)
        return np.asarray(self.evidence.expected[:, max(cols, key=lambda c: self.evidence.kpis[c].weight)])

    @cached_property
    def most_carried(self) -> NDArray[np.float64]:
        """[object]: observed / expected of the volume that holds up best; NaN = not known."""
        ratio = self._ratio("volume")
        best = np.where(np.isfinite(ratio), ratio, -1.0).max(axis=1, initial=-1.0)
        return np.where(best < 0, np.nan, best)

    @cached_property
    def less_now(self) -> NDArray[np.bool_]:
        """[object]: the newest period alone shows that it carries too little."""
        recent = np.nan_to_num(self.evidence.recent[:, self.columns("volume")], nan=0.0)
        return np.asarray(recent.max(axis=1, initial=0.0) >= HEALTHY_BELOW)

    def declared(self, kind: str) -> frozenset[str]:
        """Where the calendar has a `holiday` or an `event` now."""
        if kind not in self._declared:
            self._declared[kind] = self.operations.places(kind, self.evidence.tick.window, self.topology)
        return self._declared[kind]

    @cached_property
    def _declared(self) -> dict[str, frozenset[str]]:
        return {}

    def load(self, i: int) -> float:
        """Load or traffic of this object, observed / expected, whichever is more; 0 if neither is known."""
        ratios = np.concatenate([self._ratio(family)[i] for family in ("utilisation", "volume")])
        return float(np.nanmax(ratios)) if np.isfinite(ratios).any() else 0.0

    def beside(self, i: int) -> float | None:
        """Traffic of this object's neighbours, observed / expected; None = not known."""
        load = float(self.evidence.neighbour_load[i])
        return round(load, 3) if np.isfinite(load) else None

    def saturated(self, i: int) -> bool:
        """All of its capacity is in use: the demand beyond it is not counted, so speed cannot be judged by load."""
        cols = [c for c in self.columns("utilisation") if self.evidence.kpis[c].unit == "%"]
        return bool((np.nan_to_num(self.evidence.observed[i, cols]) >= SATURATED).any())

    def cell(self, object_id: str) -> Cell | None:
        return self.topology.cells.get(base_object(object_id))

    def alarmed(self, object_id: str, since: int) -> bool:
        """Whether an open alarm is on the object, its site or its node that was raised about when it began or later."""
        name = base_object(object_id)
        cell = self.topology.cells.get(name)
        places = {name} | ({cell.site_id, cell.node_id} - {""} if cell else set())
        return any(alarm.raised_at >= since - SLACK_S for place in places for alarm in self._alarms.get(place, ()))

    @cached_property
    def core_onsets(self) -> tuple[tuple[str, int], ...]:
        """(core function, start) of each core episode that was open before this tick."""
        return tuple((d.base_object, d.started_at) for d in self.open_ if d.traits.of_core and d.open)

    @cached_property
    def _alarms(self) -> Mapping[str, list[Alarm]]:
        found: dict[str, list[Alarm]] = {}
        for alarm in self.operations.alarms:
            if stands(alarm, self.evidence.tick.start, self.now):
                found.setdefault(alarm.object_id, []).append(alarm)
        return found

    def _ratio(self, family: str) -> NDArray[np.float64]:
        """[object, KPI of the family] observed / expected; NaN = one of them is not known."""
        if family not in self._ratios:
            self._ratios[family] = self._ratio_of(family)
        return self._ratios[family]

    @cached_property
    def _ratios(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def _ratio_of(self, family: str) -> NDArray[np.float64]:
        cols = self.columns(family)
        observed, expected = self.evidence.observed[:, cols], self.evidence.expected[:, cols]
        ratio = np.full(observed.shape, np.nan)
        np.divide(observed, expected, out=ratio, where=expected > 0)
        return ratio
