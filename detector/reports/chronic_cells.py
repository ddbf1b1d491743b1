"""Cells that were always bad: an ensemble of PyOD detectors over the weeks' profiles, against peers, for the worse alone."""

from collections.abc import Iterator

import numpy as np

from detector.chronic.detectors import Ranking, ranked
from detector.chronic.peers import LEAST_PEERS, technologies
from detector.chronic.profile import ASPECTS, LEAST_DAYS, Profiles, profiles_of
from detector.domain.cell import Cell
from detector.domain.kpi import Kpi
from detector.reports.people_of_cells import PeopleOfCells
from detector.reports.report import Column, Past, Report, ReportKind, Value, withdrawal_note

TITLE = "Cells that are always bad, against their peers"
COLUMNS = (
    Column("rank", "Rank", "count"),
    Column("cell", "Cell"),
    Column("site", "Site"),
    Column("region", "Region"),
    Column("band", "Band"),
    Column("score", "Score", "index"),
    Column("kpis", "Share of the score"),
    Column("why", "Against its peers"),
    Column("peers", "Peers", "count"),
    Column("people", "People", "people"),
    Column("complained", "Complained", "people"),
    Column("times", "Times as many as others", "index"),
    Column("left", "Left", "people"),
)
LEAST_DISTANCE = 3.0
"""Spreads of its peers by which a cell has to be worse in some KPI. Chosen: one in 700 is, by chance, in one of them."""
MOST_ROWS = 100
"""Cells of a report. Chosen: more than a planner visits in a month."""
EXPLAINED_SHARE = 0.1
"""Share of the score from which a KPI is named. Chosen: three or four are."""


def chronic(past: Past) -> Report:
    """A row a cell, the worst first: those worse in some KPI than peers of their technology, band, vendor and land use. To
    be better counts for nothing. A cell's worst days are left out: a fault is not chronic."""
    cells = tuple(cell for _, cell in sorted(past.topology.cells.items()))
    profiles = profiles_of(past.cell_days, cells)
    ranking = ranked(profiles, technologies(cells))
    worst = [at for at in ranking.order.tolist() if profiles.by_kpi[at].max() >= LEAST_DISTANCE][:MOST_ROWS]
    people = PeopleOfCells.of(past)
    rows = [
        (rank, *_place(cells[at]), *_why(profiles, ranking, at), *people.behind(cells[at].cell_id))
        for rank, at in enumerate(worst, start=1)
    ]
    return Report("chronic", TITLE, COLUMNS, tuple(rows), tuple(_notes(past, profiles)))


def _place(cell: Cell) -> tuple[str, ...]:
    return cell.cell_id, cell.site_id, cell.region, f"{cell.technology} {cell.band or cell.layer}".strip()


def _why(profiles: Profiles, ranking: Ranking, at: int) -> tuple[Value, ...]:
    shares, by_kpi = ranking.shares[at], profiles.by_kpi[at]
    named = [k for k in np.argsort(-shares, kind="stable").tolist() if shares[k] >= EXPLAINED_SHARE and by_kpi[k] > 0]
    named = named or [int(by_kpi.argmax())]
    parts = ", ".join(f"{profiles.kpis[k].id} {100 * shares[k]:.0f} %" for k in named)
    score = round(float(ranking.score[at]), 1)
    return score, parts, "; ".join(_compared(profiles, at, k) for k in named), int(profiles.peers[at])


def _compared(profiles: Profiles, at: int, k: int) -> str:
    kpi, aspect = profiles.kpis[k], ASPECTS[int(profiles.distances[at, k].argmax())]
    own, of_peers = _shown(kpi, profiles.values[at, k]), _shown(kpi, profiles.peer_values[at, k])
    where = "" if aspect == "level" else f", {aspect}"
    return f"{_bad_name(kpi)} {own} (peers {of_peers}{where})"


def _bad_name(kpi: Kpi) -> str:
    """What the shown number counts: failures of a success ratio."""
    return f"{kpi.title}: failures" if kpi.counts_successes else f"{kpi.title}:"


def _shown(kpi: Kpi, value: float) -> str:
    """
    >>> from dataclasses import replace
    >>> from detector.chronic.days import SILENCE
    >>> kpis = (SILENCE, replace(SILENCE, kind="rate"), replace(SILENCE, kind="mean", unit="Mbit/s"))
    >>> [_shown(kpi, 0.01234) for kpi in kpis]
    ['1.2 %', '44.4 an hour', '0.0123 Mbit/s']
    """
    if kpi.traits.per_cent:
        return f"{100 * value:.2g} %"
    return f"{3600 * value:.3g} an hour" if kpi.traits.per_second else f"{value:.3g} {kpi.unit}".rstrip()


def _notes(past: Past, profiles: Profiles) -> Iterator[str]:
    days = len({day.day for day in past.cell_days})
    if days < LEAST_DAYS:
        yield f"Not enough history: {days} whole days, and a profile needs {LEAST_DAYS}."
        return
    alone = int((profiles.peers == 0).sum())
    yield f"From {days} whole days; each cell's worst fifth of them is left out."
    if alone:
        yield f"{alone} cells have no profile: fewer than {LEAST_PEERS} peers, or no counters."
    yield "Peers share technology, band, vendor and land use, the last inferred from the hours of the load."
    yield from withdrawal_note(past)


REPORT = ReportKind(name="chronic", title=TITLE, make=chronic, needs=("cell_days", "homes", "interactions", "events"))
