"""One disturbed story beside the undisturbed one of the same database."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.chaos.databases import Databases
from tests.faults.chaos.disturbances import ARRIVALS, BEFORE, DISTURBANCES
from tests.faults.chaos.operator import Drop
from tests.faults.chaos.run import Outcome, Run


@dataclass(frozen=True, kw_only=True)
class Disturbed:
    """A disturbed run: what was done, and how it differs from the undisturbed one (empty: in nothing)."""

    seed: int
    seconds: float
    done: tuple[str, ...]
    differences: tuple[str, ...]
    alerts: int


def undisturbed(root: Path, databases: Databases, quarters: int) -> Outcome:
    """The story as it should go."""
    return Run(root=root, databases=databases, daemons=1, quarters=quarters).play()


def disturbed(
    root: Path,
    databases: Databases,
    quarters: int,
    seed: int,
    expected: Outcome,
    kinds: Collection[str] = tuple(DISTURBANCES),
) -> Disturbed:
    """The story with two daemons and, in each moment, two disturbances of these kinds."""
    random, began = Random(seed), time.monotonic()
    chosen: list[str] = []

    def disturb(run: Run, quarter: int) -> None:
        for name in chosen:
            if name not in BEFORE:
                run.done.append(f"{quarter}: {DISTURBANCES[name](run, quarter, random)}")

    def arrange(run: Run, quarter: int, files: Sequence[Drop]) -> None:
        chosen[:] = random.sample(sorted(kinds), 2)
        for name in BEFORE.intersection(chosen):
            run.done.append(f"{quarter}: {DISTURBANCES[name](run, quarter, random)}")
        counters = [drop for drop in files if drop.name.startswith("counters/")]
        for drop in (drop for drop in files if drop not in counters):
            run.put(drop)  # how long people were where is known from what came by then: a late file changes that
        random.shuffle(counters)
        for drop in counters:
            how = random.choice(sorted(ARRIVALS))
            ARRIVALS[how](run, drop, random)
            run.done.append(f"{quarter}: {drop.name} came {how}")

    run = Run(root=root, databases=databases, daemons=2, quarters=quarters, disturb=disturb, arrange=arrange)
    found = run.play()
    differences = (*expected.differences(found), *found.troubles)
    alerts = sum(len(own) for own in found.alerts.values())
    return Disturbed(
        seed=seed, seconds=time.monotonic() - began, done=tuple(run.done), differences=differences, alerts=alerts
    )
