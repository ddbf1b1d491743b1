"""Score each tick that is ready, then decide over the whole network, in order of time, in one transaction a tick."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from detector import pipeline
from detector.domain.evidence import Evidence
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame, ending_at
from detector.domain.policy import DetectionPolicy, IncidentPolicy
from detector.domain.ports import Reference, Source
from detector.domain.window import Tick, Window
from detector.kpis import Catalogue
from detector.scoring import Baseline
from detector.store import Debt, Store
from jobs import fitted
from jobs.ledger import Reached, ready, walk_on

_AWAITED_PERIODS = 4
"""An object that has been silent for so many periods holds the others up no longer."""


@dataclass(frozen=True)
class Detected:
    """What one run did."""

    scored: tuple[Tick, ...] = ()
    decided: tuple[Tick, ...] = ()


def detect(
    source: Source, store: Store, catalogue: Catalogue, *, now: float, detection: DetectionPolicy,
    correlation: IncidentPolicy, reached: Reached = walk_on,
) -> Detected:  # fmt: skip
    """Every tick that is owed and ready by `now`, oldest first; each is decided before the next is scored.

    A tick without a baseline stays owed until `learn` has run. A late tick, older than one already decided, is scored
    anew for the record and for the pooled horizons of its successors; decisions only move forward.
    """
    reference = source.reference(now, Findings())
    tick_work = _TickWork(store, reference, catalogue, detection, correlation, now, reached)
    decided = list(tick_work.decide_owed())
    scored = []
    for debt in tick_work.ready():
        tick_work.score(debt)
        scored.append(debt.tick)
        decided += tick_work.decide_owed()
    return Detected(tuple(scored), tuple(decided))


def expected_objects(baseline: Baseline, reference: Reference) -> list[str]:
    """Who should report: all with a baseline, less what is planned or retired."""
    cells = reference.topology.cells
    return [o for o in baseline.objects if o not in cells or cells[o].state not in {"planned", "retired"}]


@dataclass(frozen=True)
class _TickWork:
    store: Store
    reference: Reference
    catalogue: Catalogue
    detection: DetectionPolicy
    correlation: IncidentPolicy
    now: float
    reached: Reached

    def ready(self) -> Iterator[Debt]:
        """Debts that may be scored now: an unready tick holds back the later ones of its duration."""
        held: set[int] = set()
        for debt in self.store.ticks.debts("score"):
            if debt.tick.duration_s in held:
                continue
            if self._is_ready(debt.tick):
                yield debt
            else:
                held.add(debt.tick.duration_s)

    def _is_ready(self, tick: Tick) -> bool:
        baseline = fitted.load_baseline(self.store, self.catalogue, self.detection, tick.duration_s)
        if baseline is None:
            return False
        frame = self.store.history.read(tick.duration_s, tick.window)
        present = {name for name, here in zip(frame.objects, np.any(frame.present, axis=0), strict=True) if here}
        silent = self.store.notes.get(f"missing:{tick.duration_s}", {})
        awaited = [o for o in expected_objects(baseline, self.reference) if silent.get(o, 0) < _AWAITED_PERIODS]
        return ready(
            tick, present, awaited, now=self.now, policy=self.detection,
            arrival_delay_s=self.reference.operator.arrival_delay_s,
        )  # fmt: skip

    def score(self, debt: Debt) -> None:
        baseline = fitted.load_baseline(self.store, self.catalogue, self.detection, debt.tick.duration_s)
        assert baseline is not None  # noqa: S101  ready() saw it
        recent = self._recent(debt.tick)
        expected = expected_objects(baseline, self.reference)
        evidence = pipeline.score(recent, baseline, self.reference, expected, self.detection)
        fitted.save_evidence(self.store, self.catalogue, evidence)
        self.reached("detect.scored")
        with self.store.begin() as connection:
            if self.store.ticks.still_owed(connection, debt):
                self.store.ticks.owe(connection, "decide", debt.tick, debt.version)
                self.store.ticks.settle(connection, debt, self.now)
        self.reached("detect.score_recorded")

    def _recent(self, tick: Tick) -> KpiFrame:
        periods = max(1, self.detection.pooled_minutes * 60 // tick.duration_s)
        window = Window(tick.start - (periods - 1) * tick.duration_s, tick.end)
        return ending_at(self.store.history.read(tick.duration_s, window), tick, periods)

    def decide_owed(self) -> Iterator[Tick]:
        for debt in self.store.ticks.debts("decide"):
            newest = self.store.ticks.newest_done("decide", debt.tick.duration_s)
            if newest is not None and debt.tick.start <= newest:
                with self.store.begin() as connection:
                    self.store.ticks.settle(connection, replace(debt, step="decide"), self.now)
            elif (evidence := fitted.load_evidence(self.store, self.catalogue, debt.tick)) is None:
                with self.store.begin() as connection:  # damaged or made from another catalogue: score it again
                    self.store.ticks.owe(connection, "score", debt.tick, debt.version)
            elif self._decide(debt, evidence):
                yield debt.tick

    def _decide(self, debt: Debt, evidence: Evidence) -> bool:
        """False if another daemon was faster: then nothing is written, for it was judged from what is past."""
        mine = debt.tick.duration_s
        missing = self.store.notes.get(f"missing:{mine}", {})
        tracked, incidents = pipeline.decide(
            evidence, self.store.book.open_degradations(), self.store.book.incidents(state="open"), self.reference,
            self.catalogue, self.detection, self.correlation, now=int(self.now), missing=missing,
        )  # fmt: skip
        self.reached("detect.tracked")
        with self.store.begin() as connection:
            if not self.store.ticks.still_owed(connection, debt):
                return False
            self.store.book.save(connection, tracked.degradations, incidents)
            self.store.notes.put(connection, f"missing:{mine}", dict(tracked.missing))
            self.store.ticks.owe(connection, "assess", debt.tick, debt.version)
            self.store.ticks.settle(connection, debt, self.now)
            self.reached("detect.deciding")
        self.reached("detect.decided")
        fitted.forget_evidence(self.store)
        return True
