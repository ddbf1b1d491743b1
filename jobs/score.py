"""Ticks to evidence: those that are ready, and those that late or corrected data have changed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from detector import pipeline
from detector.domain.evidence import Evidence
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame, ending_at
from detector.domain.policy import DetectionPolicy
from detector.domain.ports import Reference
from detector.domain.window import Tick, Window, utc
from detector.kpis import Catalogue
from detector.scoring import Baseline, lookback
from detector.store import PendingTick, Store
from detector.store.cursors import LEARN
from detector.store.ticks import UNKNOWN
from jobs import models
from jobs.ledger import Checkpoint, ready

_AWAITED_PERIODS = 4
"""An object that has been missing for so many periods holds the others up no longer. Chosen: an hour of quarters."""
_END_OF_TIME = 2**62
"""Later than every instant. Definition."""


@dataclass(frozen=True)
class TickScorer:
    """Scores by what is known at `now` (s)."""

    store: Store
    reference: Reference
    catalogue: Catalogue
    detection_policy: DetectionPolicy
    now: float
    checkpoint: Checkpoint

    def ready(self, *, late: bool = False) -> Iterator[PendingTick]:
        """Pending ticks that may be scored now, of all or of the late ones: an unready tick holds back the later ones of its
        duration."""
        held: set[int] = set()
        pending = self.store.ticks.pending("score")
        unknown = self.store.ticks.in_state(UNKNOWN)
        for pending_step in filter(self.is_late, pending) if late else pending:
            if pending_step.tick in unknown:
                self.pass_over(pending_step)
                continue
            if pending_step.tick.duration_s in held:
                continue
            if self._is_ready(pending_step.tick):
                yield pending_step
            else:
                held.add(pending_step.tick.duration_s)

    def is_late(self, pending_step: PendingTick) -> bool:
        """The tick is no newer than the newest that was decided."""
        newest = self.store.ticks.newest_done("decide", pending_step.tick.duration_s)
        return newest is not None and pending_step.tick.start <= newest

    def late(self) -> Iterator[Tick]:
        """Score what is late, oldest first, and with it the later ticks that look back on it."""
        while (pending_step := next(self.ready(late=True), None)) is not None:
            if self.now - pending_step.tick.end > self.detection_policy.late_hours * 3600:
                self.give_up(pending_step)
            else:
                self.score(pending_step, again=True)
                yield pending_step.tick

    def give_up(self, pending_step: PendingTick) -> None:
        """Too late for a decision: the history has the data, which is all."""
        when = f"{utc(pending_step.tick.start):%Y-%m-%dT%H:%MZ} of {pending_step.tick.duration_s} s"
        findings = Findings()
        findings.add("late_data", f"{pending_step.tick.duration_s} s", f"{when}: corrects the history, no decision")
        with self.store.begin() as connection:
            if self.store.ticks.still_pending(connection, pending_step):
                self.store.findings.add(connection, findings, self.now)
                self.store.ticks.complete(connection, pending_step, self.now)

    def pass_over(self, pending_step: PendingTick) -> None:
        """Nothing is known of this tick any more, so nothing is concluded from it: not even that it was silent."""
        with self.store.begin() as connection:
            if self.store.ticks.still_pending(connection, pending_step):
                self.store.ticks.complete(connection, pending_step, self.now)

    def score(self, pending_step: PendingTick, *, again: bool = False) -> None:
        """The evidence of this tick as its data stand now."""
        if self.evidence(pending_step.tick, again=again) is None:
            return
        self.checkpoint("detect.scored")
        with self.store.begin() as connection:
            if self.store.ticks.still_pending(connection, pending_step):
                for tick, version in self._looking_back_on(connection, pending_step):
                    self.store.ticks.add_pending(connection, "score", tick, version)
                self.store.ticks.add_pending(connection, "decide", pending_step.tick, pending_step.version)
                self.store.ticks.complete(connection, pending_step, self.now)
        self.checkpoint("detect.score_recorded")

    def evidence(self, tick: Tick, *, again: bool = False) -> Evidence | None:
        """Made and kept; None without a baseline. `again`: by what was normal when it was first scored."""
        baseline = (self._baseline_then(tick) if again else None) or self._baseline(tick)
        if baseline is None:
            return None
        recent, not_due = self._recent(tick, baseline)
        expected = [name for name in expected_objects(baseline, self.reference) if name not in not_due]
        before = models.load_ewma_state(self.store, self.catalogue, tick)
        evidence = pipeline.score(recent, baseline, self.reference, expected, self.detection_policy, before)
        models.save_evidence(self.store, self.catalogue, evidence)
        return evidence

    def _looking_back_on(self, connection: Connection, pending_step: PendingTick) -> list[tuple[Tick, int]]:
        """Ticks scored already whose horizons hold this one, with the versions of their data; none if this one is only
        scored again for the sake of an earlier one: that one has named them all."""
        ticks, tick, baseline = self.store.ticks, pending_step.tick, self._baseline(pending_step.tick)
        if baseline is None or ticks.done_version(connection, "score", tick) >= pending_step.version:
            return []
        fading = bool((baseline.horizons < 0).any())  # what decays never reaches zero
        until = _END_OF_TIME if fading else tick.start + lookback(baseline) * tick.duration_s
        later = ticks.done_within(connection, "score", tick.duration_s, Window(tick.end, until))
        return list(ticks.versions(connection, later).items()) if later else []

    def _baseline(self, tick: Tick) -> Baseline | None:
        return models.load_baseline(self.store, self.catalogue, self.detection_policy, tick.duration_s)

    def _baseline_then(self, tick: Tick) -> Baseline | None:
        """The one before the present one, for a tick that came before that was learned: it must not judge its own lesson."""
        learned_at = self.store.progress.until(LEARN)
        if learned_at is None or tick.end + self.reference.operator.arrival_delay_s >= learned_at:
            return None
        return models.load_earlier_baseline(self.store, self.catalogue, self.detection_policy, tick.duration_s)

    def _recent(self, tick: Tick, baseline: Baseline) -> tuple[KpiFrame, set[str]]:
        """(the periods up to the tick, objects that report at other times only: by the half-hour where this tick is one of
        full hours). Those are judged at the ticks of their own; at this one they are neither here nor missing."""
        periods = lookback(baseline)
        window = Window(tick.start - (periods - 1) * tick.duration_s, tick.end)
        read = self.store.history.read_whole(tick.duration_s, window)
        frame = ending_at(read, tick, periods)
        not_due = _present(read) - _present(frame)
        return frame.aligned([name for name in frame.objects if name not in not_due]) if not_due else frame, not_due

    def _is_ready(self, tick: Tick) -> bool:
        baseline = self._baseline(tick)
        if baseline is None or tick.end > self.now:  # a past that is judged at once has its future on disk
            return False
        frame = self.store.history.read_whole(tick.duration_s, tick.window)
        present = _present(frame)
        silent = self.store.missing_data.get(tick.duration_s)
        awaited = [o for o in expected_objects(baseline, self.reference) if silent.get(o, 0) < _AWAITED_PERIODS]
        return ready(
            tick,
            present,
            awaited,
            now=self.now,
            detection_policy=self.detection_policy,
            arrival_delay_s=self.reference.operator.arrival_delay_s,
        )


def _present(frame: KpiFrame) -> set[str]:
    """Objects that reported in some period."""
    return {name for name, here in zip(frame.objects, np.any(frame.present, axis=0), strict=True) if here}


def expected_objects(baseline: Baseline, reference: Reference) -> list[str]:
    """Who should report: all with a baseline, less what is planned or retired."""
    cells = reference.topology.cells
    return [o for o in baseline.objects if o not in cells or cells[o].state not in {"planned", "retired"}]
