"""Counters to KPIs, as numerators and denominators."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Topology, base_object
from detector.domain.counters import CounterBatch
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame, stack
from detector.domain.kpi import Kpi
from detector.domain.ports import Reference
from detector.domain.window import Grid, Tick, Window
from detector.kpis.catalogue import PERIOD, Catalogue
from detector.kpis.judgement import consistent, judged, whole_counts
from detector.kpis.objects import ObjectNames
from detector.kpis.rows import CounterRows, merge
from detector.kpis.stems import StemNames, stem_values

Values = NDArray[np.float64]
Period = tuple[int, int]
"""(duration, start) in s, as a file names it: by duration and time, each period follows its predecessor."""
ROWS_AT_ONCE = 20_000
"""Rows of several periods computed together. Chosen: enough to make small networks fast, little beside one period of a large
one."""


def compute(
    batches: Iterable[CounterBatch],
    catalogue: Catalogue,
    reference: Reference,
    findings: Findings,
    *,
    wanted: Window | None = None,
) -> dict[int, KpiFrame]:
    """Duration in s -> frame over the periods and objects present and the KPIs that any of them has.

    `batches` in order of arrival: on overlap the later one wins, counter by counter. Which tick a period belongs to, and
    its length follows from the operator's tick (`domain.window.Grid`); the periods of one tick are summed (numerators and
    denominators), but of two that overlap only the later arrival counts. Gauges and volumes have the share of the tick that
    was measured as denominator, so a tick of which a part is missing is not too small.
    `wanted` limits ticks by their start; batches before it still serve as the previous period of cumulative counters.
    """
    topology, grid = reference.topology, Grid(reference.operator.tick_s)
    work = _Work(catalogue, topology, findings, ObjectNames(topology), StemNames(catalogue), grid)
    ticks: dict[int, list[KpiFrame]] = defaultdict(list)
    periods = _by_period(batches)
    arrival = {period: at for at, period in enumerate(periods)}
    for frame in work.frames(dict(sorted(periods.items())), wanted):
        ticks[work.grid.length(frame.duration_s)].append(frame)
    whole = {duration_s: _ticks(frames, work.grid, arrival) for duration_s, frames in sorted(ticks.items())}
    return {duration_s: _without_empty_kpis(stack(frames)) for duration_s, frames in whole.items()}


def _by_period(batches: Iterable[CounterBatch]) -> dict[Period, list[CounterBatch]]:
    """(duration, start) -> its batches, in the order in which the last of each came."""
    periods: dict[Period, list[CounterBatch]] = {}
    for batch in batches:
        own = periods.pop((batch.duration_s, batch.start), [])
        own.append(batch)
        periods[batch.duration_s, batch.start] = own
    return periods


@dataclass(frozen=True)
class _Work:
    """What every period needs."""

    catalogue: Catalogue
    topology: Topology
    findings: Findings
    names: ObjectNames
    stems: StemNames
    grid: Grid

    def frames(self, periods: Mapping[Period, list[CounterBatch]], wanted: Window | None) -> Iterator[KpiFrame]:
        """Of one period or of several that name the same objects and counters: those are computed at one go."""
        run: list[CounterRows] = []
        for rows in self._judged(periods, wanted):
            if run and not (_alike(run[-1], rows) and len(run) * len(rows.objects) < ROWS_AT_ONCE):
                yield self.frame(run)
                run = []
            run.append(rows)
        if run:
            yield self.frame(run)

    def _judged(self, periods: Mapping[Period, list[CounterBatch]], wanted: Window | None) -> Iterator[CounterRows]:
        before: CounterRows | None = None
        for (duration_s, start), given in periods.items():
            batches = [self.stems.without_commas(b, self.findings) if b.lists else b for b in given]
            want = {b.counters: self.stems.wanted(b.counters) for b in batches}
            rows = merge(batches, self.names, want, self.findings)
            if rows.objects and (wanted is None or wanted.contains(self.grid.tick(start, duration_s).start)):
                last = before if before is not None and before.duration_s == duration_s else None
                yield judged(rows, last, self.catalogue, self.findings)
            before = rows

    def frame(self, run: Sequence[CounterRows]) -> KpiFrame:
        """Every KPI for the objects of its technology, over periods of the same objects and counters."""
        rows, names = _tall(run), run[0].objects
        bases = [base_object(name) for name in names]
        cells = self.topology.cells
        vendors = np.array([cells[b].vendor.casefold() if b in cells else "" for b in bases], dtype=np.str_)
        technology = np.array([self.topology.technology(b) for b in bases], dtype=np.str_)
        stems = stem_values(rows, self.stems, np.tile(vendors, len(run)))
        kpis = self.catalogue.computed
        numerator = np.full((len(rows.objects), len(kpis)), np.nan)
        denominator = numerator.copy()
        fits = {kind: np.tile(technology == kind, len(run)) for kind in set(technology.tolist())}
        starts = np.array([period.start for period in run], np.int64)
        counted = {stem for stem, values in stems.items() if np.isfinite(values).any()} | {PERIOD}
        for k, kpi in enumerate(kpis):
            if not self._needs(kpi) <= counted or not self._counts_events(kpi, stems, rows):
                continue  # no object has it: most of a catalogue is other operators'
            own = np.zeros(len(rows.objects), bool)
            for kind, members in fits.items():
                own |= members & kpi.applies_to(kind)
            if own.any():
                num, den = self._counts(kpi, stems, rows)
                at = np.repeat(starts, len(names))
                good = own & consistent(
                    kpi.id,
                    kpi.traits,
                    np.where(own, num, np.nan),
                    den,
                    objects=rows.objects,
                    starts=at,
                    findings=self.findings,
                )
                numerator[:, k], denominator[:, k] = np.where(good, num, np.nan), np.where(good, den, np.nan)
        shape = (len(run), len(names), len(kpis))
        suspect = rows.suspect.reshape(shape[:2])
        return KpiFrame(
            starts=starts,
            duration_s=rows.duration_s,
            objects=names,
            kpis=kpis,
            numerator=numerator.reshape(shape),
            denominator=denominator.reshape(shape),
            suspect=suspect,
        )

    def _needs(self, kpi: Kpi) -> frozenset[str]:
        """The stems that the KPI's formulas name."""
        return frozenset(
            name for formula in self.catalogue.formulas[kpi.id] if formula is not None for name in formula.names
        )

    def _counts_events(self, kpi: Kpi, stems: Mapping[str, Values], rows: CounterRows) -> bool:
        upper, _ = self.catalogue.formulas[kpi.id]
        if not kpi.traits.fraction or kpi.weight_counter:
            return True
        return whole_counts(kpi.id, upper, stems, self.catalogue, rows.objects, self.findings)

    def _counts(self, kpi: Kpi, stems: Mapping[str, Values], rows: CounterRows) -> tuple[Values, Values]:
        """Numerator and denominator per object; without a formula the latter is the measured share of the tick."""
        inputs: Mapping[str, Values | float] = {**stems, PERIOD: float(rows.duration_s)}
        upper, lower = self.catalogue.formulas[kpi.id]
        shape = (len(rows.objects),)
        numerator = np.broadcast_to(upper.evaluate(inputs), shape)
        if lower is not None:
            return numerator, np.broadcast_to(lower.evaluate(inputs), shape)
        share = rows.duration_s / self.grid.length(rows.duration_s)
        return (numerator if kpi.traits.per_period else numerator * share), np.full(shape, share)


def _alike(one: CounterRows, other: CounterRows) -> bool:
    return (one.duration_s, one.counters, one.objects) == (other.duration_s, other.counters, other.objects)


def _tall(run: Sequence[CounterRows]) -> CounterRows:
    """Several periods of the same objects and counters below one another."""
    if len(run) == 1:
        return run[0]
    values, reported, suspect = (
        np.concatenate([getattr(p, name) for p in run]) for name in ("values", "reported", "suspect")
    )
    first = run[0]
    return replace(first, objects=first.objects * len(run), values=values, reported=reported, suspect=suspect)


def _ticks(frames: Sequence[KpiFrame], grid: Grid, arrival: Mapping[Period, int]) -> list[KpiFrame]:
    """Frames of whole ticks, whatever lengths their rows had."""
    own = [Tick(start, frame.duration_s) for frame in frames for start in frame.starts.tolist()]
    if all(grid.tick(tick.start, tick.duration_s) == tick for tick in own):
        return list(frames)
    parts: dict[Tick, list[KpiFrame]] = defaultdict(list)
    for frame in frames:
        for p, start in enumerate(frame.starts.tolist()):
            parts[grid.tick(start, frame.duration_s)].append(frame if len(frame.starts) == 1 else _period(frame, p))
    return [_one_tick(own, tick, arrival) for tick, own in sorted(parts.items())]


def _period(frame: KpiFrame, p: int) -> KpiFrame:
    one = slice(p, p + 1)
    return KpiFrame(
        starts=frame.starts[one],
        duration_s=frame.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=frame.numerator[one],
        denominator=frame.denominator[one],
        suspect=frame.suspect[one],
    )


def _one_tick(frames: Sequence[KpiFrame], tick: Tick, arrival: Mapping[Period, int]) -> KpiFrame:
    """Several periods of one tick as one; where an object has rows of the longer kind, its shorter ones do not count."""
    at = np.array([tick.start], np.int64)
    if len(frames) == 1:
        return replace(frames[0], starts=at, duration_s=tick.duration_s)
    objects = tuple(dict.fromkeys(name for frame in frames for name in frame.objects))
    shape = (1, len(objects), len(frames[0].kpis))
    numerator, denominator = np.full(shape, np.nan), np.full(shape, np.nan)
    suspect = np.zeros(shape[:2], bool)
    for length in sorted({frame.duration_s for frame in frames}, reverse=True):
        same = _once([frame.aligned(objects) for frame in frames if frame.duration_s == length], arrival)
        num, den = _sum([f.numerator for f in same]), _sum([f.denominator for f in same])
        fresh = np.isnan(numerator) & np.isfinite(num)
        numerator, denominator = np.where(fresh, num, numerator), np.where(fresh, den, denominator)
        suspect |= np.any([f.suspect for f in same], axis=0) & fresh.any(axis=2)
    return KpiFrame(
        starts=at,
        duration_s=tick.duration_s,
        objects=objects,
        kpis=frames[0].kpis,
        numerator=numerator,
        denominator=denominator,
        suspect=suspect,
    )


def _once(frames: Sequence[KpiFrame], arrival: Mapping[Period, int]) -> Sequence[KpiFrame]:
    """Periods of one length, no time counted twice: where two overlap, an object's value in the later arrival stands."""
    starts = [int(frame.starts[0]) for frame in frames]
    length = frames[0].duration_s
    if len(frames) == 1 or min(np.diff(sorted(starts))) >= length:
        return frames
    order = [arrival[length, start] for start in starts]
    kept = []
    for i, frame in enumerate(frames):
        later = [j for j in range(len(frames)) if order[j] > order[i] and abs(starts[j] - starts[i]) < length]
        gone = np.isfinite(np.stack([frames[j].numerator for j in later])).any(axis=0) if later else np.False_
        numerator = np.where(gone, np.nan, frame.numerator)
        suspect = frame.suspect & np.isfinite(numerator).any(axis=2)
        kept.append(
            replace(frame, numerator=numerator, denominator=np.where(gone, np.nan, frame.denominator), suspect=suspect)
        )
    return kept


def _sum(parts: Sequence[Values]) -> Values:
    """Sum of what is there; NaN only where nothing is."""
    whole = np.stack(parts)
    known = np.isfinite(whole)
    return np.where(known.any(axis=0), np.where(known, whole, 0.0).sum(axis=0), np.nan)


def _without_empty_kpis(frame: KpiFrame) -> KpiFrame:
    """Only the KPIs that some object has, in the catalogue's order."""
    held = np.atleast_1d(np.isfinite(frame.numerator).any(axis=(0, 1)))
    kept = tuple(kpi for kpi, has in zip(frame.kpis, held, strict=True) if has)
    return frame if len(kept) == len(frame.kpis) else frame.aligned(frame.objects, kept)
