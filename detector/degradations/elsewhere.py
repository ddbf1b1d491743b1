"""Whose trouble has its cause elsewhere: cells that carry a lost neighbour's users, core functions whose cells are gone."""

from collections.abc import Set as AbstractSet

import numpy as np

from detector.degradations.scene import Scene
from detector.domain.cell import base_object
from detector.domain.degradation import SEVERITIES
from detector.domain.kpi import Kpi

HOSTING = 1.3
"""Load or traffic over this multiple of its expectation beside a lost cell: its users are here now."""
ON_ITS_OWN = SEVERITIES.index("major")
"""What an overloaded neighbour shows is told if it is as bad as this; under it, the lost cell's own degradation says it."""


def hosting(scene: Scene, i: int) -> bool:
    """The cell carries clearly more than usual, and a neighbour or a cell that counts it as one is gone."""
    if scene.load(i) < HOSTING:
        return False
    name = base_object(scene.evidence.objects[i])
    beside = scene.topology.neighbours
    return any(lost in beside.get(name, ()) or name in beside.get(lost, ()) for lost in scene.lost - {name})


def worth_telling(severity: str) -> bool:
    return SEVERITIES.index(severity) >= ON_ITS_OWN


def cells_gone(scene: Scene, i: int, kpi: Kpi) -> bool:
    """A core function is asked less because the cells behind it carry less: no more is missing than they explain, be they
    all that it serves or those of one technology (an AMF's are NR). Where half of them are lost nobody can tell."""
    col = scene.evidence.kpi_index[kpi.id]
    expected = float(scene.evidence.expected[i, col])
    kept = float(scene.evidence.observed[i, col]) / expected if expected > 0 else 1.0
    names = scene.topology.cells_behind(scene.evidence.objects[i]) & scene.evidence.object_index.keys()
    technologies = {scene.topology.technology(cell) for cell in names}
    groups = [names, *({c for c in names if scene.topology.technology(c) == one} for one in technologies)]
    return any(
        2 * len(scene.lost & group) >= len(group) or kept >= (1 - kpi.floor) * carried(scene, group)
        for group in groups
        if group
    )


def carried(scene: Scene, cells: AbstractSet[str]) -> float:
    """Share of their usual traffic that these cells carry: none more than all of its own, and nothing where the newest
    period says so though a longer horizon still remembers better times."""
    rows = [scene.evidence.object_index[cell] for cell in cells]
    lost = np.array([cell in scene.out_of_service for cell in cells]) | scene.less_now[rows]
    share = np.where(lost, 0.0, np.nan_to_num(np.minimum(scene.most_carried[rows], 1.0), nan=1.0))
    usual = scene.usual[rows]
    weight = np.where(np.isfinite(usual), usual, np.nanmedian(usual) if np.isfinite(usual).any() else 1.0)
    return float(np.average(share, weights=weight)) if weight.sum() > 0 else float(share.mean())


def alike(scene: Scene, i: int, family: str) -> tuple[int, int]:
    """(the other measured cells of the site, those of them that look bad in this family) as far as chance allows to say:
    every tenth healthy one looks like that."""
    cell = scene.cell(scene.evidence.objects[i])
    if cell is None or not cell.site_id:
        return 0, 0
    names = scene.topology.groups["site", cell.site_id] - {cell.cell_id}
    rows = [row for row in (scene.evidence.object_index.get(name) for name in sorted(names)) if row is not None]
    strength = scene.evidence.strength[rows][:, scene.columns(family)]
    tested = np.isfinite(strength)
    known = tested.any(axis=1)
    surest = np.where(tested, strength, -np.inf).max(axis=1, initial=-np.inf) - np.log10(np.maximum(tested.sum(axis=1), 1))
    return int(known.sum()), int((known & (surest >= 1.0)).sum())
