"""Waiting until somebody wants the service to stop."""

import signal
from threading import Event


def wait_for_stop(seconds: float | None = None) -> None:
    """Return at SIGINT (Ctrl-C), at SIGTERM, or after so many seconds."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait(seconds)
