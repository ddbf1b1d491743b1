"""A thread for each job: one run at a time, waited for no longer than its deadline."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from time import monotonic

import structlog

log = structlog.get_logger()


class Workers:
    """Runs `act(name)`, which raises nothing, on the thread of the job `name`.

    A run that overstays `deadline_s` is reported, and whoever waits for it goes on; until it ends, the job is not begun
    again. `overdue(name)` is called once for each such run.
    """

    def __init__(self, act: Callable[[str], bool], deadline_s: float, overdue: Callable[[str], object]) -> None:
        self._act, self._deadline_s, self._overdue = act, deadline_s, overdue
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[str, tuple[float, Future[bool]]] = {}
        self._lock = Lock()

    def run(self, name: str) -> bool:
        """Whether a run of this job, begun now, went well within its deadline; False at once while an earlier one runs."""
        with self._lock:
            if name in self._running:
                return False
            thread = self._threads.setdefault(name, ThreadPoolExecutor(1, thread_name_prefix=name))
            began = monotonic()
            future = thread.submit(self._act, name)
            self._running[name] = began, future
        future.add_done_callback(lambda _: self._ended(name, began))
        try:
            return future.result(self._deadline_s)
        except TimeoutError:
            self._overdue(name)
            log.error("job overstays its deadline, the others go on", job=name, deadline_s=self._deadline_s)
            return False

    def _ended(self, name: str, began: float) -> None:
        with self._lock:
            self._running.pop(name, None)
        took = monotonic() - began
        if took > self._deadline_s:
            log.warning("job ended after its deadline", job=name, seconds=round(took))

    def running(self) -> dict[str, float]:
        """Job -> for how long it has been running (s)."""
        now = monotonic()
        with self._lock:
            return {name: now - began for name, (began, _) in self._running.items()}

    def late(self) -> dict[str, float]:
        """Job -> for how long it has been running (s), of those that overstay their deadline."""
        return {name: seconds for name, seconds in self.running().items() if seconds > self._deadline_s}

    def stop(self, within_s: float) -> None:
        """Begins nothing any more, and waits at most so long for what runs."""
        with self._lock:
            threads, futures = list(self._threads.values()), [future for _, future in self._running.values()]
        for thread in threads:
            thread.shutdown(wait=False, cancel_futures=True)
        wait(futures, timeout=within_s)
