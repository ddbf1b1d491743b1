"""Whom the incidents of a finished replay touch, assessed again: a change of detector/impact is judged in seconds.

    python -m benchmarks.quality.reassessment record FOLDER SEED [SEED ...]
    python -m benchmarks.quality.reassessment FOLDER SEED [SEED ...]

Detection does not depend on impact. `record` replays an operator of benchmarks.quality.affected_lists (FOLDER/operator-SEED)
without assessing, and keeps what each assessment would have seen in FOLDER/seen-SEED.pickle: incidents, their degradations,
habits, presence as it had arrived, how long incidents were expected to last. After that each call assesses them all anew,
writes the lists that a backtest would have written, and prints the same tables as benchmarks.quality.affected_lists.
"""

import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.stores import passing_store
from detector import impact, outlook, pipeline
from detector.app import read_catalogue
from detector.backtest.matching import Matches, match
from detector.backtest.replay import Replay
from detector.backtest.results import Results
from detector.backtest.summary import summarise
from detector.backtest.truth import Truth, read_truth
from detector.clock import MovingClock
from detector.domain.alert import Decision
from detector.domain.assessment import Assessment
from detector.domain.degradation import Degradation
from detector.domain.evidence import Evidence
from detector.domain.exposure import LocationData, MobilityProfile, Presence
from detector.domain.finding import Findings
from detector.domain.impact import Affected, Impact, Listing
from detector.domain.incident import Incident
from detector.domain.kpi import Kpi
from detector.domain.outlook import Outlook
from detector.domain.ports import Reference
from detector.domain.window import Window
from detector.impact import learn_mobility_profile
from detector.settings import Settings
from detector.sources.dataset import OperatorDataset
from detector.sources.feeds import Feeds
from detector.sources.identity import Pseudonymiser
from detector.store.cursors import ASSESS
from jobs import models
from jobs.assess import listings

DAY_S = 86_400
DELAY_S = 300
"""How long an hour's attachments take to arrive (CONTRACTS.md, section 1)."""
NAMES = Pseudonymiser(b"0" * 32, 1)


def _refused(person: Affected) -> Decision:
    """Whom care contacts is not looked at here."""
    return Decision(
        incident_id=person.incident_id,
        subscriber=person.subscriber,
        contactable=False,
        why_not="",
        action="none",
        channel="",
        recipient="",
        decided_at=0,
    )


@dataclass(frozen=True)
class Asked:
    """One incident as an assessment at `now` (s) saw it."""

    now: int
    incident: Incident
    degradations: tuple[Degradation, ...]
    outlook: Outlook | None
    begin: int
    """Start (s) of the presence that was read."""
    arrived: int
    """Start (s) of the newest presence that had arrived."""


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """What a tick's evidence says, [object, KPI]: -log10 p by the best horizon and by the newest period alone, and the
    change. Kept to ask what evidence under the bar would have been worth."""

    start: int
    duration_s: int
    objects: tuple[str, ...]
    kpis: tuple[str, ...]
    neg_log10_p: NDArray[np.float32]
    recent: NDArray[np.float32]
    observed: NDArray[np.float32]
    expected: NDArray[np.float32]


def _glimpse(evidence: Evidence) -> Glimpse:
    return Glimpse(
        start=evidence.tick.start,
        duration_s=evidence.tick.duration_s,
        objects=evidence.objects,
        kpis=tuple(k.id for k in evidence.kpis),
        neg_log10_p=evidence.neg_log10_p.astype(np.float32),
        recent=evidence.recent.astype(np.float32),
        observed=evidence.observed.astype(np.float32),
        expected=evidence.expected.astype(np.float32),
    )


@dataclass
class Seen:
    """All that the assessments of one replay saw."""

    results: Results
    asked: list[Asked]
    learned_at: list[int]
    presence: Presence
    """From the history's begin on."""
    evidence: list["Glimpse"] = field(default_factory=list)
    profiles: dict[int, MobilityProfile] = field(default_factory=dict)

    def profile_at(self, now: int) -> MobilityProfile:
        """As learned last, from what had arrived by then."""
        at = max(at for at in self.learned_at if at <= now)
        if at not in self.profiles:
            arrived = self.presence.take(self.presence.start + self.presence.duration_s + DELAY_S <= at)
            self.profiles[at] = learn_mobility_profile(arrived, timezone=self.results.timezone, before=at)
        return self.profiles[at]


@dataclass(frozen=True)
class Recorder(Replay):
    """The replay, keeping instead of assessing."""

    asked: list[Asked] = field(default_factory=list)
    learned_at: list[int] = field(default_factory=list)
    evidence: list["Glimpse"] = field(default_factory=list)

    def _learn(self, clock: MovingClock) -> None:
        super()._learn(clock)
        self.learned_at.append(int(clock.now()))

    def _assess(self, clock: MovingClock) -> None:
        now, store = int(clock.now()), self.store
        pending = self.store.ticks.pending("assess")
        if not pending:
            return
        found = (models.load_evidence(self.store, self.catalogue, pending_step.tick) for pending_step in pending)
        self.evidence.extend(_glimpse(evidence) for evidence in found if evidence is not None)
        incidents = store.incidents.changed_since(int(self.store.progress.until(ASSESS) or 0))
        since = now - self.settings.detection.history_days * DAY_S
        clear_times = outlook.learn_clear_times(
            store.incidents.changed_since(since), store.degradations.since(since), now=now
        )
        begin = min((i.started_at for i in incidents), default=now) - self.settings.impact.present_hours * 3600
        begin = min(begin, now - 1)
        arrived = int(self.store.presence.read(Window(now - 8 * 3600, now)).start.max(initial=0))
        for incident in incidents:
            seen = pipeline.foresee(incident, clear_times, now=now)
            self.asked.append(Asked(now, incident, tuple(store.degradations.of(incident)), seen, begin, arrived))
        with self.store.begin() as connection:
            self.store.progress.save(connection, ASSESS, now)
            for pending_step in pending:
                self.store.ticks.complete(connection, pending_step, now)


def record(dataset: Path, window: Window) -> Seen:
    """Replay without assessing."""
    settings = Settings()
    catalogue = read_catalogue(settings.sources.kpis)
    with passing_store(catalogue) as store:
        replay = Recorder(Feeds([OperatorDataset(dataset, NAMES).feed()]), store, catalogue, settings, window)
        results = replay.run()
        presence = store.presence.read(Window(window.start - settings.detection.history_days * DAY_S, window.end))
    return Seen(replace(results, bands={}, drift_bands={}), replay.asked, replay.learned_at, presence, replay.evidence)


@dataclass
class Again:
    """The assessments of one recorded replay with the impact code of today."""

    dataset: Path
    seen: Seen
    listings: list[Listing] = field(default_factory=list)
    impacts: dict[str, list[Impact]] = field(default_factory=dict)
    incidents: dict[tuple[str, int], Asked] = field(default_factory=dict)

    def run(self) -> "Again":
        source, settings = OperatorDataset(self.dataset, NAMES), Settings()
        kpis = read_catalogue(settings.sources.kpis).by_id
        current: dict[str, dict[str, Listing]] = {}
        starts, reference, day = self.seen.presence.start, None, -1
        for one in self.seen.asked:
            if reference is None or one.now // 3600 != day:
                reference, day = source.reference(one.now, Findings()), one.now // 3600
            rows = (starts >= one.begin) & (starts < one.now) & (starts <= one.arrived)
            presence = self._presence(one, rows)
            if one.incident.withdrawn_at is not None:
                found = Impact(
                    incident_id=one.incident.incident_id,
                    assessed_at=one.now,
                    exposed=0,
                    affected=0.0,
                    affected_low=0.0,
                    affected_high=0.0,
                )
            else:
                found = assess_one(one, self.seen.profile_at(one.now), presence, reference, kpis, settings)
            self.impacts.setdefault(one.incident.incident_id, []).append(found)
            self._relist(one, found, current.setdefault(one.incident.incident_id, {}))
        self.listings += [row for own in current.values() for row in own.values()]
        return self

    def _presence(self, one: Asked, rows: np.ndarray) -> Presence:
        key = one.begin, one.now, one.arrived
        if getattr(self, "_key", None) != key:
            self._key, self._rows = key, self.seen.presence.take(rows)
        return self._rows

    def _relist(self, one: Asked, found: Impact, current: dict[str, Listing]) -> None:
        people = () if one.incident.state == "merged" else found.people
        wanted = {p.subscriber: Listing(affected=p, decision=_refused(p), listed_at=one.now) for p in people}
        for key in [key for key in current if key not in wanted or listings.changed_notably(current[key], wanted[key])]:
            self.listings.append(replace(current.pop(key), delisted_at=one.now))
        current.update({key: new for key, new in wanted.items() if key not in current})

    @cached_property
    def matches(self) -> Matches:
        results = replace(
            self.seen.results, listings=tuple(self.listings), impacts={k: v[-1] for k, v in self.impacts.items()}
        )
        return match(results, truth_of(self.dataset, results.timezone))

    @cached_property
    def source(self) -> OperatorDataset:
        return OperatorDataset(self.dataset, NAMES)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        return summarise(self.matches)

    @cached_property
    def affected(self) -> Mapping[str, tuple[float, float, float]]:
        return self._affected(-1)

    @cached_property
    def affected_first(self) -> Mapping[str, tuple[float, float, float]]:
        return self._affected(0)

    def _affected(self, which: int) -> Mapping[str, tuple[float, float, float]]:
        chosen = {name: own[which] for name, own in self.impacts.items()}
        return {name: (i.affected, i.affected_low, i.affected_high) for name, i in chosen.items()}


def truth_of(dataset: Path, timezone: str) -> Truth:
    held = dataset.parent / f"truth-{dataset.name}.pickle"
    if not held.exists():
        held.write_bytes(pickle.dumps(read_truth(dataset, NAMES.subscriber, timezone=timezone)))
    found: Truth = pickle.loads(held.read_bytes())
    return found


def assess_one(
    one: Asked,
    profile: MobilityProfile,
    presence: Presence,
    reference: Reference,
    kpis: Mapping[str, Kpi],
    settings: Settings,
) -> Impact:
    assessment = Assessment(incident=one.incident, degradations=tuple(one.degradations), outlook=one.outlook)
    return impact.assess(assessment, LocationData(profile, presence), reference, kpis, settings.impact, now=one.now)


def main(arguments: Sequence[str]) -> None:
    from benchmarks.quality import affected_lists

    recording = arguments[0] == "record"
    folder, seeds = Path(arguments[int(recording)]), arguments[int(recording) + 1 :]
    for seed in seeds if recording else ():
        dataset, kept = folder / f"operator-{seed}", folder / f"seen-{seed}.pickle"
        if kept.exists():
            continue
        affected_lists.made(dataset, seed)
        begin = affected_lists.START + 20 * DAY_S
        seen = record(dataset, Window(begin, begin + 5 * DAY_S))
        (folder / f"evidence-{seed}.pickle").write_bytes(pickle.dumps(seen.evidence))
        kept.write_bytes(pickle.dumps(replace(seen, evidence=[])))
        print("recorded", seed, flush=True)
    if not recording:
        pairs = [
            Again(folder / f"operator-{s}", pickle.loads((folder / f"seen-{s}.pickle").read_bytes())).run() for s in seeds
        ]
        affected_lists.show(pairs)


if __name__ == "__main__":
    from benchmarks.quality.reassessment import main as run  # what is kept names its classes by this module

    run(sys.argv[1:])
