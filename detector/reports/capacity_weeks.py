"""Which cells are congested in their busy hours, and which will be, when: trend, days of the week, interval."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detector.capacity.busy_hours import BusySeries, series_of
from detector.capacity.forecast import Congestion, congestion_of, weeks_ahead
from detector.capacity.screen import CONGESTED, DAYS_OF_WEEK, HORIZON_WEEKS, LEAST_DAYS, Trends, trends_of
from detector.domain.cell import Cell
from detector.reports.people_of_cells import PeopleOfCells
from detector.reports.report import Column, Past, Report, ReportKind, Value, withdrawal_note

TITLE = "When the busy hours of cells reach congestion"
COLUMNS = (
    Column("rank", "Rank", "count"),
    Column("cell", "Cell"),
    Column("site", "Site"),
    Column("region", "Region"),
    Column("band", "Band"),
    Column("state", "State"),
    Column("weeks", "Weeks", "count"),
    Column("weeks_earliest", "Earliest", "count"),
    Column("weeks_latest", "Latest", "count"),
    Column("use", "PRB use", "share"),
    Column("busy_hour", "Busy hour"),
    Column("growth", "Growth a week, %", "index"),
    Column("users", "Users", "index"),
    Column("users_growth", "Growth of users, %", "index"),
    Column("people", "People", "people"),
    Column("complained", "Complained", "people"),
)
MOST_FITTED = 100
"""Cells whose trend is fitted by statsmodels. Chosen: a fit takes a fifth of a second, and a planner reads no more."""
MOST_CONGESTED = 200
"""Congested cells of a report. Chosen: a note counts the others; a network with more has one remedy for all of them."""
NEVER = HORIZON_WEEKS + 1
"""Where a week beyond the horizon is put in the order. Definition."""


@dataclass(frozen=True, eq=False)
class _Past:
    """What the rows are made from, [cell] each: use, users: median of the last week's busy hours, NaN where not known."""

    cells: tuple[Cell, ...]
    series: BusySeries
    trends: Trends
    users_trends: Trends
    use: np.ndarray
    users: np.ndarray


def capacity(past: Past) -> Report:
    """A row a cell: those that are congested now, the fullest first, then those that are expected to be within the horizon,
    the soonest first."""
    cells = tuple(cell for _, cell in sorted(past.topology.cells.items()))
    series = series_of(past.busy_days, [cell.cell_id for cell in cells])
    known = _Past(
        cells=cells,
        series=series,
        trends=trends_of(series.use, series.first_day),
        users_trends=trends_of(series.users, series.first_day),
        use=_last_week(series.use),
        users=_last_week(series.users),
    )
    now = [at for at in np.argsort(-np.nan_to_num(known.use), kind="stable").tolist() if known.use[at] >= CONGESTED]
    picked = [at for at in known.trends.picked(CONGESTED).tolist() if at not in set(now)]
    typical = known.trends.typical_growth()
    sound = np.where(known.trends.sound, series.use, np.nan)
    soon = [(at, congestion_of(weeks_ahead(sound[:, at], typical))) for at in picked[:MOST_FITTED]]
    soon = sorted((one for one in soon if one[1].earliest is not None), key=lambda one: _order(one[1]))
    people = PeopleOfCells.of(past)
    found = [(at, Congestion(0, 0, 0)) for at in now[:MOST_CONGESTED]] + soon
    rows = [
        (rank, *_place(cells[at]), *_when(when), *_load(known, at), *people.behind(cells[at].cell_id)[:2])
        for rank, (at, when) in enumerate(found, start=1)
    ]
    notes = tuple(_notes(past, known, len(picked)))
    return Report("capacity", TITLE, COLUMNS, tuple(rows), notes)


def _last_week(values: np.ndarray) -> np.ndarray:
    """[cell] median of the last seven days that are known of them."""
    last = values[-DAYS_OF_WEEK:]
    some = np.isfinite(last).any(axis=0) if len(last) else np.zeros(values.shape[1], bool)
    medians = np.full(values.shape[1], np.nan)
    if some.any():
        medians[some] = np.nanmedian(last[:, some], axis=0)
    return medians


def _order(when: Congestion) -> tuple[int, int, int]:
    weeks = (when.expected, when.earliest, when.latest)
    expected, earliest, latest = (NEVER if one is None else one for one in weeks)
    return expected, earliest, latest


def _place(cell: Cell) -> tuple[str, ...]:
    return cell.cell_id, cell.site_id, cell.region, f"{cell.technology} {cell.band or cell.layer}".strip()


def _when(when: Congestion) -> tuple[Value, ...]:
    state = "congested" if when.expected == 0 else "expected" if when.expected else "possible"
    return state, when.expected, when.earliest, when.latest


def _load(known: _Past, at: int) -> tuple[Value, ...]:
    hours = known.series.hour[-4 * DAYS_OF_WEEK :, at]
    hours = hours[hours >= 0]
    hour = int(np.bincount(hours).argmax())
    use, users = (round(float(one), 3) if np.isfinite(one) else None for one in (known.use[at] / 100, known.users[at]))
    growth, users_growth = (_a_week(trends.growth[at]) for trends in (known.trends, known.users_trends))
    return use, f"{hour:02d}:00", growth, users, users_growth


def _a_week(growth: float) -> float | None:
    """Per cent a week, of the growth of a logarithm a day.

    >>> _a_week(0.01 / 7), _a_week(float("nan"))
    (1.0, None)
    """
    return round(100 * float(np.expm1(DAYS_OF_WEEK * growth)), 1) if np.isfinite(growth) else None


def _notes(past: Past, known: _Past, picked: int) -> Iterator[str]:
    days, congested = known.series.days, int((np.nan_to_num(known.use) >= CONGESTED).sum())
    limit = f"{CONGESTED:.0f} % of its resource blocks in the busy hours of most days of a week"
    yield f"A cell is congested from {limit}. Weeks are counted from the end of the last whole day."
    if congested > MOST_CONGESTED:
        yield f"{congested} cells are congested; the {MOST_CONGESTED} fullest are shown."
    if days < LEAST_DAYS:
        yield f"Not enough history: {days} whole days, and a trend needs {LEAST_DAYS}; only what is congested now is shown."
    else:
        fresh = int(np.isnan(known.trends.growth).sum())
        fitted = min(picked, MOST_FITTED)
        yield f"From {days} days; {picked} more cells may get there in {HORIZON_WEEKS} weeks, {fitted} were fitted."
        if fresh:
            yield f"{fresh} cells have no trend: not enough history, or no PRB use is counted."
    yield from withdrawal_note(past)


REPORT = ReportKind(name="capacity", title=TITLE, make=capacity, needs=("busy_days", "homes", "interactions", "events"))
