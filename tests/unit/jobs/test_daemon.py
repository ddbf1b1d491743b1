"""The jobs are woken every so many seconds, whatever becomes of the wall clock."""

import datetime as dt
import time
from collections import Counter
from types import SimpleNamespace

import apscheduler.executors.base
import apscheduler.schedulers.base
import apscheduler.triggers.date
import apscheduler.triggers.interval
import pytest

from jobs.daemon import Daemon

EVERY_S = 0.1
PATIENCE_S = 30.0
HOUR_S = 3600


class SetClock:
    """The wall clock as everything in APScheduler reads it: `ahead` seconds beside the truth."""

    ahead = 0.0


@pytest.fixture
def clock(monkeypatch):
    """APScheduler and `time.time` read a wall clock that a test may set."""
    true_now, true_time = dt.datetime.now, time.time
    SetClock.ahead = 0.0

    class Datetime(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return true_now(tz) + dt.timedelta(seconds=SetClock.ahead)

    places = (
        apscheduler.schedulers.base,
        apscheduler.executors.base,
        apscheduler.triggers.date,
        apscheduler.triggers.interval,
    )
    for module in places:
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Datetime)
    monkeypatch.setattr(time, "time", lambda: true_time() + SetClock.ahead)
    return SetClock


class CountedJobs:
    """Counts how often each job was run."""

    failures: dict[str, str] = {}  # noqa: RUF012
    settings = SimpleNamespace(
        schedule=SimpleNamespace(pull_s=EVERY_S, push_s=EVERY_S, learn_s=HOUR_S, prune_s=HOUR_S),
        detection=None,
        daemon=SimpleNamespace(job_deadline_s=PATIENCE_S),
    )
    store = catalogue = None
    receivers = (SimpleNamespace(name="desk"),)

    def __init__(self):
        self.ran: Counter[str] = Counter()

    def run(self, name: str) -> str:
        self.ran[name.partition(":")[0]] += 1
        return ""


@pytest.fixture(autouse=True)
def _silent(monkeypatch):
    """Nothing was decided of which the log of a round could tell."""
    monkeypatch.setattr("jobs.daemon.RoundLog", lambda *_: SimpleNamespace(begin=lambda: None, end=lambda *_: None))


@pytest.fixture
def daemon():
    daemon = Daemon(CountedJobs())
    daemon.start()
    yield daemon
    daemon.stop()


def pushes_after(daemon: Daemon, more: int) -> bool:
    """Wait until there have been so many more pushes."""
    wanted, until = daemon._jobs.ran["push"] + more, time.monotonic() + PATIENCE_S
    while daemon._jobs.ran["push"] < wanted and time.monotonic() < until:
        time.sleep(EVERY_S / 4)
    return daemon._jobs.ran["push"] >= wanted


@pytest.mark.parametrize("seconds", [-HOUR_S, -30 * 365 * 24 * HOUR_S, HOUR_S, 30 * 365 * 24 * HOUR_S])
def test_a_clock_that_is_set_stops_no_job(seconds, clock, daemon):
    assert pushes_after(daemon, 2)
    clock.ahead = seconds
    assert pushes_after(daemon, 3)
    assert daemon._jobs.ran["detect"] >= 1


def test_a_jump_forward_does_not_make_up_for_every_wakeup_that_was_skipped(clock, daemon):
    assert pushes_after(daemon, 2)
    began, before = time.monotonic(), daemon._jobs.ran["push"]
    clock.ahead = 1000 * HOUR_S
    assert pushes_after(daemon, 3)
    passed = time.monotonic() - began
    assert daemon._jobs.ran["push"] - before <= passed / EVERY_S + 2
    assert daemon._jobs.ran["prune"] == 0, "its time has not come: no hour has passed"


def test_what_joins_later_is_woken_as_well(daemon):
    woken = []
    daemon.also("operator", EVERY_S, lambda: woken.append(1))
    until = time.monotonic() + PATIENCE_S
    while len(woken) < 3 and time.monotonic() < until:
        time.sleep(EVERY_S / 4)
    assert len(woken) >= 3


def test_after_stop_nothing_is_woken():
    daemon = Daemon(CountedJobs())
    daemon.start()
    daemon.stop()
    before = daemon._jobs.ran.total()
    time.sleep(3 * EVERY_S)
    assert daemon._jobs.ran.total() == before
