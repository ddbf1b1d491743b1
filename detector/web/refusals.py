"""Sign-ins that failed and reads that were refused, on their way to the audit log: counted, so that nobody can flood it."""

from collections import Counter
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

import structlog

from detector.domain.errors import PrecallError

log = structlog.get_logger()
SIGN_IN, READ = "sign-in failed", "refused"
_MINUTE_S = 60.0
"""Seconds of a minute. Definition."""
_MOST = 60
"""Addresses a minute with rows of their own; all others share one. Chosen: one row a second."""
OTHERS = "other addresses"
Write = Callable[[str, str, str], object]
"""Called with action, subject (an address) and detail."""


class Refusals:
    """One row at the first refusal of an address, and one with the count of the rest when the minute is over. `write` may
    take time and fail: it is called on a thread of its own, and a failure costs the row, never the answer."""

    def __init__(self, write: Write, every_s: float = _MINUTE_S) -> None:
        self._write, self._every_s = write, every_s
        self._changed = Condition()
        self._first: list[tuple[str, str, str]] = []
        self._more: Counter[tuple[str, str, str]] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._thread: Thread | None = None
        self._until, self._stopped = monotonic() + every_s, False

    def note(self, action: str, address: str, what: str) -> None:
        """Returns at once. `what`: the status and the part of the service, nothing that the stranger has chosen."""
        with self._changed:
            key = (action, address)
            if key not in self._seen and len(self._seen) < _MOST:
                self._seen.add(key)
                self._first.append((action, address, what))
            else:
                self._more[(action, address if key in self._seen else OTHERS, what)] += 1
            if self._thread is None:
                self._thread = Thread(target=self._run, name="refusals", daemon=True)
                self._thread.start()
            self._changed.notify()

    def end(self, within_s: float = 1.0) -> None:
        """Write what is counted, and stop."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within_s)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            with self._changed:
                if not self._first and not self._stopped:
                    self._changed.wait(max(0.01, self._until - monotonic()))
                rows, self._first, stopped = self._first, [], self._stopped
                if stopped or monotonic() >= self._until:
                    rows += [(action, who, f"{what}, {count} more") for (action, who, what), count in self._more.items()]
                    self._more.clear()
                    self._seen.clear()
                    self._until = monotonic() + self._every_s
            for row in rows:
                self._put(*row)

    def _put(self, action: str, address: str, detail: str) -> None:
        try:
            self._write(action, address, detail)
        except PrecallError as error:
            log.warning("refusal not noted in the audit log", address=address, reason=str(error))
