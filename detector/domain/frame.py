"""Periods x objects x KPIs, as counts until they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.domain.kpi import Kpi
from detector.domain.window import Tick


@dataclass(frozen=True, eq=False, kw_only=True)
class KpiFrame:
    """`numerator[p, o, k]` and `denominator[p, o, k]`; NaN = missing; `suspect[p, o]`; all read-only.

    A ratio or rate has counts in both; a mean has sum and weight; a gauge or volume has its value and the number of
    periods it stands for, so that every KPI may be summed over time and objects: a value is a ratio of sums.
    `starts` are period starts in s, ascending, all of `duration_s`.
    """

    starts: NDArray[np.int64]
    duration_s: int
    objects: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    suspect: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = (len(self.starts), len(self.objects), len(self.kpis))
        if self.numerator.shape != shape or self.denominator.shape != shape or self.suspect.shape != shape[:2]:
            raise ValueError(f"frame of {self.numerator.shape} where {shape} is named")
        for array in (self.starts, self.numerator, self.denominator, self.suspect):
            array.setflags(write=False)

    @cached_property
    def value(self) -> NDArray[np.float64]:
        """numerator / denominator; NaN where either is missing or the denominator is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.denominator > 0, self.numerator / self.denominator, np.nan)

    @cached_property
    def object_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.objects)}

    @cached_property
    def kpi_index(self) -> dict[str, int]:
        return {kpi.id: i for i, kpi in enumerate(self.kpis)}

    @property
    def present(self) -> NDArray[np.bool_]:
        """[p, o]: the object reported at least one KPI in the period."""
        return np.asarray(np.isfinite(self.numerator).any(axis=2))

    def aligned(self, objects: Sequence[str], kpis: Sequence[Kpi] | None = None) -> "KpiFrame":
        """The same periods for these objects and KPIs in this order; NaN for those that the frame does not have."""
        kpis = tuple(self.kpis if kpis is None else kpis)
        o = np.array([self.object_index.get(name, -1) for name in objects], dtype=np.intp)
        k = np.array([self.kpi_index.get(kpi.id, -1) for kpi in kpis], dtype=np.intp)
        known = (o >= 0)[:, None] & (k >= 0)[None, :]
        pick = np.ix_(np.arange(len(self.starts)), o, k)
        if not self.objects or not self.kpis:
            blank = np.full((len(self.starts), len(o), len(k)), np.nan)
            num, den = blank, blank.copy()
        else:
            num = np.where(known, self.numerator[pick], np.nan)
            den = np.where(known, self.denominator[pick], np.nan)
        suspect = np.where(o >= 0, self.suspect[:, o], False) if self.objects else np.zeros(num.shape[:2], bool)
        return KpiFrame(
            starts=self.starts,
            duration_s=self.duration_s,
            objects=tuple(objects),
            kpis=kpis,
            numerator=num,
            denominator=den,
            suspect=suspect,
        )


def empty_frame(duration_s: int, kpis: Sequence[Kpi] = ()) -> KpiFrame:
    """No periods and no objects."""
    none = np.empty((0, 0, len(kpis)))
    return KpiFrame(
        starts=np.empty(0, np.int64),
        duration_s=duration_s,
        objects=(),
        kpis=tuple(kpis),
        numerator=none,
        denominator=none.copy(),
        suspect=np.empty((0, 0), bool),
    )


def stack(frames: Sequence[KpiFrame]) -> KpiFrame:
    """Frames of different periods and one duration as one, objects and KPIs united, in order of time."""
    frames = sorted((f for f in frames if len(f.starts)), key=lambda f: int(f.starts[0]))
    if not frames:
        raise ValueError("no frames to stack")
    objects = tuple(dict.fromkeys(name for f in frames for name in f.objects))
    kpis = tuple({k.id: k for f in frames for k in f.kpis}.values())
    same = [f if f.objects == objects and f.kpis == kpis else f.aligned(objects, kpis) for f in frames]
    starts = np.concatenate([f.starts for f in same])
    order = np.argsort(starts, kind="stable")  # a corrected tick may lie in a file of its own, amid another's periods
    num, den, suspect = (
        np.concatenate([getattr(f, name) for f in same])[order] for name in ("numerator", "denominator", "suspect")
    )
    return KpiFrame(
        starts=starts[order],
        duration_s=frames[0].duration_s,
        objects=objects,
        kpis=kpis,
        numerator=num,
        denominator=den,
        suspect=suspect,
    )


def overlaid(old: KpiFrame, new: KpiFrame) -> KpiFrame:
    """`new` for its own periods, filled up from `old` where it has no rows."""
    objects = tuple(dict.fromkeys((*new.objects, *old.objects)))
    kpis = tuple({k.id: k for k in (*new.kpis, *old.kpis)}.values())
    top, base = new.aligned(objects, kpis), old.aligned(objects, kpis)
    here = np.isin(base.starts, top.starts)
    at = np.searchsorted(top.starts, base.starts[here])
    num, den, suspect = top.numerator.copy(), top.denominator.copy(), top.suspect.copy()
    blank = np.isnan(num[at])
    num[at] = np.where(blank, base.numerator[here], num[at])
    den[at] = np.where(blank, base.denominator[here], den[at])
    suspect[at] |= base.suspect[here] & blank.all(axis=2)
    return KpiFrame(
        starts=top.starts.copy(),
        duration_s=new.duration_s,
        objects=objects,
        kpis=kpis,
        numerator=num,
        denominator=den,
        suspect=suspect,
    )


def ending_at(frame: KpiFrame, tick: Tick, periods: int) -> KpiFrame:
    """Exactly the `periods` periods up to and with the tick; those that the frame lacks are missing data. One that begins
    less than half a period beside its time takes it, if none begins there: a day after the clocks have changed."""
    starts = tick.start - tick.duration_s * np.arange(periods - 1, -1, -1, dtype=np.int64)
    shape = (periods, len(frame.objects), len(frame.kpis))
    num, den, suspect = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape[:2], bool)
    place = np.floor_divide(frame.starts - starts[0] + tick.duration_s // 2, tick.duration_s)
    beside = np.abs(frame.starts - starts[0] - place * tick.duration_s)
    here = np.flatnonzero((place >= 0) & (place < periods) & (2 * beside < tick.duration_s))
    here = here[np.argsort(-beside[here], kind="stable")]
    for one, at in zip(here, place[here], strict=True):
        num[at], den[at], suspect[at] = frame.numerator[one], frame.denominator[one], frame.suspect[one]
    return KpiFrame(
        starts=starts,
        duration_s=tick.duration_s,
        objects=frame.objects,
        kpis=frame.kpis,
        numerator=num,
        denominator=den,
        suspect=suspect,
    )
