"""Extra failures per attempt behind a cell, from the degradations that act on it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from detector.domain.degradation import Degradation
from detector.domain.kpi import Kpi, family_of

SESSION_S = 90.0
"""Session time behind one attempt: turns releases per session second into releases per attempt. Chosen: the mean of a data
session."""
DIMENSION_SHARE = 0.35
"""Share of a cell's attempts that one slice or QoS class of it carries, where nothing better is known. Chosen: a third, as
of three classes."""
POOLED = 20.0
"""Extra failures of one object that weigh as much as the common rate of all objects of the incident. Chosen: 20 have a
standard error of 22 %."""
LUCK = 0.5
"""Standard deviations of its own count by which the maximum of many overstates the lasting rate. Chosen: about the expected
maximum of two (0.56)."""


def failing_of(cell: str, own: Sequence[Degradation], kpis: Mapping[str, Kpi], common: Mapping[str, float]) -> float:
    """Extra failures per attempt behind `cell`. KPIs of one family watch the same failures, so the worst stands for them;
    the cell's own counters take precedence over a core function's counters of all its cells."""
    families: dict[str, list[Degradation]] = {}
    for d in own:
        if not is_dead(d) and not is_slow(d):
            families.setdefault(_seen_as(d), []).append(d)
    well = 1.0
    for family, watching in families.items():
        here = [d for d in watching if d.base_object == cell]
        watching_here = here if any(not d.dimension for d in here) else watching
        well *= 1.0 - max(_settled(d, kpis.get(d.kpi), common.get(family, 0.0)) for d in watching_here)
    return 1.0 - well


def common_rates(degradations: Iterable[Degradation], kpis: Mapping[str, Kpi]) -> dict[str, float]:
    """Family -> extra failures per attempt of all objects of an incident together: all extra failures / all attempts."""
    failures: dict[str, float] = {}
    attempts: dict[str, float] = {}
    for d in degradations:
        rate = 0.0 if is_dead(d) or is_slow(d) else excess_per_attempt(d, kpis.get(d.kpi))
        if rate:
            family = _seen_as(d)
            failures[family] = failures.get(family, 0.0) + _counted(d)
            attempts[family] = attempts.get(family, 0.0) + _counted(d) / rate
    return {family: count / attempts[family] for family, count in failures.items() if count}


def excess_per_attempt(d: Degradation, kpi: Kpi | None = None) -> float:
    """Extra failures per attempt: |observed - expected| of a ratio; of a rate per session second, times SESSION_S."""
    change = abs(d.observed - d.expected)
    if not np.isfinite(change):
        return 0.0
    per_attempt = change * SESSION_S if kpi is not None and kpi.traits.per_second else change
    return float(np.clip(per_attempt * dimension_share(d), 0.0, 0.999))


def is_dead(d: Degradation) -> bool:
    return d.traits.unserved or family_of(d.family).unserved


def is_slow(d: Degradation) -> bool:
    return d.traits.slows or family_of(d.family).slows


def dimension_share(d: Degradation) -> float:
    return DIMENSION_SHARE if d.dimension else 1.0


def _seen_as(d: Degradation) -> str:
    """A core's refusals are its cells' failed set-ups."""
    return "accessibility" if d.family == "core" else d.family


def _counted(d: Degradation) -> float:
    return abs(d.excess) if np.isfinite(d.excess) else 0.0


def _settled(d: Degradation, kpi: Kpi | None, common: float) -> float:
    """The reported rate is the maximum of one object out of many: the fewer failures made it, the more of it is luck,
    and the more the rate of all objects of the incident applies to this one."""
    rate, counted = excess_per_attempt(d, kpi), _counted(d)
    if not common or not counted:
        return rate
    shared = (counted * rate + POOLED * common) / (counted + POOLED)
    return float(shared * (1.0 - LUCK / np.sqrt(1.0 + counted)))
