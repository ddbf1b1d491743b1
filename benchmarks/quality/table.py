"""The tables, as data: a title, a heading and rows of texts, for Markdown and for the page alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.quality.operators import CELLS, DAYS, FAULT_RATE, HISTORY_DAYS
from benchmarks.quality.peers import PEERS
from benchmarks.quality.pooling import Pool, Trait, milder, of_kind, of_size, sharp
from detector.backtest.intervals import Figure

Pools = Mapping[tuple[str, str, str], Pool]
OWN = "precall"
LINES = {"default": "documented default", "equal": "as few false alarms as precall"}


@dataclass(frozen=True)
class Table:
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure_text(figure: Figure, *, percent: bool = False) -> str:
    """
    >>> figure_text(Figure(0.975, 40, 0.87, 0.99), percent=True)
    '97.5 (87 to 99)'
    """
    if figure.value is None:
        return "-"
    by = 100 if percent else 1
    value, *ends = (None if x is None else number(x * by) for x in (figure.value, figure.low, figure.high))
    low, high = (end or "?" for end in ends)
    return f"{value}" if low == high == "?" else f"{value} ({low} to {high})"


def number(value: float) -> str:
    """Three digits, or as many as a large number has."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def ways(pools: Pools, scenario: str) -> list[tuple[str, Pool]]:
    """(title, pool): precall first, then each peer at its default and at precall's false rate."""
    rows = [(OWN, pools[OWN, "default", scenario])] if (OWN, "default", scenario) in pools else []
    for name, peer in PEERS.items():
        for line, meaning in LINES.items():
            if (name, line, scenario) in pools:
                rows.append((f"{peer.title}, {meaning}", pools[name, line, scenario]))
    return rows


def overview(pools: Pools) -> Table:
    rows = []
    for title, pool in ways(pools, "faulty"):
        speed = pool.series_per_second
        rows.append(
            (
                title,
                str(len(pool.verdicts)),
                figure_text(pool.recall(), percent=True),
                figure_text(pool.false),
                figure_text(pool.delay(0.5, sharp)),
                figure_text(pool.delay(0.9, sharp)),
                figure_text(pool.delay(0.9, milder)),
                figure_text(pool.incidents) if title == OWN else "-",
                str(pool.in_works),
                "see note" if title == OWN else "null",
                "-" if speed is None else number(speed),
            )
        )
    rows += [(f"{p.title}: not run, {p.absent}", *["-"] * 10) for p in PEERS.values() if p.absent]
    note = (
        f"Operators of {CELLS} cells, {HISTORY_DAYS} days to learn from, {DAYS - HISTORY_DAYS} replayed, {FAULT_RATE:g}"
        " faults per 1,000 cells and week. Recall in per cent; delays in minutes, of faults that take service away or"
        " add 5 % failures and more, and of the milder; false = degradations per 1,000 cells and week;"
        " 95 % intervals. Slow peers see fewer operators and a sample of cells, those hit by a fault first. Foresight asks"
        " who will complain: a peer knows no subscribers, so it has none; precall's is in docs/explanation/impact.md."
        " Series per second: one core, learning included; precall's seconds include incidents."
    )
    head = (
        "way",
        "operators",
        "recall",
        "false",
        "delay, median",
        "delay, 90 %",
        "milder, 90 %",
        "incidents per fault",
        "in works",
        "foresight",
        "series/s",
    )
    return Table("Simulated operators with faults", note, head, tuple(rows))


def kinds(pools: Pools, scenario: str = "faulty") -> Table:
    """Recall by kind; the number of faults as precall saw them."""
    own = ways(pools, scenario)
    seen = own[0][1] if own else Pool(())
    head = ("way", *(f"{kind} (n = {seen.recall(of_kind(kind)).count})" for kind in seen.kinds()))
    rows = tuple(
        (title, *(figure_text(pool.recall(of_kind(kind)), percent=True) for kind in seen.kinds())) for title, pool in own
    )
    note = "In per cent. A sampled peer is judged on the faults that touch its sample, so its n is smaller."
    return Table(_titled("Recall by kind of fault", scenario), note, head, rows)


def delays(pools: Pools, scenario: str = "faulty") -> Table:
    """Median and 90th percentile by kind."""
    own = ways(pools, scenario)
    seen = own[0][1] if own else Pool(())
    rows = tuple((title, *(_delay(pool, of_kind(kind)) for kind in seen.kinds())) for title, pool in own)
    note = "Median and 90th percentile, minutes from the beginning of the fault to the detection, of the faults found."
    return Table(_titled("Delay by kind of fault", scenario), note, ("way", *seen.kinds()), rows)


def _titled(title: str, scenario: str) -> str:
    return f"{title}, second family" if scenario.startswith("foreign") else title


def _delay(pool: Pool, which: Trait) -> str:
    half, most = pool.delay(0.5, which).value, pool.delay(0.9, which).value
    return "-" if half is None or most is None else f"{half:.0f}; {most:.0f}"


def recall_of(pool: Pool, extra: float) -> Figure:
    return pool.recall(of_size(extra, extra))


def mild(pools: Pools) -> Table:
    """Recall and delay by extra share of failures, on cells of about 100 attempts a period."""
    own = ways(pools, "mild")
    seen = own[0][1] if own else Pool(())
    sizes = sorted({f.extra for f in seen.faults if f.extra is not None})
    groups = [(f"{e:.0%} extra", of_size(e, e)) for e in sizes] + [("2 to 4 %", of_size(0.02, 0.04))]
    head = ("way", *(f"{name} (n = {seen.recall(which).count})" for name, which in groups))
    rows = tuple(
        (title, *(f"{figure_text(pool.recall(w), percent=True)} in {_delay(pool, w)}" for _, w in groups))
        for title, pool in own
    )
    note = (
        "Put into quiet operators: of the successes of one accessibility ratio of one cell, with 80 to 120 attempts a"
        " period, this share fails for 4 hours, the onset anywhere in a period. Recall in per cent, then median and 90th"
        " percentile of the delay in minutes of those found. A sampled peer sees fewer of them."
    )
    return Table("Mild faults", note, head, rows)


def quiet(pools: Pools, budget: float, scenario: str = "quiet") -> Table:
    rows = []
    for title, pool in ways(pools, scenario):
        figure = pool.false
        within = figure.low is not None and figure.high is not None and figure.low <= budget
        verdict = ("within" if within else "ABOVE") if title == OWN else "-"
        rows.append((title, str(figure.count), figure_text(figure), f"{budget:g}" if title == OWN else "-", verdict))
    note = "Nothing ever fails: all raised is false. Per 1,000 cells and week; within = the interval reaches the budget."
    return Table(_titled("Quiet operators", scenario), note, ("way", "raised", "false", "budget", "verdict"), tuple(rows))


def real(pools: Pools) -> Table:
    rows = []
    for title, pool in ways(pools, "real"):
        figure = pool.recall()
        hits = sum(f.delay is not None for f in pool.faults)
        rows.append(
            (title, f"{hits} of {figure.count}", str(pool.false.count), figure_text(pool.false), _delay(pool, sharp))
        )
    note = (
        "`ran_hourly_58_cells`: 14 days to learn from, then 15; the outage of two cells of one site is labelled there, all"
        " else counts as false, though a part of it is real and unlabelled. Sampled peers see fewer cells."
    )
    head = ("way", "outages", "others", "others per 1,000 cells and week", "delay")
    return Table("58 real cells by the hour", note, head, tuple(rows))


def tables(pools: Pools, budget: float) -> list[Table]:
    found = [overview(pools), kinds(pools), delays(pools), mild(pools), quiet(pools, budget), real(pools)]
    if any(scenario.startswith("foreign") for _, _, scenario in pools):
        found += [kinds(pools, "foreign"), delays(pools, "foreign"), quiet(pools, budget, "foreign_quiet")]
    return found
