"""Refit baselines and habits from the past only, and put the new version in place whole."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from detector.domain.cell import base_object
from detector.domain.degradation import Degradation
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference, Source
from detector.domain.window import Window
from detector.impact import learn_habit
from detector.kpis import Catalogue
from detector.scoring import Baseline, fit
from detector.store import Store
from jobs import fitted
from jobs.ledger import Reached, walk_on

_DAY = 86_400


def learn(
    source: Source, store: Store, catalogue: Catalogue, *, now: float, policy: DetectionPolicy, reached: Reached = walk_on
) -> int:
    """Baselines for every duration and habits for every subscriber; returns how many baselines were fitted.

    Nothing of a tick in doubt is learned: suspect rows, works, holidays and open or past degradations are left out.
    """
    reference = source.reference(now, Findings())
    window = Window(int(now) - policy.history_days * _DAY, int(now))
    store.history.compact(before=int(now))
    with store.begin() as connection:
        durations = list(store.ticks.span(connection))
    count = 0
    for duration_s in durations:
        history = store.history.read(duration_s, window)
        if len(history.starts):
            baseline = _fit(history, store, reference, policy)
            fitted.save_baseline(store, catalogue, policy, duration_s, baseline)
            count += 1
    reached("learn.baselines")
    habit = learn_habit(store.presence.read(window), timezone=reference.operator.timezone, before=int(now))
    fitted.save_habit(store, habit)
    reached("learn.habits")
    with store.begin() as connection:
        store.notes.put(connection, "learned_at", now)
    return count


def _fit(history: KpiFrame, store: Store, reference: Reference, policy: DetectionPolicy) -> Baseline:
    excluded = in_doubt(history, store.book.degradations_since(int(history.starts[0])), reference)
    return fit(history, timezone=reference.operator.timezone, excluded=excluded, peers=peers_of(reference), policy=policy)


def in_doubt(history: KpiFrame, degraded: Iterable[Degradation], reference: Reference) -> NDArray[np.bool_]:
    """[period, object]: degraded, under works, or on a holiday or event."""
    doubt = np.zeros(history.suspect.shape, dtype=bool)
    starts, ends = history.starts, history.starts + history.duration_s

    def mark(names: AbstractSet[str], begin: int, end: int) -> None:
        rows = (starts < end) & (ends > begin)
        columns = np.array([base_object(name) in names for name in history.objects], dtype=bool)
        doubt[np.ix_(rows, columns)] = True

    for d in degraded:
        mark({d.base_object}, d.started_at, d.cleared_at or int(ends[-1]))
    for works in reference.operations.maintenance:
        if held := works.effective:
            mark(_members(reference, works.scope_kind, works.scope_id), held.start, held.end)
    for event in reference.operations.calendar:
        mark(_members(reference, event.scope_kind, event.scope_id), event.window.start, event.window.end)
    return doubt


def _members(reference: Reference, kind: str, scope_id: str) -> set[str]:
    topology = reference.topology
    if kind == "network":
        return set(topology.cells) | set(topology.functions)
    return {scope_id} if kind in {"cell", "nf"} else set(topology.cells_of(kind, scope_id))


def peers_of(reference: Reference) -> dict[str, list[str]]:
    """Each cell's peer groups, the closest first."""
    found: dict[str, list[str]] = {}
    for cell in reference.topology.cells.values():
        layer = f"{cell.technology} {cell.band}".strip()
        release = f"{cell.technology} {cell.vendor} {cell.software}".strip()
        found[cell.cell_id] = [f"site {cell.site_id} {layer}", f"layer {layer}", f"release {release}"]
    return found
