"""The web server as a process of its own, seen from the daemon: started, kept informed, started again, stopped.

What strangers do at the port costs that process its memory, descriptors and time, never the daemon's. It is started as a
command (no fork: the daemon has threads) that inherits the listening socket, gets everything else over its standard input,
and ends when that is closed: by `stop`, or by the daemon's death.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Self

import structlog

from detector.domain.errors import PrecallError
from detector.listening import url_of
from detector.web.snapshots import Snapshot, frame

log = structlog.get_logger()
_BEAT_S = 0.2
"""Time between two beats of the daemon, in s. Chosen: small beside what counts as hung."""
_LOOK_S = 1.0
"""Time between two checks of the web process, in s. Chosen: a restart is noticed within a second."""
_HUNG_BEATS = 150
"""The daemon's beats without one of the web process before it counts as hung. Chosen: 30 s, counted in beats, so that a
pause of the whole machine is none."""
_SERVING_WITHIN_S = 10.0
"""How long the web process may take to serve, in s. Chosen: ten times what it takes on a slow machine."""
_STOP_WITHIN_S = 2.0
"""How long the web process may take to stop, in s. Chosen: answers of a second are finished."""
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_SOUND_S = 60.0
"""A process that ran so long did not end because of how it was started. Chosen: a minute."""
_SHOWN_S = 5.0
"""How long /readyz reports a restart after the process serves again. Chosen: a supervisor sees it."""
PACKAGES = Path(__file__).parents[2]


@dataclass
class _Child:
    """One life of the web process."""

    process: "subprocess.Popen[bytes]"
    began: float = field(default_factory=monotonic)
    unsent: bytes = b""
    silent_beats: int = 0
    serves: bool = False

    def send(self, snapshot: Snapshot) -> None:
        """Hand it the snapshot, unless it has not taken the last one yet. Never waits; BrokenPipeError if it is gone."""
        pipe = self.process.stdin
        if pipe is None:
            return
        self.unsent = self.unsent or frame(snapshot)
        with contextlib.suppress(BlockingIOError):
            while self.unsent:
                self.unsent = self.unsent[os.write(pipe.fileno(), self.unsent) :]

    def take_beats(self) -> None:
        """Its beats, each a byte."""
        self.silent_beats += 1
        pipe = self.process.stdout
        with contextlib.suppress(BlockingIOError):
            if pipe is not None and os.read(pipe.fileno(), 4096):
                self.silent_beats, self.serves = 0, True


class WebProcess:
    """`module` is run as a command (`python -m module`) with the socket's number, and reads what `boot` gives and then
    snapshots from its standard input. `look` gives the present state; `restarted` is called when the process has ended by
    itself."""

    def __init__(
        self,
        module: str,
        boot: Callable[[], Any],
        listening: socket,
        look: Callable[[], Snapshot],
        now: Callable[[], float],
        restarted: Callable[[], object] = lambda: None,
    ) -> None:
        self._module, self._boot, self._listening = module, boot, listening
        self._look, self._now, self._restarted = look, now, restarted
        self._lock, self._stop_requested, self._serving = Lock(), Event(), Event()
        self._last, self._looked_at = Snapshot(0.0, ("the daemon is starting",)), monotonic()
        self._child: _Child | None = None
        self._pause_s, self._last_end, self._shown_until = _SHORTEST_PAUSE_S, "", 0.0
        self._threads = [
            Thread(target=self._keep_looking, name="web-look", daemon=True),
            Thread(target=self._keep_serving, name="web-watch", daemon=True),
        ]

    @property
    def pid(self) -> int | None:
        """Of the process that serves now."""
        child = self._child
        return None if child is None else child.process.pid

    def start(self) -> str:
        """Begin to serve; the base URL. A process that does not serve yet is no reason for the daemon to wait longer."""
        for thread in self._threads:
            thread.start()
        if not self._serving.wait(_SERVING_WITHIN_S):
            log.warning("the pages are not served yet, the work goes on without them")
        return url_of(self._listening)

    def stop(self, within_s: float = _STOP_WITHIN_S) -> None:
        """End the process: terminated first, killed after `within_s`. Returns within 2 s more, whatever it does."""
        self._stop_requested.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.process.terminate()
            _reap(child.process, within_s)
        self._threads[1].join(1.0)
        self._listening.close()

    def problems(self) -> Sequence[str]:
        """That the process has ended lately; empty: it serves."""
        return [self._last_end] if self._last_end and monotonic() < self._shown_until else []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _keep_looking(self) -> None:
        """The state, as often as it can be had; a look that hangs makes the snapshot old, and nothing else."""
        while not self._stop_requested.wait(_LOOK_S):
            try:
                seen = self._look()
            except PrecallError as error:
                seen = Snapshot(self._last.event_now, (str(error),), self._last.metrics)
            except Exception as error:  # noqa: BLE001  whatever a look meets, the pages go on, and show it
                seen = Snapshot(self._last.event_now, (f"unforeseen {type(error).__name__}: {error}",), self._last.metrics)
            self._last, self._looked_at = seen, monotonic()

    def _snapshot(self) -> Snapshot:
        last = replace(self._last, event_now=self._now(), age_s=monotonic() - self._looked_at)
        return replace(last, problems=(*last.problems, *self.problems()))

    def _keep_serving(self) -> None:
        while not self._stop_requested.is_set():
            try:
                with self._lock:
                    if self._stop_requested.is_set():
                        return
                    self._child = child = self._begin()
                self._attend(child)
            except OSError as error:
                self._note_end(f"cannot be started ({error.strerror or error})")
            if self._stop_requested.wait(self._pause_s):
                return

    def _begin(self) -> _Child:
        number = self._listening.fileno()
        path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH", ""))))
        process = subprocess.Popen(  # noqa: S603  this program itself
            [sys.executable, "-m", self._module, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[number],
            env=os.environ | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
            bufsize=0,
        )
        child = _Child(process, unsent=frame(self._boot()))
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return child

    def _attend(self, child: _Child) -> None:
        """Until it ends: hand it snapshots, and take its beats."""
        process = child.process
        while process.poll() is None and not self._stop_requested.is_set():
            with contextlib.suppress(BrokenPipeError):
                child.send(self._snapshot())
            child.take_beats()
            if child.serves and not self._serving.is_set():
                self._serving.set()
            if child.silent_beats > _HUNG_BEATS:
                process.kill()
            self._stop_requested.wait(_BEAT_S)
        if not self._stop_requested.is_set():
            self._note_end(_why(process.wait(), hung=child.silent_beats > _HUNG_BEATS))
            self._pause_s = _SHORTEST_PAUSE_S if monotonic() - child.began > _SOUND_S else self._pause_s
            _close_pipes(process)

    def _note_end(self, why: str) -> None:
        self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
        self._last_end = f"web: the process {why} and was started again"
        self._shown_until = monotonic() + self._pause_s + _SHOWN_S
        log.error("the process of the pages has ended, will be started again", reason=why, pause_s=self._pause_s)
        self._restarted()


def _why(code: int, *, hung: bool) -> str:
    if hung:
        return "did not answer, was killed"
    return f"was ended by signal {-code}" if code < 0 else f"ended with {code}"


def _reap(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
    _close_pipes(process)


def _close_pipes(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
