"""What is measured, of what could be: which objects have which KPIs, how new, and which counters no KPI uses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection

from detector.domain.cell import base_object
from detector.domain.coverage import Coverage, KpiCoverage, SeenCounters
from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.kpis import Catalogue, CounterNames
from detector.store import Store
from jobs.intake import Intake

_PERIODS = 4
"""Newest periods in which an object must have had a value to count as measured. Chosen: an hour of quarters."""
_MOST_NAMES = 2_000
"""Names of counters kept of each sort. Chosen: under half of `sources.budget.MOST_COLUMNS`."""


def keep_counters(connection: Connection, store: Store, intakes: Iterable[Intake], unused: Mapping[str, str]) -> None:
    """Which counters were read, beside what was known: part of the caller's transaction."""
    names = {name for intake in intakes for counters in intake.counters for name in counters}
    before = store.counter_names.get()
    known = {*before.known, *(name for name in names if name not in unused)}
    strange = {**unused, **before.unused}
    after = SeenCounters(tuple(sorted(known)[:_MOST_NAMES]), dict(sorted(strange.items())[:_MOST_NAMES]))
    if after != before:
        store.counter_names.replace(connection, after)


@dataclass(frozen=True)
class CoverageReader:
    """Looks at what the history holds, as of `now` (s)."""

    store: Store
    catalogue: Catalogue
    reference: Reference
    now: float

    def coverage(self) -> Coverage:
        """Over the newest periods of every length."""
        have = {kpi.id: np.zeros(len(self._objects), bool) for kpi in self.catalogue.computed}
        last: dict[str, int] = {}
        for frame in self._frames:
            at = np.array([self._place.get(base_object(name), -1) for name in frame.objects], np.intp)
            there = np.isfinite(frame.value) & (at >= 0)[None, :, None]
            for k, kpi in enumerate(frame.kpis):
                have[kpi.id][at[there[:, :, k].any(axis=0)]] = True
                if (newest := np.flatnonzero(there[:, :, k].any(axis=1))).size:
                    end = int(frame.starts[newest[-1]]) + frame.duration_s
                    last[kpi.id] = max(end, last.get(kpi.id, end))
        noted = self.store.counter_names.get()
        lacking = CounterNames(self.catalogue).lacking(noted.known)
        counts = {name: int(known.sum()) for name, known in have.items()}
        rows = [self._row(kpi, counts[kpi.id], last.get(kpi.id), lacking) for kpi in self.catalogue.computed]
        measured = int(np.any(list(have.values()), axis=0).sum()) if have else 0
        since = min((span.start for span in self._spans.values()), default=None)
        return Coverage(
            at=int(self.now),
            objects=len(self._objects),
            measured=measured,
            since=since if last else None,
            until=max(last.values(), default=None),
            kpis=tuple(row for row in rows if row.should),
            unused=noted.unused,
        )

    def values(self) -> Iterator[dict[str, Any]]:
        """One row for each object and KPI that it had in the newest periods: the last value and the end (s) of its period;
        then one for each object that had none."""
        found: dict[tuple[str, str], tuple[float, int]] = {}
        for frame in self._frames:
            for p, start in enumerate(frame.starts.tolist()):
                for o, k in np.argwhere(np.isfinite(frame.value[p])).tolist():
                    at = start + frame.duration_s
                    found[frame.objects[o], frame.kpis[k].id] = float(frame.value[p, o, k]), at
        for (name, kpi), (value, at) in sorted(found.items()):
            yield {"object": name, "kpi": kpi, "value": value, "last_at": at}
        for name in sorted(self._objects.keys() - {base_object(name) for name, _ in found}):
            yield {"object": name, "kpi": None, "value": None, "last_at": None}

    def _row(self, kpi: Kpi, have: int, last: int | None, lacking: Mapping[str, tuple[str, ...]]) -> KpiCoverage:
        should = sum(kpi.applies_to(technology) for technology in self._objects.values())
        return KpiCoverage(
            kpi=kpi.id,
            title=kpi.title,
            technology=kpi.technology,
            should=should,
            have=have,
            last_at=last,
            lacks=() if have else lacking.get(kpi.id, ()),
        )

    @cached_property
    def _objects(self) -> Mapping[str, str]:
        """Cell in service or core function -> its technology."""
        topology = self.reference.topology
        cells = {c.cell_id: c.technology for c in topology.cells.values() if c.state not in ("planned", "retired")}
        return cells | dict.fromkeys(topology.functions, "core")

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self._objects)}

    @cached_property
    def _spans(self) -> Mapping[int, Window]:
        return self.store.ticks.measured_span()

    @cached_property
    def _frames(self) -> list[KpiFrame]:
        """The newest periods of each length that hold any data."""
        history = self.store.history
        return [history.read(length, Window(span.end - _PERIODS * length, span.end)) for length, span in self._spans.items()]
