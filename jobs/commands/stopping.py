"""Waiting until somebody wants the service to stop."""

import signal
from threading import Event

LONGEST_S = 10 * 366 * 86_400
"""Ten years: beyond what anybody means, and within what a thread can wait."""


def wait_for_stop(seconds: float | None = None) -> None:
    """Return at SIGINT (Ctrl-C), at SIGTERM, or after so many seconds."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait(seconds)
