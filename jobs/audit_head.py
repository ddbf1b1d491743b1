"""The head of the audit log, told outside of the database: in the log, where it can be compared later."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog
from prometheus_client import Gauge

from detector.store import Store

log = structlog.get_logger()
_EVERY_S = 3600.0


@dataclass
class AuditHead:
    """Call it often: it sets the gauge, and once an hour logs the newest row and its hash, if there is a newer one."""

    store: Store
    rows: Gauge
    passed: Callable[[], float] = monotonic
    _logged: int = 0
    _due: float = 0.0

    def __call__(self) -> None:
        head = self.store.audit.head()
        self.rows.set(head.row)
        if head.row > self._logged and self.passed() >= self._due:
            self._logged, self._due = head.row, self.passed() + _EVERY_S
            log.info("audit log", row=head.row, hash=head.hash)
