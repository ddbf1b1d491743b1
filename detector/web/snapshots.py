"""What the daemon reports of itself to the process that serves the pages: over a pipe, a frame several times a second."""

import pickle
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, BinaryIO

from detector.settings import Settings

_SIZE = struct.Struct(">I")
SILENT_AFTER_S = 8.0
"""A daemon that has not reported for so long does not answer; it reports several times a second. Chosen: a call that holds
the interpreter (a table of a million customers) takes a second or two."""
STALE_AFTER_S = 20.0
"""Age of the daemon's state, read every second, from which the database or the disk does not answer. Chosen: beyond the
longest transaction."""


@dataclass(frozen=True)
class Boot:
    """What the process is started with. `runs`: the daemon's clock, at `event_now`, goes on as time does; else it stands
    until it is moved."""

    settings: Settings
    event_now: float
    runs: bool
    log_level: str = "WARNING"


@dataclass(frozen=True)
class Snapshot:
    """What only the daemon's memory holds. `event_now`: its clock (s since the epoch); `age_s`: since `problems` and
    `metrics` (Prometheus text) were looked at."""

    event_now: float
    problems: Sequence[str] = ()
    metrics: str = ""
    age_s: float = 0.0


def frame(value: Any) -> bytes:
    """As `frames` reads it: four bytes of length, then the pickled value. Both ends are this program, over its own pipe."""
    body = pickle.dumps(value)
    return _SIZE.pack(len(body)) + body


def frames(stream: BinaryIO) -> Iterator[Any]:
    """Every value until the other end is closed."""
    while len(head := stream.read(_SIZE.size)) == _SIZE.size:
        body = stream.read(length := _SIZE.unpack(head)[0])
        if len(body) < length:
            return
        yield pickle.loads(body)  # noqa: S301  from the parent process over its own pipe


class LatestSnapshot:
    """The newest snapshot, and how old it is. A `Clock`, too: the daemon's own (see `Boot`)."""

    def __init__(self, event_now: float, *, runs: bool, passed: Callable[[], float] = monotonic) -> None:
        self._passed, self._lock, self._runs = passed, Lock(), runs
        self._last, self._at = Snapshot(event_now, ("the daemon has not reported yet",)), passed()

    def take(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._last, self._at = snapshot, self._passed()

    def now(self) -> float:
        with self._lock:
            return self._last.event_now + (self._passed() - self._at if self._runs else 0.0)

    def age_s(self) -> float:
        """Since the daemon last reported."""
        with self._lock:
            return max(0.0, self._passed() - self._at)

    def metrics(self) -> str:
        return self._last.metrics

    def problems(self) -> list[str]:
        """As the daemon last reported them; first of all whether it answers."""
        with self._lock:
            last, age = self._last, max(0.0, self._passed() - self._at)
        if age > SILENT_AFTER_S:
            return [f"the daemon does not answer: it last reported {age:.0f} s ago", *last.problems]
        if last.age_s > STALE_AFTER_S:
            return [f"the daemon cannot look at its own state for {last.age_s:.0f} s: see its log", *last.problems]
        return list(last.problems)
