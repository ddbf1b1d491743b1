"""What a local day of counters leaves for the comparison with peers: sums per cell and KPI, and the shape of its load."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.local_time import HOURS, by_hour, local_seconds
from detector.domain.window import DAY_S, HOUR_S

BUSY_HOURS = 4
"""Hours of a day with the most load that count as busy. Chosen: a sixth of the day, an evening or a morning and a noon."""
LOAD_BINS = 10
"""Classes of PRB use, each 10 points wide, within which peers are compared. Chosen: congestion shows within one or two."""
AROUND_S = 7_200
"""On both sides of a period (s), what its traffic is compared with. Chosen: the hour of the day changes little in it."""
LIVELY_SHARE = 0.2
"""Share of the day's largest traffic from which a cell is used as a rule. Chosen: nights do not count."""
LEAST_COUNT = 20.0
"""Traffic of a period from which its absence is no chance. Chosen: e^-20 of a Poisson count."""
SILENT_SHARE = 0.1
"""Share of the traffic around under which a period is silent. Chosen: as `domain.kpi.COLLAPSED_SHARE`."""
SILENCE = Kpi(
    id="silence",
    title="Time without any traffic amid traffic",
    unit="%",
    kind="ratio",
    direction="down",
    family="availability",
    technology="any",
    clause="",
    numerator="",
)
"""Counted here rather than in the catalogue: it compares a period with its own neighbours."""
LEAST_EXPECTED = 1.0
"""Failures expected of an hour that counts for the variability. Chosen: below, chi^2 has a tail of single failures."""
Floats = NDArray[np.float64]
Sums = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class CellDay:
    """Sums of one local day, `day` of them since 1970-01-01, [cell, KPI]; `load_shape`: [cell, 24] traffic by local hour.

    Of counts (ratios, rates): `bad` failures, `base` attempts or seconds of session, `expected` failures that peers have at
    the same PRB use, `squares` chi^2 of the hours about the day's own level. Of means: `bad` sum over hours of the
    logarithm, worse is more, `base` hours, `expected` the same sum of the peers' median at the same PRB use, `squares`
    sum of the squared difference. `hours`: how many are in `squares`. `busy_*`: the same of the busiest hours.
    """

    day: int
    cells: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    bad: Sums
    base: Sums
    expected: Sums
    squares: Sums
    hours: Sums
    busy_bad: Sums
    busy_base: Sums
    busy_expected: Sums
    load_shape: Sums

    @property
    def parts(self) -> tuple[Sums, ...]:
        """The eight sums, in the order above."""
        busy = self.busy_bad, self.busy_base, self.busy_expected
        return self.bad, self.base, self.expected, self.squares, self.hours, *busy


def compared(kpi: Kpi) -> bool:
    """Whether cells are compared with peers by this KPI: it is judged, and it is how well people are served."""
    serves = kpi.watches.quality or kpi.watches.downtime
    return kpi.judged and serves and not kpi.traits.traffic and kpi.traits.orientation != "any"


def cell_day(frame: KpiFrame, groups: NDArray[np.intp], timezone: str) -> CellDay:
    """The day in `frame` (whole local hours of one day, only cells), `groups`: [cell] number of its technology and band."""
    slots = (local_seconds(frame.starts, timezone) % DAY_S // HOUR_S).astype(np.intp)
    kpis = tuple(kpi for kpi in frame.kpis if compared(kpi))
    load, traffic = _load(frame, slots), _traffic(frame, slots)
    busy = _busiest(np.where(np.isfinite(load), load, 0.0) + 1e-9 * traffic)
    bins = np.where(np.isfinite(load), np.clip(load / (100 / LOAD_BINS), 0, LOAD_BINS - 1), LOAD_BINS).astype(np.intp)
    strata = bins + (LOAD_BINS + 1) * groups[None, :]
    parts = [_sums_of(kpi, frame, slots, strata, busy) for kpi in kpis]
    parts.append(_sums_of_silence(frame, groups))
    stacked = np.array(parts, np.float32)
    bad, base, expected, squares, hours, busy_bad, busy_base, busy_expected = stacked.transpose(1, 2, 0)
    return CellDay(
        day=int(local_seconds(frame.starts[:1], timezone)[0] // DAY_S),
        cells=frame.objects,
        kpis=(*kpis, SILENCE),
        bad=bad,
        base=base,
        expected=expected,
        squares=squares,
        hours=hours,
        busy_bad=busy_bad,
        busy_base=busy_base,
        busy_expected=busy_expected,
        load_shape=traffic.T.astype(np.float32),
    )


def silent_periods(frame: KpiFrame) -> tuple[Floats, Floats]:
    """[cell] (periods that lost all traffic although the two hours on both sides have it, periods that could have).

    Every count of traffic has to be gone: the counters of one kind alone may be missing.
    """
    amounts = [frame.numerator[:, :, k] for k, kpi in enumerate(frame.kpis) if kpi.traits.traffic and kpi.judged]
    reach = max(1, AROUND_S // frame.duration_s)
    silent, served = np.ones(frame.suspect.shape, bool), np.zeros(frame.suspect.shape, bool)
    for values in amounts:
        known = np.isfinite(values)
        padded = np.pad(np.where(known, values, 0.0), ((reach, reach), (0, 0)), mode="edge")
        around = np.median(sliding_window_view(padded, 2 * reach + 1, axis=0), axis=2)
        lively = known & (around >= LIVELY_SHARE * _largest(values)) & (around >= LEAST_COUNT)
        silent &= ~known | (lively & (values <= SILENT_SHARE * around))
        served |= lively
    return (silent & served).sum(axis=0).astype(float), served.sum(axis=0).astype(float)


def _largest(values: NDArray[Any]) -> Floats:
    """[cell] the largest value of the day, 0 where there is none."""
    return np.asarray(np.nan_to_num(values, nan=0.0).max(axis=0, initial=0.0), np.float64)


def _load(frame: KpiFrame, slots: NDArray[np.intp]) -> Floats:
    """[24, cell] mean PRB use (%), the fuller direction; NaN where it is not counted."""
    found = [_value(frame, k, slots) for k, kpi in enumerate(frame.kpis) if kpi.load]
    return np.fmax.reduce(found) if found else np.full((HOURS, len(frame.objects)), np.nan)


def _value(frame: KpiFrame, k: int, slots: NDArray[np.intp]) -> Floats:
    above, below = by_hour(frame.numerator[:, :, k], slots), by_hour(frame.denominator[:, :, k], slots)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _traffic(frame: KpiFrame, slots: NDArray[np.intp]) -> Floats:
    """[24, cell] the volume that most cells count: attempts, or data."""
    total = np.zeros((HOURS, len(frame.objects)))
    for k, kpi in enumerate(frame.kpis):
        if kpi.traits.traffic:
            sums = np.nan_to_num(by_hour(frame.numerator[:, :, k], slots))
            largest = sums.max(axis=0)
            total += sums / np.where(largest > 0, largest, 1.0)
    return total


def _busiest(load: Floats) -> NDArray[np.bool_]:
    """[24, cell] its BUSY_HOURS hours of most load."""
    limit = np.partition(load, HOURS - BUSY_HOURS, axis=0)[HOURS - BUSY_HOURS]
    return np.asarray((load >= limit) & (load > 0))


def _sums_of(
    kpi: Kpi, frame: KpiFrame, slots: NDArray[np.intp], strata: NDArray[np.intp], busy: NDArray[np.bool_]
) -> Sequence[Floats]:
    """The eight sums of a KPI, in the order of CellDay."""
    k = frame.kpi_index[kpi.id]
    above, below = by_hour(frame.numerator[:, :, k], slots), by_hour(frame.denominator[:, :, k], slots)
    known = np.isfinite(above) & (below > 0)
    if kpi.traits.counts_failures:
        base = np.where(known, below, 0.0)
        bad = np.where(known, below - above if kpi.counts_successes else above, 0.0)
        expected = base * _pooled(bad, base, strata)
        squares, steady = _chi_squared(bad, expected)
    else:
        known &= above > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            bad = np.where(known, kpi.worse_sign * np.log(above / below), 0.0)
        base = known.astype(float)
        expected = base * _medians(bad, known, strata)
        squares, steady = base * (bad - expected) ** 2, known
    return [
        *(values.sum(axis=0) for values in (bad, base, expected, squares, steady)),
        *(np.where(busy, values, 0.0).sum(axis=0) for values in (bad, base, expected)),
    ]


def _sums_of_silence(frame: KpiFrame, groups: NDArray[np.intp]) -> Sequence[Floats]:
    silent, served = silent_periods(frame)
    expected = served * _pooled(silent, served, groups)
    return [silent, served, expected, *np.zeros((5, len(silent)))]


def _chi_squared(bad: Floats, expected: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """([24, cell] squared deviation from the day's own level over its variance by chance, which hours count)."""
    level = bad.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-12)
    mean = expected * level
    counted = mean >= LEAST_EXPECTED
    return np.where(counted, (bad - mean) ** 2 / np.where(counted, mean, 1.0), 0.0), counted


def _pooled(bad: Floats, base: Floats, strata: NDArray[np.intp]) -> Floats:
    """[...] each one's stratum's share of failures."""
    failures, attempts = (np.bincount(strata.ravel(), values.ravel()) for values in (bad, base))
    return np.asarray((failures / np.maximum(attempts, 1e-12))[strata])


def _medians(values: Floats, known: NDArray[np.bool_], strata: NDArray[np.intp]) -> Floats:
    """Each stratum's median."""
    order = np.lexsort((values[known], strata[known]))
    of, sorted_values = strata[known][order], values[known][order]
    first, count = np.unique(of, return_index=True, return_counts=True)[1:] if len(of) else (np.empty(0, int),) * 2
    table = np.zeros(int(strata.max(initial=0)) + 1)
    middle = (sorted_values[first + (count - 1) // 2] + sorted_values[first + count // 2]) / 2 if len(of) else 0.0
    table[np.unique(of)] = middle
    return np.asarray(table[strata])
