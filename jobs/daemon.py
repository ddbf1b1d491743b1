"""Wakes the jobs on their schedule; the ledger decides what there is to do. A failing job is reported and woken again."""

import threading
from collections.abc import Callable
from functools import cached_property, partial
from math import inf
from threading import Event
from time import monotonic

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from detector.domain.errors import PrecallError
from jobs.registry import Jobs
from jobs.saying import RoundLog
from jobs.waking import LONG_AGO, Waker, WhenWoken
from jobs.workers import Workers

log = structlog.get_logger()


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
        """Wake something else as well (the simulated operator of a demonstration)."""
        self._every(seconds, lambda: self._guarded(name, act), name)

    def _every(self, seconds: float, act: Callable[[], object], name: str) -> None:
        executor = f"thread of {name}"  # one that hangs takes no thread from the others
        self._scheduler.add_executor(ThreadPoolExecutor(1), executor)
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
        """Wakes nothing any more, and waits at most so long for what runs; returns the jobs that run still."""
        self._stopping.set()
        self._waker.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._workers.stop(min(within_s, threading.TIMEOUT_MAX))
        return self.unfinished()
