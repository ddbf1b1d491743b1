"""The start of a service whose database is not there yet: it waits for it, and says so now and then."""

from collections.abc import Callable
from typing import Protocol

import structlog

from detector.app import App
from detector.domain.errors import Transient

log = structlog.get_logger()
_FIRST_S, _LONGEST_S = 1.0, 30.0
"""Pauses between two attempts: each is twice the one before, up to the longest."""


class Stopping(Protocol):
    """What ends the wait."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the stop, at most so long; whether it came."""
        ...


def open_when_there(open_: Callable[[], App], stop: Stopping) -> App | None:
    """The app, as soon as it can be opened; None if a stop is asked for first. Raises Misconfigured at once: a wrong
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
