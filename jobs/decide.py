"""Evidence to decisions: forward in order of time, and again from where late or corrected data have changed it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from detector import pipeline
from detector.domain.detection import DetectionDecision, DetectionState, Tracked
from detector.domain.evidence import Evidence
from detector.domain.incident import Incident
from detector.domain.policy import ImpactPolicy, IncidentPolicy
from detector.domain.window import HOUR_S, Tick
from detector.incidents.reconciliation import Correction, DecidedState, Rerun, replay_order
from detector.store import PendingTick
from detector.store.ticks import UNKNOWN
from jobs import models
from jobs.score import TickScorer
from jobs.silent_people import SilentPeople, gaps_found


@dataclass(frozen=True)
class TickDecider:
    """Decides over what `scoring` has found, at its clock."""

    scoring: TickScorer
    incident_policy: IncidentPolicy
    impact_policy: ImpactPolicy = field(default_factory=ImpactPolicy)

    def forward(self) -> Iterator[Tick]:
        """Every tick whose decision is pending and that is newer than all decided ones."""
        scoring = self.scoring
        unknown = scoring.store.ticks.in_state(UNKNOWN)
        for pending_step in scoring.store.ticks.pending("decide"):
            if scoring.is_late(pending_step):
                continue
            if (evidence := models.load_evidence(scoring.store, scoring.catalogue, pending_step.tick)) is None:
                if pending_step.tick in unknown:
                    scoring.pass_over(pending_step)
                    continue
                with scoring.store.begin() as connection:  # damaged or made from another catalogue: score it again
                    scoring.store.ticks.add_pending(connection, "score", pending_step.tick, pending_step.version)
            elif self._decide(pending_step, evidence):
                yield pending_step.tick

    def _decide(self, pending_step: PendingTick, evidence: Evidence) -> bool:
        """False if another daemon was faster: then nothing is written, for it was judged from what is past."""
        scoring, store = self.scoring, self.scoring.store
        while True:
            number, mine = store.decisions.newest(), pending_step.tick.duration_s
            standing = tuple(store.incidents.all(state="open"))
            known = tuple(store.degradations.wanted(pending_step.tick.start, standing))
            missing = store.missing_data.get(mine)
            people = self._people.seen(pending_step.tick, missing, known)
            before = DetectionState(known, standing, missing, people)
            tracked, incidents = self._judged(evidence, before, int(scoring.now))
            scoring.checkpoint("detect.tracked")
            with store.begin() as connection:
                if not store.ticks.still_pending(connection, pending_step):
                    return False
                if store.decisions.newest(connection) != number:
                    continue  # another one was decided meanwhile: what was open is no longer what it was
                store.degradations.save(connection, tracked.degradations)
                store.incidents.save(connection, incidents)
                store.missing_data.save(connection, mine, dict(tracked.missing))
                store.findings.add(connection, gaps_found(tracked.degradations, known, scoring.reference), scoring.now)
                store.decisions.add(connection, [DetectionDecision(pending_step.tick, int(scoring.now), before)])
                store.decisions.forget(connection, int(scoring.now - scoring.detection_policy.late_hours * HOUR_S))
                store.ticks.add_pending(connection, "assess", pending_step.tick, pending_step.version)
                store.ticks.complete(connection, pending_step, scoring.now)
                scoring.checkpoint("detect.deciding")
            scoring.checkpoint("detect.decided")
            models.forget_evidence(store)
            return True

    @property
    def _people(self) -> SilentPeople:
        scoring = self.scoring
        return SilentPeople(scoring.store, scoring.reference, self.impact_policy, int(scoring.now))

    def _judged(self, evidence: Evidence, before: DetectionState, now: int) -> tuple[Tracked, tuple[Incident, ...]]:
        scoring = self.scoring
        return pipeline.decide(
            evidence, before, scoring.reference, scoring.catalogue, scoring.detection_policy, self.incident_policy, now=now
        )

    def again(self) -> None:
        """Decisions that corrected data have overtaken are taken anew, with all that followed them, in one transaction."""
        while late := [d for d in self.scoring.store.ticks.pending("decide") if self.scoring.is_late(d)]:
            if not self._again(late):
                return

    def _again(self, late: Sequence[PendingTick]) -> bool:
        """False if nothing can be done about them now; whatever another daemon did meanwhile is looked at anew."""
        scoring, store = self.scoring, self.scoring.store
        number = store.decisions.newest()
        points = {pending_step: self._point(pending_step.tick) for pending_step in late}
        if lost := [pending_step for pending_step, point in points.items() if point is None]:
            for pending_step in lost:
                scoring.give_up(pending_step)
            return True
        first = min(point for point in points.values() if point)
        log = store.decisions.since(first)
        run = self._run([pending_step.tick for pending_step in late], log)
        if run is None:
            return False
        correction = self._correction(run, log)
        scoring.checkpoint("detect.reconsidered")
        with store.begin() as connection:
            if store.decisions.newest(connection) != number or not all(
                store.ticks.still_pending(connection, pending_step) for pending_step in late
            ):
                return True
            store.degradations.save(connection, correction.degradations)
            store.incidents.save(connection, correction.incidents, corrected=True)
            for incident in correction.incidents:
                if incident.withdrawn_at is not None:
                    store.outbox.withdraw(connection, incident.incident_id, scoring.now)
            for duration_s, missing in run.missing.items():
                store.missing_data.save(connection, duration_s, missing)
            store.decisions.replace(connection, first, [correction.begun_with(one) for one in run.log])
            for pending_step in late:
                store.ticks.complete(connection, pending_step, scoring.now)
            store.ticks.add_pending(connection, "assess", late[-1].tick, late[-1].version)
            scoring.checkpoint("detect.correcting")
        scoring.checkpoint("detect.corrected")
        return True

    def _point(self, tick: Tick) -> int | None:
        """Number of the decision from which on this tick changes things: its own, or the next one of its duration if it
        was passed over. None: its own is not kept any more."""
        store = self.scoring.store
        kept = [(n, t) for n, t in store.decisions.ticks() if t.duration_s == tick.duration_s and t.start >= tick.start]
        if not kept:
            return None
        number, found = min(kept)
        with store.begin() as connection:
            passed_over = not store.ticks.done_version(connection, "decide", tick)
        return number if found == tick or passed_over else None

    def _run(self, late: Sequence[Tick], log: Sequence[DetectionDecision]) -> Rerun | None:
        """All decisions since the beginning of the log once more; None if one lacks its evidence."""
        run, unknown = Rerun.beginning(log), self.scoring.store.ticks.in_state(UNKNOWN)
        for tick, decided_at in replay_order(late, log):
            evidence = models.load_evidence(self.scoring.store, self.scoring.catalogue, tick)
            if evidence is None and tick in unknown:
                continue
            evidence = evidence or self.scoring.evidence(tick, again=True)
            if evidence is None:
                return None
            before = run.before(tick)
            run.take(DetectionDecision(tick, decided_at, before), *self._judged(evidence, before, decided_at))
        return run

    def _correction(self, run: Rerun, log: Sequence[DetectionDecision]) -> Correction:
        """The run against everything that the store holds of what was open since then."""
        store = self.scoring.store
        states = [one.before for one in log]
        degradations = {d.degradation_id for s in states for d in s.degradations} | run.degradations.keys()
        incidents = {i.incident_id for s in states for i in s.incidents} | run.incidents.keys()
        degradations |= {d.degradation_id for d in store.degradations.open()}
        incidents |= {i.incident_id for i in store.incidents.all(state="open")}
        known = DecidedState(
            {d.degradation_id: d for d in store.degradations.named(sorted(degradations))},
            {i.incident_id: i for i in store.incidents.named(sorted(incidents))},
        )
        return Correction(known, DecidedState(run.degradations, run.incidents), int(self.scoring.now))
