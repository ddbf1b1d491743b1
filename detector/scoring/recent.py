"""The newest periods beside what the baseline expects of them, summed over every horizon, and which no horizon sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.evidence import EwmaState
from detector.domain.frame import KpiFrame
from detector.domain.kpi import SATURATED
from detector.domain.operations import Operations
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.scoring.baseline import Baseline
from detector.scoring.common_mode import factor, groups_of
from detector.scoring.counting import Floats, counts
from detector.scoring.dispersion import load_effect
from detector.scoring.horizons import decay
from detector.scoring.scorer import Sample
from detector.scoring.served_load import ServedLoad
from detector.scoring.time_of_week import TimeOfWeek, time_of_week

REMEMBERED_SHARE = 0.85
"""An EWMA of fewer periods than this share of its time constant is no long horizon yet. Chosen: 57 % of its weight is then
observed."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recent:
    """The newest periods, aligned to the objects of the answer, with their baseline."""

    frame: KpiFrame
    baseline: Baseline
    rows: NDArray[np.int64]
    when: TimeOfWeek
    regions: Sequence[NDArray[np.int64]]
    """Places of the objects of each region, neighbours side by side: whom a common factor may move."""
    topology: Topology
    explained: NDArray[np.bool_]
    """[period]: on a holiday or an event of the whole network."""
    served_load: ServedLoad
    """What excuses a core function that has fewer to serve."""
    detection_policy: DetectionPolicy
    excluded: NDArray[np.bool_]
    """[period, object]: no ordinary period, see `excluded_periods`: in no horizon but its own."""
    ewma: NDArray[np.float32]
    """[4, object, KPI]: fading sums of events, size, expected events and periods before the newest period."""
    last: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict)
    """KPI -> (events, size, expected events) of the newest period."""
    peaks: dict[int, Floats] = field(default_factory=dict)
    """KPI -> [horizon, object] excess of the worst period of each horizon; of a fading one, of the longest other's."""
    _sides: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict)
    """The KPI judged now -> its `expected`."""

    @cached_property
    def groups(self) -> NDArray[np.bool_]:
        """[group, object]: what may fail as one, see `common_mode.groups_of`."""
        return groups_of(self.frame.objects, self.topology)

    def expected(self, k: int) -> tuple[Floats, Floats, Floats]:
        """(events, size, expected events) of the KPI at `k` of the frame over [period, object], common factor removed."""
        kpi, base = self.frame.kpis[k], self.baseline
        b = base.kpi_index[kpi.id]
        events, size = counts(self.frame, k)
        if not kpi.traits.survives_suspect:
            events[self.frame.suspect] = size[self.frame.suspect] = np.nan
        mean = base.levels(b, self.rows, self.when) * load_effect(base, self.frame, b, self.rows, self.when) * size
        mean = mean * self.served_load.effect(base, b, self.rows)
        common = factor(kpi, events, np.nan_to_num(mean), self.regions, lambda: self.groups, self.explained)
        return events, size, mean * common

    def sample(self, k: int) -> Sample:
        """[horizon, object]: NaN where the newest period is, or where less than half of a horizon was measured."""
        base, kpi = self.baseline, self.frame.kpis[k]
        b = base.kpi_index[kpi.id]
        sides = self.expected(k)
        self._sides.clear()  # one KPI at a time
        self._sides[k] = sides
        self.last[k] = (sides[0][-1], sides[1][-1], sides[2][-1])
        self.peaks[k] = self._peak(kpi.worse_sign * (sides[0] - sides[2]))
        events, size, mean = (self._summed(side, self.ewma[i, :, k]) for i, side in enumerate(sides))
        bad = self._unmeasured(np.isfinite(sides[0]) & ~self.excluded, self.ewma[3, :, k])
        bad[0] = ~np.isfinite(sides[0][-1])
        e, s, m = (np.where(bad, np.nan, side) for side in (events, size, mean))
        return Sample(
            events=e,
            size=s,
            level=m / s,
            spread=base.spread[:, self.rows, b].astype(float),
            level_variance=base.level_variance[self.rows, b] + self._jitter(b, sides[2], mean),
            idle_probability=self._idle_probability(b),
            worse=kpi.worse_sign,
            offset=float(base.offset[b]),
            counted=bool(base.counted[b]),
        )

    def periods(self, k: int, columns: NDArray[np.bool_]) -> Sample:
        """[period, object] of these objects, each period by itself; NaN where it is no ordinary one, the newest aside."""
        base, kpi = self.baseline, self.frame.kpis[k]
        b, rows = base.kpi_index[kpi.id], self.rows[columns]
        hidden = self.excluded[:, columns].copy()
        hidden[-1] = False
        events, size, mean = (np.where(hidden, np.nan, side[:, columns]) for side in self._sides[k])
        return Sample(
            events=events,
            size=size,
            level=mean / size,
            spread=base.spread[0, rows, b].astype(float),
            level_variance=base.level_variance[rows, b] + base.jitter(b, rows, self.when) ** 2,
            idle_probability=base.idle_probabilities(b, rows, self.when),
            worse=kpi.worse_sign,
            offset=float(base.offset[b]),
            counted=bool(base.counted[b]),
        )

    def ewma_state(self, unquiet: NDArray[np.bool_]) -> EwmaState:
        """The fading sums after the newest period, which is left out where `unquiet`[object, KPI]."""
        total = self.ewma * np.float32(self._retained)
        for k, sides in self.last.items():
            quiet = ~unquiet[:, k] & np.isfinite(sides[0]) & ~self.excluded[-1]
            for i, side in enumerate(sides):
                total[i, quiet, k] += side[quiet]
            total[3, quiet, k] += 1.0
        tick_end = int(self.frame.starts[-1]) + self.frame.duration_s
        return EwmaState(tick_end, self.frame.objects, tuple(kpi.id for kpi in self.frame.kpis), total)

    @property
    def _retained(self) -> float:
        fading = int(self.baseline.horizons.min())
        return decay(fading) if fading < 0 else 0.0

    def _summed(self, side: Floats, ewma: NDArray[np.float32]) -> Floats:
        """[horizon, object], from [period, object], the newest last."""
        back = np.cumsum(np.where(self.excluded | np.isnan(side), 0.0, side)[::-1], axis=0)
        newest = np.where(np.isnan(side[-1]), 0.0, side[-1])
        fading = (1 + self._retained) * (self._retained * ewma + newest)
        pooled = [fading if h < 0 else back[min(h, len(back)) - 1] for h in self.baseline.horizons.tolist()[1:]]
        return np.stack([newest, *pooled])

    def _jitter(self, b: int, mean: Floats, summed: Floats) -> Floats:
        """[horizon, object] or smaller: relative variance of the expected events by steps whose minute varies; what is left
        of those before the newest period does not show in a fading sum."""
        deviation = self.baseline.jitter(b, self.rows, self.when)
        if not deviation.any():
            return np.zeros(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = self._summed(mean * deviation, np.zeros(mean.shape[1], np.float32)) / summed
        return np.nan_to_num(relative) ** 2

    def _peak(self, excess: Floats) -> Floats:
        """A fading sum weighs twice what a plain one does, and so does its worst period."""
        ordinary = np.where(self.excluded | np.isnan(excess), -np.inf, excess)
        ordinary[-1] = excess[-1]
        back = np.maximum.accumulate(ordinary[::-1], axis=0)
        longest = max(self.baseline.horizons.tolist())
        return np.stack(
            [
                (1.0 if h > 0 else 1 + self._retained) * back[min(h if h > 0 else longest, len(back)) - 1]
                for h in self.baseline.horizons.tolist()
            ]
        )

    def _unmeasured(self, measured: NDArray[np.bool_], remembered: NDArray[np.float32]) -> NDArray[np.bool_]:
        back = np.cumsum(measured[::-1], axis=0)
        enough = [
            back[min(h, len(back)) - 1] >= max(min(h, 2), h / 2) if h > 0 else remembered >= REMEMBERED_SHARE * -h
            for h in self.baseline.horizons.tolist()
        ]
        return np.asarray(~(np.stack(enough) & measured[-1]))

    def _idle_probability(self, b: int) -> Floats:
        back = np.maximum.accumulate(self.baseline.idle_probabilities(b, self.rows, self.when)[::-1], axis=0)
        return np.stack([back[min(abs(h), len(back)) - 1] for h in self.baseline.horizons.tolist()])


def view(
    frame: KpiFrame,
    baseline: Baseline,
    reference: Reference,
    detection_policy: DetectionPolicy,
    before: EwmaState | None,
) -> Recent:
    """`frame`, whose objects and order are those of the answer, beside its baseline; `before`: see `tick.score`."""
    topology, operations = reference.topology, reference.operations
    off = [e.window for e in operations.calendar if e.kind == "holiday" and e.scope_kind == "network"]
    when = time_of_week(frame.starts, frame.duration_s, reference.operator.timezone, off)
    excluded = excluded_periods(frame.starts, frame.duration_s, frame.objects, topology, operations)
    excluded |= full(frame)
    ewma, regions = _ewma_sums(frame, baseline, before), regions_of(frame.objects, topology)
    return Recent(
        frame=frame,
        baseline=baseline,
        rows=baseline.rows(frame.objects),
        when=when,
        regions=regions,
        topology=topology,
        served_load=ServedLoad.of(frame, baseline, when, cells_served(topology), ~frame.suspect).excusing,
        explained=explained_periods(frame.starts, frame.duration_s, operations),
        detection_policy=detection_policy,
        excluded=excluded,
        ewma=ewma,
    )


def cells_served(topology: Topology) -> dict[str, frozenset[str]]:
    """Core function -> the cells behind it."""
    return {function: topology.cells_behind(function) for function in topology.functions}


def full(frame: KpiFrame) -> NDArray[np.bool_]:
    """[period, object]: (nearly) all resource blocks in use: then failures and speed describe the load, not the cell."""
    flags = np.zeros(frame.suspect.shape, bool)
    for k, kpi in enumerate(frame.kpis):
        if kpi.load:
            flags |= np.nan_to_num(frame.value[:, :, k]) >= SATURATED
    return flags


def regions_of(objects: Sequence[str], topology: Topology) -> list[NDArray[np.int64]]:
    """Places of the objects of each region, by tracking area and site within it; core functions belong to none."""

    def beside(place: int) -> tuple[str, str, str, str]:
        cell = topology.cells.get(objects[place])
        return (cell.region, cell.tac, cell.site_id, cell.cell_id) if cell else ("", "", "", objects[place])

    found: dict[str, list[int]] = {}
    for place in sorted(range(len(objects)), key=beside):
        if topology.technology(objects[place]) != "core":
            found.setdefault(beside(place)[0], []).append(place)
    return [np.array(places, dtype=np.int64) for places in found.values()]


def _ewma_sums(frame: KpiFrame, baseline: Baseline, before: EwmaState | None) -> NDArray[np.float32]:
    """What is left of the EWMA sums at the beginning of the newest period, for the frame's objects and KPIs."""
    fading = int(baseline.horizons.min())
    gap = 0 if before is None else (int(frame.starts[-1]) - before.end) // frame.duration_s
    if before is None or fading >= 0 or gap < 0:
        return np.zeros((4, len(frame.objects), len(frame.kpis)), np.float32)
    return before.aligned(frame.objects, [kpi.id for kpi in frame.kpis]) * np.float32(decay(fading) ** gap)


def excluded_periods(
    starts: NDArray[np.int64], duration_s: int, objects: Sequence[str], topology: Topology, operations: Operations
) -> NDArray[np.bool_]:
    """[period, object]: inside declared works, an event with the hours around it, or planned sleep.

    Such a period is judged by itself; it is not summed up with those after it, which are quiet again.
    """
    flags = np.zeros((len(starts), len(objects)), bool)
    if not len(starts):
        return flags
    whole = Window(int(starts[0]), int(starts[-1]) + duration_s)
    for window, kind, scope_id in _declared(operations):
        if window.overlaps(whole):
            rows, members = (starts < window.end) & (starts + duration_s > window.start), topology.within(kind, scope_id)
            flags |= rows[:, None] & np.array([base_object(name) in members for name in objects], bool)
    for place, name in enumerate(objects):
        cell = topology.cells.get(base_object(name))
        for idle in reversed(cell.idle if cell else ()):
            if idle.end <= whole.start:
                break  # the others are older still
            flags[:, place] |= (starts < idle.end) & (starts + duration_s > idle.start)
    return flags


def explained_periods(starts: NDArray[np.int64], duration_s: int, operations: Operations) -> NDArray[np.bool_]:
    """[period]: the calendar has a holiday or an event of the whole network then."""
    flags = np.zeros(len(starts), bool)
    for event in operations.calendar:
        if event.scope_kind == "network":
            flags |= (starts < event.around.end) & (starts + duration_s > event.around.start)
    return flags


def _declared(operations: Operations) -> Iterator[tuple[Window, str, str]]:
    for event in operations.calendar:
        if event.kind == "event":
            yield event.around, event.scope_kind, event.scope_id
    for works in operations.maintenance:
        if (held := works.effective) is not None:
            yield held, works.scope_kind, works.scope_id
