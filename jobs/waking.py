"""When jobs are woken: every so many seconds of monotonic time, whatever becomes of the wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic

from apscheduler.triggers.base import BaseTrigger

LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)
"""The next run of a job that is due."""
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)


class WhenWoken(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """Of its own accord never: APScheduler compares with the wall clock, which may be set. So a job is due either "long ago"
    or "never", whatever that clock says."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return _NEVER


class Waker:
    """Calls `wake(name)` every so many seconds of monotonic time, which nobody can set. After a pause of the whole machine
    each is called once, not once for every time that was missed."""

    def __init__(self, wake: Callable[[str], object]) -> None:
        self._wake, self._changed, self._stopped = wake, Condition(), False
        self._every: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._thread = Thread(target=self._run, name="waker", daemon=True)

    def every(self, name: str, seconds: float) -> None:
        """Wake this job from now on, first after `seconds`."""
        with self._changed:
            self._every[name], self._due[name] = seconds, monotonic() + seconds
            self._changed.notify()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wakes nothing any more when it returns."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = monotonic()
                for name in [name for name, at in self._due.items() if at <= now]:
                    self._due[name] = now + self._every[name]
                    self._wake(name)
                self._changed.wait(max(0.0, min(self._due.values(), default=now + 1.0) - monotonic()))
