"""A wired app, running: daemon, API and pages, from the moment its database can be opened until a stop is requested."""

from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from time import monotonic
from typing import Protocol, Self

import structlog

from detector.app import App
from detector.clock import WallClock
from detector.database_limits import answer_within
from detector.domain.errors import Transient
from detector.listening import listen
from detector.web.limits import check_token
from detector.web.process import WebProcess
from detector.web.snapshots import Boot, Snapshot
from jobs.clock_watch import ClockWatch
from jobs.daemon import Daemon
from jobs.daemon_lease import RENEW_S, LeaseKeeper
from jobs.ledger import Checkpoint, no_checkpoint
from jobs.operator_log import AuditHead
from jobs.progress import ProgressDisplay, no_display
from jobs.push import Breakers, FinalCheck, Relay
from jobs.registry import Jobs

log = structlog.get_logger()
_FOR_JOBS = 0.75
"""Share of the time to stop that running jobs get. Chosen: the rest is for the lease, the web server and the database."""

_AFTER_ABORT_S = 1.0
"""Time until jobs have noticed that their calls of the database were ended. Chosen: as long as the lease is worth."""


def jobs_of(app: App, checkpoint: Checkpoint = no_checkpoint, display: ProgressDisplay = no_display) -> Jobs:
    """Every job over the app's ports."""
    settings = app.settings
    final_check = FinalCheck(
        store=app.store,
        feeds=app.feeds,
        source_uri=settings.delivery.source,
        care_policy=settings.care,
        floor=settings.impact.privacy_floor,
        checkpoint=checkpoint,
    )
    relay = Relay(
        store=app.store,
        transport=app.transport,
        receivers={r.name: r for r in app.receivers},
        final_check=final_check,
        max_attempts=settings.delivery.max_attempts,
        attempt_s=settings.delivery.timeout_s,
        breakers=Breakers(ClockWatch.of_machine(monotonic)),
        checkpoint=checkpoint,
    )
    return Jobs(
        feeds=app.feeds,
        store=app.store,
        catalogue=app.catalogue,
        settings=app.settings,
        clock=app.clock,
        wall=WallClock(),
        relay=relay,
        receivers=app.receivers,
        telemetry=app.telemetry,
        checkpoint=checkpoint,
        display=display,
    )


@dataclass
class Service:
    """`with Service(app) as service:` runs everything; `service.url` is the address of the pages."""

    app: App
    jobs: Jobs
    daemon: Daemon
    web: WebProcess
    url: str = ""
    _lease: LeaseKeeper = field(init=False)

    def __enter__(self) -> Self:
        self.url = self.web.start()
        self._lease = LeaseKeeper(self.app.store, self.app.settings.storage.path, self.url)
        wall = WallClock()
        try:
            for other in self._lease.others(wall.now()):
                log.warning("another daemon works on this store: they share the work by the ledger", other=str(other))
            self._lease.renew(wall.now())
        except Transient as error:  # the database went away just now: the lease is renewed when it is back, as all jobs are
            log.warning("the lease of this daemon is not noted yet, it is tried again", reason=str(error))
        self.daemon.also("presence", RENEW_S, lambda: self._lease.renew(wall.now()))
        self.daemon.start()
        return self

    def __exit__(self, *_error: object) -> None:
        bound_s = self.app.settings.daemon.stop_within_s
        self.jobs.relay.stop()
        running = self.daemon.stop(_FOR_JOBS * bound_s)
        if running:  # what waits for a database that is frozen ends now
            self.app.store.database.abort()
            running = self.daemon.stop(_AFTER_ABORT_S)
        if running:
            log.error("stopped while jobs still ran: the next start does it again", jobs=running)
            self.web.stop()
            return
        with answer_within(_AFTER_ABORT_S):
            self._lease.end()
        self.web.stop()
        self.app.close()


def service_of(app: App, listening: socket | None = None, display: ProgressDisplay = no_display) -> Service:
    """Daemon and web process over one app, not yet started. `listening`: where to serve, if that is taken already."""
    settings, jobs = app.settings, jobs_of(app, display=display)
    check_token(app.keys.token)  # an error is raised now, not in another process
    listening = listening or listen(settings.web.host, settings.web.port)

    def boot() -> Boot:
        return Boot(settings, jobs.clock.now(), runs=isinstance(app.clock, WallClock))

    audit_head = AuditHead(app.store, app.telemetry.audit_rows)

    def look() -> Snapshot:
        audit_head()
        return Snapshot(jobs.clock.now(), jobs.problems(), app.telemetry.text())

    web = WebProcess("jobs.web_process", boot, listening, look, jobs.clock.now, app.telemetry.web_restarts.inc)
    return Service(app, jobs, Daemon(jobs), web)


_FIRST_S, _LONGEST_S = 1.0, 30.0
"""Pauses between two attempts: each is twice the one before, up to the longest."""


class Stopping(Protocol):
    """What ends the wait."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the stop, at most so long; whether it came."""
        ...


def open_when_there(open_: Callable[[], App], stop: Stopping) -> App | None:
    """The app, as soon as it can be opened; None if a stop is requested first. Raises Misconfigured at once: a wrong
    password or name passes by no waiting."""
    pause_s, waited = _FIRST_S, False
    while True:
        try:
            app = open_()
        except Transient as error:
            log.warning("cannot start yet, it is tried again", reason=str(error), next_try_s=pause_s)
        else:
            if waited:
                log.info("it is there now: starting")
            return app
        if stop.wait(pause_s):
            return None
        pause_s, waited = min(2 * pause_s, _LONGEST_S), True
