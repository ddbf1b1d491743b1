"""Are the times right that people are told: when a fault began, when it ended, and how soon that was said.

    .venv/bin/python -m benchmarks.quality.onset_times         ten operators, the table in benchmarks/results/times.md
    .venv/bin/python -m benchmarks.quality.onset_times --seeds 201 202     some operators only, the table on the terminal
    .venv/bin/python -m benchmarks.quality.onset_times --keep FOLDER       with datasets kept there for another run

Each fault is judged by the first incident that matches it: its `started_at` against the fault's start, its `ended_at` and
its `resolved_at` against the fault's end. Nothing here was used to choose a constant: those were chosen on seeds 201 to 204.
"""

import argparse
import json
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.quality.detection import Stages
from benchmarks.quality.operators import FAULT_RATE, Operator, made
from detector.backtest.intervals import Figure, mean, quantile, rate, share
from detector.backtest.matching import Matches
from detector.backtest.summary import incidents_of
from detector.domain.incident import Incident

RESULTS = Path(__file__).parents[1] / "results" / "times.md"
SEEDS = tuple(range(301, 311))
CELLS, HISTORY_DAYS, DAYS = 80, 16, 20
PERIOD_S = 900
LEAST, SHARP = 0.05, 0.1
"""Extra share of failures from which a fault is asked for, and from which it is sharp."""
AGAIN_S = 2 * 3_600
"""What begins so soon after an incident of the same cells is likely the same trouble."""
SEEN_TO_END_S = 6 * 3_600
"""The end of a fault is asked for if the replay goes on for so long after it."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One fault that customers feel. `extra`: share of failures on top, None = service taken away. Errors and `resolved`
    (after the fault's end) in periods, None = not found, or not over; `asked`: its end is. `delay` in s, None = missed."""

    operator: str
    fault_id: str
    kind: str
    extra: float | None
    asked: bool
    delay: int | None = None
    incidents: int = 0
    onset: float | None = None
    end: float | None = None
    resolved: float | None = None

    @property
    def sharp(self) -> bool:
        return self.kind != "drift" and (self.extra is None or self.extra >= SHARP or self.kind == "throughput")

    @property
    def felt(self) -> bool:
        return self.kind != "drift" and (self.extra is None or self.extra >= LEAST or self.kind == "throughput")


@dataclass(frozen=True)
class Judged:
    """One operator: its faults, and what stands beside them."""

    faults: tuple[Timed, ...]
    false: int
    exposure: float
    incidents: int
    reopened: int


def judged(operator: Operator, matches: Matches) -> Judged:
    """The times of its incidents against those of its faults."""
    wrong = sum(v is False for v in matches.degradation_judgements.values())
    standing = [i for i in matches.results.incidents if i.state != "merged" and i.withdrawn_at is None]
    return Judged(
        tuple(_timed(operator, matches, f.fault_id) for f in matches.faults),
        wrong,
        matches.results.thousand_cell_weeks,
        len(standing),
        sum(again(one, standing) for one in standing),
    )


def again(one: Incident, others: Iterable[Incident]) -> bool:
    """It began within two hours after another one of the same cells had been resolved: one trouble told twice."""
    ends = [i.resolved_at for i in others if i is not one and not set(one.cells).isdisjoint(i.cells)]
    return any(end is not None and 0 <= one.opened_at - end <= AGAIN_S for end in ends)


def _timed(operator: Operator, matches: Matches, fault_id: str) -> Timed:
    fault, hit = matches.truth.fault[fault_id], operator.hits[fault_id]
    asked = fault.window.end + SEEN_TO_END_S <= operator.window.end
    known = Timed(operator=operator.name, fault_id=fault_id, kind=fault.kind, extra=hit.extra, asked=asked)
    by_id = {i.incident_id: i for i in matches.results.incidents}
    own = sorted((by_id[i] for i in incidents_of(matches, fault_id)), key=lambda i: (i.opened_at, i.incident_id))
    if not own:
        return known
    first = own[0]
    return Timed(
        operator=operator.name,
        fault_id=fault_id,
        kind=fault.kind,
        extra=hit.extra,
        asked=asked,
        delay=matches.found[fault_id][0].detected_at - fault.window.start,
        incidents=len(own),
        onset=(first.started_at - fault.window.start) / PERIOD_S,
        end=_after(first.ended_at, fault.window.end),
        resolved=_after(first.resolved_at, fault.window.end),
    )


def _after(at: int | None, end: int) -> float | None:
    return None if at is None else (at - end) / PERIOD_S


def replayed(seed: int, folder: Path | None) -> Judged:
    """One operator, made (or found) in `folder`, replayed through the stages in memory."""
    with tempfile.TemporaryDirectory(prefix="precall-times-") as passing:
        operator = made(folder or Path(passing), seed, quiet=False, cells=CELLS, days=DAYS, history=HISTORY_DAYS)
        return judged(operator, Stages(operator.material, operator.window).run().matches)


WITHIN = (1.0, 2.0, 3.0)
HEAD = ("faults", "what", "count", "within 1", "within 2", "within 3", "median", "90 %", "asked")
Trait = Callable[[Timed], bool]


def rows(faults: Sequence[Timed]) -> list[tuple[str, ...]]:
    """Sharp faults, all of 5 % and more, then drifts and the milder ones, by what is asked of them."""
    groups: tuple[tuple[str, Trait], ...] = (
        ("sharp", lambda f: f.sharp),
        ("5 % and more", lambda f: f.felt),
        ("under 5 %", lambda f: f.kind != "drift" and not f.felt),
        ("drift", lambda f: f.kind == "drift"),
    )
    found: list[tuple[str, ...]] = []
    for name, trait in groups:
        own = [f for f in faults if trait(f) and f.delay is not None]
        over = [f for f in own if f.asked]
        wanted = name == "5 % and more"
        found.append(_row(name, "onset", [f.onset for f in own], "80 % within 1" if wanted else ""))
        found.append(_row(name, "told end", [f.end for f in over], "80 % within 2" if wanted else ""))
        asked = "80 % within 3" if name == "sharp" else ""
        found.append(_row(name, "decision that it is over", [f.resolved for f in over], asked))
    return found


def _row(faults: str, what: str, errors: Sequence[float | None], asked: str) -> tuple[str, ...]:
    """Periods; what is not over yet is late without end."""
    size = [abs(e) if e is not None else float("inf") for e in errors]
    known = [e for e in errors if e is not None]
    shares = [_share(share(sum(s <= limit + 1e-9 for s in size), len(size))) for limit in WITHIN]
    middle = quantile(known, 0.5).value
    worst = quantile([s for s in size if s != float("inf")], 0.9).value
    return (
        faults,
        what,
        str(len(errors)),
        *shares,
        "-" if middle is None else f"{middle:+.1f}",
        "-" if worst is None else f"{worst:.1f}",
        asked,
    )


def _share(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    low, high = (100 * (x if x is not None else 0.0) for x in (figure.low, figure.high))
    return f"{100 * figure.value:.0f} % ({low:.0f} to {high:.0f})"


def _interval(figure: Figure) -> str:
    return f"{figure.value or 0:.3g} ({figure.low or 0:.3g} to {figure.high or 0:.3g})"


def beside(results: Sequence[Judged]) -> list[str]:
    """What times must not be bought with."""
    faults = [f for one in results for f in one.faults]
    delays = [f.delay / 60 for f in faults if f.delay is not None and f.felt]
    recall = share(sum(f.delay is not None for f in faults), len(faults))
    false = rate(sum(one.false for one in results), sum(one.exposure for one in results))
    incidents_per_fault = mean([f.incidents for f in faults if f.delay is not None])
    reopened, incidents = sum(one.reopened for one in results), sum(one.incidents for one in results)
    median, late = quantile(delays, 0.5), quantile(delays, 0.9)
    return [
        f"- recall {_share(recall)} of {len(faults)} faults",
        f"- false degradations {_interval(false)} per 1,000 cells and week",
        f"- delay of detection, 5 % and more: median {median.value or 0:.0f} min, 90 % {late.value or 0:.0f} min",
        f"- incidents per fault {_interval(incidents_per_fault)}",
        f"- {reopened} of {incidents} incidents began within two hours after another of the same cells was resolved",
    ]


def page(seeds: Sequence[int], results: Sequence[Judged]) -> str:
    """The whole as Markdown."""
    table = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    table += ["| " + " | ".join(row) + " |" for row in rows([f for one in results for f in one.faults])]
    seeds_said = f"{seeds[0]} to {seeds[-1]}" if list(seeds) == list(range(seeds[0], seeds[-1] + 1)) else str(list(seeds))
    note = (
        f"`python -m benchmarks.quality.onset_times`: {len(seeds)} simulated operators (seeds {seeds_said}) of {CELLS}"
        f" cells, {HISTORY_DAYS} days to learn from, {DAYS - HISTORY_DAYS} replayed, {FAULT_RATE:g} faults per 1,000 cells"
        " and week. Errors in periods of 15 minutes, of the faults found; shares with 95 % intervals. Sharp: service is"
        " taken away, a tenth or more fails on top, or throughput is down (by two fifths at least). Ends are asked of"
        f" faults that end {SEEN_TO_END_S // 3600} hours or more before the replay does; a drift grows in a straight"
        " line from nothing, so that its onset is a matter of definition."
    )
    text = textwrap.fill(note, 125, break_on_hyphens=False)
    return "\n".join(["# Times that people are told", "", text, "", *table, "", "Beside it:", "", *beside(results), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--keep", type=Path, help="folder in which the datasets are kept, and found again")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("--faults", type=Path, help="also write every fault, a line of JSON each, to this file")
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONWARNINGS="ignore")
    with ProcessPoolExecutor(args.processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        results = list(pool.map(replayed, args.seeds, [args.keep] * len(args.seeds)))
    text = page(args.seeds, results)
    if tuple(args.seeds) == SEEDS:
        RESULTS.write_text(text, encoding="utf-8")
    if args.faults:
        lines = (json.dumps(asdict(f)) for one in results for f in one.faults)
        args.faults.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
