"""Which cells are alike, and by how much each is worse than those that are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import Cell

LEAST_PEERS = 12
"""Cells from which a group of peers has a median and a spread. Chosen: the spread is then known within a quarter."""
POOLED_PEERS = 30
"""Weight, in cells, of the whole technology's spread beside a group's own. Chosen: the spread of a dozen cells is chance."""
LEAST_SPREAD = 0.1
"""Least spread of peers, on a logarithmic scale. Chosen: a tenth worse than all others matters to nobody."""
MOST_SPREADS = 12.0
"""Largest distance in a profile. Chosen: beyond it a cell is no worse, and one KPI does not outweigh all others."""
LAND_USES = 4
"""Kinds of land use that differ in the shape of the week. Chosen: offices, homes, roads and the country."""
ROUNDS = 20
"""Of the k-means over shapes. Chosen: far more than it takes to come to rest."""
TO_STANDARD_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation. Definition."""
Floats = NDArray[np.float64]
Groups = NDArray[np.intp]
"""[cell] the number of its group."""


@dataclass(frozen=True, eq=False)
class Against:
    """[cell] the median of its peers, by how many of their spreads it is worse (0: no worse), and how many they are."""

    median: Floats
    distance: Floats
    peers: NDArray[np.int64]


def compare(values: Floats, errors: Floats, groups: Sequence[Groups]) -> Against:
    """Each cell against the first of its groups with LEAST_PEERS known members; the spread is wider where errors are larger.

    values: [cell] on a logarithmic scale, worse is more, NaN = not known; errors: their standard errors.
    """
    median, spread, typical_error = (np.full(len(values), np.nan) for _ in range(3))
    peers = np.zeros(len(values), np.int64)
    known = np.isfinite(values)
    everyones = _spread_within(values, groups[-1])
    for group in groups:
        for number in np.unique(group[known & np.isnan(median)]):
            members = np.flatnonzero(known & (group == number))
            if len(members) < LEAST_PEERS:
                continue
            left = members[np.isnan(median[members])]
            weight = len(members) / (len(members) + POOLED_PEERS)
            own = _spread_within(values[members], np.zeros(len(members), np.intp))
            median[left], typical_error[left] = np.median(values[members]), np.median(errors[members])
            spread[left], peers[left] = np.sqrt(weight * own**2 + (1 - weight) * everyones**2), len(members)
    compared = known & np.isfinite(median)
    wide = np.sqrt(np.fmax(spread, LEAST_SPREAD) ** 2 + np.fmax(errors**2 - typical_error**2, 0.0))
    distance = np.clip((values - median) / wide, 0.0, MOST_SPREADS)
    return Against(median, np.where(compared, distance, 0.0), peers)


def _spread_within(values: Floats, group: Groups) -> float:
    """Standard deviation about each group's median, by the median absolute deviation; 0 where nothing is known."""
    known = np.isfinite(values)
    members = [known & (group == number) for number in np.unique(group[known])]
    away = [np.abs(values[own] - np.median(values[own])) for own in members]
    return TO_STANDARD_DEVIATION * float(np.median(np.concatenate(away))) if away else 0.0


def peer_groups(cells: Sequence[Cell], land_use: Groups) -> list[Groups]:
    """From the narrowest to the widest: technology, band, land use and vendor; without the vendor; without the land use;
    technology alone."""
    traits = [(c.technology, c.band or c.layer, str(use), c.vendor) for c, use in zip(cells, land_use, strict=True)]
    return [_numbered(["\x00".join(own[:depth]) for own in traits]) for depth in (4, 3, 2, 1)]


def band_groups(cells: Sequence[Cell]) -> Groups:
    """[cell] the number of its technology and band."""
    return _numbered([f"{cell.technology}\x00{cell.band or cell.layer}" for cell in cells])


def technologies(cells: Sequence[Cell]) -> Groups:
    """[cell] the number of its technology."""
    return _numbered([cell.technology for cell in cells])


def _numbered(names: Sequence[str]) -> Groups:
    return np.asarray(np.unique(np.array(names, dtype=str), return_inverse=True)[1], np.intp)


def land_uses(shape: Floats) -> Groups:
    """[cell] which of LAND_USES shapes its load has. `shape`: [cell, hour] shares that sum to 1.

    k-means (Lloyd, IEEE Trans. Inf. Theory 28, 1982) from the cells at equal steps of the mean hour, so that equal input has
    equal groups.
    """
    if len(shape) < LAND_USES * LEAST_PEERS:
        return np.zeros(len(shape), np.intp)
    order = np.argsort(shape @ np.arange(shape.shape[1]), kind="stable")
    centres = shape[order[len(shape) // (2 * LAND_USES) :: len(shape) // LAND_USES]][:LAND_USES].copy()
    nearest = np.zeros(len(shape), np.intp)
    for _ in range(ROUNDS):
        nearest = np.argmin(np.stack([((shape - centre) ** 2).sum(axis=1) for centre in centres]), axis=0)
        for use in range(len(centres)):
            if (nearest == use).any():
                centres[use] = shape[nearest == use].mean(axis=0)
    return nearest
