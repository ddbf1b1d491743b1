"""Evidence of the cells that are not bad enough to be raised: whether those beside a bad one look like it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

from detector.domain.evidence import Evidence

ALIKE = 1.0
"""-log10 p from which a cell looks like its bad sibling. Chosen: every tenth healthy one does."""
LARGEST = 6.0
"""Most -log10 p that one cell adds to its group. Chosen: one cell alone must not decide for all."""


class SubThresholdEvidence:
    """The evidence of one tick below the threshold, by family; empty without evidence."""

    def __init__(self, evidence: Evidence | None = None) -> None:
        self._evidence = evidence
        self._kept: dict[frozenset[str], NDArray[np.float64]] = {}

    def of(self, cells: Iterable[str], families: frozenset[str]) -> list[float]:
        """-log10 p of those cells that could show something in these families."""
        place, neg_log10_p = self._place, self._neg_log10_p(families)
        found = (neg_log10_p[place[cell]] for cell in cells if cell in place)
        return [float(value) for value in found if np.isfinite(value)]

    def common(self, apart_from: AbstractSet[str], families: frozenset[str]) -> float:
        """Mean -ln p over all other objects; 1 is what chance gives."""
        neg_log10_p = self._neg_log10_p(families)
        others = np.isfinite(neg_log10_p)
        others[[self._place[cell] for cell in apart_from if cell in self._place]] = False
        return float(neg_log10_p[others].mean() * log(10)) if others.any() else 1.0

    @cached_property
    def _place(self) -> dict[str, int]:
        return self._evidence.object_index if self._evidence else {}

    def _neg_log10_p(self, families: frozenset[str]) -> NDArray[np.float64]:
        """[object]: the surest of the families' KPIs, corrected for their number; NaN = none is testable."""
        if families not in self._kept:
            self._kept[families] = self._surest(families)
        return self._kept[families]

    def _surest(self, families: frozenset[str]) -> NDArray[np.float64]:
        if self._evidence is None:
            return np.empty(0)
        own = self._evidence.neg_log10_p[:, [k for k, kpi in enumerate(self._evidence.kpis) if kpi.family in families]]
        tested = np.isfinite(own).sum(axis=1)
        surest = np.where(np.isfinite(own), own, 0.0).max(axis=1, initial=0.0) - np.log10(np.maximum(tested, 1))
        return np.where(tested > 0, np.clip(surest, 0.0, LARGEST), np.nan)
