"""Attribution: cells that carry a lost neighbour's users, and core functions whose cells are gone, are not the cause."""

from collections.abc import Set as AbstractSet

import numpy as np

from detector.degradations.tick_context import TickContext
from detector.domain.cell import base_object
from detector.domain.degradation import SEVERITIES
from detector.domain.kpi import Kpi

CARRIES_MORE = 1.3
"""Load or traffic over this multiple of its expectation beside a lost cell: it carries the users of that one. Chosen: beyond
ordinary peaks of an hour."""
ON_ITS_OWN = SEVERITIES.index("major")
"""The degradation of an overloaded neighbour is raised from this severity on; under it, the lost cell's own covers it."""


def carries_for_lost_cell(context: TickContext, i: int) -> bool:
    """The cell carries clearly more than expected, and a neighbour or a cell that counts it as one is gone."""
    if context.load(i) < CARRIES_MORE:
        return False
    name = base_object(context.evidence.objects[i])
    beside = context.topology.neighbours
    return any(lost in beside.get(name, ()) or name in beside.get(lost, ()) for lost in context.lost - {name})


def severe_on_its_own(severity: str) -> bool:
    return SEVERITIES.index(severity) >= ON_ITS_OWN


def cells_gone(context: TickContext, i: int, kpi: Kpi) -> bool:
    """A core function has fewer requests because the cells behind it carry less: no more is missing than they explain, be
    they all that it serves or those of one technology (an AMF's are NR). Where half of them are lost this cannot be
    decided."""
    col = context.evidence.kpi_index[kpi.id]
    expected = float(context.evidence.expected[i, col])
    kept = float(context.evidence.observed[i, col]) / expected if expected > 0 else 1.0
    names = context.topology.cells_behind(context.evidence.objects[i]) & context.evidence.object_index.keys()
    technologies = {context.topology.technology(cell) for cell in names}
    groups = [names, *({c for c in names if context.topology.technology(c) == one} for one in technologies)]
    return any(
        2 * len(context.lost & group) >= len(group) or kept >= (1 - kpi.floor) * carried(context, group)
        for group in groups
        if group
    )


def carried(context: TickContext, cells: AbstractSet[str]) -> float:
    """Share of their expected traffic that these cells carry: none more than all of its own, and nothing where the newest
    period shows it though a longer horizon still contains better periods."""
    rows = [context.evidence.object_index[cell] for cell in cells]
    lost = np.array([cell in context.out_of_service for cell in cells]) | context.less_now[rows]
    share = np.where(lost, 0.0, np.nan_to_num(np.minimum(context.most_carried[rows], 1.0), nan=1.0))
    expected_traffic = context.expected_traffic[rows]
    weight = np.where(
        np.isfinite(expected_traffic),
        expected_traffic,
        np.nanmedian(expected_traffic) if np.isfinite(expected_traffic).any() else 1.0,
    )
    return float(np.average(share, weights=weight)) if weight.sum() > 0 else float(share.mean())


def siblings_like(context: TickContext, i: int, family: str) -> tuple[int, int]:
    """(the other measured cells of the site, those of them that look bad in this family) beyond chance:
    every tenth healthy one looks like that."""
    cell = context.cell(context.evidence.objects[i])
    if cell is None or not cell.site_id:
        return 0, 0
    names = context.topology.groups["site", cell.site_id] - {cell.cell_id}
    rows = [row for row in (context.evidence.object_index.get(name) for name in sorted(names)) if row is not None]
    neg_log10_p = context.evidence.neg_log10_p[rows][:, context.columns(family)]
    tested = np.isfinite(neg_log10_p)
    known = tested.any(axis=1)
    surest = np.where(tested, neg_log10_p, -np.inf).max(axis=1, initial=-np.inf) - np.log10(
        np.maximum(tested.sum(axis=1), 1)
    )
    return int(known.sum()), int((known & (surest >= 1.0)).sum())
