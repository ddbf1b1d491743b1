"""Both families beside what is to be reached, and peers at as many false alarms as precall raised on the same operators."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.families import FAULTY
from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import Pool, Trait, anything, sharp
from benchmarks.quality.table import OWN, Pools, Table, figure_text
from detector.backtest.intervals import Figure, rate, share

Care = Sequence[Mapping[str, Any]]
TITLES = {
    "faulty": "simulator",
    "foreign": "second family",
    "foreign_hourly": "second family, by the hour",
    "foreign_daily": "second family, by the day",
}
"""Scenario -> the heading of its column."""


def goals(pools: Pools, care: Care) -> Table:
    """A row a figure, a column a scenario."""
    columns = [(title, pools[OWN, "default", name]) for name, title in TITLES.items() if (OWN, "default", name) in pools]
    rows = [
        ("recall, %", "97", *(figure_text(p.recall(), percent=True) for _, p in columns)),
        ("recall of sharp faults, %", "", *(figure_text(p.recall(sharp), percent=True) for _, p in columns)),
        ("false per 1,000 cells a week", "5", *(figure_text(p.false) for _, p in columns)),
        ("delay of sharp faults, median, min", "25", *(figure_text(p.delay(0.5, sharp)) for _, p in columns)),
        ("delay of sharp faults, 90 %, min", "40", *(figure_text(p.delay(0.9, sharp)) for _, p in columns)),
        ("incidents per fault", "1.1", *(figure_text(p.incidents) for _, p in columns)),
        ("raised for works alone, not counted", "", *(str(p.in_works) for _, p in columns)),
        ("faults; operators", "", *(f"{len(p.faults)}; {len(p.verdicts)}" for _, p in columns)),
    ]
    if care:
        rows += [(name, goal, *_beside(columns, text)) for name, goal, text in _cared(care)]
    note = (
        "precall as it is configured by default. The simulator is the product's own; the second family shares no code with"
        " it (benchmarks/foreign): load with steps, bursts of single devices, gaps in reporting, storms, a holiday, matches,"
        " core gauges that follow load, half-network faults. By the day a fault is known when its day has ended, at best."
        f" Care and people: whole backtests of {len(care)} operators of the second family."
    )
    return Table("To reach", note, ("figure", "to reach", *(title for title, _ in columns)), tuple(rows))


def _beside(columns: Sequence[tuple[str, Pool]], text: str) -> list[str]:
    return [text if title == TITLES["foreign"] else "-" for title, _ in columns]


def _cared(care: Care) -> list[tuple[str, str, str]]:
    """(figure, to reach, text)"""
    alerts = sum(_events(own["false_care_alerts_per_1000_cells_week"]) for own in care)
    wrong = share(sum(own["listed_by_false"] for own in care), sum(own["listed"] for own in care))
    held = [own["held_out_false_per_1000_cells_week"] for own in care]
    precision = [own["contact_precision"] for own in care]
    return [
        ("false care alerts per 1,000 cells a week", "2", figure_text(rate(alerts, sum(own["exposure"] for own in care)))),
        ("of those listed at 0.5 or more by false incidents, %", "2", figure_text(wrong, percent=True)),
        ("held-out false per 1,000 cells a week, by operator", "3 within", "; ".join(map(_interval, held))),
        ("of those listed at 0.5 or more who suffered, by operator, %", "", "; ".join(_percent(p) for p in precision)),
    ]


def _events(figure: Mapping[str, Any]) -> int:
    return int(figure["count"] or 0)


def _interval(own: Mapping[str, Any]) -> str:
    return figure_text(Figure(own["value"], own["count"] or 0, own["low"], own["high"]))


def _percent(own: Mapping[str, Any]) -> str:
    return "-" if own["value"] is None else f"{own['value'] * 100:.0f}"


def equal(pools: Pools, scenario: str) -> Table | None:
    """precall and, of each peer that saw everything, the lowest threshold that raises no more false alarms over the same
    operators: chosen with hindsight, which favours the peer."""
    if (OWN, "default", scenario) not in pools:
        return None
    own = pools[OWN, "default", scenario]
    rows = [(OWN, "-", *_figures(own))]
    for name, peer in PEERS.items():
        if peer.whole:
            threshold, pool = at_most(pools, name, scenario, own)
            rows.append((peer.title, "-" if pool is None else f"{threshold:.3g}", *_figures(pool)))
    note = (
        f"{len(own.verdicts)} operators, every cell, none sampled. A peer's threshold is the lowest of its scale that raises"
        " no more false alarms than precall did over these very operators: chosen with hindsight, which favours the peer."
    )
    head = ("way", "threshold", "operators", "recall", "of sharp faults", "false", "delay of sharp, median", "90 %")
    return Table(f"At equal false alarms: {TITLES[scenario]}", note, head, tuple(rows))


def at_most(pools: Pools, name: str, scenario: str, own: Pool) -> tuple[float, Pool | None]:
    """(threshold, pool) of the peer's lowest threshold with at most as many false alarms as `own` over its operators."""
    wanted, allowed = {v.operator for v in own.verdicts}, sum(v.false for v in own.verdicts)
    lines = sorted(
        (float(line.removeprefix("at:")), pool)
        for (way, line, where), pool in pools.items()
        if way == name and where == scenario and line.startswith("at:") and {v.operator for v in pool.verdicts} >= wanted
    )
    fitting = [(t, pool) for t, pool in lines if sum(v.false for v in pool.verdicts if v.operator in wanted) <= allowed]
    return fitting[0] if fitting else (0.0, None)


def _figures(pool: Pool | None) -> tuple[str, ...]:
    if pool is None:
        return ("-",) * 6
    of: list[Trait] = [anything, sharp]
    recalls = [figure_text(pool.recall(which), percent=True) for which in of]
    delays = [figure_text(pool.delay(q, sharp)) for q in (0.5, 0.9)]
    return (str(len(pool.verdicts)), *recalls, figure_text(pool.false), *delays)


def tables_reached(pools: Pools, care: Care) -> list[Table]:
    """The goals, then a table at equal false alarms for each scenario that was run."""
    found = [goals(pools, care)] if any((OWN, "default", s) in pools for s in FAULTY) else []
    return found + [own for s in FAULTY if (own := equal(pools, s)) is not None]
