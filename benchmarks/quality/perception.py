"""What is made of what simulated customers say: categories, bursts and the complaint risk, pooled over seeds.

    python -m benchmarks.quality.perception FOLDER [--truth] SEED [SEED ...]

Simulates an operator a seed (60 cells, 25 days, a hundred and twenty faults per 1,000 cells and week) in
FOLDER/operator-SEED and replays all but the first week. What a seed gave is kept in FOLDER/perception-SEED.pickle, and only
read where it is there. Nothing is tuned on it. With --truth nothing is replayed: the risk alone is fitted, on the degraded
seconds and failures that truth_subscribers.csv says, as if everything had been detected.
"""

import csv
import pickle
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.stores import passing_store
from detector import feedback
from detector.app import read_catalogue
from detector.backtest.replay import Replay
from detector.backtest.truth import Fault, read_truth
from detector.care.consent import profiled
from detector.domain.contact_burst import Burst
from detector.domain.experience import Experience
from detector.domain.finding import Findings
from detector.domain.interaction import Interaction
from detector.domain.ports import Reference
from detector.domain.risk import PAST, TODAY, Judgement
from detector.domain.window import Window
from detector.feedback.risk import Days, fit_risk
from detector.impact.experience import local_days
from detector.settings import load
from detector.simulator import Scenario, simulate
from detector.sources.dataset import OperatorDataset
from detector.sources.identity import Pseudonymiser
from detector.store import Store

KEY = b"benchmark only.."
HARM_OF = {
    "outage": "coverage",
    "sleeping": "coverage",
    "access": "access",
    "setup": "access",
    "drop": "drops",
    "handover": "drops",
    "throughput": "slow",
    "drift": "slow",
    "software": "slow",
    "core": "core",
    "glitch": "slow",
}
START, DAY_S, CELLS, DAYS, HISTORY_DAYS = 1_772_323_200, 86_400, 60, 25, 7
AFTERMATH_S = 2 * 3600


@dataclass(frozen=True)
class PerceptionSample:
    """categories: (told, read or empty) -> texts; bursts: of the replayed days, each with whether a fault was there."""

    categories: Counter[tuple[str, str]]
    bursts: tuple[tuple[Burst, bool], ...]
    days: Days


def sample_of(folder: Path, seed: int) -> PerceptionSample:
    kept = folder / f"perception-{seed}.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())  # type: ignore[no-any-return]
    dataset = _dataset(folder, seed)
    source = OperatorDataset(dataset, Pseudonymiser(KEY))
    settings = load(None)
    catalogue = read_catalogue(settings.sources.kpis)
    window = Window(START + HISTORY_DAYS * DAY_S, START + DAYS * DAY_S)
    with passing_store(catalogue) as store:
        Replay(source, store, catalogue, settings, window).run()
        found = PerceptionSample(_categories(source, window), _bursts(source, store, dataset), _days(source, store, window))
    kept.write_bytes(pickle.dumps(found))
    return found


def _dataset(folder: Path, seed: int) -> Path:
    dataset = folder / f"operator-{seed}"
    if not dataset.exists():
        simulate(
            dataset, Scenario(cells=CELLS, days=DAYS, seed=seed, start=START, history_days=HISTORY_DAYS, fault_rate=120.0)
        )
    return dataset


def days_by_truth(folder: Path, seed: int) -> Days:
    """The design as it would be if everything had been detected and everybody been found."""
    dataset, names = _dataset(folder, seed), Pseudonymiser(KEY)
    source = OperatorDataset(dataset, names)
    window = Window(START + HISTORY_DAYS * DAY_S, START + DAYS * DAY_S)
    contacts = source.contacts(window.start, window.end, Findings())
    reference = source.reference(window.end, Findings())
    contacts_read = feedback.interactions_of(contacts, (), (), reference.topology, Findings())
    faults = {fault.fault_id: fault for fault in read_truth(dataset, names.subscriber).faults or ()}
    days = _whole_days(window, reference.operator.timezone)
    lived: dict[tuple[int, str], Experience] = {}
    with (dataset / "truth_subscribers.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            fault, who = faults[row["fault_id"]], names.subscriber(row["subscriber_id"])
            for day in days:
                hours = max(min(day.end, fault.window.end) - max(day.start, fault.window.start), 0)
                if hours:
                    share = hours / fault.window.seconds
                    one = _felt(day.start, who, fault.kind, share * float(row["degraded_s"]), share * float(row["failures"]))
                    lived[day.start, who] = _added(lived.get((day.start, who)), one)
    return _design(reference, [*lived.values()], contacts_read, days)


def _felt(day: int, who: str, kind: str, degraded_s: float, failures: float) -> Experience:
    return Experience(
        day=day,
        holder_kind="subscriber",
        holder=who,
        index=0.0,
        degraded_s=degraded_s,
        failures=failures,
        worst=1.0,
        incidents=1,
        by_harm={HARM_OF[kind]: degraded_s},
    )


def _added(old: Experience | None, new: Experience) -> Experience:
    if old is None:
        return new
    harms = {harm: old.by_harm.get(harm, 0.0) + new.by_harm.get(harm, 0.0) for harm in {*old.by_harm, *new.by_harm}}
    degraded, failures = old.degraded_s + new.degraded_s, old.failures + new.failures
    return replace(new, degraded_s=degraded, failures=failures, incidents=old.incidents + 1, by_harm=harms)


def _categories(source: OperatorDataset, window: Window) -> Counter[tuple[str, str]]:
    contacts = source.contacts(0, window.end, Findings())
    topology = source.reference(window.end, Findings()).topology
    read = feedback.interactions_of([replace(c, category="") for c in contacts], (), (), topology, Findings())
    by_id = {one.interaction_id: one.category for one in read}
    return Counter((c.category, by_id[c.contact_id]) for c in contacts)


def _bursts(source: OperatorDataset, store: Store, dataset: Path) -> tuple[tuple[Burst, bool], ...]:
    topology = source.reference(START + DAYS * DAY_S, Findings()).topology
    faults = read_truth(dataset, lambda key: key).faults or ()
    return tuple(
        (one, any(_there(fault, topology.groups[one.place_kind, one.place_id], one, topology) for fault in faults))
        for one in store.contact_bursts.all()
    )


def _there(fault: Fault, cells: frozenset[str], one: Burst, topology: Any) -> bool:
    behind = {cell for name, _ in fault.scopes for cell in topology.cells_behind(name)}
    begin, end = fault.window.start, fault.window.end + AFTERMATH_S
    return bool(behind & cells) and begin < one.until and one.since < end


def _days(source: OperatorDataset, store: Store, window: Window) -> Days:
    reference = source.reference(window.end, Findings())
    days = _whole_days(window, reference.operator.timezone)
    span = Window(days[0].start, days[-1].end)
    return _design(reference, store.experience.between(span), store.interactions.between(span.start, span.end), days)


def _whole_days(window: Window, timezone: str) -> list[Window]:
    return [d for d in local_days(window, timezone) if window.start <= d.start and d.end <= window.end]


def _design(
    reference: Reference, lived: Sequence[Experience], contacts_read: Sequence[Interaction], days: Sequence[Window]
) -> Days:
    customers, at = reference.customers, days[-1].end
    allowed = profiled(customers, load(None).care, country=reference.operator.country, at=at)
    segments = {key: customers.subscribers[key].segment for key in allowed}
    return feedback.days_of(segments, lived, contacts_read, [day.start for day in days] + [at])


def pooled(parts: Sequence[Days]) -> Days:
    """All operators as one, without segments, which not all of them have."""
    names = (*TODAY, *PAST)
    x = np.concatenate([part.x[:, : len(names)] for part in parts])
    came, weight, day = (np.concatenate([getattr(part, name) for part in parts]) for name in ("came", "weight", "day"))
    return Days(names=names, segments=(), x=x, came=came, weight=weight, day=day, people=sum(part.people for part in parts))


def main(arguments: Sequence[str]) -> None:
    folder, seeds = Path(arguments[0]), [int(seed) for seed in arguments[1:] if seed != "--truth"]
    if "--truth" in arguments:
        _print_risk(pooled([days_by_truth(folder, seed) for seed in seeds]))
        return
    found = [sample_of(folder, seed) for seed in seeds]
    categories = sum((one.categories for one in found), Counter[tuple[str, str]]())
    right = sum(n for (labelled, read), n in categories.items() if labelled == read)
    silent = sum(n for (_, read), n in categories.items() if not read)
    print(
        f"{categories.total()} texts: {right} sorted right, {silent} not sorted, {categories.total() - right - silent} wrong"
    )
    bursts = [one for seed in found for one in seed.bursts]
    print(f"{len(bursts)} bursts, {sum(true for _, true in bursts)} where a fault was")
    _print_risk(pooled([one.days for one in found]))


def _print_risk(days: Days) -> None:
    model, why_not = fit_risk(days, now=0)
    print(
        f"{days.people} people, {days.weight.sum():.0f} days of theirs, {days.complaints} with a network contact {why_not}"
    )
    if model is not None:
        for name, weight, error in zip(model.names, model.weights, model.errors, strict=True):
            print(f"  {name:18} {weight:+.3f} +- {1.96 * error:.3f}")
        for name in ("judged", "judged_before", "judged_by_hand"):
            _print(name, getattr(model, name))


def _print(name: str, judged: Judgement | None) -> None:
    if judged is not None:
        print(f"{name}: AUC {judged.auc:.3f} ({judged.low:.3f} to {judged.high:.3f}), {judged.observed} came, ", end="")
        print(f"{judged.expected:.1f} expected, slope {judged.slope:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
