"""Starts the jobs on their schedule; the ledger decides what is pending. A failing job is reported and started again.

`Waker` calls by monotonic time, `Workers` give each job a thread and a deadline, `Daemon` ties them to APScheduler.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import cached_property, partial
from math import inf
from threading import Condition, Event, Lock, Thread
from time import monotonic

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as SchedulerThread
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from detector.domain.errors import PrecallError
from jobs.operator_log import RoundLog
from jobs.registry import Jobs

LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)
"""The next run of a job that is due."""
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)


class WhenWoken(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """Of its own accord never: APScheduler compares with the wall clock, which may be set. So a job is due either "long ago"
    or "never", whatever that clock shows."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return _NEVER


class Waker:
    """Calls `wake(name)` every so many seconds of monotonic time, which nobody can set. After a pause of the whole machine
    each is called once, not once for every time that was missed."""

    def __init__(self, wake: Callable[[str], object]) -> None:
        self._wake, self._changed, self._stopped = wake, Condition(), False
        self._every: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._thread = Thread(target=self._run, name="waker", daemon=True)

    def every(self, name: str, seconds: float) -> None:
        """Start this job from now on, first after `seconds`."""
        with self._changed:
            self._every[name], self._due[name] = seconds, monotonic() + seconds
            self._changed.notify()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Starts nothing any more when it returns."""
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


log = structlog.get_logger()


class Workers:
    """Runs `act(name)`, which raises nothing, on the thread of the job `name`.

    A run that overstays `deadline_s` is reported, and a caller that waits for it goes on; until it ends, the job is not
    begun again. `overdue(name)` is called once for each such run.
    """

    def __init__(self, act: Callable[[str], bool], deadline_s: float, overdue: Callable[[str], object]) -> None:
        self._act, self._deadline_s, self._overdue = act, deadline_s, overdue
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[str, tuple[float, Future[bool]]] = {}
        self._lock = Lock()

    def run(self, name: str) -> bool:
        """Whether a run of this job, begun now, went well within its deadline; False at once while an earlier one runs."""
        with self._lock:
            if name in self._running:
                return False
            thread = self._threads.setdefault(name, ThreadPoolExecutor(1, thread_name_prefix=name))
            began = monotonic()
            future = thread.submit(self._act, name)
            self._running[name] = began, future
        future.add_done_callback(lambda _: self._ended(name, began))
        try:
            return future.result(self._deadline_s)
        except TimeoutError:
            self._overdue(name)
            log.error("job overstays its deadline, the others go on", job=name, deadline_s=self._deadline_s)
            return False

    def _ended(self, name: str, began: float) -> None:
        with self._lock:
            self._running.pop(name, None)
        took = monotonic() - began
        if took > self._deadline_s:
            log.warning("job ended after its deadline", job=name, seconds=round(took))

    def running(self) -> dict[str, float]:
        """Job -> for how long it has been running (s)."""
        now = monotonic()
        with self._lock:
            return {name: now - began for name, (began, _) in self._running.items()}

    def late(self) -> dict[str, float]:
        """Job -> for how long it has been running (s), of those that overstay their deadline."""
        return {name: seconds for name, seconds in self.running().items() if seconds > self._deadline_s}

    def stop(self, within_s: float) -> None:
        """Begins nothing any more, and waits at most so long for what runs."""
        with self._lock:
            threads, futures = list(self._threads.values()), [future for _, future in self._running.values()]
        for thread in threads:
            thread.shutdown(wait=False, cancel_futures=True)
        wait(futures, timeout=within_s)


class Daemon:
    """`start` returns at once; `stop` waits for running jobs, at most so long as it is given.

    Pull, learn, detect, assess and experience follow one another in one wake-up, each on a thread of its own: one that fails
    or overstays its deadline never keeps the others from what is due.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._stopping = Event()
        self.rounds = 0
        """Wake-ups of pull, detect and assess that went through."""
        wake = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(job_defaults=wake, timezone="UTC")
        self._waker = Waker(lambda name: self._scheduler.modify_job(name, next_run_time=LONG_AGO))
        self._workers = Workers(self._attempt, jobs.settings.daemon.job_deadline_s, self._overdue)
        jobs.late = self._workers.late

    @cached_property
    def _log(self) -> RoundLog:
        return RoundLog(self._jobs.store, self._jobs.catalogue, self._jobs.settings.detection)

    def start(self) -> None:
        schedule = self._jobs.settings.schedule
        self._every(schedule.pull_s, self._tick, "tick")
        for name in ("watch_receivers", *(f"push:{one.name}" for one in self._jobs.receivers)):
            self._every(schedule.push_s, partial(self._workers.run, name), name)
        self._every(schedule.prune_s, lambda: self._workers.run("prune"), "prune")
        self._scheduler.start()
        self._waker.start()

    def also(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        """Start another job as well (the simulated operator of a demonstration)."""
        self._every(seconds, lambda: self._guarded(name, act), name)

    def _every(self, seconds: float, act: Callable[[], object], name: str) -> None:
        executor = f"thread of {name}"  # one that hangs takes no thread from the others
        self._scheduler.add_executor(SchedulerThread(1), executor)
        self._scheduler.add_job(act, WhenWoken(), id=name, name=name, executor=executor)
        self._waker.every(name, seconds)

    def _tick(self) -> None:
        self._log.begin()
        self._jobs.decided, self._jobs.notified, began = [], 0, monotonic()
        went_well = True
        for name in ("pull", "learn_if_due", "detect", "assess", "experience_if_due"):
            if self._stopping.is_set():
                return
            if name == "learn_if_due" and "pull" in self._workers.running():
                continue  # a baseline of the half of a history that is read by now would stand for a day
            went_well &= self._workers.run(name)
        self._log.end(self._jobs.decided, self._jobs.notified, monotonic() - began)
        self.rounds += went_well

    def _attempt(self, name: str) -> bool:
        """Whether it went well. A failure is a line in the log and in /readyz; the next wake-up tries again."""
        return self._guarded(name, lambda: self._jobs.run(name))

    def _guarded(self, name: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except PrecallError as error:
            self._failed(name, str(error))
            return False
        except Exception as error:  # a mistake in one job must not end the others; it is reported
            self._failed(name, " ".join(f"{type(error).__name__}: {error}".split())[:300])
            log.debug("traceback", job=name, exc_info=True)
            return False
        self._jobs.failures.pop(name, None)
        return True

    def _failed(self, name: str, reason: str) -> None:
        self._jobs.failures[name] = reason
        self._jobs.telemetry.job_failures.labels(name).inc()
        log.error("job failed, will be tried again", job=name, reason=reason)

    def _overdue(self, name: str) -> None:
        self._jobs.telemetry.job_overdue.labels(name).inc()

    def unfinished(self) -> list[str]:
        """The jobs that run now."""
        return [f"job {name}" for name in self._workers.running()]

    def stop(self, within_s: float = inf) -> list[str]:
        """Starts nothing any more, and waits at most so long for what runs; returns the jobs that run still."""
        self._stopping.set()
        self._waker.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._workers.stop(min(within_s, threading.TIMEOUT_MAX))
        return self.unfinished()
