"""What the service logs for its operators: a line for each round in which something was decided, what the baselines were
learned from, and the head of the audit log."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
import structlog
from prometheus_client import Gauge

from detector.domain.learned_models import LearnedExtent
from detector.domain.policy import DetectionPolicy
from detector.domain.window import Tick, utc
from detector.kpis import Catalogue
from detector.store import Store
from jobs import models

log = structlog.get_logger()
_WEEK_DAYS = 7
"""Days after which every hour of the week has been seen once. Definition."""


@dataclass
class RoundLog:
    """One line a round: the newest period, objects that reported and the share of those awaited, degradations raised and
    cleared, alerts composed, and the seconds that it all took. Rounds that decided nothing log nothing."""

    store: Store
    catalogue: Catalogue
    detection_policy: DetectionPolicy
    _open: frozenset[str] | None = field(default=None, init=False)

    def begin(self) -> None:
        """What is open before the first round of this process."""
        if self._open is None:
            self._open = self._degradations()

    def end(self, decided: Sequence[Tick], notified: int, seconds: float) -> None:
        before, now = self._open or frozenset(), self._degradations()
        self._open = now
        if not decided:
            return
        tick = max(decided)
        reported, awaited = self._objects(tick)
        many = {"periods": len(decided)} if len(decided) > 1 else {}
        log.info(
            "period judged",
            period=f"{utc(tick.start):%Y-%m-%dT%H:%MZ}",
            **many,
            objects=reported,
            complete=share(reported, awaited),
            raised=len(now - before),
            cleared=len(before - now),
            notified=notified,
            seconds=round(seconds, 1),
        )

    def _degradations(self) -> frozenset[str]:
        return frozenset(d.degradation_id for d in self.store.degradations.open())

    def _objects(self, tick: Tick) -> tuple[int, int]:
        """(objects with a baseline that reported, all of them)."""
        baseline = models.load_baseline(self.store, self.catalogue, self.detection_policy, tick.duration_s)
        frame = self.store.history.read(tick.duration_s, tick.window)
        here = {name for name, any_ in zip(frame.objects, np.any(frame.present, axis=0), strict=True) if any_}
        awaited: Collection[str] = baseline.objects if baseline is not None else here
        return len(here.intersection(awaited)), len(awaited)


def share(part: int, whole: int) -> str:
    """
    >>> share(117, 118), share(118, 118), share(0, 0)
    ('99 %', '100 %', 'unknown')
    """
    return f"{int(100 * part / whole)} %" if whole else "unknown"


def log_learned(store: Store, decide_from: int) -> None:
    """What the present baselines were learned from and from when on they judge; or why nothing can be judged yet."""
    extents = store.models.extents()
    for line in learned_lines(extents, decide_from):
        log.info("learned what is normal", **line)
    if not extents:
        log.warning(
            "cannot judge yet",
            reason="no counters have come",
            needs="one day of counters to begin with; learning is tried again every hour",
        )


def learned_lines(extents: Iterable[LearnedExtent], decide_from: int) -> list[dict[str, Any]]:
    """A line for each duration, longest history first.

    >>> five_days = LearnedExtent(duration_s=900, days=5.0, objects=118, kpis=28, until=1774332000)
    >>> (line,) = learned_lines([five_days], 1774332000)
    >>> line["periods_of"], line["judges_from"], line["sharper"]
    ('15 min', '2026-03-24T06:00Z', 'in 2 days, when a week is known')
    """
    lines: list[dict[str, Any]] = []
    for one in sorted(extents, key=lambda one: -one.days):
        line: dict[str, Any] = {"days": one.days, "objects": one.objects, "kpis": one.kpis}
        line |= {"periods_of": f"{one.duration_s / 60:g} min", "judges_from": f"{utc(decide_from):%Y-%m-%dT%H:%MZ}"}
        if (left := _WEEK_DAYS - one.days) > 0:
            line["sharper"] = f"in {left:.2g} days, when a week is known"
        lines.append(line)
    return lines


_EVERY_S = 3600.0
"""Time between two lines about the audit log. Chosen: an hour."""


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
