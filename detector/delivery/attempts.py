"""Attempts of several threads, run side by side in one event loop, each of which can be ended from outside."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock, Thread
from typing import Any, TypeVar

from detector.domain.errors import Transient

_LOOKUPS_AT_ONCE = 32
"""Name look-ups that hang at one time; each holds a thread until the system's resolver gives up. Chosen: one for each of as
many receivers."""
_CLOSED_WITHIN_S = 2.0
"""How long `close` waits for connections to be closed. Chosen: they end with the process in any case."""
_T = TypeVar("_T")


class Interrupted(Transient):
    """The service is stopping: the attempt was ended, or not begun. It is no evidence of the receiver."""


class Attempts:
    """Runs coroutines for threads that wait for them. The loop has a daemon thread of its own, begun at the first use.

    An asynchronous attempt can be ended while bytes still come, and in the midst of a name look-up: a look-up has a daemon
    thread, which nobody waits for.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._under_way: set[Future[Any]] = set()
        self._cancelled = False

    def run(self, attempt: Callable[[], Coroutine[Any, Any, _T]], *, within_s: float) -> _T:
        """What the attempt returns or raises. TimeoutError if it takes longer, Interrupted after `cancel`."""
        with self._lock:
            if self._cancelled:
                raise Interrupted("not tried: the service is stopping")
            future = asyncio.run_coroutine_threadsafe(attempt(), self._running())
            self._under_way.add(future)
        try:
            return future.result(within_s)
        except CancelledError:
            raise Interrupted("ended: the service is stopping") from None
        finally:
            future.cancel()
            with self._lock:
                self._under_way.discard(future)

    def cancel(self) -> None:
        """End the attempts that are under way, and begin no more. Returns at once; from any thread, twice is once."""
        with self._lock:
            self._cancelled = True
            under_way = list(self._under_way)
        for future in under_way:
            future.cancel()

    def close(self) -> None:
        """Cancel, and end the loop. Twice is once."""
        self.cancel()
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end_tasks(loop), loop)
        thread.join(_CLOSED_WITHIN_S)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = asyncio.new_event_loop()
            loop.set_default_executor(_DaemonThreads())
            self._thread = Thread(target=_serve, args=(loop,), name="deliveries", daemon=True)
            self._thread.start()
            self._loop = loop
        return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Let cancelled attempts close their connections, then end the loop."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=_CLOSED_WITHIN_S / 2)
    loop.stop()


class _DaemonThreads(ThreadPoolExecutor):
    """A thread for each call, for which neither the loop nor the end of the process waits: the resolver of the system can
    hang for as long as it likes. asyncio takes no other kind of executor for its look-ups."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._free = _LOOKUPS_AT_ONCE
        self._count = Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._count:
            self._free -= 1
            crowded = self._free < 0
        if crowded:
            self._ended()
            future.set_exception(OSError("too many name look-ups hang"))
            return future

        def call() -> None:
            try:
                if future.set_running_or_notify_cancel():
                    future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  whatever it is belongs to who waits for the result
                future.set_exception(error)
            finally:
                self._ended()

        Thread(target=call, name="look-up", daemon=True).start()
        return future

    def _ended(self) -> None:
        with self._count:
            self._free += 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to end: daemon threads."""
