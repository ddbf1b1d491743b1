"""One daemon of a disturbed run: the real service, but the event clock stands where the run has put it, rounds wait while
the run prepares the next moment, and receivers are tried again within seconds.

The folder: `moment` (event time, s), `hold` (exists: begin no round), `rounds/<pid>` (what this process is at).
"""

import json
import os
import sys
import time
from pathlib import Path

import detector.clock
import detector.delivery.backoff
import detector.delivery.breaker
from detector.app import build_app
from detector.listening import listen
from detector.settings import load
from detector.telemetry import configure_logs
from jobs.service import open_when_there, service_of
from jobs.signals import StopRequest, end_at_signal
from tests.faults.service import CLOCK, ShiftedClock

QUICK_S = (0, 0.2, 0.4, 0.8, 1.0)
"""Waits between attempts: what takes hours with a receiver that is down is lived through in seconds."""


class EventClock:
    """Stands at the moment of the run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> float:
        return float(self._path.read_text())


class Rounds:
    """Writes down what the process is at, by monotonic time, which all processes of a machine share."""

    def __init__(self, root: Path, clock: EventClock) -> None:
        self._hold, self._clock = root / "hold", clock
        self._file = root / "rounds" / str(os.getpid())

    def wrap(self, daemon):
        tick = daemon._tick

        def held() -> None:
            self.note("running")
            if self._hold.exists():
                self.note("held")
                return
            at, began, before = self._clock.now(), time.monotonic(), daemon.rounds
            tick()
            good = daemon.rounds > before and self._clock.now() == at
            self.note("idle", moment=at, began=began, good=good)

        daemon._tick = held

    def note(self, state: str, **more: object) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps({"state": state, "at": time.monotonic()} | more))
        part.replace(self._file)


def main() -> None:
    end_at_signal()
    configure_logs()
    root = Path(sys.argv[1])
    os.chdir(root)
    detector.delivery.backoff.SCHEDULE_S = QUICK_S
    detector.delivery.backoff.MAX_ATTEMPTS = len(QUICK_S)
    detector.delivery.breaker.FIRST_PAUSE_S = 0.5
    detector.delivery.breaker.LONGEST_PAUSE_S = 1.0
    wall = ShiftedClock(Path(os.environ[CLOCK]))
    detector.clock.WallClock.now = lambda _self: wall.now()  # type: ignore[method-assign]
    settings = load(root / "my.toml")
    clock = EventClock(root / "moment")
    with StopRequest(settings.daemon.stop_within_s) as stop:
        listening = listen(settings.web.host, settings.web.port)
        app = open_when_there(lambda: build_app(settings, clock=clock), stop)
        if app is None:
            return
        service = service_of(app, listening)
        stop.unfinished = service.daemon.unfinished
        Rounds(root, clock).wrap(service.daemon)
        with service:
            (root / "urls").mkdir(exist_ok=True)
            (root / "urls" / str(os.getpid())).write_text(service.url)
            stop.wait()
        stop.finish()


if __name__ == "__main__":
    main()
