"""A backtest's lists of people against the truth, incident by incident, and what perfect detection would have foreseen.

    python -m benchmarks.people FOLDER SEED [SEED ...]

Simulates an operator a seed (60 cells, 25 days, many faults in the last five) in FOLDER/operator-SEED, replays those five
days into FOLDER/backtest-SEED and reads what was written; what is there already is only read. By incident and by kind only
incidents that match a fault are judged, so false alarms do not hide how well people are found. The oracle knows every
fault's cells, begin and end at once and lists those who are behind them by habit, with the chance that people behind such
a fault turned out to have.
"""

import csv
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from detector.backtest.foresight import AHEAD_S, CONTACT_ABOVE, LOOKUP_ABOVE, judged_complaints
from detector.backtest.intervals import share
from detector.backtest.matching import Matches, cells_of, match
from detector.backtest.results import Results
from detector.backtest.truth import Fault
from detector.backtest.truth_files import read_truth
from detector.domain.degradation import Degradation
from detector.domain.exposure import Habit
from detector.domain.finding import Findings
from detector.domain.impact import Listing
from detector.domain.incident import Incident
from detector.domain.window import Window
from detector.impact import learn_habit
from detector.impact.hours import HOUR_S, hour_of_week
from detector.simulator import simulate
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser

START, FROM = 1_772_323_200, "2026-03-21T00:00Z"
TENTHS = np.linspace(0.0, 1.0, 11)


class _Plain(Pseudonymiser):
    """The dataset's own ids: an --identify'd affected.csv holds them."""

    def __init__(self) -> None:
        super().__init__(b"benchmark only..")

    def subscriber(self, raw: str) -> str:
        return raw

    def account(self, raw: str) -> str:
        return raw


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _maybe(text: str) -> int | None:
    return _at(text) if text else None


@dataclass(frozen=True)
class Judged:
    """One dataset with what a backtest wrote of it."""

    dataset: Path
    out: Path

    @cached_property
    def source(self) -> OperatorDataset:
        return OperatorDataset(self.dataset, _Plain())

    @cached_property
    def matches(self) -> Matches:
        degradations = [_degradation(row) for row in _rows(self.out / "degradations.csv")]
        own: dict[str, list[str]] = defaultdict(list)
        for row in _rows(self.out / "degradations.csv"):
            own[row["incident_id"]].append(row["degradation_id"])
        incidents = [_incident(row, own[row["incident_id"]]) for row in _rows(self.out / "incidents.csv")]
        listings = [_listing(row) for row in _rows(self.out / "affected.csv")]
        begin, end = min(d.started_at for d in degradations), max(d.detected_at for d in degradations)
        reference = self.source.reference(end, Findings())
        results = Results(
            Window(begin, end), len(reference.topology.cells), "", reference.operator.timezone, reference.topology,
            degradations=tuple(degradations), incidents=tuple(incidents), listings=tuple(listings),
        )  # fmt: skip
        return match(results, read_truth(self.dataset, str, timezone=reference.operator.timezone))

    @cached_property
    def affected(self) -> Mapping[str, tuple[float, float, float]]:
        """Incident -> affected, low, high as last assessed."""
        rows = _rows(self.out / "incidents.csv")
        return {
            r["incident_id"]: (float(r["affected"]), float(r["affected_low"]), float(r["affected_high"]))
            for r in rows if r["affected"]
        }  # fmt: skip


def _degradation(row: Mapping[str, str]) -> Degradation:
    return Degradation(
        row["degradation_id"], row["object_id"], "", row["kpi"], row["kind"],
        _at(row["started_at"]), _at(row["detected_at"]), row["severity"], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1, 900,
    )  # fmt: skip


def _incident(row: Mapping[str, str], own: Sequence[str]) -> Incident:
    at = _at(row["opened_at"])
    return Incident(
        row["incident_id"], row["root_kind"], row["root_id"], "", at, at, row["severity"], tuple(own), (), "",
        resolved_at=_maybe(row["resolved_at"]), suppressed_reason=row["suppressed_reason"],
    )  # fmt: skip


def _listing(row: Mapping[str, str]) -> Listing:
    return Listing(
        row["incident_id"], row["subscriber_id"], row["account_id"], row["basis"], float(row["probability"]),
        float(row["exposure_s"]), _at(row["listed_at"]), _maybe(row["delisted_at"]),
    )  # fmt: skip


def incident_table(judged: Judged) -> Iterator[str]:
    """Per incident that matches a fault: how many were said to suffer and did, at opening and at the end."""
    matches, sufferers = judged.matches, judged.matches.truth.sufferers or {}
    rows: dict[str, list[Listing]] = defaultdict(list)
    for row in matches.results.listings:
        rows[row.incident_id].append(row)
    yield f"{'incident':21}{'fault':18}{'opening: said':>14}{'did':>6}{'end: said':>11}{'did':>6}{'all':>6}  interval"
    for incident in matches.results.incidents:
        faults = matches.faults_of_incident[incident.incident_id]
        if matches.incident_verdicts[incident.incident_id] is None or not faults or not rows[incident.incident_id]:
            continue
        hurt = frozenset().union(*(sufferers.get(f, frozenset()) for f in faults))
        kinds = "+".join(sorted({matches.truth.fault[f].kind for f in faults}))
        first = min(r.listed_at for r in rows[incident.incident_id])
        opening = [r for r in rows[incident.incident_id] if r.listed_at == first]
        last = [r for r in rows[incident.incident_id] if r.delisted_at is None]
        said, low, high = judged.affected.get(incident.incident_id, (0.0, 0.0, 0.0))
        yield (
            f"{incident.incident_id:21}{kinds:18}{_said(opening):14.0f}{_did(opening, hurt):6}"
            f"{_said(last):11.0f}{_did(last, hurt):6}{len(hurt):6}  {said:.0f} ({low:.0f} to {high:.0f})"
        )


def _said(rows: Sequence[Listing]) -> float:
    return sum(r.probability for r in rows)


def _did(rows: Sequence[Listing], hurt: frozenset[str]) -> int:
    return sum(r.subscriber in hurt for r in rows)


def kind_table(all_judged: Sequence[Judged]) -> Iterator[str]:
    """Calibration by kind of fault, over every row of every list that belongs to incidents matching one fault."""
    pools: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for judged in all_judged:
        matches, sufferers = judged.matches, judged.matches.truth.sufferers or {}
        for row in matches.results.listings:
            faults = sorted(matches.faults_of_incident[row.incident_id])
            if not faults or matches.incident_verdicts[row.incident_id] is not True:
                continue
            hit = any(row.subscriber in sufferers.get(f, ()) for f in faults)
            for kind in {"+".join(sorted({matches.truth.fault[f].kind for f in faults})), "all"}:
                pools[kind].append((row.probability, hit))
    yield f"{'kind':18}{'rows':>7}{'said':>7}{'did':>7}   said -> did by tenths of the probability (n)"
    for kind, pairs in sorted(pools.items()):
        said, did = np.array([p for p, _ in pairs]), np.array([h for _, h in pairs])
        tenth = np.minimum((said * 10).astype(int), 9)
        told = " ".join(
            f"{said[tenth == t].mean():.2f}->{did[tenth == t].mean():.2f}({(tenth == t).sum()})"
            for t in range(10) if (tenth == t).any()
        )  # fmt: skip
        yield f"{kind:18}{len(said):7}{said.mean():7.2f}{did.mean():7.2f}   {told}"


def oracle(judged: Judged) -> Mapping[str, tuple[int, int]]:
    """Hits and counts of foresight, contact_foresight, contact_precision if every fault were known at its begin: people
    behind its cells by habit, with the share of such people who did suffer, by fault and by tenth of expected presence."""
    matches, end = judged.matches, judged.matches.results.window.end
    presence = judged.source.presence(0, end, Findings())
    habit = learn_habit(presence, timezone=matches.results.timezone, before=matches.results.window.start)
    lists: dict[str, dict[str, float]] = {}
    for fault in matches.faults:
        there = _expected_s(judged, habit, fault)
        lists[fault.fault_id] = _chances(there, (matches.truth.sufferers or {}).get(fault.fault_id, frozenset()))
    complaints = judged_complaints(matches)
    figures = {}
    for name, above in (("foresight", LOOKUP_ABOVE), ("contact_foresight", CONTACT_ABOVE)):
        known = sum(
            any(
                own.get(c.subscriber, 0.0) >= above
                and matches.truth.fault[f].window.start <= c.at - AHEAD_S <= matches.truth.fault[f].window.end + 7200
                for f, own in lists.items()
            )
            for c in complaints
        )
        figures[name] = (known, len(complaints))
    hurt = matches.truth.sufferers or {}
    listed = [(f, who) for f, own in lists.items() for who, p in own.items() if p >= CONTACT_ABOVE]
    figures["contact_precision"] = (sum(who in hurt.get(f, ()) for f, who in listed), len(listed))
    return figures


def _expected_s(judged: Judged, habit: Habit, fault: Fault) -> Mapping[str, float]:
    """Person -> seconds expected behind the fault's cells."""
    topology, timezone = judged.matches.results.topology, judged.matches.results.timezone
    cells = frozenset().union(*(cells_of(topology, o) for o, _ in fault.scopes))
    touched = np.array([c in cells for c in habit.cells])
    total = np.zeros(len(habit.subscribers))
    window = fault.window
    for hour in range(window.start // HOUR_S * HOUR_S, window.end, HOUR_S):
        share = (min(hour + HOUR_S, window.end) - max(hour, window.start)) / HOUR_S
        at = hour_of_week(hour, timezone)
        rows = slice(int(habit.hour_start[at]), int(habit.hour_start[at + 1]))
        np.add.at(total, habit.subscriber[rows], share * habit.seconds[rows] * touched[habit.cell[rows]])
    return {habit.subscribers[i]: float(total[i]) for i in np.flatnonzero(total)}


def _chances(there: Mapping[str, float], hurt: frozenset[str]) -> dict[str, float]:
    """By tenths of expected presence, the share of people there who did suffer."""
    if not there:
        return {}
    names, seconds = list(there), np.array(list(there.values()))
    group = np.minimum(np.searchsorted(np.quantile(seconds, TENTHS[1:-1]), seconds), 9)
    did = np.array([name in hurt for name in names], float)
    share = np.bincount(group, did, 10) / np.maximum(np.bincount(group, minlength=10), 1)
    return {name: float(share[g]) for name, g in zip(names, group, strict=True)}


def replayed(folder: Path, seed: str) -> Judged:
    """Simulate and replay unless that has been done."""
    dataset, out = folder / f"operator-{seed}", folder / f"backtest-{seed}"
    if not dataset.exists():
        simulate(dataset, cells=60, days=25, seed=int(seed), start=START, history_days=20, fault_rate=330.0)
    if not (out / "summary.json").exists():
        command = [str(Path(sys.executable).with_name("precall")), "backtest", str(dataset), "--out", str(out), "--identify"]
        quiet = {"PRECALL_STORAGE__PATH": str(folder / "var")}
        subprocess.run([*command, "--from", FROM], check=True, stdout=subprocess.DEVNULL, env=os.environ | quiet)
    return Judged(dataset, out)


def pooled(all_judged: Sequence[Judged]) -> Iterator[str]:
    """The summaries' shares over all operators together."""
    summaries = [json.loads((judged.out / "summary.json").read_text()) for judged in all_judged]
    for name in ("recall", "foresight", "foresight_all", "contact_precision", "contact_foresight"):
        own = [s[name] for s in summaries if s[name]["count"]]
        hits, count = sum(f["value"] * f["count"] for f in own), sum(f["count"] for f in own)
        figure = share(round(hits), count)
        yield f"{name:25}{figure.value} ({figure.low} to {figure.high}), n = {count}"
    rows = sum(s["calibration"]["count"] for s in summaries)
    error = sum(s["calibration"]["value"] * s["calibration"]["count"] for s in summaries) / rows
    yield f"{'calibration error':25}{error:.3f} over {rows} rows"


def main(arguments: Sequence[str]) -> None:
    pairs = [replayed(Path(arguments[0]), seed) for seed in arguments[1:]]
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for judged in pairs:
        print(judged.dataset, *incident_table(judged), sep="\n")
        for name, (hits, count) in oracle(judged).items():
            totals[name][0] += hits
            totals[name][1] += count
    print(*kind_table(pairs), *pooled(pairs), sep="\n")
    for name, (hits, count) in totals.items():
        print(f"oracle {name:20}{hits / count if count else float('nan'):.2f} ({hits} of {count})")


if __name__ == "__main__":
    main(sys.argv[1:])
