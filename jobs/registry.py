"""Every job by name, over one set of ports; what keeps them from their work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from detector.clock import WallClock
from detector.delivery import Receiver
from detector.domain.ports import Clock
from detector.domain.window import HOUR_S, Tick, iso
from detector.kpis import Catalogue
from detector.settings import Settings
from detector.sources.feeds import Feeds
from detector.store import Store
from detector.store.cursors import DECIDE_FROM, LEARN
from detector.telemetry import Telemetry
from jobs import models
from jobs.assess import assess
from jobs.clock_guard import ClockGuard
from jobs.context import JobContext
from jobs.detect import detect
from jobs.experience import due, keep_experience
from jobs.feed_watch import StopNotice, last_seen, silent_parts, stops, watches
from jobs.learn import learn
from jobs.ledger import Checkpoint, no_checkpoint
from jobs.operator_log import log_learned
from jobs.progress import ProgressDisplay, no_display
from jobs.prune import prune
from jobs.pull import pull
from jobs.push import Relay
from jobs.receivers import problems_of

log = structlog.get_logger()
_OVERDUE_S = 2 * HOUR_S
"""Age of a pending tick from which the daemon reports it. Chosen: eight periods."""
_AGAIN_S = HOUR_S
"""Event time between two attempts to learn while nothing can be judged. Chosen: an hour."""


NAMES = ("pull", "detect", "assess", "push", "learn", "prune", "experience")
"""The jobs that may be run by hand; each is a method of `Jobs`."""


@dataclass(kw_only=True)
class Jobs:
    """Every job by name, over one set of ports; each may be run once by hand or started by the daemon."""

    feeds: Feeds
    store: Store
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    wall: Clock
    relay: Relay
    receivers: Sequence[Receiver]
    telemetry: Telemetry
    checkpoint: Checkpoint = no_checkpoint
    display: ProgressDisplay = no_display
    failures: dict[str, str] = field(default_factory=dict)
    late: Callable[[], Mapping[str, float]] = dict
    """Job -> for how long it has been running (s), of those that overstay their deadline."""
    decided: list[Tick] = field(default_factory=list)
    """Periods decided in this round, and alerts composed (`notified`); the daemon logs them and begins anew."""
    notified: int = 0

    def __post_init__(self) -> None:
        timed = isinstance(self.clock, WallClock)
        self.guard = ClockGuard(clock=self.clock, store=self.store, feeds=self.feeds, telemetry=self.telemetry, timed=timed)
        self.clock = self.guard

    @property
    def context(self) -> JobContext:
        return JobContext(self.feeds, self.store, self.catalogue, self.settings, self.checkpoint)

    def run(self, name: str) -> str:
        """One job once; returns what it did in one line. Raises PrecallError."""
        job, _, receiver = name.partition(":")
        self.guard.look_before(job)
        with self.telemetry.job_seconds.labels(name).time():
            did: str = getattr(self, job)(*([receiver] if receiver else []))
        return did

    def decide_from(self) -> int:
        """Ticks before the first start are history; kept, so that missed ticks are pending after a restart."""
        known = self.store.progress.until(DECIDE_FROM)
        if known is None:
            with self.store.begin() as connection:
                known = self.store.progress.until(DECIDE_FROM)  # another daemon may have begun
                known = int(self.clock.now()) if known is None else known
                self.store.progress.save(connection, DECIDE_FROM, known)
        return int(known)

    def pull(self) -> str:
        with self.display("reading what has arrived") as progress:
            pulled = pull(
                self.context,
                now=self.clock.now(),
                decide_from=self.decide_from(),
                progress=progress,
                budget_s=self.settings.sources.pull_budget_s,
            )
        for feed in self.feeds:
            found = [finding for finding in pulled.findings if self.feeds.is_of(finding, feed.name)]
            seen_at = last_seen(self.store, feed.name)
            self.telemetry.fed(feed.name, seen_at=seen_at, rows=pulled.rows[feed.name], findings=found)
        for source_file, reason in pulled.set_aside:
            log.warning("file set aside", file=source_file.name, reason=reason)
        self.telemetry.files.labels("set_aside").inc(len(pulled.set_aside))
        self.telemetry.files.labels("read").inc(pulled.source_files - len(pulled.set_aside))
        for finding in pulled.findings:
            self.telemetry.findings.labels(finding.code).inc(finding.count)
        return f"{pulled.source_files} files, {len(pulled.ticks)} ticks, {len(pulled.set_aside)} set aside"

    def _watch_feeds(self) -> None:
        """What stopped arriving, or arrives again: log, metrics, and an alert to operations."""
        now = self.clock.now()
        reference = self.feeds.reference(now)
        for watch in watches(
            self.feeds,
            self.store,
            reference,
            now=now,
            begun_at=self.decide_from(),
            notice=StopNotice(self.receivers, self.wall.now(), self.settings.web.link_base),
        ):
            silent, resumed = watch.look()
            for stop in silent:
                log.warning(
                    "feed silent", feed=watch.feed, part=stop.part, reason=stop.sentence(reference.operator.timezone)
                )
            for stop in resumed:
                log.warning("feed resumed", feed=watch.feed, part=stop.part)
            self.telemetry.silent(watch.feed, stops(self.store, watch.feed))

    def detect(self) -> str:
        detected = detect(self.context, now=self.clock.now())
        self.decided += detected.decided
        self._watch_feeds()
        self.telemetry.ticks.inc(len(detected.decided))
        open_ = self.store.incidents.all(state="open")
        self.telemetry.incidents.set(len(open_))
        pending = self.store.ticks.pending("score")
        self.telemetry.behind.set(max(0.0, self.clock.now() - pending[0].tick.end) if pending else 0.0)
        return f"{len(detected.decided)} ticks decided, {len(open_)} incidents open"

    def assess(self) -> str:
        alerts = assess(self.context, now=self.clock.now(), receivers=self.receivers, due_at=self.wall.now())
        self.notified += len(alerts)
        return f"{len(alerts)} alerts composed"

    def experience(self) -> str:
        return f"{keep_experience(self.feeds, self.store, now=self.clock.now(), checkpoint=self.checkpoint)} rows kept"

    def experience_if_due(self) -> str:
        """Once an hour of event time: the present day and what late data changed."""
        return self.experience() if due(self.store, self.clock.now()) else "not due"

    def push(self, receiver: str | None = None) -> str:
        """Of one receiver, as the daemon does, or of all."""
        outcomes = self.relay.push(event_now=self.clock.now(), wall_now=self.wall.now(), receiver=receiver)
        if receiver is None:
            self.watch_receivers()
        return self._counted(outcomes)

    def watch_receivers(self) -> str:
        """Alerts without a receiver become dead; the state of each receiver is measured."""
        outcomes = self.relay.clear_unconfigured(self.wall.now(), self.clock.now())
        states = self.store.receiver_states.all()
        self.telemetry.received(self.relay.receivers, states, self.clock.now())
        return self._counted(outcomes)

    def _counted(self, outcomes: Mapping[str, int]) -> str:
        for state, count in outcomes.items():
            self.telemetry.deliveries.labels(state).inc(count)
        return ", ".join(f"{count} {state}" for state, count in sorted(outcomes.items())) or "nothing due"

    def learn(self, as_of: float | None = None) -> str:
        """From everything until now; from what was there `as_of` (s), where the same is to be learned again."""
        if not self.guard.certain():
            return self.guard.problem()
        now = self.clock.now() if as_of is None else as_of
        with self.display("learning what is normal") as progress:
            count = learn(self.context, now=now, progress=progress)
        with self.store.begin() as connection:
            self.store.progress.save_made_for(connection, LEARN, self._judged_by())
        log_learned(self.store, self.decide_from())
        return f"{count} baselines fitted"

    def learn_if_due(self) -> str:
        """Once a `learn_s` of event time; within an hour when there is nothing to judge by: the data came after the first
        start; at once when the catalogue or the policy has changed. What was learned and is lost is learned again from what
        it was learned from, so that the same is judged in the same way."""
        learned_at = self.store.progress.until(LEARN)
        if learned_at is None and "pull" in self.failures:
            return "waits until the history is read"  # a baseline of a part of it would stand for a day
        if learned_at is None or self.store.progress.made_for(LEARN) != self._judged_by():
            return self.learn()
        if self._forgotten():
            return self.learn(as_of=learned_at)
        due_at = learned_at + (_AGAIN_S if self._blind() else self.settings.schedule.learn_s)
        return "not due" if self.clock.now() < due_at else self.learn()

    def _forgotten(self) -> bool:
        """What was learned is there no more: its file was damaged, and set aside, or deleted."""
        store, policy = self.store, self.settings.detection
        lengths = [one.duration_s for one in store.models.extents()]
        if any(models.load_baseline(store, self.catalogue, policy, duration_s) is None for duration_s in lengths):
            return True
        return models.load_mobility_profile(store) is None

    def _judged_by(self) -> str:
        return f"{self.catalogue.hash} {self.settings.detection}"

    def _blind(self) -> bool:
        """Whether a tick is pending for which there is no baseline."""
        policy = self.settings.detection
        pending = {pending_step.tick.duration_s for pending_step in self.store.ticks.pending("score")}
        return any(models.load_baseline(self.store, self.catalogue, policy, duration_s) is None for duration_s in pending)

    def prune(self) -> str:
        if not self.guard.certain():
            return self.guard.problem()
        gone = prune(self.store, self.feeds, self.settings.retention, now=self.clock.now(), wall_now=self.wall.now())
        return ", ".join(f"{count} {name}" for name, count in gone.items() if count) or "nothing is older than it may be"

    def problems(self) -> list[str]:
        """What keeps the service from its work: for /readyz."""
        found = [f"job {name}: {why}" for name, why in self.failures.copy().items()]
        found += [f"job {name}: runs since {seconds:.0f} s, its deadline is over" for name, seconds in self.late().items()]
        pending = self.store.ticks.pending("score")
        if pending and self.clock.now() - pending[0].tick.end > _OVERDUE_S:
            found.append(f"detect: the tick of {iso(pending[0].tick.start)} is still pending")
        found += [problem] if (problem := self.guard.problem()) else []
        zone = self.feeds.reference(self.clock.now()).operator.timezone
        found += [stop.sentence(zone) for stop in silent_parts(self.feeds, self.store)]
        return found + problems_of(self.store.receiver_states.all(), self.relay.receivers, zone)
