"""Stop signals: the first requests an orderly stop, which has a bound; a second one ends the process at once.

Imports nothing of the service, so that the handlers stand before anything else is loaded.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from threading import Event, Thread
from time import monotonic

from detector.domain.window import DAY_S

LONGEST_S = 10 * 366 * DAY_S
"""Longest run in s. Chosen: ten years, within what a thread can wait."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BY_SIGNAL = 128
"""A process that a signal ends has this plus the signal's number as its exit code (IEEE 1003.1-2017, shells)."""
LATE = 1
"""Exit code of a stop that had to be cut short. Chosen: any failure."""


def end_at_signal() -> None:
    """End the process at a stop signal: while modules load, when there is nothing to finish. As process 1 of a container it
    would ignore SIGTERM otherwise."""
    for number in SIGNALS:
        signal.signal(number, lambda got, _frame: os._exit(_BY_SIGNAL + got))


def interrupt_at_signal() -> None:
    """Raise KeyboardInterrupt at SIGINT, as Python does, and end at SIGTERM: for commands that run to their end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class StopRequest:
    """Set by the first stop signal. Enter it to install the handlers; leaving it restores those before.

    `within_s`: seconds from the first signal to the end of the process, whatever hangs. A thread of its own watches over
    that: a handler of Python runs only when the main thread comes back from what it waits for. `unfinished`: what still
    runs, for the last line.
    """

    def __init__(self, within_s: float, unfinished: Callable[[], Sequence[str]] = tuple) -> None:
        self.within_s, self.unfinished = within_s, unfinished
        self._asked, self._left = Event(), Event()
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in SIGNALS:
            self._before[number] = signal.signal(number, lambda *_: None)  # what is done is done by the watching thread
        self._thread = Thread(target=self._watch, name="stop signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup_before)
        self._left.set()
        os.close(self._write)
        self._thread.join()
        os.close(self._read)

    def is_set(self) -> bool:
        """Whether a stop was requested."""
        return self._asked.is_set()

    def set(self) -> None:
        """Request the stop, as the first signal does."""
        os.write(self._write, bytes([signal.SIGTERM]))
        self._asked.wait(self.within_s)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the first signal, at most so many seconds; whether it came."""
        return self._asked.wait(seconds)

    def finish(self) -> None:
        """End the process now if something still runs: its thread would be waited for without a bound."""
        if self.unfinished():
            self._end(LATE, self._last_line())

    def _watch(self) -> None:
        until = None
        while not self._left.is_set():
            left_s = None if until is None else max(0.0, until - monotonic())
            ready, _, _ = select.select([self._read], [], [], left_s)
            if not ready:
                self._end(LATE, self._last_line())
            got = os.read(self._read, 1)
            if not got:  # the other end is closed: nobody waits for a stop any more
                return
            if got[0] not in SIGNALS:
                continue
            if self._asked.is_set():
                self._end(_BY_SIGNAL + got[0], "ended at once by a second signal")
            until = monotonic() + self.within_s
            self._asked.set()

    def _last_line(self) -> str:
        names = ", ".join(self.unfinished()) or "something"
        return f"stopped after {self.within_s:g} s while {names} still ran: the next start does it again, nothing is lost"

    def _end(self, code: int, line: str) -> None:
        try:
            sys.stderr.write(f"precall: {line}\n")
            sys.stderr.flush()
        finally:
            os._exit(code)
