"""What a peer sees: one value per series and period, the first of them to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.kpi import Kpi

LEAST_ATTEMPTS = 20.0
"""A ratio of fewer attempts is left out: every peer is spared the noise of the night, as its users would do."""
LEAST_KNOWN = 0.3
"""A series known in fewer of its periods of history is no series."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """`numerator`, `denominator`: [period, series]; the first `history` periods are for learning, the rest is scored.
    `hour_of_week`: [period] local, 0 = Monday 00:00."""

    starts: NDArray[np.int64]
    history: int
    duration_s: int
    objects: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    numerator: Array
    denominator: Array
    hour_of_week: NDArray[np.int64]

    @cached_property
    def value(self) -> Array:
        """[period, series]; NaN = missing or of too few attempts."""
        few = np.array([k.kind == "ratio" for k in self.kpis]) & (self.denominator < LEAST_ATTEMPTS)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((self.denominator > 0) & ~few, self.numerator / self.denominator, np.nan)

    @cached_property
    def badness(self) -> Array:
        """The value turned so that more is worse."""
        return np.where([k.direction == "up" for k in self.kpis], -self.value, self.value)

    @cached_property
    def quarter(self) -> NDArray[np.int64]:
        """[period] place within the day, by the clock of UTC: what a seasonal model with a period of a day sees."""
        return np.asarray(self.starts % 86_400 // self.duration_s, np.int64)

    @property
    def day(self) -> int:
        """Periods in a day."""
        return 86_400 // self.duration_s

    @cached_property
    def baseline(self) -> Array:
        """[period, series] median badness of history at the same hour of the day; NaN where there is none."""
        hours = self.hour_of_week % 24
        table = np.stack([_median(self.badness[: self.history][hours[: self.history] == h]) for h in range(24)])
        return np.asarray(table[hours])

    def only(self, objects: Sequence[str]) -> "Panel":
        """The series of these objects."""
        own = np.flatnonzero(np.isin(self.objects, list(objects)))
        return Panel(
            starts=self.starts,
            history=self.history,
            duration_s=self.duration_s,
            objects=tuple(self.objects[i] for i in own),
            kpis=tuple(self.kpis[i] for i in own),
            numerator=self.numerator[:, own],
            denominator=self.denominator[:, own],
            hour_of_week=self.hour_of_week,
        )


def _median(rows: Array) -> Array:
    known = np.isfinite(rows).any(axis=0) if len(rows) else np.zeros(rows.shape[1], bool)
    found = np.full(rows.shape[1], np.nan)
    if known.any():
        found[known] = np.nanmedian(rows[:, known], axis=0)
    return found


def panel_of(frame: KpiFrame, first_scored: int, timezone: str) -> Panel:
    """Every scored KPI of every object that history knows well enough; `first_scored` in s."""
    history = int(np.searchsorted(frame.starts, first_scored))
    shape = (len(frame.starts), -1)
    known = np.isfinite(frame.value[:history]).mean(axis=0) >= LEAST_KNOWN
    known &= np.array([k.scored for k in frame.kpis])
    pick = np.flatnonzero(known.ravel())
    names = [(o, k) for o in frame.objects for k in frame.kpis]
    return Panel(
        starts=frame.starts,
        history=history,
        duration_s=frame.duration_s,
        objects=tuple(names[i][0] for i in pick),
        kpis=tuple(names[i][1] for i in pick),
        numerator=frame.numerator.reshape(shape)[:, pick],
        denominator=frame.denominator.reshape(shape)[:, pick],
        hour_of_week=hours_of_week(frame.starts, timezone),
    )


def hours_of_week(starts: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """
    >>> hours_of_week(np.array([1772323200]), "Europe/Berlin").tolist()
    [145]
    """
    zone = ZoneInfo(timezone)
    local = [datetime.fromtimestamp(int(s), zone) for s in starts]
    return np.array([t.weekday() * 24 + t.hour for t in local], np.int64)
