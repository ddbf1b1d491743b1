"""A cell's profile over some weeks against its peers: by KPI and aspect, how many spreads of its peers it is worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.chronic.days import CellDay
from detector.chronic.peers import compare, land_uses, peer_groups
from detector.domain.cell import Cell
from detector.domain.kpi import Kpi
from detector.domain.local_time import HOURS

ASPECTS = ("level", "at its load", "busy hours", "variability")
"""What of a KPI is compared: its mean, its mean given the PRB use, the same in the busiest hours, how far hours differ."""
AT_LOAD = (1, 2)
"""Aspects that are against an expectation: above 0 is worse than it. Definition."""
LEAST_DAYS = 5
"""Days with counters from which a cell has a profile. Chosen: most of a week."""
SET_ASIDE = 0.2
"""Share of a cell's days, its worst, that a profile leaves out. Chosen: five days of trouble in four weeks are a fault."""
PRIOR_FAILURES = 3.0
"""Failures added to what is seen and to what is expected. Chosen: a cell with hardly any traffic is like its peers."""
PRIOR_SHARE = 0.001
"""Share of attempts, or of time, added likewise. Chosen: of a KPI that is as good as perfect, differences do not matter."""
LEAST_VARIANCE = 1e-4
"""Of the hours of a mean, on a logarithmic scale. Chosen: 1 %, beyond what a gauge resolves."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Profiles:
    """distances: [cell, KPI, aspect] spreads of its peers by which the cell is worse, 0 where it is no worse or not known.

    values, peer_values: [cell, KPI] its own mean over the days that count, and the median of its peers: share that fails,
    failures a second of session, or the mean itself. NaN where not known. peers: [cell] how many it was compared with.
    """

    cells: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    distances: Floats
    values: Floats
    peer_values: Floats
    peers: NDArray[np.int64]

    @cached_property
    def by_kpi(self) -> Floats:
        """[cell, KPI] the worst aspect."""
        return np.asarray(self.distances.max(axis=2, initial=0.0))


def profiles_of(days: Sequence[CellDay], cells: Sequence[Cell]) -> Profiles:
    """Profiles of these cells from all days; those with fewer than LEAST_DAYS days are at no distance from anybody."""
    names = tuple(cell.cell_id for cell in cells)
    kpis = tuple(sorted({kpi.id: kpi for day in days for kpi in day.kpis}.values(), key=lambda kpi: kpi.id))
    sums = _Sums(days, names, kpis)
    groups = peer_groups(cells, land_uses(sums.load_shape()))
    distances = np.zeros((len(names), len(kpis), len(ASPECTS)))
    values, peer_values = np.full((2, len(names), len(kpis)), np.nan)
    peers = np.zeros(len(names), np.int64)
    for k, kpi in enumerate(kpis):
        aspects, errors, values[:, k] = _aspects(sums.of(k), kpi)
        against = [compare(aspect, error, groups) for aspect, error in zip(aspects, errors, strict=True)]
        distances[:, k] = np.stack([one.distance for one in against], axis=1)
        for a in AT_LOAD:
            distances[~(aspects[a] > 0), k, a] = 0.0  # no worse than expected at its load, whatever its peers are
        peer_values[:, k] = compare(values[:, k], np.zeros(len(names)), groups).median
        peers = np.maximum(peers, against[0].peers)
    return Profiles(cells=names, kpis=kpis, distances=distances, values=values, peer_values=peer_values, peers=peers)


@dataclass(frozen=True, eq=False)
class _Kpi:
    """parts: [8, cell] sums over the days that count, in the order of CellDay; days: [cell] how many there were."""

    parts: Floats
    days: NDArray[np.int64]


class _Sums:
    """All days, aligned to the cells and KPIs."""

    def __init__(self, days: Sequence[CellDay], cells: Sequence[str], kpis: Sequence[Kpi]) -> None:
        self._days, self._cells, self._kpis = days, cells, kpis
        at = {name: i for i, name in enumerate(cells)}
        self._rows = [np.array([at.get(name, -1) for name in day.cells], np.intp) for day in days]

    def of(self, k: int) -> _Kpi:
        """Of one KPI: the worst days of each cell are set aside."""
        numbers = {day: n for n, day in enumerate(sorted({day.day for day in self._days}))}
        table = np.zeros((8, len(numbers), len(self._cells)))
        for day, rows in zip(self._days, self._rows, strict=True):
            if self._kpis[k] in day.kpis:
                own, known = day.kpis.index(self._kpis[k]), rows >= 0
                table[:, numbers[day.day], rows[known]] += [part[known, own] for part in day.parts]
        bad, base, expected = table[:3]
        counted = base > 0
        days = counted.sum(axis=0)
        if self._kpis[k].traits.counts_failures:
            worse = (bad + 1.0) / (expected + 1.0)
        else:
            worse = (bad - expected) / np.maximum(base, 1.0)
        rank = np.argsort(np.argsort(np.where(counted, -worse, np.inf), axis=0, kind="stable"), axis=0)
        kept = counted & (rank >= np.floor(SET_ASIDE * days))
        return _Kpi(np.where(kept, table, 0.0).sum(axis=1), days)

    def load_shape(self) -> Floats:
        """[cell, 48] traffic by local hour, weekdays and weekend days apart, as shares of all of it."""
        shape = np.zeros((2, len(self._cells), HOURS))
        for day, rows in zip(self._days, self._rows, strict=True):
            shape[int((day.day + 3) % 7 >= 5), rows[rows >= 0]] += day.load_shape[rows >= 0]
        both = np.concatenate(list(shape), axis=1)
        return np.asarray(both / np.maximum(both.sum(axis=1, keepdims=True), 1e-9))


def _aspects(sums: _Kpi, kpi: Kpi) -> tuple[list[Floats], list[Floats], Floats]:
    """(each aspect: [cell] worse is more, NaN where not known; the standard error of each; the plain value)."""
    known = (sums.days >= LEAST_DAYS) & (sums.parts[1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        aspects, errors, value = (_of_counts if kpi.traits.counts_failures else _of_means)(sums.parts, kpi)
    errors = [np.where(known, error, np.inf) for error in errors]
    return [np.where(known & np.isfinite(one), one, np.nan) for one in aspects], errors, np.where(known, value, np.nan)


def _of_counts(parts: Floats, kpi: Kpi) -> tuple[list[Floats], list[Floats], Floats]:
    """Logarithms of levels; of the variability the coefficient of variation beyond Poisson, 0 where chance explains it."""
    bad, base, expected, squares, hours, busy_bad, busy_base, busy_expected = parts
    prior = PRIOR_FAILURES + (PRIOR_SHARE * base if kpi.traits.fraction else 0.0)
    busy_prior = prior * busy_base / base
    variation = np.sqrt(np.maximum(squares - hours, 0.0) / (bad + prior))
    error, busy_error = 1 / np.sqrt(bad + prior), 1 / np.sqrt(busy_bad + busy_prior)
    varying_error = (2 * hours) ** 0.25 / np.sqrt(bad + prior)
    aspects = [
        np.log((bad + prior) / base),
        np.log((bad + prior) / (expected + prior)),
        np.log((busy_bad + busy_prior) / (busy_expected + busy_prior)),
        variation,
    ]
    return aspects, [error, error, busy_error, varying_error], bad / base


def _of_means(parts: Floats, kpi: Kpi) -> tuple[list[Floats], list[Floats], Floats]:
    """Means of logarithms; of the variability the logarithm of the standard deviation at equal load."""
    bad, base, expected, squares, _, busy_bad, busy_base, busy_expected = parts
    level, at_load = bad / base, (bad - expected) / base
    variance = np.maximum(squares / base - at_load**2, LEAST_VARIANCE)
    aspects = [level, at_load, (busy_bad - busy_expected) / busy_base, 0.5 * np.log(variance)]
    return aspects, [np.zeros(len(level))] * len(ASPECTS), _natural(level, kpi)


def _natural(level: Floats, kpi: Kpi) -> Floats:
    """A level as people read it."""
    return np.exp(level if kpi.traits.counts_failures else kpi.worse_sign * level)
