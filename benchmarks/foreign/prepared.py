"""An operator of this family as the bench takes it: made once in a folder, read back as any dataset is."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from benchmarks.foreign.operator import made, write
from benchmarks.foreign.scenario import Scenario, drawn
from benchmarks.quality.detection import load
from benchmarks.quality.operators import Hit, Operator
from detector.domain.window import Window

READERS = {"prepared", "reasons", "listing", "score", "bench"}
"""Modules that read a dataset back and judge it; all others make it."""


@dataclass(frozen=True)
class Event:
    """What happened that is no fault."""

    kind: str
    scope: tuple[str, str]
    window: Window
    size: float
    process: str


@dataclass(frozen=True)
class Prepared:
    """The dataset in `folder`, and what only the bench may read beside it."""

    scenario: Scenario
    folder: Path

    @cached_property
    def hits(self) -> dict[str, dict[str, str]]:
        return {row["fault_id"]: row for row in self._rows("hits")}

    @cached_property
    def events(self) -> tuple[Event, ...]:
        return tuple(
            Event(
                r["kind"],
                (r["scope_kind"], r["scope_id"]),
                Window(_at(r["start"]), _at(r["end"])),
                float(r["size"]),
                r["process"],
            )
            for r in self._rows("events")
        )

    @cached_property
    def cells(self) -> dict[str, dict[str, str]]:
        """cell id -> its shape, job, what has always been bad in it, and mean attempts a quarter of an hour."""
        return {row["cell_id"]: row for row in self._rows("cells")}

    def _rows(self, stem: str) -> Iterator[dict[str, str]]:
        path = self.folder.with_name(self.folder.name + ".bench") / f"{stem}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)

    def operator(self) -> Operator:
        hits = {
            fault_id: Hit(float(row["extra"]) if row["extra"] and row["process"] != "speed" else None, row["works"] == "1")
            for fault_id, row in self.hits.items()
        }
        return Operator(self.scenario.name, load(self.folder), Window(self.scenario.replay_from, self.scenario.end), hits)


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def fingerprint() -> str:
    """Of the generator's own text, so that nothing is read that an earlier version of it made."""
    texts = [p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")) if p.stem not in READERS]
    return sha256(b"".join(texts)).hexdigest()[:6]


def prepared(work_dir: Path, seed: int, *, quiet: bool = False) -> Prepared:
    """Made in `work_dir`, unless it is there already. It appears complete or not at all."""
    scenario = drawn(seed, quiet=quiet)
    folder = work_dir / f"{scenario.name}-{fingerprint()}"
    if not folder.exists():
        begun = work_dir / f".{scenario.name}-{os.getpid()}"
        write(begun, made(scenario))
        aside = begun.with_name(begun.name + ".bench")
        target = folder.with_name(folder.name + ".bench")
        if not target.exists():
            aside.rename(target)
        begun.rename(folder)
    return Prepared(scenario, folder)
