"""The end of the process has a bound, whatever hangs; and a job that hangs or fails holds no other."""

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from detector.domain.errors import Transient
from jobs.daemon import Daemon, Workers
from jobs.signals import LATE
from tests.faults.service import HANGS, PATIENCE_S, wait_for

TICK = ("pull", "learn_if_due", "detect", "assess", "experience_if_due")


def test_a_service_that_has_nothing_to_do_stops_cleanly(here):
    service = here.start()
    code, _ = service.stop()
    assert code == 0
    assert "stopped cleanly" in service.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_leaves_no_traceback(here, number):
    service = here.start(serving=False)
    service.wait((here.root / "begun").exists, "the first line")
    time.sleep(0.1)
    code, _ = service.stop(number)
    assert code in (0, 128 + number, -number)
    assert "Traceback" not in service.log


def hanging(here, job, stop_within="2 s"):
    """A service in which this job waits for ever in a call of the system, from which no thread can be called back."""
    os.mkfifo(here.root / "hang")
    here.configure(f'[daemon]\nstop_within = "{stop_within}"\njob_deadline = "1 s"\n')
    service = here.start(env={HANGS: job})
    service.wait(lambda: "overstays its deadline" in service.log, "the report of the job")
    return service


@pytest.mark.parametrize("job", ["pull", "watch_receivers", "assess"])
def test_a_job_that_hangs_in_the_system_does_not_hold_the_stop(here, job):
    service = hanging(here, job)
    service.wait(lambda: f"job {job}: runs since" in service.get("/readyz")[1], "the line in /readyz")
    code, seconds = service.stop()
    assert code == LATE
    assert seconds < PATIENCE_S / 2
    assert f"while job {job} still ran" in service.log
    assert "Traceback" not in service.log


def test_a_second_signal_ends_it_at_once(here):
    service = hanging(here, "watch_receivers", stop_within="10 min")
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    code, _ = service.stop(signal.SIGTERM)
    assert code == 128 + signal.SIGTERM


class Held:
    """Jobs of which some hang until they are released and others fail."""

    def __init__(self, *, hangs=(), fails=(), deadline_s=PATIENCE_S):
        self.ran, self.released = [], threading.Event()
        self._hangs, self._fails = set(hangs), set(fails)
        self.failures, self.late = {}, dict
        self.decided, self.notified = [], 0
        count = SimpleNamespace(labels=lambda _: SimpleNamespace(inc=lambda: None))
        self.telemetry = SimpleNamespace(job_failures=count, job_overdue=count)
        self.settings = SimpleNamespace(
            schedule=SimpleNamespace(pull_s=0.05, push_s=0.05, prune_s=3600),
            detection=None,
            daemon=SimpleNamespace(job_deadline_s=deadline_s),
        )
        self.store = self.catalogue = None
        self.receivers = ()

    def run(self, name):
        self.ran.append(name)
        if name in self._hangs:
            self.released.wait(PATIENCE_S)
        if name in self._fails:
            raise self._fails_with
        return ""

    _fails_with: Exception = RuntimeError("not foreseen")


@pytest.fixture(autouse=True)
def _no_round_log(monkeypatch):
    monkeypatch.setattr("jobs.daemon.RoundLog", lambda *_: SimpleNamespace(begin=lambda: None, end=lambda *_: None))


@contextmanager
def daemon_of(jobs):
    daemon = Daemon(jobs)
    daemon.start()
    try:
        yield daemon
    finally:
        jobs.released.set()
        daemon.stop(PATIENCE_S)


@pytest.mark.parametrize("job", TICK)
@pytest.mark.parametrize("error", [RuntimeError("not foreseen"), Transient("disk full"), MemoryError()])
def test_a_job_that_fails_keeps_no_other_from_what_is_due(job, error):
    jobs = Held(fails=[job])
    jobs._fails_with = error
    with daemon_of(jobs):
        wait_for(lambda: all(jobs.ran.count(name) >= 2 for name in TICK), "two rounds")
        assert job in jobs.failures


@pytest.mark.parametrize("job", TICK)
def test_a_job_that_hangs_holds_the_others_until_its_deadline_and_is_reported(job):
    jobs = Held(hangs=[job], deadline_s=0.2)
    with daemon_of(jobs):
        others = [name for name in TICK if name != job and not (job == "pull" and name == "learn_if_due")]
        wait_for(lambda: all(jobs.ran.count(name) >= 3 for name in others), "three rounds of the others")
        assert jobs.ran.count(job) == 1, "a job is never begun beside itself"
        assert job in jobs.late()
        jobs.released.set()
        wait_for(lambda: jobs.ran.count(job) >= 2, "the job again")


def test_nothing_is_learned_from_a_history_of_which_the_half_is_read():
    jobs = Held(hangs=["pull"], deadline_s=0.1)
    with daemon_of(jobs):
        wait_for(lambda: jobs.ran.count("detect") >= 3, "three rounds")
        assert "learn_if_due" not in jobs.ran


def test_a_stop_waits_for_what_runs_and_names_what_runs_still():
    jobs = Held(hangs=["watch_receivers"])
    with daemon_of(jobs) as daemon:
        wait_for(lambda: "watch_receivers" in jobs.ran, "the job")
        assert daemon.stop(0.2) == ["job watch_receivers"]
        before = list(jobs.ran)
        time.sleep(0.3)
        assert jobs.ran == before, "nothing is begun after a stop"
        jobs.released.set()
        wait_for(lambda: not daemon.unfinished(), "its end")


def test_a_worker_that_is_busy_is_not_waited_for_a_second_time():
    released, overdue = threading.Event(), []
    workers = Workers(lambda _: released.wait(PATIENCE_S), 0.1, overdue.append)
    assert workers.run("pull") is False
    assert workers.run("pull") is False
    assert overdue == ["pull"]
    released.set()
    wait_for(lambda: not workers.running(), "its end")
    assert workers.run("pull") is True


def test_a_receiver_that_never_answers_does_not_hold_the_stop(here):
    """The connection is taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        here.configure(f'[[receivers]]\nname = "ops"\nurl = "http://127.0.0.1:{port}/"\nsecrets = ["whsec_{"A" * 32}"]\n')
        service = here.start()
        code, _ = service.stop()
        assert code == 0
