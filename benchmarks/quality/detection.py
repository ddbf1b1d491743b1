"""The pure stages alone, replayed in memory: what a change of a threshold, a scorer or a horizon does, in seconds.

No store, no alerts, and of people only who is behind objects that send nothing: counters of an operator dataset become
one frame, baselines are fitted on its history, and each tick of the rest is scored, decided and matched with the truth by
the backtest's own matcher. A row is seen only once it has arrived.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import pipeline
from detector import settings as configuration
from detector.app import read_catalogue
from detector.backtest.matching import Matches, match
from detector.backtest.results import Results
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth, read_truth
from detector.domain.degradation import Degradation
from detector.domain.detection import DetectionState, remembered_degradations
from detector.domain.evidence import Evidence
from detector.domain.exposure import LocationData, MobilityProfile
from detector.domain.finding import Findings
from detector.domain.frame import KpiFrame
from detector.domain.incident import Incident
from detector.domain.people_seen import PeopleSeen
from detector.domain.policy import DetectionPolicy, ImpactPolicy, IncidentPolicy
from detector.domain.ports import Reference
from detector.domain.window import HOUR_S, Tick, Window
from detector.impact import learn_mobility_profile, people_seen
from detector.kpis import Catalogue
from detector.scoring import Baseline, lookback
from detector.scoring.training import fit_baseline
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from jobs.silent_people import HOURS_BEFORE, silent_objects

DAY_S = 86_400


@dataclass(frozen=True)
class Material:
    """An operator's counters as one frame, and when each of its rows [period, object] was known (s; inf = never)."""

    frame: KpiFrame
    known_at: NDArray[np.float64]
    source: OperatorDataset
    catalogue: Catalogue
    truth: Truth

    def reference(self, now: float) -> Reference:
        return self.source.reference(now, Findings())

    def seen(self, now: float, first: int, last: int) -> KpiFrame:
        """Periods `first` to `last` (places, last included) as they stood at `now`."""
        span = slice(max(first, 0), last + 1)
        hidden = self.known_at[span] > now
        sides = self.frame.numerator[span], self.frame.denominator[span]
        num, den = (np.where(hidden[:, :, None], np.nan, side) for side in sides)
        starts = self.frame.starts[span].copy()
        suspect = self.frame.suspect[span] & ~hidden
        return KpiFrame(
            starts=starts,
            duration_s=self.frame.duration_s,
            objects=self.frame.objects,
            kpis=self.frame.kpis,
            numerator=num,
            denominator=den,
            suspect=suspect,
        )


def load(dataset: Path) -> Material:
    """Everything that the dataset counts at its tick length."""
    catalogue = read_catalogue(configuration.load().sources.kpis)
    source = OperatorDataset(dataset, Pseudonymiser(b"0" * 32, 1))
    source_files = source.files(0.0, float("inf"))
    findings = Findings()
    batches, arrivals = [], []
    for source_file in source_files:
        for batch in source.read(source_file, findings):
            batches.append(batch)
            arrivals.append(source_file.arrived_at)
    reference = source.reference(max(arrivals), findings)
    frame = pipeline.compute(batches, catalogue, reference, findings)[reference.operator.tick_s]
    known = np.full(frame.suspect.shape, np.inf)
    places = {int(start): p for p, start in enumerate(frame.starts)}
    for batch, arrived in zip(batches, arrivals, strict=True):
        row = places[batch.start - batch.start % frame.duration_s]
        columns = [frame.object_index[name] for name in batch.objects if name in frame.object_index]
        known[row, columns] = np.minimum(known[row, columns], arrived)
    truth = read_truth(dataset, lambda raw: raw, timezone=reference.operator.timezone)
    return Material(frame, known, source, catalogue, truth)


@dataclass(frozen=True)
class Outcome:
    """What a replay of the stages decided, and its verdict."""

    results: Results
    matches: Matches
    evidence: tuple[Evidence, ...] = ()

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        return summarise(self.matches)


@dataclass(frozen=True)
class Stages:
    """A replay of `window` over `material`; baselines are refitted every `learn_days`."""

    material: Material
    window: Window
    detection: DetectionPolicy = field(default_factory=DetectionPolicy)
    correlation: IncidentPolicy = field(default_factory=IncidentPolicy)
    learn_days: int = 3
    keep: bool = False

    def run(self, on_evidence: Callable[[Evidence], None] = lambda _: None) -> Outcome:
        book: dict[str, Degradation] = {}
        incidents: dict[str, Incident] = {}
        missing: Mapping[str, int] = {}
        kept: list[Evidence] = []
        frame, baseline, learned, ewma = self.material.frame, None, 0, None
        first, last = np.searchsorted(frame.starts, [self.window.start, self.window.end])
        for place in range(int(first), int(last)):
            tick = Tick(int(frame.starts[place]), frame.duration_s)
            now = self._scored_at(place, tick)
            reference = self.material.reference(now)
            if baseline is None or tick.start >= learned + self.learn_days * DAY_S:
                baseline, learned = self._learn(tick.start, reference, book), tick.start
            recent = self.material.seen(now, place - lookback(baseline) + 1, place)
            expected = [o for o in baseline.objects if _awaited(reference, o)]
            evidence = pipeline.score(recent, baseline, reference, expected, self.detection, ewma)
            ewma = evidence.ewma
            standing = tuple(i for i in incidents.values() if i.state == "open")
            known = remembered_degradations(book.values(), standing, tick.start)
            before = DetectionState(known, standing, missing, self._people(tick, missing, known, now))
            tracked, changed = pipeline.decide(
                evidence, before, reference, self.material.catalogue, self.detection, self.correlation, now=int(now)
            )
            missing = tracked.missing
            book |= {d.degradation_id: d for d in tracked.degradations}
            incidents |= {i.incident_id: i for i in changed}
            on_evidence(evidence)
            if self.keep:
                kept.append(evidence)
        return self._outcome(book, incidents, kept)

    @cached_property
    def _profile(self) -> MobilityProfile | None:
        """Where people are by habit, None where the dataset has no attachments."""
        rows = self.material.source.presence(0.0, self.window.start, Findings())
        timezone = self.material.source.operator.timezone
        return learn_mobility_profile(rows, timezone=timezone, before=self.window.start) if len(rows.start) else None

    def _people(
        self, tick: Tick, missing: Mapping[str, int], known: Sequence[Degradation], now: float
    ) -> tuple[PeopleSeen, ...]:
        """Who is behind objects that send nothing, as a daemon sees it from the attachments that have arrived."""
        reference = self.material.reference(now)
        silent = silent_objects(tick, missing, known, reference, int(now))
        if not silent or self._profile is None:
            return ()
        first = min(one.since for one in silent) // HOUR_S * HOUR_S - HOURS_BEFORE * HOUR_S
        locations = LocationData(self._profile, self.material.source.presence(first, now, Findings()))
        return people_seen(silent, locations, reference, ImpactPolicy(), now=int(now))

    def _scored_at(self, place: int, tick: Tick) -> float:
        """When the tick was complete, or its grace time was over."""
        delay = self.material.source.operator.arrival_delay_s
        due = tick.end + delay
        latest = due + self.detection.grace_minutes * 60
        known = self.material.known_at[place]
        awaited = known[np.isfinite(self.material.known_at[max(place - 4, 0) : place + 1]).any(axis=0)]
        return float(min(max(due, awaited.max(initial=due)), latest))

    def _learn(self, now: int, reference: Reference, book: Mapping[str, Degradation]) -> Baseline:
        first, last = np.searchsorted(self.material.frame.starts, [now - self.detection.history_days * DAY_S, now])
        history = self.material.seen(now, int(first), int(last) - 1)
        return fit_baseline(history, list(book.values()), reference, self.detection)[0]

    def _outcome(self, book: Mapping[str, Degradation], incidents: Mapping[str, Incident], kept: list[Evidence]) -> Outcome:
        reference = self.material.reference(self.window.end)
        results = Results(
            window=self.window,
            cells=len(reference.topology.cells),
            settings_hash="",
            timezone=reference.operator.timezone,
            topology=reference.topology,
            kpis=self.material.catalogue.by_id,
            degradations=tuple(book.values()),
            incidents=tuple(incidents.values()),
            alarms_known=bool(reference.operations.alarms),
        )
        truth = replace(self.material.truth, complaints=None)
        return Outcome(results, match(results, truth), tuple(kept))


def _awaited(reference: Reference, name: str) -> bool:
    cell = reference.topology.cells.get(name)
    return cell is None or cell.state not in {"planned", "retired"}
