"""The process that serves API and pages: wires the store for reading, and ends with the daemon that started it.

Run by `detector.web.process` as `python -m jobs.web_process NUMBER`; NUMBER is the descriptor of the listening socket.
"""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import socket
from threading import Thread
from time import sleep
from typing import Any

from detector.app import App, wire
from detector.clock import WallClock
from detector.domain.errors import PrecallError
from detector.settings import Settings
from detector.telemetry import configure_logs
from detector.web import create_app
from detector.web.access import AccessOptions
from detector.web.limits import Limits
from detector.web.refusals import Refusals
from detector.web.server import WebServer
from detector.web.snapshots import Boot, LatestSnapshot, frames
from jobs.reference_cache import ReferenceCache
from jobs.web_wiring import care_service_of, web_service_of

_DESCRIPTORS = 1024
"""File descriptors of the process. Chosen: 256 connections, a backlog of 64, the database's and the tables' files."""
_BEAT_S = 1.0
"""Time between two beats of the web process. Chosen: small beside what counts as hung."""
_FIRST_TO_GO = 500
"""Linux: where memory runs out, this process is ended rather than the daemon (proc(5), oom_score_adj)."""


def main() -> None:
    """Serve on the inherited socket until the daemon closes the pipe, or SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the daemon ends this process
    _bound_resources()
    listening, pipe = socket(fileno=int(sys.argv[1])), sys.stdin.buffer
    beats = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no beat
    reports = frames(pipe)
    boot: Boot = next(reports)
    configure_logs(level=boot.log_level)
    reported = LatestSnapshot(boot.event_now, runs=boot.runs)
    Thread(target=_listen, args=(reports, reported), name="reports", daemon=True).start()
    try:
        serve(boot, reported, listening, beats)
    except PrecallError as error:
        sys.exit(f"precall: web: {error}")


def serve(boot: Boot, reported: LatestSnapshot, listening: socket, beats: int) -> None:
    """Everything wired, then the server in the foreground."""
    settings = boot.settings
    app = wire(settings, clock=reported, receivers=())
    known = ReferenceCache(app.feeds, app.clock)
    known.begin()
    refusals = Refusals(lambda action, address, what: _note(app, action, address, what))
    entry = AccessOptions(app.store.sessions, refusals.note, _secure(settings), _limits(settings))
    web_app = create_app(
        web_service_of(app, reported.problems, known, reported.metrics),
        care_service_of(app),
        token=app.keys.token,
        timezone=app.operator.timezone,
        privacy_floor=settings.impact.privacy_floor,
        entry=entry,
    )
    web = settings.web
    server = WebServer(web_app, web.host, web.port, listening, trusted=web.trusted_proxies, entry=entry)
    entry.meters.measure(age_s=reported.age_s)
    signal.signal(signal.SIGTERM, lambda *_: server.end())
    server.run(lambda: Thread(target=_beat, args=(beats,), name="beats", daemon=True).start())
    refusals.end()
    os._exit(0)  # a thread that waits for a database that hangs would keep the process


def _secure(settings: Settings) -> bool:
    return settings.web.link_base.lower().startswith("https:")


def _limits(settings: Settings) -> Limits:
    web = settings.web
    return Limits(
        connections=web.connections,
        requests_per_minute=web.requests_per_minute,
        strangers_per_minute=web.strangers_per_minute,
    )


def _note(app: App, action: str, address: str, what: str) -> None:
    app.store.audit.note(WallClock().now(), "web", action, address, what)


def _listen(reports: Iterator[Any], reported: LatestSnapshot) -> None:
    """Take reports until there are none: then the daemon is gone, and nobody needs this process."""
    for snapshot in reports:
        reported.take(snapshot)
    os._exit(0)


def _beat(beats: int) -> None:
    """Send the heartbeat of this process; without a daemon that reads it, end. The pipe of the reports may outlive the
    daemon, where another process of it holds the other end."""
    parent = os.getppid()
    os.set_blocking(beats, False)
    while os.getppid() == parent:
        try:
            os.write(beats, b".")
        except BlockingIOError:  # a daemon that is paused reads nothing; it may go on
            pass
        except OSError:
            break
        sleep(_BEAT_S)
    os._exit(0)


def _bound_resources() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(_DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO), encoding="ascii")


if __name__ == "__main__":
    main()
