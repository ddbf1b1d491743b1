"""What a replay shows by itself, without any truth: incidents, people, complaints near them, and the worst cells."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median

from detector.backtest.matching import COMPLAINED_AFTER_END_S, Matches
from detector.backtest.results import Results
from detector.backtest.truth import Complaint
from detector.domain.degradation import SEVERITIES, Degradation
from detector.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class WorstCell:
    """One object with trouble: its incidents, its bad time in s (overlapping episodes count once), its highest severity and
    the KPI that was bad for longest."""

    object_id: str
    incidents: int
    degraded_s: int
    severity: str
    kpi: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Counts of one replay.

    `people`: expected number of distinct people affected, None = no people are known. `complaints_nearby`: those of the
    network `complaints` that came from the cells of an incident while it lasted; None = no contacts are known.
    """

    incidents: int
    merged: int
    silent: int
    notified: int
    cells_touched: int
    lasted_median_s: float | None
    people: float | None
    complaints: int | None
    complaints_nearby: int | None

    def as_json(self) -> dict[str, int | float | None]:
        """`seen` of summary.json, by its public names."""
        values = asdict(self) | {"complaints_near": self.complaints_nearby}
        del values["complaints_nearby"]
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def overview(matches: Matches) -> Overview:
    """Incidents that went on as part of another are counted with it."""
    results = matches.results
    merged = [i for i in results.incidents if i.state == "merged"]
    alone = [i for i in results.incidents if i not in merged]
    complaints = matches.truth.complaints
    inside = None if complaints is None else [c for c in complaints if results.window.contains(c.at)]
    return Overview(
        incidents=len(alone),
        merged=len(merged),
        silent=sum(i.silent for i in alone),
        notified=sum(i.incident_id in results.notified for i in alone),
        cells_touched=len({cell for i in alone for cell in i.cells}),
        lasted_median_s=median(lasted_s(i, results.window.end) for i in alone) if alone else None,
        people=_people(results) if results.listings or results.impacts else None,
        complaints=None if inside is None else len(inside),
        complaints_nearby=None if inside is None else sum(_is_nearby(c, alone, results.window.end) for c in inside),
    )


def lasted_s(incident: Incident, until: int) -> int:
    """Seconds from its start to its end; to `until` if it is still open."""
    end = incident.updated_at if incident.state == "merged" else incident.over_at
    return max((until if end is None else end) - incident.started_at, 0)


def worst_cells(results: Results) -> list[WorstCell]:
    """Every object that was degraded, the longest first; missing data that nothing confirmed is left out."""
    own: dict[str, list[Degradation]] = defaultdict(list)
    for one in results.degradations:
        if (one.affects_service or one.confirmed_by) and one.withdrawn_at is None:
            own[one.object_id].append(one)
    found = [_worst(results, name, episodes) for name, episodes in own.items()]
    return sorted(found, key=lambda w: (-w.degraded_s, -SEVERITIES.index(w.severity), w.object_id))


def _worst(results: Results, name: str, episodes: Sequence[Degradation]) -> WorstCell:
    until = results.window.end
    longest = max(episodes, key=lambda d: (_end(d, until) - d.started_at, d.neg_log10_p))
    kpi = results.kpis.get(longest.kpi)
    return WorstCell(
        name,
        len({results.incident_of.get(d.degradation_id, d.degradation_id) for d in episodes}),
        _union_s([(d.started_at, _end(d, until)) for d in episodes]),
        max((d.severity for d in episodes), key=SEVERITIES.index),
        kpi.title if kpi else longest.kpi,
    )


def _end(degradation: Degradation, until: int) -> int:
    return max(until if degradation.cleared_at is None else degradation.cleared_at, degradation.started_at)


def _union_s(spans: Sequence[tuple[int, int]]) -> int:
    """Seconds covered by at least one span.

    >>> _union_s([(0, 10), (5, 20), (30, 40)])
    30
    """
    ordered = sorted(spans)
    covered_until = [ordered[0][0]]
    for _, end in ordered:
        covered_until.append(max(covered_until[-1], end))
    return sum(
        after - max(before, start)
        for (start, _), (before, after) in zip(ordered, pairwise(covered_until), strict=True)
        if after > max(before, start)
    )


def _people(results: Results) -> float:
    """Expected number of distinct people: a person of several lists counts with the chance of at least one failure."""
    latest: dict[tuple[str, str], tuple[int, float]] = {}
    for row in results.listings:
        key = row.subscriber, row.incident_id
        latest[key] = max(latest.get(key, (0, 0.0)), (row.listed_at, row.probability))
    spared: dict[str, float] = defaultdict(lambda: 1.0)
    for (person, _), (_, probability) in latest.items():
        spared[person] *= 1 - probability
    return sum(1 - chance for chance in spared.values())


def _is_nearby(complaint: Complaint, incidents: Sequence[Incident], until: int) -> bool:
    return any(
        i.started_at <= complaint.at <= i.started_at + lasted_s(i, until) + COMPLAINED_AFTER_END_S
        and (complaint.cell_id in i.cells or any(cell in i.cells for cell, _ in complaint.attachments))
        for i in incidents
    )
