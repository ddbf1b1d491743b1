"""A backtest's lists of people against the truth, incident by incident, and what perfect detection would have foreseen.

    python -m benchmarks.quality.affected_lists FOLDER SEED [SEED ...]

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
from typing import Any

import numpy as np

from benchmarks.quality.affected_tables import (
    Judged,
    contact_table,
    incident_table,
    interval_table,
    kind_table,
    missed_table,
    pooled,
)
from detector.backtest.foresight import AHEAD_S, CONTACT_ABOVE, LOOKUP_ABOVE, judged_complaints
from detector.backtest.matching import Matches, cells_of, match
from detector.backtest.output_files import suppression_in
from detector.backtest.results import Results
from detector.backtest.truth import Fault, read_truth
from detector.domain.alert import Decision
from detector.domain.degradation import Degradation
from detector.domain.exposure import ExpectedPresence
from detector.domain.finding import Findings
from detector.domain.impact import Affected, Listing
from detector.domain.incident import Incident
from detector.domain.local_time import hour_of_week
from detector.domain.window import HOUR_S, Window
from detector.impact import expected_presence_of, learn_mobility_profile
from detector.simulator import Scenario, simulate
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
class Written:
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
            window=Window(begin, end),
            cells=len(reference.topology.cells),
            settings_hash="",
            timezone=reference.operator.timezone,
            topology=reference.topology,
            degradations=tuple(degradations),
            incidents=tuple(incidents),
            listings=tuple(listings),
        )
        return match(results, read_truth(self.dataset, str, timezone=reference.operator.timezone))

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((self.out / "summary.json").read_text())
        return found

    @cached_property
    def affected(self) -> Mapping[str, tuple[float, float, float]]:
        """Incident -> affected, low, high as last assessed."""
        rows = _rows(self.out / "incidents.csv")
        return {
            r["incident_id"]: (float(r["affected"]), float(r["affected_low"]), float(r["affected_high"]))
            for r in rows
            if r["affected"]
        }

    @property
    def affected_first(self) -> Mapping[str, tuple[float, float, float]]:
        """A backtest writes the last assessment only."""
        return {}


def _degradation(row: Mapping[str, str]) -> Degradation:
    return Degradation(
        degradation_id=row["degradation_id"],
        object_id=row["object_id"],
        family="",
        kpi=row["kpi"],
        kind=row["kind"],
        started_at=_at(row["started_at"]),
        detected_at=_at(row["detected_at"]),
        severity=row["severity"],
        neg_log10_p=0.0,
        expected=0.0,
        observed=0.0,
        numerator=0.0,
        denominator=0.0,
        excess=0.0,
        periods=1,
        duration_s=900,
    )


def _incident(row: Mapping[str, str], own: Sequence[str]) -> Incident:
    at = _at(row["opened_at"])
    suppression, merged_into = suppression_in(row["suppressed_reason"])
    return Incident(
        incident_id=row["incident_id"],
        root_kind=row["root_kind"],
        root_id=row["root_id"],
        kind="",
        started_at=at,
        opened_at=at,
        severity=row["severity"],
        degradation_ids=tuple(own),
        cells=(),
        reason="",
        resolved_at=_maybe(row["resolved_at"]),
        state="open" if merged_into is None else "merged",
        suppression=suppression,
        merged_into=merged_into,
    )


def _listing(row: Mapping[str, str]) -> Listing:
    return Listing(
        affected=Affected(
            incident_id=row["incident_id"],
            subscriber=row["subscriber_id"],
            account=row["account_id"],
            basis=row["basis"],
            probability=float(row["probability"]),
            exposure_s=float(row["exposure_s"]),
        ),
        decision=Decision(
            incident_id=row["incident_id"],
            subscriber=row["subscriber_id"],
            contactable=row["contactable"] == "1",
            why_not=row["why_not"],
            action=row["action"],
            channel="",
            recipient="",
            decided_at=_maybe(row["decided_at"]) or _at(row["listed_at"]),
        ),
        listed_at=_at(row["listed_at"]),
        delisted_at=_maybe(row["delisted_at"]),
    )


def oracle(judged: Judged) -> Mapping[str, tuple[int, int]]:
    """Hits and counts of foresight, contact_foresight, contact_precision if every fault were known at its begin: people
    behind its cells by habit, with the share of such people who did suffer, by fault and by tenth of expected presence."""
    matches, end = judged.matches, judged.matches.results.window.end
    presence = judged.source.presence(0, end, Findings())
    profile = expected_presence_of(
        learn_mobility_profile(presence, timezone=matches.results.timezone, before=matches.results.window.start)
    )
    lists: dict[str, dict[str, float]] = {}
    for fault in matches.faults:
        there = _expected_s(judged, profile, fault)
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


def _expected_s(judged: Judged, profile: ExpectedPresence, fault: Fault) -> Mapping[str, float]:
    """Person -> seconds expected behind the fault's cells."""
    topology, timezone = judged.matches.results.topology, judged.matches.results.timezone
    cells = frozenset().union(*(cells_of(topology, o) for o, _ in fault.scopes))
    touched = np.array([c in cells for c in profile.cells])
    total = np.zeros(len(profile.subscribers))
    window = fault.window
    for hour in range(window.start // HOUR_S * HOUR_S, window.end, HOUR_S):
        share = (min(hour + HOUR_S, window.end) - max(hour, window.start)) / HOUR_S
        at = hour_of_week(hour, timezone)
        rows = slice(int(profile.hour_start[at]), int(profile.hour_start[at + 1]))
        np.add.at(total, profile.subscriber[rows], share * profile.seconds[rows] * touched[profile.cell[rows]])
    return {profile.subscribers[i]: float(total[i]) for i in np.flatnonzero(total)}


def _chances(there: Mapping[str, float], hurt: frozenset[str]) -> dict[str, float]:
    """By tenths of expected presence, the share of people there who did suffer."""
    if not there:
        return {}
    names, seconds = list(there), np.array(list(there.values()))
    group = np.minimum(np.searchsorted(np.quantile(seconds, TENTHS[1:-1]), seconds), 9)
    did = np.array([name in hurt for name in names], float)
    share = np.bincount(group, did, 10) / np.maximum(np.bincount(group, minlength=10), 1)
    return {name: float(share[g]) for name, g in zip(names, group, strict=True)}


def made(dataset: Path, seed: str) -> None:
    """Simulate unless that has been done."""
    if not dataset.exists():
        simulate(dataset, Scenario(cells=60, days=25, seed=int(seed), start=START, history_days=20, fault_rate=330.0))


def replayed(folder: Path, seed: str) -> Written:
    """Simulate and replay unless that has been done."""
    dataset, out = folder / f"operator-{seed}", folder / f"backtest-{seed}"
    made(dataset, seed)
    if not (out / "summary.json").exists():
        command = [str(Path(sys.executable).with_name("precall")), "backtest", str(dataset), "--out", str(out), "--identify"]
        quiet = {"PRECALL_STORAGE__PATH": str(folder / "var")}
        subprocess.run([*command, "--from", FROM], check=True, stdout=subprocess.DEVNULL, env=os.environ | quiet)
    return Written(dataset, out)


def main(arguments: Sequence[str]) -> None:
    show([replayed(Path(arguments[0]), seed) for seed in arguments[1:]])


def show(pairs: Sequence[Judged]) -> None:
    """All tables of these operators."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for judged in pairs:
        print(judged.dataset, *incident_table(judged), sep="\n")
        for name, (hits, count) in oracle(judged).items():
            totals[name][0] += hits
            totals[name][1] += count
    tables = (kind_table, missed_table, contact_table, interval_table, pooled)
    print(*(line for table in tables for line in table(pairs)), sep="\n")
    for name, (hits, count) in totals.items():
        print(f"oracle {name:20}{hits / count if count else float('nan'):.2f} ({hits} of {count})")


if __name__ == "__main__":
    main(sys.argv[1:])
