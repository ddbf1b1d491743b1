"""The busy hour of each cell and local day: PRB use (%), connected users, and the series of them over the days."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.domain.frame import KpiFrame
from detector.domain.local_time import HOURS, by_hour, local_seconds
from detector.domain.window import DAY_S, HOUR_S

LEAST_HOURS = 18
"""Hours that a day has to have counters of. Chosen: with more missing the busy hour may be among them."""
LEAST_SHARE = 0.5
"""Share of an hour's periods that an hour has to have. Chosen: one odd period is not a busy hour."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class BusyDay:
    """The busiest hours of one local day, `day` of them since 1970-01-01. use: [cell] PRB use (%) of the hour of most use,
    the fuller direction; hour: [cell] which local hour it was; users: [cell] users of the hour of most users. NaN (-1):
    not known."""

    day: int
    cells: tuple[str, ...]
    use: Floats
    users: Floats
    hour: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BusySeries:
    """[day, cell] of consecutive local days from the first to the last that is known; NaN where a day is not."""

    first_day: int
    use: Floats
    users: Floats
    hour: NDArray[np.int64]

    @property
    def days(self) -> int:
        """How many days there are from the first to the last."""
        return len(self.use)


def busy_day(frame: KpiFrame, timezone: str) -> BusyDay:
    """The day in `frame` (periods of one local day, only cells); suspect periods do not count."""
    slots = (local_seconds(frame.starts, timezone) % DAY_S // HOUR_S).astype(np.intp)
    use = _hourly(frame, slots, [k for k, kpi in enumerate(frame.kpis) if kpi.load])
    users = _hourly(frame, slots, [k for k, kpi in enumerate(frame.kpis) if kpi.gauges_load and kpi.unit == "UEs"])
    filled = np.where(np.isfinite(use), use, -1.0)
    known = np.isfinite(_busiest(use))
    return BusyDay(
        day=int(local_seconds(frame.starts[:1], timezone)[0] // DAY_S),
        cells=frame.objects,
        use=_busiest(use),
        users=_busiest(users),
        hour=np.where(known, filled.argmax(axis=0), -1),
    )


def series_of(days: Sequence[BusyDay], cells: Sequence[str]) -> BusySeries:
    """The days in order, for these cells; a day of which two parts know a cell has the larger use."""
    first, last = min((day.day for day in days), default=0), max((day.day for day in days), default=-1)
    use, users = np.full((2, last - first + 1, len(cells)), np.nan)
    hour = np.full(use.shape, -1, np.int64)
    at = {name: i for i, name in enumerate(cells)}
    for day in days:
        rows = np.array([at.get(name, -1) for name in day.cells], np.intp)
        here, known = day.day - first, rows >= 0
        more = np.nan_to_num(day.use[known], nan=-1.0) > np.nan_to_num(use[here, rows[known]], nan=-1.0)
        hour[here, rows[known]] = np.where(more, day.hour[known], hour[here, rows[known]])
        use[here, rows[known]] = np.fmax(use[here, rows[known]], day.use[known])
        users[here, rows[known]] = np.fmax(users[here, rows[known]], day.users[known])
    return BusySeries(first, use, users, hour)


def _hourly(frame: KpiFrame, slots: NDArray[np.intp], columns: Sequence[int]) -> Floats:
    """[24, cell] mean of each hour that has enough periods, the largest of these KPIs."""
    least = LEAST_SHARE * max(1.0, HOUR_S / frame.duration_s)
    found = [np.full((HOURS, len(frame.objects)), np.nan)]
    for k in columns:
        sound = np.where(frame.suspect, np.nan, frame.numerator[:, :, k])
        below = np.where(np.isfinite(sound), frame.denominator[:, :, k], np.nan)
        above, periods = by_hour(sound, slots), by_hour(below, slots)
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(np.where(np.nan_to_num(periods) >= least, above / periods, np.nan))
    return np.asarray(np.fmax.reduce(found))


def _busiest(hourly: Floats) -> Floats:
    """[cell] its largest hour; NaN where too many hours are missing."""
    known = np.isfinite(hourly)
    largest = np.where(known, hourly, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(known.sum(axis=0) >= LEAST_HOURS, largest, np.nan)
