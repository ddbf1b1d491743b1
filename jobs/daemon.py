"""Wakes the jobs on their schedule; the ledger decides what there is to do. A failing job is told of and woken again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from threading import Condition, Event, Lock, Thread
from time import monotonic

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from detector.delivery import Receiver
from detector.domain.errors import PrecallError
from detector.domain.ports import Clock, Source
from detector.domain.window import Tick
from detector.kpis import Catalogue
from detector.settings import Settings
from detector.store import Store
from detector.telemetry import Telemetry
from jobs import fitted
from jobs.assess import assess
from jobs.detect import detect
from jobs.experience import due, keep_experience
from jobs.feeds import FeedWatch, last_seen, stops
from jobs.learn import learn
from jobs.ledger import Reached, walk_on
from jobs.progress import Watch, unwatched
from jobs.prune import prune
from jobs.pull import pull
from jobs.push import Relay
from jobs.receivers import problems_of
from jobs.saying import RoundLog, say_learned

log = structlog.get_logger()
_OVERDUE_S = 2 * 3600
_WORKERS = 8
"""Threads beside one for each receiver: more than there are other jobs, so that none waits for another to end."""
_AGAIN_S = 3600
"""Event time between two attempts to learn while nothing can be judged."""


NAMES = ("pull", "detect", "assess", "push", "learn", "prune", "experience")
"""The jobs that may be run by hand; each is a method of `Jobs`."""


@dataclass
class Jobs:
    """Every job by name, over one set of ports; each may be run once by hand or woken by the daemon."""

    source: Source
    store: Store
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    wall: Clock
    relay: Relay
    receivers: Sequence[Receiver]
    telemetry: Telemetry
    reached: Reached = walk_on
    watch: Watch = unwatched
    failures: dict[str, str] = field(default_factory=dict)
    decided: list[Tick] = field(default_factory=list)
    """Periods decided in this round, and alerts composed (`notified`); the daemon logs them and begins anew."""
    notified: int = 0

    def run(self, name: str) -> str:
        """One job once; returns what it did in one line. Raises PrecallError."""
        job, _, receiver = name.partition(":")
        with self.telemetry.job_seconds.labels(name).time():
            did: str = getattr(self, job)(*([receiver] if receiver else []))
        self.failures.pop(name, None)
        return did

    def decide_from(self) -> int:
        """Ticks before the first start are history; kept, so that a restart owes what it missed."""
        known = self.store.notes.get("decide_from")
        if known is None:
            with self.store.begin() as connection:
                known = self.store.notes.get("decide_from", int(self.clock.now()))  # another daemon may have begun
                self.store.notes.put(connection, "decide_from", known)
        return int(known)

    def pull(self) -> str:
        policy = self.settings.detection
        with self.watch("reading what has arrived") as moved:
            pulled = pull(
                self.source, self.store, self.catalogue, now=self.clock.now(), decide_from=self.decide_from(), policy=policy,
                listening=self.settings.feedback, floor=self.settings.impact.privacy_floor, reached=self.reached,
                moved=moved,
            )  # fmt: skip
        self.telemetry.fed(
            self.source.name, seen_at=last_seen(self.store, self.source.name), rows=pulled.rows, findings=pulled.findings
        )
        for piece, reason in pulled.set_aside:
            log.warning("file set aside", file=piece.name, reason=reason)
        self.telemetry.files.labels("set_aside").inc(len(pulled.set_aside))
        self.telemetry.files.labels("read").inc(pulled.pieces - len(pulled.set_aside))
        for finding in pulled.findings:
            self.telemetry.findings.labels(finding.code).inc(finding.count)
        return f"{pulled.pieces} files, {len(pulled.ticks)} ticks, {len(pulled.set_aside)} set aside"

    def _watch_feed(self) -> None:
        """What stopped coming, or comes again: log, metrics, and an alert to operations."""
        feed, settings, now = self.source.name, self.settings, self.clock.now()
        watch = FeedWatch(
            self.store, self.source.reference(now), feed, now, self.decide_from(), settings.sources.silent_after_s,
            self.receivers, self.wall.now(), settings.web.link_base,
        )  # fmt: skip
        silent, resumed = watch.look()
        zone = self.source.reference(now).operator.timezone
        for stop in silent:
            log.warning("feed silent", feed=feed, part=stop.part, reason=stop.sentence(zone))
        for stop in resumed:
            log.warning("feed resumed", feed=feed, part=stop.part)
        self.telemetry.silent(feed, stops(self.store, feed))

    def detect(self) -> str:
        detected = detect(
            self.source, self.store, self.catalogue, now=self.clock.now(), detection=self.settings.detection,
            correlation=self.settings.incidents, reached=self.reached,
        )  # fmt: skip
        self.decided += detected.decided
        self._watch_feed()
        self.telemetry.ticks.inc(len(detected.decided))
        open_ = self.store.book.incidents(state="open")
        self.telemetry.incidents.set(len(open_))
        owed = self.store.ticks.debts("score")
        self.telemetry.behind.set(max(0.0, self.clock.now() - owed[0].tick.end) if owed else 0.0)
        return f"{len(detected.decided)} ticks decided, {len(open_)} incidents open"

    def assess(self) -> str:
        alerts = assess(
            self.source, self.store, self.catalogue, self.settings, now=self.clock.now(), receivers=self.receivers,
            due_at=self.wall.now(), reached=self.reached,
        )  # fmt: skip
        self.notified += len(alerts)
        return f"{len(alerts)} alerts composed"

    def experience(self) -> str:
        return f"{keep_experience(self.source, self.store, now=self.clock.now(), reached=self.reached)} rows kept"

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
        """What waits for nobody is dead; how each receiver stands is measured."""
        outcomes = self.relay.clear_unconfigured(self.wall.now(), self.clock.now())
        states = self.store.receiver_states.all()
        self.telemetry.received(self.relay.receivers, states, self.clock.now())
        return self._counted(outcomes)

    def _counted(self, outcomes: Mapping[str, int]) -> str:
        for state, count in outcomes.items():
            self.telemetry.deliveries.labels(state).inc(count)
        return ", ".join(f"{count} {state}" for state, count in sorted(outcomes.items())) or "nothing due"

    def learn(self) -> str:
        policy = self.settings.detection
        with self.watch("learning what is normal") as moved:
            count = learn(
                self.source, self.store, self.catalogue, now=self.clock.now(), policy=policy, caring=self.settings.care,
                reached=self.reached, moved=moved,
            )  # fmt: skip
        with self.store.begin() as connection:
            self.store.notes.put(connection, "learned_for", self._judged_by())
        say_learned(self.store, self.decide_from())
        return f"{count} baselines fitted"

    def learn_if_due(self) -> str:
        """Once a `learn_s` of event time; within an hour when there is nothing to judge by: the data came after the first
        start, or the catalogue or the policy has changed."""
        learned_at = self.store.notes.get("learned_at")
        if learned_at is None or self.store.notes.get("learned_for") != self._judged_by():
            return self.learn()
        due_at = learned_at + (_AGAIN_S if self._blind() else self.settings.schedule.learn_s)
        return "not due" if self.clock.now() < due_at else self.learn()

    def _judged_by(self) -> str:
        return f"{self.catalogue.hash} {self.settings.detection}"

    def _blind(self) -> bool:
        """A tick is owed for which there is no baseline."""
        policy = self.settings.detection
        owed = {debt.tick.duration_s for debt in self.store.ticks.debts("score")}
        return any(fitted.load_baseline(self.store, self.catalogue, policy, duration_s) is None for duration_s in owed)

    def prune(self) -> str:
        gone = prune(self.store, self.source, self.settings.retention, now=self.clock.now(), wall_now=self.wall.now())
        return ", ".join(f"{count} {name}" for name, count in gone.items() if count) or "nothing is older than it may be"

    def problems(self) -> list[str]:
        """What keeps the service from its work: for /readyz."""
        found = [f"job {name}: {why}" for name, why in self.failures.items()]
        owed = self.store.ticks.debts("score")
        if owed and self.clock.now() - owed[0].tick.end > _OVERDUE_S:
            found.append(f"detect: the tick of {owed[0].tick.start} is still owed")
        zone = self.source.reference(self.clock.now()).operator.timezone
        found += [stop.sentence(zone) for stop in stops(self.store, self.source.name)]
        return found + problems_of(self.store.receiver_states.all(), self.relay.receivers, zone)


_LONG_AGO, _NEVER = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class _WhenWoken(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """Of its own accord never: APScheduler compares with the wall clock, which may be set. So a job is due either "long ago"
    or "never", whatever that clock says."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return _NEVER


class _Waker:
    """Calls `wake(name)` every so many seconds of monotonic time, which nobody can set. After a pause of the whole machine
    each is called once, not once for every time that was missed."""

    def __init__(self, wake: Callable[[str], object]) -> None:
        self._wake, self._changed, self._stopped = wake, Condition(), False
        self._every: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._thread = Thread(target=self._run, name="waker", daemon=True)

    def every(self, name: str, seconds: float) -> None:
        with self._changed:
            self._every[name], self._due[name] = seconds, monotonic() + seconds
            self._changed.notify()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = monotonic()
                for name in [name for name, at in self._due.items() if at <= now]:
                    self._due[name] = now + self._every[name]
                    self._wake(name)
                self._changed.wait(max(0.0, min(self._due.values(), default=now + 1.0) - monotonic()))


class Daemon:
    """`start` returns at once; `stop` lets running jobs end. Pull, detect and assess follow one another in one wake-up."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._one_at_a_time = Lock()
        self._stopping = Event()
        self.rounds = 0
        """Wake-ups of pull, detect and assess that went through."""
        wake = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        workers = {"type": "threadpool", "max_workers": len(jobs.receivers) + _WORKERS}
        self._scheduler = BackgroundScheduler(job_defaults=wake, timezone="UTC", executors={"default": workers})
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._waker = _Waker(lambda name: self._scheduler.modify_job(name, next_run_time=_LONG_AGO))

    @cached_property
    def _log(self) -> RoundLog:
        return RoundLog(self._jobs.store, self._jobs.catalogue, self._jobs.settings.detection)

    def start(self) -> None:
        schedule = self._jobs.settings.schedule
        self._every(schedule.pull_s, self._tick, "tick")
        for name in ("watch_receivers", *(f"push:{one.name}" for one in self._jobs.receivers)):
            self._every(schedule.push_s, partial(self._attempt, name), name)
        self._every(schedule.prune_s, lambda: self._attempt("prune"), "prune")
        self._scheduler.start()
        self._waker.start()

    def also(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        """Wake something else as well (the simulated operator of a demonstration)."""
        self._every(seconds, act, name)

    def _every(self, seconds: float, act: Callable[[], object], name: str) -> None:
        self._scheduler.add_job(act, _WhenWoken(), id=name, name=name)
        self._waker.every(name, seconds)

    def _tick(self) -> None:
        with self._one_at_a_time:
            self._log.begin()
            self._jobs.decided, self._jobs.notified, began = [], 0, monotonic()
            for name in ("pull", "learn_if_due", "detect", "assess", "experience_if_due"):
                if self._stopping.is_set() or not self._attempt(name):
                    return
            self._log.end(self._jobs.decided, self._jobs.notified, monotonic() - began)
            self.rounds += 1

    def _attempt(self, name: str) -> bool:
        """A known failure is one line in the log and in /readyz; the job is tried again at its next wake-up."""
        try:
            self._jobs.run(name)
        except PrecallError as error:
            self._jobs.failures[name] = str(error)
            self._jobs.telemetry.job_failures.labels(name).inc()
            log.error("job failed, will be tried again", job=name, reason=str(error))
            return False
        return True

    def _failed(self, event: JobExecutionEvent) -> None:
        """An unforeseen failure: APScheduler keeps the job; we say what it was."""
        reason = " ".join(f"{type(event.exception).__name__}: {event.exception}".split())[:300]
        self._jobs.failures[event.job_id] = reason
        self._jobs.telemetry.job_failures.labels(event.job_id).inc()
        log.error("job failed unexpectedly, will be tried again", job=event.job_id, reason=reason)
        log.debug("traceback", text=event.traceback)

    def stop(self) -> None:
        self._stopping.set()
        self._waker.stop()
        self._scheduler.shutdown(wait=True)
